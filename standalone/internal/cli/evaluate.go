package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/aisle-rec/aisle/shared/telemetry"
	"github.com/aisle-rec/aisle/similarity-service/service"
	"github.com/aisle-rec/aisle/standalone/internal/served"
	"github.com/aisle-rec/aisle/standalone/internal/tune"
)

func newEvaluateCommand() *cobra.Command {
	var o service.EvaluateOptions
	var resplit string
	var asJSON, asServed bool
	var read tableFlags
	cmd := &cobra.Command{
		Use:   "evaluate --data PATH --format FORMAT",
		Short: "Compare the recommendation models on a data set from files",
		Long: `Evaluate reads a data set, chooses among the models and their parameters on a held-out part of its training data, and
measures the winner on the test part, beside popularity and cosine. It needs no server.

With --served a throw-away instance then learns the training part through the public API, recomputes with the settings that are delivered and is asked for
recommendations for every test case; its lists are scored like those of the winner. That takes as long as importing the data set and a recompute.

Formats: lightgcn (a folder with train.txt and test.txt), sessions (train_sessions.txt and test_prefixes.txt), baskets
(a table of order lines), movielens and csv (tables of interactions). Files may be plain, .gz or .zst; tables also xlsx or NDJSON. Columns are known by
usual words in several languages; --map names others: user_id, item_id, order_id, rating, weight, quantity, occurred_at.`,
		Example: "  aisle evaluate --data ./ml-100k --format movielens --k 10\n  aisle evaluate --data orders.csv --format baskets --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if resplit != "" && resplit != "random" {
				return fmt.Errorf("--resplit is %q, want random or nothing", resplit)
			}
			o.Resplit = resplit == "random"
			mapping, err := read.mapping()
			if err != nil {
				return err
			}
			o.Table = service.TableOptions{Mapping: mapping, Separator: read.separator, Encoding: read.encoding, Decimal: read.decimal, DateFormat: read.dateFormat, Timezone: read.timezone}
			progress := newProgress(cmd.ErrOrStderr())
			o.Progress = progress.report
			if asServed {
				o.Serve = serveLists(cmd.ErrOrStderr(), o.Seed, progress.report)
			}
			report, err := service.Evaluate(cmd.Context(), o)
			progress.end()
			if err != nil {
				return err
			}
			if asJSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(report)
			}
			return writeReport(cmd.OutOrStdout(), report)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Path, "data", "", "folder or file of the data set")
	flags.StringVar(&o.Format, "format", "", "one of "+strings.Join(service.EvaluateFormats(), ", "))
	flags.Float64Var(&o.TrainFraction, "train-fraction", 0, "share of a table that teaches, above 0 and below 1 (default: the format's own split)")
	flags.StringVar(&resplit, "resplit", "", "random: draw the test part of lightgcn data again, keeping its size per user")
	flags.StringSliceVar(&o.Algorithms, "algorithms", nil, "only these compete (default: all of "+strings.Join(service.EvaluateAlgorithms(), ",")+")")
	flags.IntVar(&o.K, "k", 20, "length of the measured lists")
	flags.IntVar(&o.Neighbours, "neighbours", 200, "neighbours kept per item")
	flags.IntVar(&o.HistoryCap, "history-cap", 2000, "latest entries of a user's history or a basket that count as occurring together")
	flags.Uint64Var(&o.Seed, "seed", 1, "seed of every random draw")
	flags.Float64Var(&o.BudgetSeconds, "budget", 200, "nominal CPU seconds for the search of parameters")
	flags.BoolVar(&o.TestAll, "test-all", false, "score the test part for every algorithm; the winner is still the one of the validation")
	flags.BoolVar(&o.ScanTest, "scan-test-optimum", false, "afterwards, scan the test part for the winning two-hop family's best parameters in hindsight and report the loss of the honest choice")
	flags.BoolVar(&asServed, "served", false, "afterwards, have a throw-away instance learn the training part and answer the test part through its API, and compare")
	flags.BoolVar(&asJSON, "json", false, "write the report as JSON")
	read.add(flags)
	for _, name := range []string{"data", "format"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag that does not exist: a mistake in this file
		}
	}
	return cmd
}

// serveLists answers the test part with a throw-away instance that has the settings that are delivered.
func serveLists(w io.Writer, seed uint64, report tune.Progress) service.Serve {
	return func(ctx context.Context, shop *service.ShopData) ([][]int32, error) {
		logger, err := telemetry.NewLogger(w, "text", slog.LevelError)
		if err != nil {
			return nil, err
		}
		return served.Lists(ctx, shop, served.Options{SearchSeconds: searchSeconds, Seed: seed, Now: time.Now(), Progress: report}, logger)
	}
}

