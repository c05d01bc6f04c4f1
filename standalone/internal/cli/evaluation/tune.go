package evaluation

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/telemetry"
	"github.com/aisle-rec/aisle/standalone/internal/cli/serving"
	"github.com/aisle-rec/aisle/standalone/internal/cli/terminal"
	"github.com/aisle-rec/aisle/standalone/internal/tune"
)

// tuneFlags are the flags of aisle tune. The embedded options go to package tune; check fills
// those that a flag gives in another form.
type tuneFlags struct {
	server, key  string
	data, format string
	// until is a day or a moment as text; holdoutDays may be a fraction.
	until         string
	holdoutDays   float64
	apply, asJSON bool
	table         terminal.TableFlags
	tune.Options
}

// NewTuneCommand runs package tune, in this process and in a temporary folder. The running
// service is only read, unless --apply writes the weights that were found.
func NewTuneCommand() *cobra.Command {
	var f tuneFlags
	cmd := &cobra.Command{
		Use:   "tune [SCENARIO...]",
		Short: "Fit the weights of a scenario's sources to what visitors did",
		Long: `Tune reads catalogue, events and scenarios of a running service, gives what happened before a cut in
time to a private throw-away instance in a temporary folder, computes its models there, and asks it what it would have
shown to those who came after the cut. It searches the weights on half of these questions and compares them with the
present ones on the other half: only a significant gain is proposed. Nothing is changed without --apply. Ctrl-C stops
it and removes the folder.

With --format it reads a file instead and tunes the scenarios as they are delivered: events (NDJSON, CSV or xlsx, or a
folder with events and items as such), sessions (train_sessions.txt, a session per line) or online-retail (the data
set of the demo).`,
		Example: `  aisle tune
  aisle tune home.for_you cart.complementary --holdout-days 14 --apply
  aisle tune --format online-retail --until 2011-11-09 --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Only = args
			return f.run(cmd)
		},
	}
	flags := cmd.Flags()
	terminal.AddressFlags(flags, &f.server, &f.key)
	flags.StringVar(&f.data, "data", "", "file or folder to read instead of a running service")
	flags.StringVar(&f.format, "format", "", "of --data: "+strings.Join(tune.Formats(), ", "))
	flags.StringVar(&f.until, "until", "", "leave out events from this day (2006-01-02) or moment (RFC 3339) on")
	flags.Float64Var(&f.holdoutDays, "holdout-days", 0, "days before the end that are asked about; a fifth of the time, at most 28, when 0")
	flags.IntVar(&f.Questions, "questions", 1500, "most questions per scenario; half of them are for the search")
	flags.Uint64Var(&f.Seed, "seed", 1, "seed of every random draw")
	flags.Float64Var(
		&f.SearchSeconds, "search-seconds", serving.SearchSeconds,
		"CPU seconds for the search of parameters, per relation, as of the service",
	)
	flags.BoolVar(&f.apply, "apply", false, "write the proposed weights to the running service, unless a scenario was changed meanwhile")
	f.table.Add(flags)
	f.table.AddValues(flags)
	flags.BoolVar(&f.asJSON, "json", false, "print the result as JSON, with every trial")
	return cmd
}

// run reads the shop, from the service with its scenarios or from files with the delivered
// ones, tunes it, applies what was found when that was asked for, and prints the result even
// when applying failed: a long search must not be lost.
func (f *tuneFlags) run(cmd *cobra.Command) error {
	if err := f.check(); err != nil {
		return err
	}
	progress := terminal.NewProgress(cmd.ErrOrStderr())
	defer progress.End()
	f.Now, f.Progress = time.Now(), progress.Report
	logger, err := telemetry.NewLogger(cmd.ErrOrStderr(), "text", slog.LevelError)
	if err != nil {
		return err
	}
	connection := httpclient.New(httpclient.Options{BaseURL: f.server, Key: f.key})
	recommender := recommenderapi.NewClient(connection)
	var shop *tune.Shop
	var scenarios []recommenderapi.Scenario
	if f.format != "" {
		shop, err = f.load()
	} else if scenarios, err = recommender.Scenarios(cmd.Context()); err == nil {
		if err := f.known(scenarios); err != nil {
			return err
		}
		shop, err = tune.FromServer(cmd.Context(), profileapi.NewClient(connection), f.Progress)
	}
	if err != nil {
		return fmt.Errorf("read the shop: %w", err)
	}
	result, err := tune.Run(cmd.Context(), shop, scenarios, f.Options, logger)
	if err != nil {
		return err
	}
	if f.apply {
		err = tune.Apply(cmd.Context(), recommender, result)
	}
	progress.End()
	return errors.Join(f.print(cmd.OutOrStdout(), result), err)
}

// known refuses scenarios that the server does not have, before a shop is read and learnt from, which takes minutes.
func (f *tuneFlags) known(scenarios []recommenderapi.Scenario) error {
	ids := make([]string, len(scenarios))
	for n := range scenarios {
		ids[n] = scenarios[n].ScenarioID
	}
	for _, id := range f.Only {
		if !slices.Contains(ids, id) {
			return fmt.Errorf("there is no scenario %q: use %s", id, strings.Join(ids, ", "))
		}
	}
	return nil
}

// load reads the shop from files. Mistakes of all three kinds of flags are told at once.
func (f *tuneFlags) load() (*tune.Shop, error) {
	mapping, err := f.table.Mapping()
	set, err2 := f.table.Set()
	values, err3 := f.table.Values()
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	return tune.Load(f.data, f.format, tune.FileOptions{
		Mapping: mapping, MapValues: values, Set: set, Separator: f.table.Separator, Encoding: f.table.Encoding, Decimal: f.table.Decimal,
		DateFormat: f.table.DateFormat, Timezone: f.table.Timezone,
	}, f.Now)
}

// check judges the flags together and reads those that are text.
func (f *tuneFlags) check() (err error) {
	switch {
	case f.data != "" && f.format == "":
		return fmt.Errorf("--data needs --format: one of %s", strings.Join(tune.Formats(), ", "))
	case f.apply && f.format != "":
		return errors.New("--apply writes to the shop that was read: leave out --format")
	case f.Questions < 1:
		return fmt.Errorf("--questions is %d, want at least 1", f.Questions)
	// Written so that NaN, which compares with nothing, is refused as well.
	case !(f.holdoutDays >= 0):
		return fmt.Errorf("--holdout-days is %v, want 0 or more", f.holdoutDays)
	case !(f.SearchSeconds > 0):
		return fmt.Errorf("--search-seconds is %v, want more than 0", f.SearchSeconds)
	}
	f.Holdout = time.Duration(f.holdoutDays * float64(24*time.Hour))
	if f.until != "" {
		if f.Until, err = time.Parse(time.DateOnly, f.until); err != nil {
			f.Until, err = time.Parse(time.RFC3339, f.until)
		}
		if err != nil {
			return fmt.Errorf("--until is %q, want a day such as 2026-01-31 or a moment such as 2026-01-31T12:00:00Z", f.until)
		}
	}
	return nil
}

// print prints the result as --json asks; JSON alone has every trial.
func (f *tuneFlags) print(w io.Writer, r *tune.Result) error {
	if f.asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	return printTuned(w, r)
}

// printTuned prints the data, a table of the scenarios that could be compared, and then for
// each scenario whether it stays, was changed, or could be.
func printTuned(w io.Writer, r *tune.Result) error {
	d := r.Data
	fmt.Fprintf(
		w, "%d items; %d events before the cut at %s, %d after it until %s\n\n", d.Items, d.Past, d.Cut.Format(time.DateTime), d.Held,
		d.Until.Format(time.DateTime),
	)
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "scenario\tquestions\tNDCG@20 now\tfound\tgain (95 % interval)\tHR@20\tbest source alone\t")
	for _, t := range r.Scenarios {
		// Nothing was measured: too few questions, or no sources to weigh. The lines below the
		// table say which.
		if t.Gain == nil {
			continue
		}
		best := t.Alone[0]
		for _, a := range t.Alone {
			if a.Figures.NDCG > best.Figures.NDCG {
				best = a
			}
		}
		fmt.Fprintf(table, "%s\t%d %s\t%.4f\t%.4f\t%+.4f (%+.4f to %+.4f)\t%.3f → "+
			"%.3f\t%.4f %s\t\n", t.ScenarioID, t.Questions, t.Asked, t.Before.NDCG, t.After.NDCG,
			t.Gain.Value, t.Gain.Low, t.Gain.High, t.Before.HR, t.After.HR, best.Figures.NDCG, best.Kind)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	fmt.Fprintln(w)
	for _, t := range r.Scenarios {
		switch {
		case t.State != tune.Better:
			fmt.Fprintf(w, "%s stays: %s\n", t.ScenarioID, t.Reason)
		case t.Applied != 0:
			fmt.Fprintf(w, "%s changed to version %d: %s\n", t.ScenarioID, t.Applied, weightsOf(t.Present, t.Proposed))
		default:
			fmt.Fprintf(w, "%s could have: %s\n", t.ScenarioID, weightsOf(t.Present, t.Proposed))
		}
	}
	return nil
}

// weightsOf shows old and new weights: "history 1 → 0.6". Both lists have the same sources in
// the same order.
func weightsOf(before, after []recommenderapi.Source) string {
	parts := make([]string, len(before))
	for n := range before {
		parts[n] = fmt.Sprintf("%s %s → %s", before[n].Kind, number(before[n].Weight), number(after[n].Weight))
	}
	return strings.Join(parts, ", ")
}

// number prints a weight with four digits at most.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
