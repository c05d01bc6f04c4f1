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
func (d *modelsData) View(v *page.Visit) g.Node {
	return g.Group{g.Map(d.Damaged, damaged), d.actions(), d.versions(v)}
}

func damaged(m similarityapi.ModelFallback) g.Node {
	instead := "Only texts answer."
	if m.Serving != "" {
		instead = m.Serving + " serves instead."
	}
	return h.P(h.Class("bad"),
		g.Text("The live model of "+m.Relation+" is damaged. "+instead+" Recompute, or make another version live."))
}

func (d *modelsData) actions() g.Node {
	if !d.Change {
		return nil
	}
	buttons := []g.Node{view.MainButton("/jobs", "Recompute")}
	for _, relation := range d.Live {
		name := words.Spaced(relation)
		buttons = append(buttons, view.Post("/models/rollback", view.Hidden("relation", relation),
			h.Button(h.Class("danger"), h.Data("confirm", "Make the version before the live one of "+name+" live "+
				"again?"), g.Text("Roll back "+name))))
	}
	return g.Group{view.Actions(buttons...), h.Br()}
}

func (d *modelsData) versions(v *page.Visit) g.Node {
	const title = "Versions, newest first"
	if len(d.Models) == 0 {
		return view.Card(title, view.Empty("There is no model yet.", view.Link("/imports", "Import events"),
			g.Text(", then "), view.Link("/jobs", "start a recompute"),
			g.Text(". Until then texts and popularity recommend.")))
	}
	return view.Card(title,
		view.Table("Versions",
			view.Head(view.Column("Version"), view.Column("Algorithm"), view.Column("State"), view.Column("Gate"),
				view.Column("Made"), view.NumberColumn("Items"), view.Column("NDCG@20 [95 %]"),
				view.Column("Recall@20 [95 %]")),
			g.Map(d.Models, func(m similarityapi.Model) g.Node { return versionRow(v, m) })),
		h.P(h.Class("hint"),
			g.Text("NDCG and recall say how well the first 20 items meet what visitors did in the held-out time; the "+
				"interval holds the true figure in 95 of 100 cases.")))
}

func versionRow(v *page.Visit, m similarityapi.Model) g.Node {
	var gate g.Node
	if m.Gate != nil {
		gate = g.Group{view.State(m.Gate.Verdict), g.If(m.Gate.Forced, view.Below("forced"))}
	}
	return view.Row(g.Group{
		view.Link("/models/"+page.Escape(m.Version), words.Spaced(m.Relation)), view.Below(m.Version),
	}, view.TextCell(m.Algorithm), view.Cell(view.State(m.State)), view.Cell(gate),
		view.TextCell(words.Ago(v.Now(), m.CreatedAt.Time)), view.NumberCell(words.Number(m.Items)),
		view.TextCell(words.Measured(m.Metrics["ndcg@20"])),
		view.TextCell(words.Measured(m.Metrics["recall@20"])))
}

// View implements page.View.
func (d *modelData) View(v *page.Visit) g.Node {
	return g.Group{
		view.Columns(d.gate(), d.facts(v)),
		view.Columns(d.figures(), h.Div(preparationCard(d.Model.Preparation), d.compare())),
	}
}

func (d *modelData) gate() g.Node {
	var state, judged g.Node
	if gate := d.Model.Gate; gate != nil {
		state, judged = view.State(gate.Verdict), checks(gate)
		if gate.Against != "" {
			judged = g.Group{judged, h.P(g.Text("Compared with "), modelLink(gate.Against),
				g.Text(", which served then."))}
		}
	}
	return h.Section(h.Class("card"), h.H2(g.Text("Verdict of the gate "), state), h.P(g.Text(d.verdict())), judged,
		d.activation())
}

// checks are the conditions of the gate.
func checks(gate *similarityapi.Gate) g.Node {
	return view.List(g.Map(gate.Checks, func(c similarityapi.GateCheck) g.Node {
		state := view.Tag("bad", "fails")
		if c.Passed {
			state = view.Tag("good", "holds")
		}
		return g.Group{state, g.Text(" " + c.Detail)}
	})...)
}

// activation makes a version live that is not.
func (d *modelData) activation() g.Node {
	if !d.Change || d.Model.State == "live" {
		return nil
	}
	return view.Post("/models/"+page.Escape(d.Model.Version)+"/activate",
		view.Field("reason", "Reason", h.Input(h.ID("reason"), h.Name("reason"), h.Aria("describedby", "reason-hint")),
			h.P(h.Class("hint"), h.ID("reason-hint"),
				g.Text("Asked for when the gate refused it; it stands in the audit log."))),
		view.Actions(h.Button(h.Class("main"),
			h.Data("confirm", "Make this version live? Answers follow within seconds."), g.Text("Make it live"))))
}

