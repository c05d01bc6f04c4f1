package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
)

// newScenariosCommand has the scenarios, below /v1/scenarios of the recommender-service.
func newScenariosCommand() *cobra.Command {
	c := &terminal.Connection{}
	return terminal.Group(c, "scenarios", "List, show and "+
		"change placements", newScenariosListCommand(c), newScenariosShowCommand(c), newScenariosPutCommand(c),
		newScenariosDeleteCommand(c))
}

// scenarioPath is where a scenario is read, put and deleted.
func scenarioPath(id string) string { return "/v1/scenarios/" + url.PathEscape(id) }

// newScenariosListCommand prints the scenarios in order of id, delivered ones and those of the
// shop.
func newScenariosListCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the placements", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := c.Recommender().Scenarios(cmd.Context())
			return terminal.Show(cmd, c, list, err, func(w io.Writer, list []recommenderapi.Scenario) {
				var rows [][]string
				for _, s := range list {
					rows = append(rows, []string{
						s.ScenarioID, fmt.Sprint(s.Version), fmt.Sprint(s.Limit), fmt.Sprint(len(s.Rules)), s.Title,
					})
				}
				terminal.Table(w, "SCENARIO\tVERSION\tLIMIT\tRULES\tTITLE", rows)
			})
		},
	}
}

// newScenariosShowCommand prints JSON in any case: it is meant to be edited and put.
func newScenariosShowCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "show SCENARIO", Short: "Print a placement as the document that put takes", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := httpclient.JSON[recommenderapi.Scenario](cmd.Context(), c.HTTP(), http.MethodGet, scenarioPath(args[0]), nil, nil)
			return terminal.Show(cmd, c, s, err, terminal.PrintJSON)
		},
	}
}

// newScenariosPutCommand replaces the whole document. The document is read as free JSON rather
// than as the type, so that a member that this program does not know reaches the service, which
// names it.
func newScenariosPutCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "put SCENARIO FILE", Short: "Make a placement, or change it to a JSON document; - reads standard input",
		Args: cobra.ExactArgs(2),
		Example: `  aisle scenarios show home.for_you > for_you.json   # edit it
  aisle scenarios put home.for_you for_you.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			document, err := terminal.Body[map[string]any](cmd, args[1])
			if err != nil {
				return err
			}
			for _, name := range []string{"scenario_id", "version", "updated_at"} { // the server's own, in a document that show has printed
				delete(document, name)
			}
			saved, err := httpclient.JSON[recommenderapi.SavedScenario](
				cmd.Context(), c.HTTP(), http.MethodPut, scenarioPath(args[0]), nil, document,
			)
			return terminal.Show(cmd, c, saved, err, terminal.PrintJSON)
		},
	}
}

// newScenariosDeleteCommand prints nothing when it is done. The service decides which scenarios
// were delivered and therefore come back.
func newScenariosDeleteCommand(c *terminal.Connection) *cobra.Command {
	return &cobra.Command{
		Use: "delete SCENARIO", Short: "Delete a placement, or bring a delivered one back to how it came", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.HTTP().Call(cmd.Context(), http.MethodDelete, scenarioPath(args[0]), nil, nil, nil)
		},
	}
}
