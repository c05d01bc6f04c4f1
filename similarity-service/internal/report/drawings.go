package report

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Draw draws what there is to see of a report: nothing when nothing was tested. Each drawing is
// an SVG text that can stand in a page.
func Draw(r similarityapi.Report) ([]similarityapi.ReportDrawing, error) {
	var ndcg, suffix string
	if selected := r.Result(r.Selected); selected != nil {
		for name := range selected.Metrics {
			if rest, ok := strings.CutPrefix(name, "ndcg"); ok {
				ndcg, suffix = name, rest
			}
		}
	}
	var out []similarityapi.ReportDrawing
	var errs []error
	add := func(title, says string) func(svg string, err error) {
		return func(svg string, err error) {
			out, errs = append(out, similarityapi.ReportDrawing{Title: title, Says: says, SVG: svg}), append(errs, err)
		}
	}
	if ndcg != "" {
		for _, name := range []string{"ndcg", "recall", "mrr"} {
			add(name+suffix, "With 95 % intervals.")(pointsWithIntervals(r.Results, name+suffix))
		}
		for _, name := range []string{"coverage", "popularity_bias"} {
			add("Accuracy against "+strings.ReplaceAll(name, "_", " "), "")(against(r.Results, name+suffix, ndcg))
		}
	}
	if b := r.Breakdown; b != nil && len(b.ByActivity) > 0 {
		add("By activity of visitors", "Visitors in parts of about the same size.")(byGroup(b.ByActivity, "items in the visitor's history"))
		add(
			"By popularity of items", "Share of the items to be found that are in the list.",
		)(byGroup(b.ByPopularity, "training interactions of the item to be found"))
	}
	if slices.ContainsFunc(r.Results, func(one similarityapi.ReportResult) bool { return len(one.Path) > 1 }) {
		add(
			"What the search tried", "NDCG, of sessions MRR, on the cases that guide it; the line is the best so far.",
		)(searchPath(r.Results))
	}
	return out, errors.Join(errs...)
}

// colourOf tells models apart, also for those who do not see red and green alike (Okabe and Ito, 2008).
func colourOf(n int) color.RGBA {
	palette := [...]color.RGBA{
		{0, 114, 178, 255}, {230, 159, 0, 255}, {0, 158, 115, 255}, {213, 94, 0, 255}, {204, 121, 167, 255}, {86, 180, 233, 255},
		{110, 110, 110, 255}, {0, 0, 0, 255},
	}
	return palette[n%len(palette)]
}

// svg draws a plot of width × height points. A legend gets room above the points; gonum would
// draw it over them.
func svg(p *plot.Plot, width, height vg.Length) (string, error) {
	span := p.Y.Max - p.Y.Min
	p.Y.Min, p.Y.Max = p.Y.Min-.05*span, p.Y.Max+.05*span
	if p.Legend.Top { // it stands over the points unless there is room
		p.Y.Tick.Marker = below{p.Y.Tick.Marker, p.Y.Max}
		p.Y.Max += .4 * span
	}
	writer, err := p.WriterTo(width, height, "svg")
	if err != nil {
		return "", fmt.Errorf("draw a figure: %w", err)
	}
	var b bytes.Buffer
	if _, err := writer.WriteTo(&b); err != nil {
		return "", fmt.Errorf("draw a figure: %w", err)
	}
	text := b.Bytes()
	if at := bytes.Index(text, []byte("<svg")); at > 0 { // the XML declaration has no place inside a page
		text = text[at:]
	}
	return string(text), nil
}

// below leaves out the ticks in the room of the legend: a share above 1 would puzzle.
type below struct {
	plot.Ticker
	limit float64
}

func (b below) Ticks(low, high float64) []plot.Tick {
	return slices.DeleteFunc(b.Ticker.Ticks(low, high), func(t plot.Tick) bool { return t.Value > b.limit })
}

// interval is a plotter of points with their 95 % intervals. It has the methods of both, as the
// plotter wants them.
type interval struct {
	plotter.XYs
	plotter.YErrors
}

