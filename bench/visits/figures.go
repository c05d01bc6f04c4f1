package main

import (
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

// figure is one line of the result. CPU is in microseconds per unit, of each process that takes part and in all; the shares are of answers, but New of units.
type figure struct {
	Name                                  string
	Units                                 int
	Seconds, PerSecond, PersonalPerSecond float64
	P50, P99                              float64 // milliseconds
	CPU                                   map[string]float64
	TotalCPU                              float64
	New, Personal, Degraded, Stale        float64
	Answers, Repeats, Failed              int
	BlindRepeats                          int // of the repeats, those in degraded answers
	Reasons                               map[string]int
}

// meter reads clock and CPU while something is measured.
type meter struct {
	bench  *bench
	usage  func() map[string]time.Duration
	before map[string]time.Duration
	began  time.Time
}

func (b *bench) begin() meter { return b.beginOf(b.form.usage) }

func (b *bench) beginOf(usage func() map[string]time.Duration) meter {
	return meter{b, usage, usage(), time.Now()}
}

// end adds the figure of what was measured.
func (m meter) end(name string, t *tally) *figure {
	after := m.usage()
	wall := t.wall
	if wall == 0 {
		wall = time.Since(m.began)
	}
	share := func(n, of int) float64 { return float64(n) / float64(max(of, 1)) }
	f := figure{
		Name: name, Units: t.units, Seconds: wall.Seconds(), PerSecond: float64(t.units) / wall.Seconds(), PersonalPerSecond: float64(t.personal) / wall.Seconds(),
		P50: milliseconds(t.quantile(50)), P99: milliseconds(t.quantile(99)), CPU: map[string]float64{}, New: share(t.fresh, t.units),
		Personal: share(t.personal, t.answers), Degraded: share(t.degraded, t.answers), Stale: share(t.stale, t.answers),
		Answers: t.answers, Repeats: t.repeats, BlindRepeats: t.blind, Failed: t.failed, Reasons: t.reasons,
	}
	for process, used := range after {
		f.CPU[process] = float64((used - m.before[process]).Microseconds()) / float64(max(t.units, 1))
		f.TotalCPU += f.CPU[process]
	}
	m.bench.figures = append(m.bench.figures, f)
	note("%s: %.0f/s, %.0f µs CPU", name, f.PerSecond, f.TotalCPU)
	return &m.bench.figures[len(m.bench.figures)-1]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// print writes the figures as a table in Markdown.
func (b *bench) print(w io.Writer) error {
	columns := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(columns, "| figure\t| µs CPU each\t| of which\t| per s\t| p50, p99 ms\t| new\t| personal\t| degraded\t| stale\t| repeats\t|")
	fmt.Fprintln(columns, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, f := range b.figures {
		latency, fresh, shares, repeats := "", "", [3]string{}, ""
		if f.P99 > 0 {
			latency, fresh = fmt.Sprintf("%.1f, %.1f", f.P50, f.P99), percent(f.New)
		}
		if f.Answers > 0 {
			shares, repeats = [3]string{percent(f.Personal), percent(f.Degraded), percent(f.Stale)}, fmt.Sprint(f.Repeats)
		}
		if f.Failed > 0 {
			f.Name += fmt.Sprintf(" (%d failed)", f.Failed)
		}
		fmt.Fprintf(columns, "| %s\t| %.0f\t| %s\t| %.0f\t| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t|\n", f.Name, f.TotalCPU, f.parts(), f.PerSecond, latency, fresh, shares[0], shares[1], shares[2], repeats)
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, f := range b.figures {
		for _, reason := range slices.Sorted(maps.Keys(f.Reasons)) {
			fmt.Fprintf(w, "- %s: %d × %s\n", f.Name, f.Reasons[reason], reason)
		}
	}
	if len(b.layers) == 0 {
		return nil
	}
	return printLayers(w, b.layers)
}

// parts names the processes that took at least a hundredth, where there are several.
func (f *figure) parts() string {
	var out []string
	for _, process := range slices.Sorted(maps.Keys(f.CPU)) {
		if used := f.CPU[process]; len(f.CPU) > 1 && used >= f.TotalCPU/100 {
			out = append(out, fmt.Sprintf("%s %.0f", process, used))
		}
	}
	return strings.Join(out, ", ")
}

func percent(share float64) string {
	if share == 0 || share == 1 {
		return fmt.Sprintf("%.0f %%", 100*share)
	}
	return fmt.Sprintf("%.1f %%", 100*share)
}

// save writes the figures as JSON.
func (b *bench) save(file string) error {
	data, err := json.MarshalIndent(map[string]any{"form": b.options.form, "visitors": b.options.visitors, "items": b.options.items, "figures": b.figures, "layers": b.layers}, "", " ")
	if err == nil {
		err = os.WriteFile(file, append(data, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write the figures: %w", err)
	}
	return nil
}
