package visitors

import (
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// manyUnknown is the share of lines, between 0 and 1, above which the page warns of unknown items.
const manyUnknown = .05

// View implements page.View.
func (d *healthData) View(v *page.Visit) g.Node {
	return g.Group{
		d.choice(), h.Br(), d.tiles(),
		g.If(d.Stats.UnknownItemShare > manyUnknown, h.P(h.Class("warn"),
			g.Text("Many events name items that are not in the catalogue: they move no recommendation. "+
				"Compare the ids that pages send with those of the product file; an alias mends it for good."))),
		view.Columns(d.received(), d.lag()),
		view.Columns(view.Card("Rejected, by code", codes(d.Rejected)),
			view.Card("Accepted with a warning, by code", codes(d.Warned))),
		view.Columns(d.Sample.card(), d.preparation(v)),
		d.robots(v),
	}
}

func (d *healthData) choice() g.Node {
	return h.Form(h.Method("get"), h.Action(page.Root+"/health"), h.Class("actions"),
		h.Label(h.For("days"), g.Text("Time")), g.Text(" "),
		h.Select(h.ID("days"), h.Name("days"),
			h.Option(h.Value("1"), g.Text("last day")),
			h.Option(h.Value("7"), g.If(d.Days == 7, h.Selected()), g.Text("last 7 days"))), g.Text(" "),
		h.Button(g.Text("Show")))
}

func (d *healthData) tiles() g.Node {
	tile := func(figure, of string) g.Node { return h.Li(h.Strong(g.Text(figure)), g.Text(of)) }
	return h.Ul(h.Class("tiles"),
		tile(words.Number(d.Stats.Total.AcceptedTotal), "events accepted"),
		tile(words.Number(d.RejectedTotal), "rejected"),
		tile(words.Number(d.Stats.Total.Duplicates), "duplicates, not counted again"),
		tile(words.Percent(d.Stats.UnknownItemShare),
			"of "+words.Number(d.Stats.SampledLines)+" lines name an unknown item"),
		tile(words.Duration(d.Stats.Total.MeanLagSeconds), "mean lag until acknowledged"))
}

func (d *healthData) received() g.Node {
	plot := d.Plot
	if plot == nil {
		plot = view.Empty("Nothing came in this time.", g.Text("See "), view.Link("/debugger", "the event debugger"),
			g.Text(" while you open a page of the shop."))
	}
	return view.Card("Received", plot)
}

func (d *healthData) lag() g.Node {
	if d.LagPlot == nil {
		return view.Card("Lag", view.Nothing(g.Text("Nothing to show.")))
	}
	return view.Card("Lag", d.LagPlot,
		h.P(h.Class("hint"), g.Text("Imported orders are old when they arrive, which shows here.")))
}

func codes(list []codeCount) g.Node {
	if len(list) == 0 {
		return view.Nothing(g.Text("None."))
	}
	return view.Table("Codes",
		view.Head(view.Column("Code"), view.NumberColumn("Events"), view.Column("Latest example")),
		g.Map(list, func(c codeCount) g.Node {
			var example g.Node = h.Span(h.Class("soft"), g.Text("none since this replica started"))
			if c.Example != nil {
				example = pointed(*c.Example)
			}
			return view.Row(h.Code(g.Text(c.Code)), view.NumberCell(words.Number(c.Count)), view.Cell(example))
		}))
}

// pointed says what is wrong with an event behind the field that it is about, if it is about one.
func pointed(e profileapi.FieldError) g.Node {
	return g.Group{g.If(e.Pointer != "", g.Group{h.Code(g.Text(e.Pointer)), g.Text(" ")}), g.Text(e.Detail)}
}

func (s sample) card() g.Node {
	const title = "How the shop sends events"
	if s.Events == 0 {
		return view.Card(title, view.Nothing(g.Text("There is no event yet.")))
	}
	return view.Card(title, view.Facts(
		view.TextFact("Looked at", "the latest "+words.Number(s.Events)+" events"),
		view.TextFact("Without consent", words.Percent(s.NoConsent)+" said no to personalisation"),
		view.TextFact("Unknown visitors", words.Percent(s.Anonymous)+" have a session only"),
		view.TextFact("From pages", words.Percent(s.FromPage)+" came with a publishable key"),
		view.TextFact("Name an answer", words.Percent(s.Named)+" say which recommendation they follow")))
}

func (d *healthData) preparation(v *page.Visit) g.Node {
	const title = "What models left out"
	if len(d.Preparation) == 0 {
		return view.Card(title, view.Nothing(g.Text("No recompute has run. "), view.Link("/jobs", "Start one"),
			g.Text(": it says what it leaves out, step by step.")))
	}
	return view.Card(title,
		h.P(g.Text("What the latest recompute left out, "+words.Ago(v.Now(), d.PreparedAt.Time)+":")),
		view.Table("Preparation",
			view.Head(view.Column("Step"), view.NumberColumn("Left out"), view.NumberColumn("Rows left"),
				view.Column("For instance")),
			g.Map(d.Preparation, func(s similarityapi.PreparationStep) g.Node {
				return view.Row(g.Text(s.Name), view.NumberCell(words.Number(s.Dropped)),
					view.NumberCell(words.Number(s.Rows)), view.TextCell(strings.Join(s.Examples, ", ")))
			})))
}

func (d *healthData) robots(v *page.Visit) g.Node {
	content := view.Empty("No robot was found.",
		g.Text("Visitors who look at hundreds of products in an hour, or whose browser names itself a "+
			"program, are listed here with the reason."))
	if len(d.Robots) > 0 {
		content = g.Group{
			h.P(h.Class("hint"),
				g.Text("What they did is left out of models, popularity and figures. It stays stored, and comes back "+
					"when you say that one is a person.")),
			view.Table("Robots",
				view.Head(view.Column("Visitor"), view.Column("Verdict"), view.Column("Why"), view.Column("Judged"),
					g.If(d.Decide, view.Column("Say otherwise"))),
				g.Map(d.Robots, func(r profileapi.Robot) g.Node { return d.robot(v, r) })),
		}
	}
	return h.Section(h.Class("card"), h.ID("robots"), h.H2(g.Text("Robots")), content)
}

func (d *healthData) robot(v *page.Visit, r profileapi.Robot) g.Node {
	verdict, judged := "no robot", words.Ago(v.Now(), r.JudgedAt.Time)
	if r.Verdict == "robot" {
		verdict = "robot"
	}
	if r.JudgedBy != "detector" {
		judged += " by " + r.JudgedBy
	}
	var why []string
	for _, reason := range r.Reasons {
		why = append(why, reason.Detail)
	}
	return view.Row(visitorLink(r.UserID, r.SessionID, "session "+r.SessionID), view.TextCell(verdict),
		view.TextCell(strings.Join(why, " ")), view.TextCell(judged), g.If(d.Decide, view.Cell(otherwise(r))))
}

// otherwise says the opposite of a verdict.
func otherwise(r profileapi.Robot) g.Node {
	verdict, text := "robot", "A robot"
	if r.Verdict == "robot" {
		verdict, text = "not_a_robot", "Not a robot"
	}
	return view.Post("/visitors/robot", view.Hidden("user", r.UserID), view.Hidden("session", r.SessionID),
		view.Hidden("to", "health"), view.Hidden("verdict", verdict), h.Button(g.Text(text)))
}
