package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is one line of the result. CPU is in microseconds per unit, of each process that takes
// part and in all. PerSecond is of units; latencies are 0 where nothing was asked.
type figure struct {
	Name string
	counts
	Seconds, PerSecond, PersonalPerSecond float64
	P50, P99                              float64 // milliseconds
	CPU                                   map[string]float64
	TotalCPU                              float64
	Reasons                               map[string]int
}

// meter reads clock and CPU while something is measured; before has each process at the
// beginning.
type meter struct {
	bench  *bench
	form   *form
	before map[string]time.Duration
	began  time.Time
}

// begin begins a measurement; only one may be under way, since processes cannot tell what they
// work for.
func (b *bench) begin(f *form) meter { return meter{b, f, f.usage(), time.Now()} }

// used is the CPU time of each process since the beginning.
func (m meter) used() map[string]time.Duration {
	used := m.form.usage()
	for process := range used {
		used[process] -= m.before[process]
	}
	return used
}

// end adds the figure of what was measured. The time is that of the tally, else that since the
// beginning. The pointer is good until the next figure.
func (m meter) end(name string, t *tally) *figure {
	used := m.used()
	t.wall = cmp.Or(t.wall, time.Since(m.began))
	return m.bench.add(name, t, used)
}

// add adds a figure of a tally and the CPU time that each process took for it.
func (b *bench) add(name string, t *tally, used map[string]time.Duration) *figure {
	wall := t.wall.Seconds()
	f := figure{
		Name: name, counts: t.counts, Seconds: wall, PerSecond: float64(t.Units) / wall, PersonalPerSecond: float64(t.Personal) / wall,
		P50: milliseconds(t.quantile(50)), P99: milliseconds(t.quantile(99)), CPU: map[string]float64{}, Reasons: t.reasons,
	}
	for process, spent := range used {
		f.CPU[process] = float64(spent.Microseconds()) / float64(max(t.Units, 1))
		f.TotalCPU += f.CPU[process]
	}
	b.figures = append(b.figures, f)
	note("%s: %.0f/s, %.0f µs CPU", name, f.PerSecond, f.TotalCPU)
	return &b.figures[len(b.figures)-1]
}

// milliseconds is a time with microseconds behind the point.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// print writes the figures as a table in Markdown, with what degraded answers lacked below it.
func (b *bench) print(w io.Writer) error {
	rows := [][]string{
		{"figure", "µs CPU each", "of which", "per s", "p50, p99 ms", "new", "personal", "personal per s", "degraded", "stale", "repeats"},
	}
	for _, f := range b.figures {
		row := []string{f.Name, fmt.Sprintf("%.0f", f.TotalCPU), f.parts(), fmt.Sprintf("%.0f", f.PerSecond), "", "", "", "", "", "", ""}
		if f.P99 > 0 {
			row[4], row[5] = fmt.Sprintf("%.1f, %.1f", f.P50, f.P99), percent(f.New, f.Units)
		}
		if f.Answers > 0 {
			row[6], row[7] = percent(f.Personal, f.Answers), fmt.Sprintf("%.0f", f.PersonalPerSecond)
			row[8], row[9], row[10] = percent(f.Degraded, f.Answers), percent(f.Stale, f.Answers), fmt.Sprint(f.Repeats)
		}
		rows = append(rows, row)
	}
	if err := printTable(w, rows); err != nil {
		return err
	}
	for _, f := range b.figures {
		var reasons []string
		for _, reason := range slices.Sorted(maps.Keys(f.Reasons)) {
			reasons = append(reasons, fmt.Sprintf("%d × %s", f.Reasons[reason], reason))
		}
		if len(reasons) > 0 {
			fmt.Fprintf(w, "- %s: %s\n", f.Name, strings.Join(reasons, ", "))
		}
	}
	if len(b.layers) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	return b.printLayers(w)
}

// printTable writes rows, the first of which is the heading.
func printTable(w io.Writer, rows [][]string) error {
	columns := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	for n, row := range rows {
		fmt.Fprintln(columns, "| "+strings.Join(row, "\t| ")+"\t|")
		if n == 0 {
			fmt.Fprintln(columns, strings.Repeat("|---\t", len(row))+"|")
		}
	}
	fmt.Fprintln(columns)
	return columns.Flush()
}

// parts names the processes that took at least a hundredth and a microsecond, where there are several.
func (f *figure) parts() string {
	var out []string
	for _, process := range slices.Sorted(maps.Keys(f.CPU)) {
		if used := f.CPU[process]; len(f.CPU) > 1 && used >= max(.5, f.TotalCPU/100) {
			out = append(out, fmt.Sprintf("%s %.0f", process, used))
		}
	}
	return strings.Join(out, ", ")
}

// percent is a share with one decimal, without one for none and all.
func percent(n, of int) string {
	if n == 0 || n == of {
		return fmt.Sprintf("%d %%", 100*n/max(of, 1))
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
}

// save writes the figures as JSON.
func (b *bench) save(file string) error {
	data, err := json.MarshalIndent(
		map[string]any{
			"form": b.options.form, "visitors": b.options.visitors, "items": b.options.items, "figures": b.figures, "layers": b.layers,
		},
		"", " ",
	)
	if err == nil {
		err = os.WriteFile(file, append(data, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write the figures: %w", err)
	}
	return nil
}
