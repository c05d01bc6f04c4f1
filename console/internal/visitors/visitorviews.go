package visitors

import (
	"cmp"
	"net/url"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// How much of a profile its page shows.
const (
	categoriesShown = 8
	pricesShown     = 5
	recentShown     = 20
	linesShown      = 4 // of an event
)

// pathOf is the page of a user or, without one, of a session.
func pathOf(user, session string) string {
	if user == "" {
		return "/visitors/visitor?session=" + url.QueryEscape(session)
	}
	return "/visitors/visitor?user=" + url.QueryEscape(user)
}

// visitorLink leads to the page of a user by his id, or to that of a session by anonymous.
func visitorLink(user, session, anonymous string) g.Node {
	if user == "" {
		return view.Link(pathOf("", session), anonymous)
	}
	return view.Link(pathOf(user, ""), user)
}

// View implements page.View.
func (d *visitorsData) View(v *page.Visit) g.Node {
	return g.Group{search(), view.Columns(d.latest(v), d.records())}
}

func search() g.Node {
	field := func(name, label string) g.Node {
		return view.Field(name, label, h.Input(h.ID(name), h.Name(name), h.AutoComplete("off")))
	}
	return view.Card("Find a visitor",
		h.Form(h.Method("get"), h.Action(page.Root+"/visitors/visitor"), h.Role("search"),
			h.Div(h.Class("row"), field("user", "User id"), field("session", "or session id")),
			view.Actions(h.Button(h.Class("main"), g.Text("Show")))))
}

func (d *visitorsData) latest(v *page.Visit) g.Node {
	const title = "Here lately"
	if len(d.Latest) == 0 {
		return view.Card(title, view.Empty("Nobody was here yet.", g.Text("Put the "),
			h.A(h.Href("/reference"), g.Text("tracker")),
			g.Text(" into the shop's pages, or "), view.Link("/imports", "import"), g.Text(" past orders.")))
	}
	return view.Card(title, view.Table("Latest visitors",
		view.Head(view.Column("Visitor"), view.Column("Last seen"), view.Column("Did")),
		g.Map(d.Latest, func(l latestVisitor) g.Node {
			return view.Row(g.Group{
				visitorLink(l.User, l.Session, words.Brief(l.Session)),
				g.If(l.User == "", g.Group{h.Br(), h.Small(g.Text("nobody knows him"))}),
			}, view.TextCell(words.Ago(v.Now(), l.Last.ReceivedAt.Time)), view.TextCell(l.Last.Type+" "+l.Last.ItemID))
		})))
}

func (d *visitorsData) records() g.Node {
	const title = "Records of users"
	if len(d.Users) == 0 {
		return view.Card(title,
			view.Nothing(g.Text("No records: users are known by their events alone. Records add segments, attributes "+
				"and consent; send them with "), h.Code(g.Text("PUT /v1/users/{id}")), g.Text(" or a file.")))
	}
	return view.Card(title, view.List(g.Map(d.Users, func(u profileapi.User) g.Node {
		return g.Group{
			view.Link(pathOf(u.UserID, ""), u.UserID), g.Text(" "),
			g.Map(u.Segments, func(s string) g.Node { return g.Group{view.Tag("", s), g.Text(" ")} }),
			g.If(!u.Consent.AllowsPersonalization(), view.Tag("warn", "no personalisation")),
		}
	})...))
}

// View implements page.View.
func (d *visitorData) View(v *page.Visit) g.Node {
	return g.Group{view.Columns(d.state(), d.consent()), view.Columns(d.recent(v), d.events())}
}

func (d *visitorData) state() g.Node {
	p := &d.Profile
	known, robot := "no event and no record", g.Text("no")
	if p.Known {
		known = "yes"
	}
	if d.Robot {
		robot = g.Group{
			h.Strong(g.Text("yes")), g.Text(": left out of models and figures, "),
			view.Link("/health#robots", "see why"),
		}
	}
	return view.Card("State",
		view.Facts(view.TextFact("Known", known), view.TextFact("Latest event", cmp.Or(p.LastEventID, "none")),
			view.Fact("Robot", robot), view.TextFact("Segments", cmp.Or(strings.Join(p.Segments, ", "), "none")),
			view.Fact("In the cart", cart(p.Cart)),
			view.TextFact("Does not want", cmp.Or(strings.Join(p.Hidden, ", "), "nothing")),
			view.Fact("Likes", likes(p.Affinity.Categories, categoriesShown, "no category known")),
			view.Fact("Prices", likes(p.Affinity.PriceBands, pricesShown, "unknown"))),
		d.actions(), d.robotForm())
}

func cart(items []profileapi.CartItem) g.Node {
	if len(items) == 0 {
		return g.Text("nothing")
	}
	return list(items, func(c profileapi.CartItem) g.Node {
		return g.Group{view.Item(c.ItemID), g.Text(" × " + words.Number(c.Quantity))}
	})
}

// likes are the first values that a visitor has an affinity for, with their weights.
func likes(all []profileapi.AffinityValue, shown int, none string) g.Node {
	if len(all) == 0 {
		return g.Text(none)
	}
	return list(all[:min(len(all), shown)], func(a profileapi.AffinityValue) g.Node {
		return g.Group{g.Text(a.Value + " "), h.Small(g.Text(words.Short(a.Weight)))}
	})
}

// list puts commas between nodes.
func list[T any](all []T, node func(T) g.Node) g.Node {
	var nodes g.Group
	for n, one := range all {
		if n > 0 {
			nodes = append(nodes, g.Text(", "))
		}
		nodes = append(nodes, node(one))
	}
	return nodes
}

func (d *visitorData) actions() g.Node {
	const shown = "What he is shown"
	if d.User == "" {
		return view.Actions(view.MainButton("/try?session="+url.QueryEscape(d.Session), shown))
	}
	user := url.QueryEscape(d.User)
	return view.Actions(view.MainButton("/try?user="+user, shown),
		view.Button("/visitors/export?user="+user, "Export everything held"),
		g.If(d.Change, view.Button("/visitors/erase?user="+user, "Erase …")))
}

// robotForm says the opposite of what is held of the visitor, who has events.
func (d *visitorData) robotForm() g.Node {
	if !d.Change || len(d.Events) == 0 {
		return nil
	}
	verdict, text := "robot", "This is a robot"
	if d.Robot {
		verdict, text = "not_a_robot", "This is no robot"
	}
	return view.Post("/visitors/robot", h.Class("actions"), view.Hidden("user", d.User),
		view.Hidden("session", d.Session), view.Hidden("verdict", verdict), h.Button(g.Text(text)))
}

func (d *visitorData) consent() g.Node {
	const title = "Consent"
	if d.User == "" {
		return view.Card(title, view.Nothing(g.Text("Consent of a session comes with its events.")))
	}
	given, said := d.Profile.Consent, "No personalisation: nothing is read or written for it."
	switch {
	case given == nil:
		said = "Nothing was said: that counts as given."
	case given.AllowsPersonalization():
		said = "Personalisation is allowed."
	}
	box := func(name, label string, on bool) g.Node {
		return h.Div(h.Class("field"), h.Label(h.Class("check"), h.For(name),
			h.Input(h.Type("checkbox"), h.ID(name), h.Name(name), g.If(on, h.Checked())), g.Text(" "+label)))
	}
	return view.Card(title, view.Post("/visitors/consent", view.Hidden("user", d.User), h.P(g.Text(said)),
		g.If(d.Change, g.Group{
			box("personalization", "Personalisation", given.AllowsPersonalization()),
			box("analytics", "Counted in figures", words.AllowsAnalytics(given)),
			view.Actions(h.Button(g.Text("Save consent"))),
		})))
}

func (d *visitorData) recent(v *page.Visit) g.Node {
	const title = "What he was lately interested in"
	if len(d.Profile.Recent) == 0 {
		return view.Card(title, view.Nothing(g.Text("Nothing yet.")))
	}
	return view.Card(title, view.Table("Recent items",
		view.Head(view.Column("Item"), view.Column("Did"), view.NumberColumn("Times"), view.NumberColumn("Weight now"),
			view.Column("Last")),
		g.Map(d.Profile.Recent[:min(len(d.Profile.Recent), recentShown)], func(r profileapi.ProfileItem) g.Node {
			return view.Row(view.Item(r.ItemID), view.TextCell(strings.Join(r.Types, ", ")),
				view.NumberCell(words.Whole(int64(r.Count))), view.NumberCell(words.Short(r.Decayed)),
				view.TextCell(words.Ago(v.Now(), r.LastAt.Time)))
		})))
}

func (d *visitorData) events() g.Node {
	const title = "Events"
	if len(d.Events) == 0 {
		return view.Card(title, view.Nothing(g.Text("No event is kept.")))
	}
	return view.Card(title, view.Table("Events",
		view.Head(view.Column("Received"), view.Column("Type"), view.Column("Items")),
		g.Map(d.Events, func(e profileapi.StoredEvent) g.Node {
			return h.Tr(view.TextCell(words.When(e.ReceivedAt.Time)), view.TextCell(e.Type), view.Cell(itemsOf(&e)))
		})))
}

// itemsOf are the items that an event is about, the first linesShown of several.
func itemsOf(e *profileapi.StoredEvent) g.Node {
	var nodes g.Group
	if e.ItemID != "" {
		nodes = append(nodes, view.Item(e.ItemID))
	}
	nodes = append(nodes, list(e.Items[:min(len(e.Items), linesShown)],
		func(l profileapi.EventItem) g.Node { return view.Item(l.ItemID) }))
	if more := len(e.Items) - linesShown; more > 0 {
		nodes = append(nodes, g.Textf(" and %d more", more))
	}
	return nodes
}
