package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	tables "github.com/aisle-rec/aisle/shared/table"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
)

// importPoll is how often a running import is asked for its progress: often enough for a bar
// that moves, and rarely enough not to count in the service.
const importPoll = 300 * time.Millisecond

// importFlags are the flags of aisle import. spec holds those that go to the service as they
// are; the ones about the table are text until readTable has put them there.
type importFlags struct {
	// As in connection; import has no --json, whose place the error report takes.
	server, key string
	spec        profileapi.ImportSpec
	table       terminal.TableFlags
	// report is the file of --errors, "" for none.
	report string
	// yes says that nobody is asked, also when something was found out by itself.
	yes bool
}

// newImportCommand sends a file by POST /v1/imports of the profile-service. The service reads
// and judges the rows; this side reads the start of the file only, to know its kind and whether
// to ask first.
func newImportCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Import users, items or events from a file into a running service",
		Long: `Import sends a file to the service, which reads it row by row: a bad row costs only itself and appears
in the error report. CSV with any separator, NDJSON, XML feeds and xlsx are read, plain, gzipped or zstd-compressed,
in any usual encoding; so are exports of Shopify (products and orders), WooCommerce and feeds for Google. What is
found out by itself is named; what cannot be told for certain is refused with the option that settles it. On a
terminal the columns and the first rows are shown before anything is stored, unless every column is named like a
field. FILE may be - for standard input. Sending a file again stores nothing twice. Ctrl-C cancels the import; what it
has stored stays.

` + fieldHelp(),
		Example: `  aisle import products_export.csv
  aisle import products.csv --kind items --map "Our number=item_id" --map Colour=attributes.colour --ignore Notes
  aisle import feed.xml --kind items --complete
  aisle import orders.csv --set type=purchase --timezone Europe/Berlin --decimal ,
  aisle import log.csv --kind events --map-value type:seen=view_item --dry-run
  aisle import events.ndjson.zst --kind events --errors rejected.ndjson`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	terminal.AddressFlags(flags, &f.server, &f.key)
	flags.StringVar(
		&f.spec.Kind, "kind", "",
		"what the file holds: users, items or events; told by flags such as --set type=purchase, or by the columns when they are certain",
	)
	flags.StringVar(&f.spec.Format, "format", "auto", strings.Join(profileapi.ImportFormats(), ", "))
	f.table.Add(flags)
	f.table.AddValues(flags)
	flags.StringArrayVar(&f.spec.Ignore, "ignore", nil, "COLUMN to leave out")
	flags.BoolVar(&f.spec.Complete, "complete", false, "of items: the file is the whole catalogue; what it lacks is archived at its end")
	flags.Float64Var(
		&f.spec.MaxGone, "max-gone", 0, "with --complete: the largest share of the catalogue that may be archived, up to 1 (default 0.2)",
	)
	flags.StringVar(&f.spec.Replace, "replace", "", "ID of an import that is undone before this one is stored")
	flags.BoolVar(&f.spec.DryRun, "dry-run", false, "show columns, first rows and counts, and store nothing")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask, also when something was found out by itself")
	flags.StringVar(&f.report, "errors", "", "write the error report to this file (NDJSON); mend its records and import it")
	return cmd
}

// run imports one file. Its steps: read the flags, open the file, look at its start, ask on a
// terminal when something was found out by itself, send it and follow the import, print counts
// and the first rejected rows, and at last save the report and decide whether the command has
// failed.
func (f *importFlags) run(cmd *cobra.Command, path string) error {
	if err := f.readTable(); err != nil {
		return err
	}
	file, closer, err := openImport(cmd, path)
	if err != nil {
		return err
	}
	defer closer()
	guessed, err := f.lookInto(file)
	if err != nil {
		return err
	}
	client := profileapi.NewClient(httpclient.New(httpclient.Options{BaseURL: f.server, Key: f.key}))
	// Asked only where somebody can answer. With a file on standard input the answer cannot
	// come from there.
	if guessed && !f.spec.DryRun && !f.yes && isTerminal(cmd.InOrStdin()) && isTerminal(cmd.ErrOrStderr()) && path != "-" {
		if goOn, err := f.ask(cmd, client, file); err != nil || !goOn {
			return err
		}
	}
	state, err := f.send(cmd, client, f.spec, file)
	if err != nil {
		return err
	}
	if f.spec.DryRun {
		printDryRun(cmd.OutOrStdout(), state)
	}
	printOutcome(cmd.OutOrStdout(), state)
	if err := showRejected(cmd.Context(), client, state, cmd.ErrOrStderr()); err != nil {
		return err
	}
	return f.verdict(cmd.Context(), client, state)
}

