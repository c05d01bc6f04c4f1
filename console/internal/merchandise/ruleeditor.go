package merchandise

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
)

// View implements page.View.
func (d *ruleData) View(*page.Visit) g.Node {
	return h.Div(h.Class("split"), h.Div(d.editor(), d.asJSON()),
		h.Div(h.ID("preview"), h.Aria("live", "polite"), d.previewPart()))
}

// editor is the form; the script shows of it what the chosen action uses.
func (d *ruleData) editor() g.Node {
	f := d.Form
	return view.Post("/rules/edit", h.Class("card"), h.Data("live", "#preview"),
		d.identity(), view.Problem(f.Problem),
		h.Div(h.Class("row"), f.Needed("rule_id", "Name", "short, such as christmas-boost"), f.Text("title", "Title", "for people")),
		f.Select("action", "What it does", "", actionOptions()),
		h.Div(h.Class("row"),
			usedBy("boost bury", f.Number("factor", "Factor", "above 1 to boost, below 1 to bury")),
			usedBy("pin", f.Number("position", "Place", "1 is the first")),
			usedBy("limit_per", f.Suggest("field", "Of one", "category, brand or attributes.NAME", limitFields())),
			usedBy("limit_per", f.Number("max", "At most", "items"))),
		usedBy("pin hide boost bury", f.Text("item_id", "Item",
			"its id or an alias; leave empty for all items that the comparisons below are about")),
		h.FieldSet(h.Data("for", "action=boost bury hide filter"), h.Legend(g.Text("Which items")),
			conditionFields(f, "where", "An item has to meet", "more than the rows of this form can say")),
		whenFields(f),
		previewWith(f, g.If(d.Scenario == "", f.Select("placement", "Placement", "", d.Scenarios))),
		view.Actions(g.If(d.Change, do("save", "Save", h.Class("main"))),
			do("preview", "Preview", g.Attr("data-preview")), view.Button("/rules", "Cancel")))
}

// identity are the fields that say which rule the form is about.
func (d *ruleData) identity() g.Node {
	return g.Group{d.Form.Hidden("version"), d.Form.Hidden("was"), view.Hidden("scenario", d.Scenario)}
}

// usedBy holds a field of the rules that do one of several things, apart by blanks.
func usedBy(actions string, field g.Node) g.Node {
	return h.Div(h.Data("for", "action="+actions), field)
}

// whenFields fold away what most rules do not say: from and until when, and for whom.
func whenFields(f form.Form) g.Node {
	said := f.Get("when0_field") + f.Get("when_json") + f.Get("from") + f.Get("until") + f.Get("disabled")
	return h.Details(h.Class("more"), g.If(said != "", g.Attr("open")), h.Summary(g.Text("When and for whom")),
		h.Div(h.Class("row"), f.Time("from", "From (UTC)", ""), f.Time("until", "Until (UTC)", "")),
		f.Check("disabled", "Switched off", ""),
		h.FieldSet(h.Legend(g.Text("Only when")), conditionFields(f, "when", "It has to meet", ""),
			h.P(h.Class("hint"),
				g.Text("For instance user.segments contains vip, request.country is DE, or seed.brand of the page's item."))))
}

// asJSON is the rule as the API has it, to be changed in ways that the form does not know.
func (d *ruleData) asJSON() g.Node {
	return h.Details(h.Class("more card"), h.Summary(g.Text("The rule as JSON")),
		view.Post("/rules/edit", d.identity(), view.Hidden("as", "json"), d.Form.Hidden("placement"),
			jsonField("rule-json", "Rule", "12", d.Form.Get("json"), d.Rule),
			g.If(d.Change, view.Actions(do("save", "Save this JSON"), do("preview", "Preview it")))))
}

func (d *ruleData) previewPart() g.Node {
	switch {
	case d.Preview != nil:
		return g.Group{view.Warnings(d.Preview.Warnings), d.effect()}
	case d.Form.Problem != nil:
		return view.Card("Preview", view.Problem(d.Form.Problem), view.Soft(g.Text("What is wrong stands beside its field.")))
	}
	return view.Card("Preview", view.Nothing(g.Text("Give the rule a name and say which items it is about: here you see the list as it is "+
		"now and as it would be, and how many items the rule is about.")))
}

// effect is what the rule does to the list, or what it would do.
func (d *ruleData) effect() g.Node {
	title, without, with := "What changes", "Now", "With this rule"
	about := g.Node(g.Group{
		g.Text("The rule is about "), h.Strong(g.Text(words.Number(d.Matching))), g.Text(" items of the catalogue."),
	})
	if d.Resting != "" {
		return view.Card("It does nothing now", h.P(h.Class("warn"), g.Text(d.Resting)), h.P(about))
	}
	if d.Unchanged {
		title, without, with = "What it does", "Without it", "Now, with it"
		about = g.Text("The rule is in force as it stands here.")
	}
	differ := " In this list nothing changes."
	if n := len(d.Preview.Changes); n > 0 {
		differ = " " + words.Number(n) + " places or scores of the list differ."
	}
	return g.Group{view.Card(title, h.P(about, g.Text(differ))), previewed(without, d.Now, with, d.Then)}
}
