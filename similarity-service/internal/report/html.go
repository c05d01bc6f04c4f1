package report

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// reportPage is a template with its styles in it and without scripts.
//
//go:embed report.html
var reportPage string

// page is what the template shows. Columns are the figures that any model has.
type page struct {
	similarityapi.Report
	Columns []string
	Models  []string // tested ones, in the order of the results
}

// WriteHTML writes the report as one page that needs nothing else: tables, drawings as SVG, and the lists of some visitors side by side.
func WriteHTML(w io.Writer, r similarityapi.Report) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"figure": func(m map[string]similarityapi.ReportFigure, name string) string { return written(m, name) },
		"four":   func(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) },
		"svg":    func(text string) template.HTML { return template.HTML(text) }, // drawn by the plotter, which escapes labels
		"join":   func(list []string) string { return strings.Join(list, ", ") },
		"hit":    func(s similarityapi.ReportSample, id string) bool { return slices.Contains(s.Relevant, id) },
	}).Parse(reportPage)
	if err != nil {
		return fmt.Errorf("read the page of the report: %w", err)
	}
	p := page{Report: r}
	names := map[string]bool{}
	for _, one := range r.Results {
		if one.Metrics != nil {
			p.Models = append(p.Models, one.Name)
		}
		for name := range one.Metrics {
			names[name] = true
		}
	}
	p.Columns = Ordered(maps.Keys(names))
	if p.Drawings, err = Draw(r); err != nil {
		return err
	}
	if err := t.Execute(w, p); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// written is a figure with its interval, "–" for one that a model does not have.
func written(m map[string]similarityapi.ReportFigure, name string) string {
	v, ok := m[name]
	switch {
	case !ok:
		return "–"
	case v.Low == nil:
		return fmt.Sprintf("%.4f", v.Value)
	}
	return fmt.Sprintf("%.4f (%.4f–%.4f)", v.Value, *v.Low, *v.High)
}

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