// readTable puts the flags about the table into the options of the import.
func (f *importFlags) readTable() error {
	mapping, err := f.table.Mapping()
	set, err2 := f.table.Set()
	values, err3 := f.table.Values()
	f.spec.Mapping, f.spec.Set, f.spec.MapValues = mapping, set, values
	f.spec.Separator, f.spec.Encoding, f.spec.Decimal = f.table.Separator, f.table.Encoding, f.table.Decimal
	f.spec.DateFormat, f.spec.Timezone = f.table.DateFormat, f.table.Timezone
	return errors.Join(err, err2, err3)
}

// openImport opens a file that can be read twice: for its start, perhaps for a dry run, and for
// the import. Standard input is therefore kept in a temporary file. The returned function
// closes it, and removes a temporary one.
func openImport(cmd *cobra.Command, path string) (*os.File, func(), error) {
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, nil, fmt.Errorf("open the file: %w", err)
		}
		return file, func() { _ = file.Close() }, nil // it was only read
	}
	file, err := os.CreateTemp("", "aisle-stdin-*")
	if err != nil {
		return nil, nil, fmt.Errorf("keep standard input: %w", err)
	}
	closer := func() { _ = file.Close(); _ = os.Remove(file.Name()) } // nothing depends on it
	_, err = io.Copy(file, cmd.InOrStdin())
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		closer()
		return nil, nil, fmt.Errorf("keep standard input: %w", err)
	}
	return file, closer, nil
}

// lookInto reads the start of the file for its kind, and reports whether more is found out by
// itself than the names of fields say. It sets spec.Kind when no flag has, fails when the
// columns do not tell it, and leaves the file at its start. A problem of the plan is left to
// the service, which says it in full.
func (f *importFlags) lookInto(file *os.File) (guessed bool, err error) {
	reader, err := tables.Open(file, tables.Options{
		Separator: f.spec.Separator, Encoding: f.spec.Encoding, Known: tables.Known(tables.Kind(f.spec.Kind)), Flatten: true,
		FindHeader: true,
	})
	if err != nil {
		return false, fmt.Errorf("read the file: %w", err)
	}
	defer reader.Close()
	// The fields of JSON records and of XML are known only from rows; the first hundred tell
	// them.
	reader.Sample(100)
	if f.spec.Kind == "" {
		kind, ok := tables.KindWith(f.fields())
		if !ok {
			kind, ok = tables.KindOf(reader.Columns)
		}
		if numbered := reader.Numbered(); !ok && numbered != "" {
			return false, fmt.Errorf(
				"the file has no header, so that its columns do not tell what it holds: pass --kind items, events or users, and name "+
					"its columns by their numbers, such as --map 1=user_id; they are, with their first value, %s", numbered,
			)
		}
		if !ok {
			return false, fmt.Errorf(
				"the columns do not tell what the file holds: pass --kind items, events or users; the columns are %s",
				strings.Join(reader.Columns, ", "),
			)
		}
		f.spec.Kind, guessed = string(kind), true
	}
	if plan, err := tables.NewPlan(tables.Kind(f.spec.Kind), reader.Columns, tables.PlanOptions{
		JSON: reader.Format == tables.NDJSON,
	}); err == nil {
		for _, c := range plan.Columns {
			guessed = guessed || c.How != tables.Named
		}
	}
	_, err = file.Seek(0, io.SeekStart)
	return guessed || len(reader.Notes) > 0, err
}

// fields names the fields that flags speak of: type is one of events alone.
func (f *importFlags) fields() []string {
	return slices.Concat(
		slices.Collect(maps.Values(f.spec.Mapping)), slices.Collect(maps.Keys(f.spec.Set)), slices.Collect(maps.Keys(f.spec.MapValues)),
	)
}

