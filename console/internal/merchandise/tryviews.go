package merchandise

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// noItems says what to do about an empty list.
const noItems = "The list is empty. Ask why an item is not in it, by its id."

// View implements page.View.
func (d *tryData) View(v *page.Visit) g.Node {
	return h.Div(h.Class("split"), d.form(v),
		h.Div(h.ID("answer"), h.Aria("live", "polite"), view.Problem(d.Problem), d.explained(), d.listCard(),
			g.If(d.Answer == nil && d.Problem == nil, view.Empty("Pick a placement and a visitor.",
				g.Text("The list appears here, with what each score is made of.")))))
}

// form is what a list is asked for with; typing in it asks again.
func (d *tryData) form(v *page.Visit) g.Node {
	field := func(name, label, value, hint string, more ...g.Node) g.Node {
		return view.Field(name, label, input(name, value, hint, more...), hintBelow(name, hint))
	}
	const userHint = "user id; empty for one whom nobody knows"
	return h.Form(h.Action(page.Root+"/try"), h.Method("get"), h.Data("live", "#answer"), h.Class("card"),
		view.Field("scenario", "Placement", h.Select(h.ID("scenario"), h.Name("scenario"), g.Map(d.Scenarios, d.scenarioChoice))),
		view.Field("user", "Visitor", input("user", d.User, userHint, h.List("users"), h.AutoComplete("off")),
			h.DataList(h.ID("users"), g.Map(d.Users, func(id string) g.Node { return h.Option(h.Value(id)) })),
			hintBelow("user", userHint)),
		field("session", "or a visit without a name", d.Session, "session id, such as the page script makes", h.AutoComplete("off")),
		field("views", "He has just looked at", d.Views, "item ids; counts for this answer only"),
		field("context", "Items of the page", d.Context, "item ids, such as the product shown"),
		field("category", "Category of the page", d.Category, "", h.AutoComplete("off")),
		field("q", "Words of a search", d.Q, "for placements with a source of words, such as search.for_query",
			h.AutoComplete("off")),
		d.modelField(v),
		field("missing", "Why is this item not in the list?", d.Missing, "item id"),
		view.Actions(h.Button(h.Class("main"), g.Text("Show the list")),
			g.If(d.Scenario != "", view.Button("/rules/edit?scenario="+url.QueryEscape(d.Scenario), "Try a rule here"))))
}

// input is a line of text that names its hint, if it has one.
func input(name, value, hint string, more ...g.Node) g.Node {
	return h.Input(h.ID(name), h.Name(name), h.Value(value), g.Group(more), g.If(hint != "", h.Aria("describedby", name+"-hint")))
}

// hintBelow is the hint of an input; nothing for "".
func hintBelow(name, hint string) g.Node {
	return g.If(hint != "", h.P(h.Class("hint"), h.ID(name+"-hint"), g.Text(hint)))
}

func (d *tryData) scenarioChoice(s recommenderapi.Scenario) g.Node {
	label := s.ScenarioID
	if s.Title != "" {
		label = s.Title + ": " + label
	}
	return choice(s.ScenarioID, label, d.Scenario)
}

func (d *tryData) modelField(v *page.Visit) g.Node {
	if len(d.Models) == 0 {
		return nil
	}
	return view.Field("model", "The same with another model", h.Select(h.ID("model"), h.Name("model"),
		h.Option(h.Value(""), g.Text("the live ones")),
		g.Map(d.Models, func(m similarityapi.Model) g.Node {
			label := words.Spaced(m.Relation) + ": " + m.Algorithm + ", " + words.Ago(v.Now(), m.CreatedAt.Time) + ", " + m.State
			return choice(m.Version, label, d.Model)
		})))
}

// explained says why an item is shown or is not.
func (d *tryData) explained() g.Node {
	w := d.Why
	if w == nil {
		return nil
	}
	mark := view.Tag("bad", "not shown")
	if w.Included {
		mark = view.Tag("good", "shown")
	}
	var dropped, instead g.Node
	if len(w.Dropped) > 0 {
		dropped = h.P(g.Text("Dropped by: " + strings.Join(w.Dropped, ", ") + "."))
	}
	if w.RecommendedInstead != "" {
		instead = h.P(g.Text("Shown in its place: "), view.Item(w.RecommendedInstead))
	}
	return h.Section(h.Class("card"), h.ID("why"), h.H2(view.Item(w.ItemID), g.Text(" "), mark),
		h.P(g.Text("Stage: "), h.Strong(g.Text(w.Stage)), g.Text(". "+w.Detail)), ranked(w), dropped, instead)
}

// ranked says how far an item that may be shown is from being shown.
func ranked(w *recommenderapi.ExplainAnswer) g.Node {
	if w.Rank == 0 {
		return nil
	}
	score := w.Score
	if w.Item != nil {
		score = w.Item.Score
	}
	return h.P(g.Text("Rank "), h.Strong(g.Textf("%d", w.Rank)),
		g.Textf(" of %d candidates that may be shown; score %s, the last item shown has %s.", w.Total, words.Short(score),
			words.Short(w.LowestScore)))
}

func (d *tryData) listCard() g.Node {
	if d.Answer == nil {
		return nil
	}
	var degraded g.Node
	if len(d.Answer.Degraded) > 0 {
		degraded = h.P(h.Class("warn"), g.Text("Degraded: "+strings.Join(d.Answer.Degraded, ", ")+" could not help."))
	}
	list := productList(d.Products)
	switch {
	case len(d.Answer.Rows) > 0:
		list = rowLists(d.Answer.Rows)
	case d.Model != "":
		list = d.compared()
	case len(d.Products) == 0:
		list = view.Nothing(g.Text(noItems))
	}
	return view.Card("The list", view.Soft(g.Text(d.origin())), degraded, d.Remarks.view(), list)
}

// rowLists are the rows of a page or the sets of a product, each below what it is about.
func rowLists(rows []recommenderapi.Row) g.Node {
	return g.Map(rows, func(row recommenderapi.Row) g.Node {
		about := words.Spaced(row.Kind)
		if b := row.Bundle; b != nil {
			about = "bought as a set in " + words.Number(b.Support) + " orders, " + words.Short(b.Lift) + " times as often as by chance"
			if b.Price != nil {
				about += "; " + words.Price(*b.Price, b.Currency) + " together"
			}
		}
		return g.Group{
			h.H3(g.Text(cmp.Or(row.Title, row.ItemID+row.Value, about))), view.Soft(g.Text(about)), productList(products(row.Items)),
		}
	})
}

// compared is the list beside that of another model.
func (d *tryData) compared() g.Node {
	return h.Div(h.Class("pair"),
		h.Div(h.H3(g.Text("With the live models")), compactList(d.Products, noItems)),
		h.Div(h.ID("then"), h.H3(g.Text("With "+d.Model)), compactList(d.Then, "The list would be empty.")))
}

// origin says what the answer was made of.
func (d *tryData) origin() string {
	a := d.Answer
	text := "Version " + words.Whole(a.ScenarioVersion) + " of the placement"
	for _, relation := range slices.Sorted(maps.Keys(a.ModelVersions)) {
		text += "; " + words.Spaced(relation) + ": " + a.ModelVersions[relation]
	}
	if a.Experiment != nil {
		text += "; arm " + a.Experiment.Arm + " of " + a.Experiment.ExperimentID
	}
	return text + ". Made in " + d.Took + ". This call counts in no figure."
}