// pointsWithIntervals draws one figure of every tested model. A figure without an interval is
// drawn as a point.
func pointsWithIntervals(results []similarityapi.ReportResult, name string) (string, error) {
	p := plot.New()
	p.Y.Label.Text = name
	var labels []string
	var data interval
	for _, r := range results {
		m, ok := r.Metrics[name]
		if !ok {
			continue
		}
		data.XYs = append(data.XYs, plotter.XY{X: float64(len(labels)), Y: m.Value})
		var e struct{ Low, High float64 }
		if m.Low != nil {
			e.Low, e.High = m.Value-*m.Low, *m.High-m.Value
		}
		data.YErrors = append(data.YErrors, e)
		labels = append(labels, r.Name)
	}
	bars, err := plotter.NewYErrorBars(data)
	if err != nil {
		return "", fmt.Errorf("draw %s: %w", name, err)
	}
	points, err := plotter.NewScatter(data.XYs)
	if err != nil {
		return "", fmt.Errorf("draw %s: %w", name, err)
	}
	points.GlyphStyle = draw.GlyphStyle{Color: colourOf(0), Radius: 4, Shape: draw.CircleGlyph{}}
	p.Add(plotter.NewGrid(), bars, points)
	p.NominalX(labels...)
	p.X.Min, p.X.Max = -.5, float64(len(labels))-.5
	return svg(p, vg.Length(120+90*len(labels)), 240)
}

// against draws two figures of every tested model against each other.
func against(results []similarityapi.ReportResult, x, y string) (string, error) {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.Add(plotter.NewGrid())
	p.Legend.Top = true
	for n, r := range results {
		across, ok := r.Metrics[x]
		if !ok {
			continue
		}
		point, err := plotter.NewScatter(plotter.XYs{{X: across.Value, Y: r.Metrics[y].Value}})
		if err != nil {
			return "", fmt.Errorf("draw %s against %s: %w", y, x, err)
		}
		point.GlyphStyle = draw.GlyphStyle{Color: colourOf(n), Radius: 5, Shape: draw.CircleGlyph{}}
		p.Add(point)
		p.Legend.Add(r.Name, point)
	}
	return svg(p, 420, 280)
}

// byGroup draws a figure of every tested model over groups of cases or items. Models stand in
// the legend as they end: the best in the last group first.
func byGroup(groups []similarityapi.ReportGroup, label string) (string, error) {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = label, groups[0].Measure
	p.Add(plotter.NewGrid())
	p.Legend.Top = true
	var names []string
	for name := range groups[0].Values {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Compare(groups[len(groups)-1].Values[b], groups[len(groups)-1].Values[a])
	})
	var labels []string
	for _, g := range groups {
		labels = append(labels, g.Name)
	}
	for n, name := range names {
		var line plotter.XYs
		for at, g := range groups {
			line = append(line, plotter.XY{X: float64(at), Y: g.Values[name]})
		}
		drawn, points, err := plotter.NewLinePoints(line)
		if err != nil {
			return "", fmt.Errorf("draw by %s: %w", label, err)
		}
		drawn.Color, points.Color, points.Shape = colourOf(n), colourOf(n), draw.CircleGlyph{}
		p.Add(drawn, points)
		p.Legend.Add(name, drawn, points)
	}
	p.NominalX(labels...)
	return svg(p, 480, 280)
}

// searchPath draws the validation figure of every point that was tried, by model, over the number of points tried before, and the best so
// far. A model whose search tried one point is left out.
func searchPath(results []similarityapi.ReportResult) (string, error) {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "points tried", "on validation"
	p.Add(plotter.NewGrid())
	p.Legend.Top = true
	for n, r := range results {
		if len(r.Path) < 2 {
			continue
		}
		var tried, best plotter.XYs
		for at, point := range r.Path {
			tried = append(tried, plotter.XY{X: float64(at + 1), Y: point.Score})
			best = append(best, plotter.XY{X: float64(at + 1), Y: point.Score})
			if at > 0 {
				best[at].Y = max(best[at].Y, best[at-1].Y)
			}
		}
		points, err := plotter.NewScatter(tried)
		if err != nil {
			return "", fmt.Errorf("draw the search: %w", err)
		}
		line, err := plotter.NewLine(best)
		if err != nil {
			return "", fmt.Errorf("draw the search: %w", err)
		}
		points.GlyphStyle = draw.GlyphStyle{Color: colourOf(n), Radius: 2, Shape: draw.CircleGlyph{}}
		line.Color = colourOf(n)
		p.Add(points, line)
		p.Legend.Add(r.Name, line, points)
	}
	return svg(p, 480, 280)
}