// ask shows what would become of the file, by a dry run, and asks whether to go on. Anything
// but y or yes is no, and an error, so that a script sees it. The file is at its start again
// when the answer is yes.
func (f *importFlags) ask(cmd *cobra.Command, client *profileapi.Client, file *os.File) (bool, error) {
	spec := f.spec
	// A dry run must not undo an earlier import.
	spec.DryRun, spec.Replace = true, ""
	state, err := f.send(cmd, client, spec, file)
	if err != nil {
		return false, err
	}
	printDryRun(cmd.ErrOrStderr(), state)
	printOutcome(cmd.ErrOrStderr(), state)
	if state.State != profileapi.ImportDone {
		return false, fmt.Errorf("the import %s: %s", state.State, state.Problem)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Import it as %s like this? [y/N] ", f.spec.Kind)
	answer := ""
	_, _ = fmt.Fscanln(cmd.InOrStdin(), &answer) // no answer is no
	if word := strings.ToLower(answer); word != "y" && word != "yes" {
		return false, errors.New("nothing was imported")
	}
	_, err = file.Seek(0, io.SeekStart)
	return true, err
}

// send starts an import and follows it to its end. It reads the file from where it stands.
func (f *importFlags) send(
	cmd *cobra.Command, client *profileapi.Client, spec profileapi.ImportSpec, file *os.File,
) (profileapi.Import, error) {
	state, err := client.StartImport(cmd.Context(), spec, io.NopCloser(file)) // it may be sent again
	if err != nil {
		return state, fmt.Errorf("start the import: %w", err)
	}
	return follow(cmd.Context(), client, state, cmd.ErrOrStderr())
}

// verdict saves the report and makes an error of an import that failed, was refused whole, or in part without a report.
func (f *importFlags) verdict(ctx context.Context, client *profileapi.Client, state profileapi.Import) error {
	if f.report != "" {
		if err := saveReport(ctx, client, state.ImportID, f.report); err != nil {
			return err
		}
	}
	switch {
	case state.State != profileapi.ImportDone:
		return fmt.Errorf("the import %s: %s", state.State, state.Problem)
	case state.Rejected > 0 && state.Rejected == state.Rows:
		return fmt.Errorf("every row was rejected: read %s", reportPlace(f, state))
	case state.Rejected > 0 && f.report == "":
		return fmt.Errorf("rejected rows: %d; pass --errors FILE, or read %s", state.Rejected, reportPlace(f, state))
	}
	return nil
}

// reportPlace says where the error report can be read: in the file of --errors, else at its
// address.
func reportPlace(f *importFlags, state profileapi.Import) string {
	if f.report != "" {
		return f.report
	}
	return fmt.Sprintf("%s/v1/imports/%s/errors", f.server, state.ImportID)
}

// isTerminal reports whether somebody sits at a stream. A test's buffer, a pipe and a file are
// none.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// follow shows the progress until the import has ended, in thousandths, and returns its last
// state. When ctx ends while it waits, it cancels the import and returns the context's error;
// what was stored by then stays.
func follow(ctx context.Context, client *profileapi.Client, state profileapi.Import, stderr io.Writer) (profileapi.Import, error) {
	shown := terminal.NewProgress(stderr)
	defer shown.End()
	ticker := time.NewTicker(importPoll)
	defer ticker.Stop()
	for !state.Ended() {
		shown.Report("importing", int(state.Progress*1000), 1000)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			// ctx has ended: the call that cancels needs another, with a bound of its own.
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if _, err := client.CancelImport(last, state.ImportID); err != nil {
				return state, fmt.Errorf("cancel the import: %w", err)
			}
			return state, ctx.Err()
		}
		now, err := client.Import(ctx, state.ImportID)
		if err == nil {
			state = now
		} else if ctx.Err() == nil { // else it is cancelled above
			return state, fmt.Errorf("ask for the progress: %w", err)
		}
	}
	return state, nil
}

// shownErrors is how many entries of the error report are shown: enough to see a pattern, and
// few enough to leave the counts above them on the screen.
const shownErrors = 3

// showRejected shows the first entries of the error report: mostly they tell what is wrong with the others too.
func showRejected(ctx context.Context, client *profileapi.Client, state profileapi.Import, w io.Writer) error {
	if state.Rejected == 0 {
		return nil
	}
	report, err := client.ImportErrors(ctx, state.ImportID)
	if err != nil {
		return fmt.Errorf("read the error report: %w", err)
	}
	defer report.Close()
	entries := json.NewDecoder(report)
	for range shownErrors {
		var e profileapi.ImportError
		if err := entries.Decode(&e); err != nil {
			return nil // there are no more
		}
		place := fmt.Sprintf("line %d", e.Line)
		if e.Column != "" {
			place += ", " + e.Column
		}
		if e.Sample != "" {
			place += fmt.Sprintf(" %q", e.Sample)
		}
		fmt.Fprintf(w, "rejected: %s: %s\n", place, e.Message)
	}
	return nil
}

// saveReport copies the whole error report to a file, which it makes or replaces, also when no
// row was rejected: a script that reads it finds an empty file then.
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
