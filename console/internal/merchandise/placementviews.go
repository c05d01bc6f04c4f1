package merchandise

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// View implements page.View.
func (d *placementsData) View(v *page.Visit) g.Node {
	head := view.Head(view.Column("Placement"), view.Column("Filled from"), view.NumberColumn("Rules"),
		view.NumberColumn("Answers, 14 days"), view.NumberColumn("Click rate"), view.Column("State"))
	rows := g.Map(d.Scenarios, func(s recommenderapi.Scenario) g.Node { return d.row(v, s) })
	return g.Group{view.Card("Placements of the shop", view.Table("Placements", head, rows)), d.newCard()}
}

func (d *placementsData) row(v *page.Visit, s recommenderapi.Scenario) g.Node {
	var from []string
	for _, source := range s.Sources {
		from = append(from, source.Kind)
	}
	if len(s.Rows) > 0 {
		from = append(from, words.Number(len(s.Rows))+" rows")
	}
	state := view.Tag("", "as delivered")
	if !s.Builtin {
		state = g.Group{g.Text("version " + words.Whole(s.Version)), view.Below(words.Ago(v.Now(), s.UpdatedAt.Time))}
	}
	m := d.Figures[s.ScenarioID]
	return view.Row(
		g.Group{view.Link("/placements/"+page.Escape(s.ScenarioID), cmp.Or(s.Title, s.ScenarioID)), view.Below(s.ScenarioID)},
		view.TextCell(strings.Join(from, ", ")), view.NumberCell(words.Number(len(s.Rules))), view.NumberCell(words.Number(m.Requests)),
		view.NumberCell(words.Percent(m.ClickRate)), view.Cell(state))
}

func (d *placementsData) newCard() g.Node {
	if !d.Change {
		return nil
	}
	like := h.Select(h.ID("like"), h.Name("like"), h.Option(h.Value(""), g.Text("what is popular")),
		g.Map(d.Scenarios, func(s recommenderapi.Scenario) g.Node { return h.Option(h.Value(s.ScenarioID), g.Text(s.ScenarioID)) }))
	return view.Card("New placement", view.Post("/placements", view.Problem(d.Form.Problem),
		h.Div(h.Class("row"), d.Form.Needed("id", "Name", "such as home.christmas; pages ask for it by this name"),
			d.Form.Text("title", "Title", "for people"), view.Field("like", "Like", like)),
		view.Actions(h.Button(h.Class("main"), g.Text("Make it")))))
}

// View implements page.View.
func (d *placementData) View(*page.Visit) g.Node {
	return g.Group{
		d.rulesCard(),
		h.Div(h.Class("split"), h.Div(d.editor(), d.asJSON()),
			h.Div(h.Div(h.ID("preview"), h.Aria("live", "polite"), d.previewPart()), d.historyCard())),
	}
}

func (d *placementData) rulesCard() g.Node {
	id := url.QueryEscape(d.Scenario.ScenarioID)
	list := view.Nothing(g.Text("No rule acts here. A rule pins, boosts, buries or hides items of this placement only."))
	if len(d.Rules) > 0 {
		list = view.Table("Rules of this placement",
			view.Head(view.Column("Rule"), view.Column("What it does"), view.Column("State"), view.NumberColumn("Items"),
				view.Column("Of")),
			g.Map(d.Rules, func(r recommenderapi.ListedRule) g.Node {
				of := "this placement"
				if r.ScenarioID == "" {
					of = "all placements"
				}
				return view.Row(ruleName(r), view.TextCell(words.Rule(r.Rule)), view.Cell(view.State(r.State)),
					view.NumberCell(words.Number(r.Items)), view.TextCell(of))
			}))
	}
	return view.Card("Rules here", list, view.Actions(
		g.If(d.Change, view.MainButton("/rules/edit?scenario="+id, "New rule here")), view.Button("/try?scenario="+id, "Try it")))
}

// path is the page of the placement.
func (d *placementData) path() string { return "/placements/" + page.Escape(d.Scenario.ScenarioID) }

// editor is the form of the placement.
func (d *placementData) editor() g.Node {
	f := d.Form
	return view.Post(d.path(), h.Class("card"), h.Data("live", "#preview"), f.Hidden("version"), h.H2(g.Text("How it is filled")),
		view.Problem(f.Problem),
		f.Text("title", "Title", ""), f.Text("description", "Description", ""),
		d.sourceFields(),
		f.Text("fallback", "Then fill up with", "kinds of source in this order, apart by commas"),
		h.Div(h.Class("row"), f.Number("limit", "Items", "when a page does not say"),
			f.Select("seen", "What he looked at", "", seenOptions())),
		f.Check("allow_purchased", "What he bought may be shown again", ""),
		d.rankingFields(),
		previewWith(f, nil),
		view.Actions(g.If(d.Change, do("save", "Save", h.Class("main"))), do("preview", "Preview", g.Attr("data-preview"))))
}

