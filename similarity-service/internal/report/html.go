package report

import (
	"cmp"
	_ "embed" // for report.css
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// styles stand in the page, which needs nothing else.
//
//go:embed report.css
var styles string

// page is a report as it is shown. Columns are the figures that any model has.
type page struct {
	similarityapi.Report
	Columns []string
	Models  []string // tested ones, in the order of the results
}

// WriteHTML writes the report as one page that needs nothing else: tables, drawings as SVG, and the lists of some visitors side by side.
func WriteHTML(w io.Writer, r similarityapi.Report) (err error) {
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
	if err := p.html().Render(w); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (p *page) html() g.Node {
	return h.Doctype(h.HTML(h.Lang("en"),
		h.Head(
			h.Meta(h.Charset("utf-8")), h.Meta(h.Name("viewport"), h.Content("width=device-width")),
			h.TitleEl(g.Text("Evaluation of "+cmp.Or(p.Data.Path, p.Data.Relation))),
			h.StyleEl(g.Raw(styles)),
		),
		h.Body(
			h.H1(g.Text(p.Selected+" was chosen")), h.P(g.Text(p.summary())),
			h.H2(g.Text("Models")), p.models(),
			h.H2(g.Text("Figures")), g.Map(p.Drawings, drawing),
			p.comparisons(), p.runs(), p.served(), p.samples(),
			h.H2(g.Text("Parameters")), p.parameters(),
		),
	))
}

// summary says what the models learnt from and how one was chosen.
func (p *page) summary() string {
	d := p.Data
	from := d.Path + " (" + d.Format + ")"
	if d.Path == "" {
		from = d.Relation + ", from the events of the shop"
	}
	text := fmt.Sprintf("%s: %d rows, %d items, %d interactions, %d test cases. ", from, d.Rows, d.Items, d.Interactions, d.TestCases)
	for _, note := range d.Notes {
		text += note + ". "
	}
	if len(p.Runs) > 0 {
		text += fmt.Sprintf("Means over %d runs. ", len(p.Runs))
	}
	return text + "Validation on the training part alone chose; intervals are of 95 %."
}

func (p *page) models() g.Node {
	return wide(table(append([]string{"model", "validation"}, p.Columns...),
		g.Map(p.Results, func(r similarityapi.ReportResult) g.Node {
			validation := g.Group{}
			for _, name := range slices.Sorted(maps.Keys(r.Validation)) {
				validation = append(validation, g.Text(name+" "+four(r.Validation[name])), h.Br())
			}
			return h.Tr(text(r.Name), h.Td(h.Class("n"), validation),
				g.Map(p.Columns, func(name string) g.Node { return number(written(r.Metrics, name)) }))
		})))
}

// drawing is a figure with its caption; the plotter escaped what stands in it.
func drawing(d similarityapi.ReportDrawing) g.Node {
	return h.Figure(h.FigCaption(g.Text(d.Title), h.Small(g.Text(d.Says))), g.Raw(d.SVG))
}

func (p *page) comparisons() g.Node {
	if len(p.Comparisons) == 0 {
		return nil
	}
	return g.Group{h.H2(g.Text("Paired tests")), table([]string{"NDCG of", "less that of", "difference", "interval", "p", "pairs"},
		g.Map(p.Comparisons, func(c similarityapi.ReportComparison) g.Node {
			return h.Tr(text(c.First), text(c.Second), number(four(c.Difference)), number(four(c.Low)+" to "+four(c.High)),
				number(fmt.Sprintf("%.2g", c.P)), number(strconv.Itoa(c.Pairs)))
		}))}
}

func (p *page) runs() g.Node {
	if len(p.Runs) == 0 {
		return nil
	}
	return g.Group{h.H2(g.Text("Runs")), table([]string{"seed", "fold", "chosen"},
		g.Map(p.Runs, func(r similarityapi.ReportRun) g.Node {
			fold := ""
			if r.Fold > 0 {
				fold = strconv.Itoa(r.Fold)
			}
			return h.Tr(number(strconv.FormatUint(r.Seed, 10)), number(fold), text(r.Selected))
		}))}
}

func (p *page) served() g.Node {
	if p.Served == nil {
		return nil
	}
	model := h.P(g.Text("With " + cmp.Or(p.Served.Algorithm, "no model") + "."))
	return g.Group{h.H2(g.Text("Served")), model, table([]string{"figure", "served", "of the winner"},
		g.Map(slices.Sorted(maps.Keys(p.Served.Ratio)), func(name string) g.Node {
			return h.Tr(text(name), number(written(p.Served.Metrics, name)), number(four(p.Served.Ratio[name])))
		}))}
}

// samples are the lists of some visitors; what was to be found is marked.
func (p *page) samples() g.Node {
	if p.Breakdown == nil {
		return nil
	}
	return g.Group{
		h.H2(g.Text("Lists of some visitors")), h.P(g.Text("Marked is what was to be found.")),
		g.Map(p.Breakdown.Samples, func(s similarityapi.ReportSample) g.Node {
			return wide(table(append([]string{"history, its latest items", "to be found"}, p.Models...), h.Tr(
				h.Td(lines(s.History, nil)), text(strings.Join(s.Relevant, ", ")),
				g.Map(p.Models, func(name string) g.Node { return h.Td(lines(s.Lists[name], s.Relevant)) }),
			)))
		}),
	}
}

// lines are items below each other; those of marked stand out.
func lines(ids, marked []string) g.Node {
	return g.Map(ids, func(id string) g.Node {
		shown := g.Text(id)
		if slices.Contains(marked, id) {
			shown = h.B(shown)
		}
		return g.Group{shown, h.Br()}
	})
}

func (p *page) parameters() g.Node {
	return h.Table(g.Map(p.Results, func(r similarityapi.ReportResult) g.Node {
		var all strings.Builder
		for _, name := range slices.Sorted(maps.Keys(r.Parameters)) {
			fmt.Fprintf(&all, "%s %v; ", name, r.Parameters[name])
		}
		return g.If(all.Len() > 0, h.Tr(text(r.Name), text(all.String())))
	}))
}

func table(head []string, rows ...g.Node) g.Node {
	return h.Table(h.Tr(g.Map(head, func(name string) g.Node { return h.Th(g.Text(name)) })), g.Group(rows))
}

// wide lets a table scroll sideways.
func wide(n g.Node) g.Node { return h.Div(h.Class("wide"), n) }

func text(s string) g.Node { return h.Td(g.Text(s)) }

func number(s string) g.Node { return h.Td(h.Class("n"), g.Text(s)) }

func four(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) }

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
