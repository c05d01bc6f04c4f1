package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
)

// importsPath is where the profile-service has imports; one of them is below it by its id.
const importsPath = "/v1/imports"

// newImportsCommand has what can be done with imports after they were sent; aisle import sends
// one.
func newImportsCommand() *cobra.Command {
	c := &terminal.Connection{}
	return terminal.Group(c, "imports", "List imports, read their reports, take out "+
		"what one put in", newImportsListCommand(c), newImportsShowCommand(c),
		newImportsErrorsCommand(c), newImportsCancelCommand(c), newImportsUndoCommand(c))
}

// newImportsListCommand prints a row for each import. One that was undone is done as well, and
// shows as "undone", which is what somebody who looks for its data wants to know.
func newImportsListCommand(c *terminal.Connection) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List the imports, the latest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := httpclient.JSON[profileapi.Page[profileapi.Import]](
				cmd.Context(), c.HTTP(), http.MethodGet, importsPath, url.Values{"limit": {fmt.Sprint(limit)}}, nil,
			)
			return terminal.Show(cmd, c, page.Items, err, func(w io.Writer, list []profileapi.Import) {
				var rows [][]string
				for n := range list {
					im := &list[n]
					state := im.State
					if !im.UndoneAt.IsZero() {
						state = "undone"
					}
					rows = append(rows, []string{im.ImportID, im.Spec.Kind, state, fmt.Sprint(im.Accepted),
						fmt.Sprint(im.Duplicates), fmt.Sprint(im.Rejected), fmt.Sprint(im.Warned),
						im.CreatedAt.Format(time.DateTime), im.Problem})
				}
				terminal.Table(w, "IMPORT\tKIND\tSTATE\tACCEPTED\tDUPLICATES\tREJECTED\tWARNED\tBEGUN\tPROBLEM", rows)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "number of imports")
	return cmd
}

// newImportsShowCommand prints the whole document: its columns and warnings do not fit a table.
func newImportsShowCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "show IMPORT", Short: "Show an import: counts, warnings, what became of each column", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			im, err := c.Profile().Import(cmd.Context(), args[0])
			return terminal.Show(cmd, c, im, err, terminal.PrintJSON)
		},
	}
}

// newImportsErrorsCommand copies the report as it comes, of any length, without keeping it in
// memory.
func newImportsErrorsCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "errors IMPORT", Short: "Print the error report (NDJSON); mend its records and import it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := c.Profile().ImportErrors(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer report.Close()
			_, err = io.Copy(cmd.OutOrStdout(), report)
			return err
		},
	}
}

// newImportsCancelCommand asks for the end of an import and prints its state at that moment,
// which may still be that of a running one.
func newImportsCancelCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "cancel IMPORT", Short: "Stop an import; what it has stored stays, and can be undone", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			im, err := c.Profile().CancelImport(cmd.Context(), args[0])
			return terminal.Show(cmd, c, im, err, func(w io.Writer, im profileapi.Import) {
				fmt.Fprintf(w, "%s %s\n", im.ImportID, im.State)
			})
		},
	}
}

// newImportsUndoCommand posts to /v1/imports/{id}/undo and prints the service's counts as they
// are.
func newImportsUndoCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "undo IMPORT", Short: "Take out again what an import put in, for 30 days", Args: cobra.ExactArgs(1),
		Long: `Undo takes out exactly what an import stored: its events go, and items and users are again what they
were before. What somebody has changed since stays as it is and is counted. It can be repeated.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			answer, err := httpclient.JSON[map[string]any](
				cmd.Context(), c.HTTP(), http.MethodPost, importsPath+"/"+url.PathEscape(args[0])+"/undo", nil, nil,
			)
			return terminal.Show(cmd, c, answer, err, terminal.PrintJSON)
		},
	}
}
