package evaluation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/service"
)

// WriteReport prints a report for people, in this order: the data and what was left out of it,
// which algorithm was selected, the tables of figures, parameters, several runs and their
// comparisons, what was served, and the optimum in hindsight. Each part is left out where the
// report lacks it.
func WriteReport(w io.Writer, r service.Report) error {
	d := r.Data
	source, kind := d.Path, d.Format
	// The report of a recompute has no file: it is about the shop's own events, for one
	// relation.
	if source == "" {
		source, kind = "events of the shop", d.Relation
	}
	fmt.Fprintf(
		w, "%s (%s): %d rows, %d items, %d interactions, %d test cases\n", source, kind, d.Rows, d.Items, d.Interactions, d.TestCases,
	)
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
		// With several runs each has parameters of its own, which writeRuns prints.
		if len(one.Parameters) > 0 && len(r.Runs) == 0 {
			fmt.Fprintf(w, "%s: %s\n", one.Name, parameters(one.Parameters))
		}
	}
	writeRuns(w, r)
	if s := r.Served; s != nil {
		fmt.Fprintf(w, "\nserved with %s: %s\n", cmp.Or(s.Algorithm, "no model"), parameters(s.Parameters))
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

// writeRuns prints what several runs chose, and the paired tests: how much higher the NDCG of
// one algorithm is than that of another on the same folds and seeds, with its interval and
// p-value. It prints nothing for a single run.
func writeRuns(w io.Writer, r service.Report) {
	for _, run := range r.Runs {
		fmt.Fprintf(w, "seed %d", run.Seed)
		if run.Fold > 0 {
			fmt.Fprintf(w, ", fold %d", run.Fold)
		}
		fmt.Fprintf(w, ": %s", run.Selected)
		for _, one := range run.Results {
			if one.Name == run.Selected && len(one.Parameters) > 0 {
				fmt.Fprintf(w, ", %s", parameters(one.Parameters))
			}
		}
		fmt.Fprintln(w)
	}
	for n, c := range r.Comparisons {
		if n == 0 {
			fmt.Fprintln(w, "\nNDCG of one less that of another, 95 % interval, paired t-test:")
		}
		fmt.Fprintf(
			w, "%s − %s: %+.4f (%+.4f to %+.4f), p = %.2g, %d pairs\n", c.First, c.Second, c.Difference, c.Low, c.High, c.P, c.Pairs,
		)
	}
}

// writeFigures prints a table of the accuracy and one of the figures of all lists together.
func writeFigures(w io.Writer, r service.Report, columns []string) error {
	accuracy := columns[:min(len(columns), accuracyColumns)]
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "algorithm\tvalidation\t%s\tCPU s\tpeak MB\t\n", strings.Join(accuracy, "\t"))
	for _, one := range r.Results {
		// A report may have several figures of the validation; NDCG is what the selection went
		// by.
		validation := "–"
		for name, v := range one.Validation {
			if strings.HasPrefix(name, "ndcg@") || len(one.Validation) == 1 {
				validation = fmt.Sprintf("%.4f", v)
			}
		}
		cpu, peak := "–", "–" // of several runs at a time, and of a recompute among other work, it is not known
		if one.CPUSeconds > 0 {
			cpu, peak = fmt.Sprintf("%.1f", one.CPUSeconds), fmt.Sprint(one.PeakBytes>>20)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t\n", one.Name, validation, cells(one.Metrics, accuracy), cpu, peak)
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

// cells returns the figures of the named columns with tabs between them.
func cells(metrics map[string]similarityapi.ReportFigure, columns []string) string {
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
	found := map[string]bool{}
	for _, one := range r.Results {
		for name := range one.Metrics {
			found[name] = true
		}
	}
	return service.OrderedMetrics(maps.Keys(found))
}

// cell prints one figure: with its deviation over several runs, else with half the width of its
// 95 % interval, else alone, since figures of all lists together have no interval; a dash when
// there is none.
func cell(metrics map[string]similarityapi.ReportFigure, name string) string {
	m, ok := metrics[name]
	switch {
	case !ok:
		return "–"
	case m.Low == nil:
		return fmt.Sprintf("%.3f", m.Value)
	case m.SD != nil:
		return fmt.Sprintf("%.4f (sd %.4f)", m.Value, *m.SD)
	}
	return fmt.Sprintf("%.4f ±%.4f", m.Value, (*m.High-*m.Low)/2)
}

// parameters prints "name=value" pairs in order of name: numbers with four digits, lists and
// objects as JSON. They come out of JSON or straight from a search, so that a value has one of
// several types.
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
