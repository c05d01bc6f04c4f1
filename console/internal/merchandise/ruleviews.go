package merchandise

import (
	"net/url"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// View implements page.View.
func (d *rulesData) View(*page.Visit) g.Node {
	return g.Group{d.buttons(), view.Card("All rules of the shop", d.table()), d.changesCard()}
}

func (d *rulesData) buttons() g.Node {
	if !d.Change {
		return nil
	}
	return g.Group{
		view.Actions(view.MainButton("/rules/edit", "New rule for all placements"),
			view.Button("/placements", "New rule of one placement")),
		h.Br(),
	}
}

func (d *rulesData) table() g.Node {
	if len(d.Rules) == 0 {
		return view.Empty("There is no rule yet.",
			g.Text("A rule pins, boosts, buries or hides items, in one placement or in all, and can end by itself. "),
			g.If(d.Change, g.Text("Make one above: you see what it changes before it is saved.")))
	}
	head := view.Head(view.Column("Rule"), view.Column("Where"), view.Column("What it does"), view.Column("State"),
		view.NumberColumn("Items"), g.If(d.Change, h.Th(h.Span(h.Class("soft"), g.Text("Change")))))
	return view.Table("Rules", head, g.Map(d.Rules, d.row))
}

func (d *rulesData) row(r recommenderapi.ListedRule) g.Node {
	where := g.Text("all placements")
	if r.ScenarioID != "" {
		where = view.Link("/placements/"+page.Escape(r.ScenarioID), r.ScenarioID)
	}
	var until, change g.Node
	if !r.Rule.Until.IsZero() {
		until = view.Below("until " + words.When(r.Rule.Until.Time))
	}
	if d.Change {
		change = view.Cell(deleteForm(r))
	}
	return view.Row(ruleName(r), view.Cell(where), view.Cell(g.Text(words.Rule(r.Rule)), until),
		view.Cell(view.State(r.State), view.Below(r.Detail)), view.NumberCell(words.Number(r.Items)), change)
}

// ruleName leads to the editor of a rule.
func ruleName(r recommenderapi.ListedRule) g.Node {
	path := "/rules/edit?rule=" + url.QueryEscape(r.Rule.RuleID)
	if r.ScenarioID != "" {
		path += "&scenario=" + url.QueryEscape(r.ScenarioID)
	}
	return g.Group{view.Link(path, r.Rule.RuleID), g.If(r.Rule.Title != "", view.Below(r.Rule.Title))}
}

// deleteForm deletes a rule, or takes it out of its placement, if that is as the page showed it.
func deleteForm(r recommenderapi.ListedRule) g.Node {
	id, version := r.Rule.RuleID, r.Rule.Version
	if r.ScenarioID != "" {
		version = r.ScenarioVersion
	}
	return view.Post("/rules/"+page.Escape(id)+"/delete",
		view.Hidden("scenario", r.ScenarioID), view.Hidden("version", words.Whole(version)),
		h.Button(h.Class("danger"), h.Data("confirm", "Delete the rule "+id+"? Answers are without it within two seconds."),
			g.Text("Delete"), skip(id)))
}

func (d *rulesData) changesCard() g.Node {
	if len(d.Changes) == 0 {
		return nil
	}
	return view.Card("Lately changed, in all placements", view.List(g.Map(d.Changes, d.change)...),
		h.P(h.Class("hint"), g.Text("Rules of one placement are undone in the history of the placement.")))
}

func (d *rulesData) change(e audit.Entry) g.Node {
	when, did := words.When(e.At.Time), "made"
	switch {
	case e.Action == "rule.delete":
		did = "deleted"
	case len(e.Before) > 0:
		did = "changed"
	}
	var undo g.Node
	if d.Change {
		undo = h.Button(h.Data("confirm", "Give "+e.Subject+" back what it was before this change?"),
			g.Text("Undo"), skip("the change of "+e.Subject+" at "+when))
	}
	return view.Post("/rules/undo", h.Class("actions"), view.Hidden("entry", e.ID),
		h.Span(g.Text(when+": "), h.Strong(g.Text(e.Subject)), g.Text(" "+did+" by "+words.Author(e.Actor))), g.Text(" "), undo)
}
