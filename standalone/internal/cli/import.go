package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// importPoll is how often a running import is asked for its progress.
const importPoll = 300 * time.Millisecond

type importFlags struct {
	server, key string
	spec        profileapi.ImportSpec
	report      string
}

func newImportCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Import users, items or events from a file into a running service",
		Long: `Import sends a file to the service, which reads it row by row: a bad row costs only itself and appears in the error report. gzip and zstd are
recognised. FILE may be - for standard input. Sending a file again stores nothing twice. Ctrl-C cancels the import; what it has stored stays.`,
		Example: `  aisle import products.csv --kind items --map item_id=sku --map title=name
  aisle import feed.xml --kind items --format google_merchant_xml
  aisle import events.ndjson.zst --kind events --errors rejected.ndjson`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "http://127.0.0.1:8080", "address of the API")
	flags.StringVar(&f.key, "key", os.Getenv("AISLE_API_KEY"), "secret key; AISLE_API_KEY when absent, none in open mode")
	flags.StringVar(&f.spec.Kind, "kind", "", "what the file holds: users, items or events")
	flags.StringVar(&f.spec.Format, "format", "", strings.Join(profileapi.ImportFormats(), ", ")+"; by the file's name when absent")
	flags.StringToStringVar(&f.spec.Mapping, "map", nil, "of CSV: field=column, once for each column that is not named like its field")
	flags.BoolVar(&f.spec.DryRun, "dry-run", false, "judge every row and store nothing")
	flags.StringVar(&f.report, "errors", "", "write the error report to this file (NDJSON); mend its records and import it as ndjson")
	_ = cmd.MarkFlagRequired("kind") // it exists
	return cmd
}

func (f *importFlags) run(cmd *cobra.Command, path string) error {
	file := cmd.InOrStdin()
	if path != "-" {
		opened, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("open the file: %w", err)
		}
		defer opened.Close()
		file = opened
	}
	if f.spec.Format == "" {
		if f.spec.Format = formatOf(path); f.spec.Format == "" {
			return fmt.Errorf("the name %s does not tell the format: pass --format", path)
		}
	}
	client := profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: f.server, Key: f.key}))
	ctx := cmd.Context()
	state, err := client.StartImport(ctx, f.spec, file)
	if err != nil {
		return fmt.Errorf("start the import: %w", err)
	}
	state, err = follow(ctx, client, state, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if f.report != "" {
		if err := saveReport(ctx, client, state.ImportID, f.report); err != nil {
			return err
		}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %d rows, %d accepted, %d duplicates, %d rejected\n", state.State, state.Rows, state.Accepted, state.Duplicates, state.Rejected)
	switch {
	case state.State != profileapi.ImportDone:
		return fmt.Errorf("the import %s: %s", state.State, state.Problem)
	case state.Rejected > 0 && f.report == "":
		return fmt.Errorf("%d rows were rejected: pass --errors FILE, or read %s/v1/imports/%s/errors", state.Rejected, f.server, state.ImportID)
	}
	return nil
}

// formatOf tells the format by the ending of a name, below that of a compression.
func formatOf(path string) string {
	name := strings.ToLower(path)
	for _, compression := range []string{".gz", ".zst", ".zstd"} {
		name = strings.TrimSuffix(name, compression)
	}
	return map[string]string{".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv", ".tsv": "google_merchant_tsv", ".xml": "google_merchant_xml"}[filepath.Ext(name)]
}

// follow shows the progress until the import has ended. When ctx ends, the import is cancelled.
func follow(ctx context.Context, client *profileapi.Client, state profileapi.Import, stderr io.Writer) (profileapi.Import, error) {
	shown := newProgress(stderr)
	defer shown.end()
	ticker := time.NewTicker(importPoll)
	defer ticker.Stop()
	for !state.Ended() {
		shown.report("importing", int(state.Progress*1000), 1000)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if _, err := client.CancelImport(last, state.ImportID); err != nil {
				return state, fmt.Errorf("cancel the import: %w", err)
			}
			return state, ctx.Err()
		}
		var err error
		if state, err = client.Import(ctx, state.ImportID); err != nil {
			return state, fmt.Errorf("ask for the progress: %w", err)
		}
	}
	return state, nil
}

func saveReport(ctx context.Context, client *profileapi.Client, id, path string) error {
	report, err := client.ImportErrors(ctx, id)
	if err != nil {
		return fmt.Errorf("read the error report: %w", err)
	}
	defer report.Close()
	out, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the error report: %w", err)
	}
	_, err = io.Copy(out, report)
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("write the error report: %w", err)
	}
	return nil
}