func (d *placementData) sourceFields() g.Node {
	var fields g.Node = g.Map(d.Sources, func(s sourceRow) g.Node {
		return d.Form.Number("source"+strconv.Itoa(s.N), s.Kind+": "+s.Text, "")
	})
	if len(d.Sources) == 0 {
		fields = view.Soft(g.Text("None yet."))
	}
	return h.FieldSet(h.Legend(g.Text("Sources and their weights")), fields,
		d.Form.Select("add", "Add a source", "empty a weight to take a source out", sourceOptions()))
}

// rankingFields fold away what most placements leave as it is.
func (d *placementData) rankingFields() g.Node {
	f := d.Form
	return view.Fold("Variety, objective and filter",
		h.Div(h.Class("row"), f.Number("max_per_category", "At most of one category", ""),
			f.Number("max_per_brand", "At most of one brand", "")),
		h.Div(h.Class("row"), f.Number("diversity", "Diversity", "0 to 1"), f.Number("rotation", "Rotation", "0 to 1"),
			f.Number("price_band", "Preferred prices", "0 to 1"), f.Number("exploration", "Exploration", "0 to 0.5")),
		h.Div(h.Class("row"), f.Select("objective", "Rank for", "", objectiveOptions()),
			f.Number("objective_strength", "Strength", "0 to 1")),
		f.Text("exclude_event_types", "Leave out what he did this to", "types of event, apart by commas"),
		h.FieldSet(h.Legend(g.Text("Only items")), conditionFields(f, "filter", "An item has to meet", "")))
}

// asJSON is the placement as the API has it, to be changed in ways that the form does not know.
func (d *placementData) asJSON() g.Node {
	return h.Details(h.Class("more card"), h.Summary(g.Text("The placement as JSON")),
		view.Post(d.path(), d.Form.Hidden("version"), view.Hidden("as", "json"),
			jsonField("placement-json", "Placement", "16", d.Form.Get("json"), d.Scenario),
			g.If(d.Change, view.Actions(do("save", "Save this JSON")))))
}

func (d *placementData) previewPart() g.Node {
	switch {
	case d.Preview != nil:
		changes := "In this list nothing changes."
		if n := len(d.Preview.Changes); n > 0 {
			changes = words.Number(n) + " places of the list differ."
		}
		return g.Group{
			view.Warnings(d.Preview.Warnings), view.Card("What changes", h.P(g.Text(changes))),
			previewed("Now", d.Now, "As it would be", d.Then),
		}
	case d.Form.Problem != nil:
		return view.Card("Preview", view.Problem(d.Form.Problem))
	}
	return view.Card("Preview", view.Nothing(g.Text("Change something on the left: here you see the list as it is now and as it would be. "+
		"Nothing is saved until you say so.")))
}

func (d *placementData) historyCard() g.Node {
	versions := view.Nothing(g.Text("It is as it was delivered."))
	if len(d.History) > 0 {
		versions = view.Table("Versions",
			view.Head(view.NumberColumn("Version"), view.Column("When"), view.Column("By"), view.NumberColumn("Rules"), view.Column("")),
			g.Map(d.History, d.versionRow))
	}
	return view.Card("History", versions, d.deleteForm())
}

func (d *placementData) versionRow(s recommenderapi.ScenarioVersion) g.Node {
	version, when := words.Whole(s.Version), "as delivered"
	if s.Deleted {
		version += " deleted"
	}
	if !s.At.IsZero() {
		when = words.When(s.At.Time)
	}
	return h.Tr(view.NumberCell(version), view.TextCell(when), view.TextCell(words.Author(cmp.Or(s.Author, "Aisle"))),
		view.NumberCell(words.Number(len(s.Scenario.Rules))), view.Cell(d.restoreForm(s.Version)))
}

// restoreForm puts an older version in force again; nothing for the version that is.
func (d *placementData) restoreForm(version int64) g.Node {
	if !d.Change || version == d.Scenario.Version {
		return nil
	}
	name := "version " + words.Whole(version)
	return view.Post(d.path()+"/restore",
		view.Hidden("version", words.Whole(d.Scenario.Version)), view.Hidden("restore", words.Whole(version)),
		h.Button(h.Data("confirm", "Make "+name+" the newest?"), g.Text("Restore"), skip(name)))
}

func (d *placementData) deleteForm() g.Node {
	if !d.Change || d.Scenario.Builtin {
		return nil
	}
	question := "Delete the placement " + d.Scenario.ScenarioID + "? Pages that ask for it get an error; " +
		"one that came with Aisle is as it was delivered."
	return view.Post(d.path()+"/delete", h.Class("actions"), view.Hidden("version", words.Whole(d.Scenario.Version)),
		h.Button(h.Class("danger"), h.Data("confirm", question), g.Text("Delete the placement")))
}
