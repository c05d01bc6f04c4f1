package learning

import (
	"maps"
	"slices"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// View implements page.View.
func (d *reportData) View(*page.Visit) g.Node {
	return g.Group{d.summary(), d.algorithms(), d.drawings(), d.groups(), d.samples(), d.parameters()}
}

func (d *reportData) summary() g.Node {
	measured := "Too little was held out to measure it on the latest time."
	if d.Data.TestCases > 0 {
		measured = "It was then measured on " + words.Number(d.Data.TestCases) +
			" cases of the latest time, which the search had not seen."
	}
	return h.P(modelLink(d.Version), g.Text(": "), h.Strong(g.Text(d.Selected)),
		g.Text(" was chosen on a held-out part of what it learnt from: "+words.Number(d.Data.Rows)+" rows, "+
			words.Number(d.Data.Items)+" items, "+words.Number(d.Data.Interactions)+" interactions. "+measured))
}

// modelLink leads to a version.
func modelLink(version string) g.Node { return view.Link("/models/"+page.Escape(version), version) }

func (d *reportData) algorithms() g.Node {
	figures := d.figures()
	return view.Card("Algorithms, best on validation first",
		view.Table("Algorithms",
			view.Head(view.Column("Algorithm"), view.Column("Validation"), g.Map(figures, view.NumberColumn)),
			g.Map(d.Results, func(r similarityapi.ReportResult) g.Node {
				return view.Row(g.Text(r.Name), view.TextCell(validation(r)),
					g.Map(figures, func(name string) g.Node { return view.NumberCell(d.cell(r, name)) }))
			})),
		h.P(h.Class("hint"),
			g.Text("Intervals are of 95 %. The test part is looked at for the winner and two baselines only; "+
				"who looks more often finds what is good by chance.")))
}

// validation are the figures of an algorithm on the validation part, each on a line with its name.
func validation(r similarityapi.ReportResult) string {
	text := ""
	for _, name := range slices.Sorted(maps.Keys(r.Validation)) {
		text += name + "\u00a0" + words.Short(r.Validation[name]) + " "
	}
	return text
}

func (d *reportData) drawings() g.Node {
	if len(d.Drawings) == 0 {
		return nil
	}
	return view.Card("Figures", view.Columns(g.Map(d.Drawings, func(one similarityapi.ReportDrawing) g.Node {
		return h.Figure(h.Img(h.Src(drawn(one)), h.Alt(one.Title+". "+one.Says)),
			h.FigCaption(h.Strong(g.Text(one.Title)), g.Text(" "+one.Says)))
	})...))
}

// groups show for whom and for what the algorithms do well.
func (d *reportData) groups() g.Node {
	if d.Breakdown == nil {
		return nil
	}
	tested := d.tested()
	rows := func(groups []similarityapi.ReportGroup, before, behind string) g.Node {
		return g.Map(groups, func(group similarityapi.ReportGroup) g.Node {
			return view.Row(g.Text(before+group.Name+behind), view.NumberCell(words.Number(group.Count)),
				view.TextCell(group.Measure),
				g.Map(tested, func(name string) g.Node { return view.NumberCell(words.Short(group.Values[name])) }))
		})
	}
	return view.Card("For whom, and for what", view.Table("Groups",
		view.Head(view.Column("Group"), view.NumberColumn("Cases"), view.Column("Figure"),
			g.Map(tested, view.NumberColumn)),
		rows(d.Breakdown.ByActivity, "Visitors with ", " items"),
		rows(d.Breakdown.ByPopularity, "Items with ", " interactions")))
}

func (d *reportData) samples() g.Node {
	if d.Breakdown == nil {
		return nil
	}
	return view.Card("Lists of some visitors", h.P(g.Text("Marked is what they came to next.")),
		g.Map(d.Breakdown.Samples, d.sample))
}

func (d *reportData) sample(s similarityapi.ReportSample) g.Node {
	tested := d.tested()
	item := func(id string) g.Node { return g.Group{view.Item(id), h.Br()} }
	found := func(id string) g.Node {
		if slices.Contains(s.Relevant, id) {
			return g.Group{h.Mark(view.Item(id)), h.Br()}
		}
		return item(id)
	}
	return view.Table("A visitor",
		view.Head(view.Column("Latest items"), view.Column("Came next"), g.Map(tested, view.Column)),
		h.Tr(view.Cell(g.Map(s.History, item)), view.Cell(g.Map(s.Relevant, item)),
			g.Map(tested, func(name string) g.Node { return view.Cell(g.Map(s.Lists[name], found)) })))
}

func (d *reportData) parameters() g.Node {
	return view.Fold("Parameters", g.Map(d.Results, func(r similarityapi.ReportResult) g.Node {
		if len(r.Parameters) == 0 {
			return nil
		}
		return g.Group{h.H3(g.Text(r.Name)), view.JSON(r.Parameters)}
	}))
}
