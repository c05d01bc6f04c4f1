package visitors

import (
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// View implements page.View.
func (d *debuggerData) View(v *page.Visit) g.Node {
	return g.Group{
		d.trial(), d.filter(),
		h.Div(h.Class("columns"), h.ID("stream"), g.If(!d.Paused, h.Data("refresh", "2")), d.arriving(v), d.refused(v)),
	}
}

// trial judges an event that is pasted.
func (d *debuggerData) trial() g.Node {
	var verdicts g.Node
	if d.Answer != nil {
		verdicts = g.Map(d.Answer.Results, func(r profileapi.Result) g.Node {
			return g.Group{h.P(view.State(r.Status)), findings(r.Errors), findings(r.Warnings)}
		})
	}
	return view.Card("Try an event",
		view.Post("/debugger", h.Data("live", "#verdict"), h.Data("typing", "off"),
			d.Form.Area("event", "Event as JSON", "It is judged and not stored.", "3"),
			view.Actions(h.Button(h.Class("main"), g.Attr("data-preview"), g.Text("Judge it")))),
		h.Div(h.ID("verdict"), h.Aria("live", "polite"), view.Problem(d.Form.Problem), verdicts))
}

func findings(list []profileapi.FieldError) g.Node {
	if len(list) == 0 {
		return nil
	}
	return h.Ul(g.Map(list, func(e profileapi.FieldError) g.Node {
		return h.Li(h.Code(g.Text(e.Pointer)), g.Text(" "+e.Detail+" "), h.Small(g.Text(e.Code)))
	}))
}

func (d *debuggerData) filter() g.Node {
	paused, class, text, says := "yes", "", "Hold the list", "The list is read anew every two seconds."
	if d.Paused {
		paused, class, text, says = "", "main", "Go on", "The list stands still."
	}
	return h.Form(h.Method("get"), h.Action(page.Root+"/debugger"), h.Class("card"),
		h.Div(h.Class("row"), view.Input("item", "Item", d.Item), view.Input("user", "User", d.User),
			view.Field("type", "Type", h.Select(h.ID("type"), h.Name("type"), h.Option(h.Value(""), g.Text("any")),
				g.Map(d.Types, func(t string) g.Node {
					return h.Option(g.If(t == d.Type, h.Selected()), g.Text(t))
				})))),
		view.Actions(h.Button(g.Text("Filter")),
			h.Button(h.Name("paused"), h.Value(paused), g.If(class != "", h.Class(class)), g.Text(text)),
			h.Span(h.Class("soft"), g.Text(says))))
}

func (d *debuggerData) arriving(v *page.Visit) g.Node {
	const title = "As they arrive, the newest first"
	if len(d.Events) == 0 {
		return view.Card(title,
			view.Empty("No event yet.", g.Text("Open a page of the shop with the tracker in it, or post one with "),
				h.Code(g.Text("POST /v1/events")), g.Text(": it appears here within two seconds.")))
	}
	return view.Card(title, view.Table("Events",
		view.Head(view.Column("Received"), view.Column("Verdict"), view.Column("Event"), view.Column("Visitor")),
		g.Map(d.Events, func(e profileapi.StoredEvent) g.Node {
			return h.Tr(view.TextCell(words.Ago(v.Now(), e.ReceivedAt.Time)),
				view.Cell(view.State(profileapi.StatusAccepted)), view.Cell(arrived(&e)), view.Cell(visitorOf(&e)))
		})))
}

func arrived(e *profileapi.StoredEvent) g.Node {
	lines := ""
	if len(e.Items) > 0 {
		lines = strconv.Itoa(len(e.Items)) + " lines"
	}
	return g.Group{
		h.Strong(g.Text(e.Type)), g.Text(" "), g.If(e.ItemID != "", view.Item(e.ItemID)), g.Text(lines),
		g.If(e.RecommendationID != "", g.Group{g.Text(" "), view.Tag("", "follows an answer")}),
		h.Details(h.Class("more"), h.Summary(h.Small(g.Text("JSON"))), view.JSON(e)),
	}
}

// visitorOf leads to the visitor; the id of a session, which is long, is whole in the link's title.
func visitorOf(e *profileapi.StoredEvent) g.Node {
	if e.UserID != "" {
		return visitorLink(e.UserID, "", "")
	}
	return h.A(h.Href(page.Root+pathOf("", e.SessionID)), h.Title(e.SessionID), g.Text(words.Brief(e.SessionID)))
}

func (d *debuggerData) refused(v *page.Visit) g.Node {
	const title = "Refused, warned of, or known already"
	if len(d.Verdicts) == 0 {
		return view.Card(title, view.Nothing(g.Text("None since this replica started.")))
	}
	detail := func(e profileapi.FieldError) g.Node { return h.Div(pointed(e)) }
	return view.Card(title, view.List(g.Map(d.Verdicts, func(verdict profileapi.Verdict) g.Node {
		when := words.Ago(v.Now(), verdict.At.Time)
		if verdict.ID != "" {
			when += ", " + words.Brief(verdict.ID)
		}
		return g.Group{
			view.State(verdict.Status), g.Text(" "), h.Strong(g.Text(verdict.Type)), g.Text(" "), h.Small(g.Text(when)),
			g.Map(verdict.Errors, detail), g.Map(verdict.Warnings, detail),
		}
	})...))
}