// writeReport prints an aligned table: the test figures where there are any, the validation NDCG for all.
func writeReport(w io.Writer, r service.Report) error {
	d := r.Data
	fmt.Fprintf(w, "%s (%s): %d rows, %d items, %d interactions, %d test cases\n", d.Path, d.Format, d.Rows, d.Items, d.Interactions, d.TestCases)
	for _, reason := range slices.Sorted(maps.Keys(d.Skipped)) {
		fmt.Fprintf(w, "left out: %d %s\n", d.Skipped[reason], reason)
	}
	for _, note := range d.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	fmt.Fprintf(w, "selected on validation: %s\n\n", r.Selected)
	columns := metricColumns(r)
	if err := writeFigures(w, r, columns); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, one := range r.Results {
		if len(one.Parameters) > 0 {
			fmt.Fprintf(w, "%s: %s\n", one.Name, parameters(one.Parameters))
		}
	}
	if s := r.Served; s != nil {
		fmt.Fprintln(w)
		for _, name := range columns {
			if ratio, ok := s.Ratio[name]; ok {
				fmt.Fprintf(w, "served %s: %s, %.1f %% of %s\n", name, cell(s.Metrics, name), 100*ratio, r.Selected)
			}
		}
	}
	if best := r.TestOptimum; best != nil {
		fmt.Fprintf(w, "\n%s in hindsight: %s\n", r.Selected, parameters(best.Parameters))
		for _, name := range slices.Sorted(maps.Keys(best.Metrics)) {
			fmt.Fprintf(w, "%s: %.4f in hindsight, %.4f chosen\n", name, best.Metrics[name], best.Chosen[name])
		}
		fmt.Fprintf(w, "loss of the choice: %.2f %%\n", 100*best.Loss)
	}
	return nil
}

// writeFigures prints a table of the accuracy and one of the figures of all lists together.
func writeFigures(w io.Writer, r service.Report, columns []string) error {
	accuracy := columns[:min(len(columns), accuracyColumns)]
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "algorithm\tvalidation\t%s\tCPU s\tpeak MB\t\n", strings.Join(accuracy, "\t"))
	for _, one := range r.Results {
		validation := "–"
		for name, v := range one.Validation {
			if strings.HasPrefix(name, "ndcg@") || len(one.Validation) == 1 {
				validation = fmt.Sprintf("%.4f", v)
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%.1f\t%d\t\n", one.Name, validation, cells(one.Metrics, accuracy), one.CPUSeconds, one.PeakBytes>>20)
	}
	beyond := columns[len(accuracy):]
	fmt.Fprintf(table, "\nlists\t%s\t\n", strings.Join(beyond, "\t"))
	for _, one := range r.Results {
		if one.Metrics != nil {
			fmt.Fprintf(table, "%s\t%s\t\n", one.Name, cells(one.Metrics, beyond))
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func cells(metrics map[string]service.Metric, columns []string) string {
	out := make([]string, len(columns))
	for n, name := range columns {
		out[n] = cell(metrics, name)
	}
	return strings.Join(out, "\t")
}

// accuracyColumns is the number of figures that are means over cases; they stand first.
const accuracyColumns = 6

// metricColumns orders the figures: accuracy first, in the order in which papers give them.
func metricColumns(r service.Report) []string {
	order := []string{"recall", "ndcg", "hr", "mrr", "map", "precision", "coverage", "gini", "novelty", "popularity_bias", "diversity", "new_items"}
	found := map[string]bool{}
	for _, one := range r.Results {
		for name := range one.Metrics {
			found[name] = true
		}
	}
	return slices.SortedFunc(maps.Keys(found), func(x, y string) int {
		xName, _, _ := strings.Cut(x, "@")
		yName, _, _ := strings.Cut(y, "@")
		return slices.Index(order, xName) - slices.Index(order, yName)
	})
}

func cell(metrics map[string]service.Metric, name string) string {
	m, ok := metrics[name]
	switch {
	case !ok:
		return "–"
	case m.Low == nil:
		return fmt.Sprintf("%.3f", m.Value)
	}
	return fmt.Sprintf("%.4f ±%.4f", m.Value, (*m.High-*m.Low)/2)
}

func parameters(p map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		value := fmt.Sprint(p[name])
		switch v := p[name].(type) {
		case float64:
			value = strconv.FormatFloat(v, 'g', 4, 64)
		case string, int:
		default:
			if text, err := json.Marshal(v); err == nil {
				value = string(text)
			}
		}
		parts = append(parts, name+"="+value)
	}
	return strings.Join(parts, " ")
}

// progress shows the stage of a long command on standard error: a bar on a terminal, one line per stage elsewhere.
type progress struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	stage    string
	bar      *progressbar.ProgressBar
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	if file, ok := w.(*os.File); ok {
		info, err := file.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

func (p *progress) report(stage string, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stage != p.stage {
		p.finish()
		p.stage = stage
		if p.terminal {
			p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.w), progressbar.OptionSetDescription(stage),
				progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))
		} else {
			fmt.Fprintf(p.w, "%s …\n", stage)
		}
	}
	if p.bar != nil && int64(done) > p.bar.State().CurrentNum {
		p.bar.Set(done) //nolint:errcheck // a bar that cannot be drawn is no reason to fail
	}
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
}

func (p *progress) finish() {
	if p.bar != nil {
		p.bar.Finish() //nolint:errcheck // as above
		p.bar = nil
	}
}