func (d *modelData) facts(v *page.Visit) g.Node {
	m := &d.Model
	return view.Card("What it is",
		view.Facts(view.TextFact("Relation", words.Spaced(m.Relation)), view.TextFact("Algorithm", m.Algorithm),
			view.Fact("State", view.State(m.State)),
			view.TextFact("Made", words.When(m.CreatedAt.Time)+", "+words.Ago(v.Now(), m.CreatedAt.Time)),
			view.Fact("By", view.Link("/jobs/"+page.Escape(m.JobID), m.JobID)),
			view.TextFact("Items", words.Number(m.Items)+" with "+words.Number(m.Neighbours)+" neighbours")),
		view.Fold("Parameters", view.JSON(m.Parameters)),
		h.H3(g.Text("Try it on an item")),
		h.Form(h.Method("get"), h.Action(page.Root+"/catalogue/item"), view.Hidden("model_"+m.Relation, m.Version),
			view.Field("id", "Item id", h.Input(h.ID("id"), h.Name("id"), h.Required())),
			view.Actions(h.Button(g.Text("Its neighbours in this version")))))
}

func (d *modelData) figures() g.Node {
	metrics := d.Model.Metrics
	return view.Card("Figures",
		h.P(view.Link("/models/"+page.Escape(d.Model.Version)+"/report", "Report of the search"),
			g.Text(": every algorithm with figures and drawings, and lists of some visitors.")),
		view.Table("Figures",
			view.Head(view.Column("Figure"), view.NumberColumn("Value"), view.Column("95 % interval")),
			g.Map(slices.Sorted(maps.Keys(metrics)), func(name string) g.Node {
				f := metrics[name]
				var ends g.Node = h.Span(h.Class("soft"), g.Text("counted, not sampled"))
				if f.High != 0 {
					ends = g.Text(words.Short(f.Low) + " to " + words.Short(f.High))
				}
				return view.Row(g.Text(name), view.NumberCell(words.Number(f.Value)), view.Cell(ends))
			})))
}

func preparationCard(p *similarityapi.PreparationReport) g.Node {
	if p == nil {
		return nil
	}
	return view.Card("What it was made of", preparation(p))
}

// preparation says what each step of the preparation left.
func preparation(p *similarityapi.PreparationReport) g.Node {
	return view.Table("Preparation",
		view.Head(view.Column("Step"), view.NumberColumn("Rows left"), view.NumberColumn("Left out")),
		g.Map(p.Steps, func(s similarityapi.PreparationStep) g.Node {
			return view.Row(g.Text(words.Spaced(s.Name)), view.NumberCell(words.Number(s.Rows)),
				view.NumberCell(words.Number(s.Dropped)))
		}))
}

func (d *modelData) compare() g.Node {
	relation := words.Spaced(d.Model.Relation)
	choice := view.Nothing(g.Text("There is no other version of " + relation + " to compare with."))
	if len(d.Others) > 0 {
		choice = h.Form(h.Method("get"), h.Data("live", "#comparison"), h.Class("actions"),
			h.Label(h.For("other"), g.Text("With")), g.Text(" "),
			h.Select(h.ID("other"), h.Name("other"), g.Map(d.Others, func(m similarityapi.Model) g.Node {
				return h.Option(h.Value(m.Version), g.If(m.Version == d.With, h.Selected()),
					g.Text(m.Version+" ("+m.State+")"))
			})), g.Text(" "),
			h.Button(g.Text("Compare")))
	}
	return view.Card("Compare", choice, h.Div(h.ID("comparison"), h.Aria("live", "polite"), comparison(d.Comparison)))
}

// comparison is how a version differs from another; nothing for nil.
func comparison(c *similarityapi.Comparison) g.Node {
	if c == nil {
		return nil
	}
	var movers g.Node
	if len(c.Movers) > 0 {
		movers = g.Group{h.H3(g.Text("Most changed")), view.List(g.Map(c.Movers, func(m similarityapi.Mover) g.Node {
			return g.Group{view.Item(m.ItemID), g.Text(" "), h.Small(g.Text(words.Percent(m.Overlap) + " in common"))}
		})...)}
	}
	return g.Group{
		h.P(g.Text("Of the first 20 neighbours "), h.Strong(g.Text(words.Percent(c.Overlap))),
			g.Text(" are in common, over "+words.Number(c.Items)+" items; "+words.Number(c.Added)+" items are new, "+
				words.Number(c.Removed)+" gone.")),
		view.Table("Differences", view.Head(view.Column("Figure"), view.NumberColumn("This version minus the other")),
			g.Map(slices.Sorted(maps.Keys(c.Metrics)), func(name string) g.Node {
				return view.Row(g.Text(name), view.NumberCell(words.Short(c.Metrics[name])))
			})),
		movers,
	}
}
