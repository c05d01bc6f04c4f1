package service

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

//go:embed report.html
var reportPage string

// page is what the template shows.
type page struct {
	Report
	Columns []string
	Figures []figure
	Models  []string // tested ones, in the order of the results
}

// WriteHTML writes the report as one page that needs nothing else: tables, drawings as SVG, and the lists of some visitors side by side.
func (r Report) WriteHTML(w io.Writer) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"figure": func(m map[string]Metric, name string) string { return written(m, name) },
		"four":   func(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) },
		"join":   func(list []string) string { return strings.Join(list, ", ") },
		"hit":    func(s Sample, id string) bool { return slices.Contains(s.Relevant, id) },
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
	order := MetricNames()
	p.Columns = slices.SortedFunc(maps.Keys(names), func(a, b string) int {
		a, _, _ = strings.Cut(a, "@")
		b, _, _ = strings.Cut(b, "@")
		return slices.Index(order, a) - slices.Index(order, b)
	})
	if p.Figures, err = r.figures(); err != nil {
		return err
	}
	if err := t.Execute(w, p); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func written(m map[string]Metric, name string) string {
	v, ok := m[name]
	switch {
	case !ok:
		return "–"
	case v.Low == nil:
		return fmt.Sprintf("%.4f", v.Value)
	}
	return fmt.Sprintf("%.4f (%.4f–%.4f)", v.Value, *v.Low, *v.High)
}

// figures draws what there is to see.
func (r Report) figures() ([]figure, error) {
	var out []figure
	var ndcg, suffix string
	for name := range r.result(r.Selected).Metrics {
		if rest, ok := strings.CutPrefix(name, "ndcg"); ok {
			ndcg, suffix = name, rest
		}
	}
	if ndcg == "" {
		return nil, nil
	}
	add := func(title, says string, svg template.HTML, err error) error {
		out = append(out, figure{title, says, svg})
		return err
	}
	var errs []error
	for _, name := range []string{"ndcg", "recall", "mrr"} {
		drawn, err := pointsWithIntervals(r.Results, name+suffix)
		errs = append(errs, add(name+suffix, "With 95 % intervals.", drawn, err))
	}
	for _, name := range []string{"coverage", "popularity_bias"} {
		drawn, err := against(r.Results, name+suffix, ndcg)
		errs = append(errs, add("Accuracy against "+strings.ReplaceAll(name, "_", " "), "", drawn, err))
	}
	if b := r.Breakdown; b != nil && len(b.ByActivity) > 0 {
		drawn, err := byGroup(b.ByActivity, "items in the visitor's history")
		errs = append(errs, add("By activity of visitors", "Visitors in parts of about the same size.", drawn, err))
		drawn, err = byGroup(b.ByPopularity, "training interactions of the item to be found")
		errs = append(errs, add("By popularity of items", "Share of the items to be found that are in the list.", drawn, err))
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
