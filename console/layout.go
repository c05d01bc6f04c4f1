package console

import (
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
)

// logo is drawn with the colour of the text around it.
const logo = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 3h5v18H3zM10 8h5v13h-5zM17 13h4v8h-4z"/></svg>`

// layout is a whole page.
func layout(f *frame) g.Node {
	return h.Doctype(h.HTML(h.Lang("en"),
		h.Head(
			h.Meta(h.Charset("utf-8")),
			h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
			h.TitleEl(g.Text(f.Title+" – Aisle console")),
			h.Link(h.Rel("stylesheet"), h.Href(Root+"/static/app.css")),
			h.Link(h.Rel("icon"), h.Href("data:,")),
			h.Script(h.Src(Root+"/static/app.js"), h.Defer()),
		),
		h.Body(
			h.A(h.Class("skip"), h.Href("#main"), g.Text("To the content")),
			body(f),
		),
	))
}

// body is the content beside the navigation, or alone where nobody is signed in.
func body(f *frame) g.Node {
	if f.Person == nil {
		return h.Div(h.Class("signin"), content(f))
	}
	return h.Div(h.Class("frame"),
		h.Header(h.Class("side"),
			h.A(h.Class("brand"), h.Href(Root+"/"), g.Raw(logo), g.Text("Aisle")),
			h.Div(h.Class("who"), g.Text("Shop "), h.Strong(g.Text(f.Person.Shop)), g.Text(", "+f.Person.Role()), signOut(f.Person)),
			h.Details(h.Class("menu"), g.Attr("open"), g.Attr("data-menu"), h.Summary(g.Text("Menu")),
				h.Nav(h.Aria("label", "Pages"), g.Map(f.Groups, func(part group) g.Node {
					return g.Group{
						g.If(part.Name != "", h.H2(g.Text(part.Name))),
						h.Ul(g.Map(part.Sections, func(s section) g.Node {
							return h.Li(h.A(h.Href(Root+s.Path), g.If(s.Name == f.Section, h.Aria("current", "page")), g.Text(s.Title)))
						})),
					}
				}))),
		),
		h.Div(h.Class("page"), content(f)),
	)
}

func signOut(p *page.Person) g.Node {
	if p.Open {
		return g.Text(", no keys needed here")
	}
	return h.Form(h.Method("post"), h.Action(Root+"/sign-out"), h.Button(g.Text("Sign out")))
}

// content is what a page shows between its title and the calls that it was made of.
func content(f *frame) g.Node {
	var back g.Node
	if f.Back != nil {
		back = h.A(h.Class("back"), h.Href(Root+f.Back.Path), g.Text("← "+f.Back.Title))
	}
	return g.Group{
		h.Main(h.ID("main"), h.TabIndex("-1"),
			h.Div(h.Class("head"), h.Div(back, h.H1(g.Text(f.Title)), g.If(f.Lead != "", h.P(h.Class("lead"), g.Text(f.Lead))))),
			g.If(f.Done != "", h.P(h.Class("done"), h.Role("status"), g.Text(f.Done))),
			g.Map(f.Notes, func(note string) g.Node { return h.P(h.Class("warn"), h.Role("alert"), g.Text("Not shown: "+note)) }),
			f.Content,
		),
		h.Footer(calls(f.Calls), h.P(g.Text(footnote(f)))),
	}
}

// calls lists what the page was made of; those that read are links.
func calls(list []string) g.Node {
	if len(list) == 0 {
		return nil
	}
	return view.Fold("The same from the API",
		h.Ul(g.Map(list, func(call string) g.Node {
			code := h.Code(g.Text(call))
			if path, reads := strings.CutPrefix(call, "GET "); reads {
				code = h.A(h.Href(path), code)
			}
			return h.Li(code)
		})),
		h.P(h.A(h.Href("/reference"), g.Text("Reference of the API"))))
}

func footnote(f *frame) string {
	text := "All times are UTC"
	if !f.Now.IsZero() {
		text += "; this page is of " + words.When(f.Now)
	}
	text += "."
	if f.Version != "" {
		text += " Aisle " + f.Version + "."
	}
	return text
}

// problemPage stands in place of a page that cannot be shown.
func problemPage(p *apierror.Problem) g.Node {
	return g.Group{view.Problem(p), h.P(view.Link("/", "Back to the overview"))}
}

// signInPage is the form of signing in. problem is what is wrong with the last attempt, next the page to go on with; lost says that a form
// was posted after its session had ended.
func signInPage(problem, next string, lost bool) g.Node {
	return h.Form(h.Method("post"), h.Action(Root+"/sign-in"), h.Class("card"),
		g.If(lost, h.P(h.Class("warn"), h.Role("alert"),
			g.Text("Your session has ended, and what you sent was not saved. Sign in to go on where you were, and send it again."))),
		view.Hidden("next", next),
		h.Div(h.Class("field"), h.Label(h.For("key"), g.Text("Secret key of your shop")),
			h.Input(h.ID("key"), h.Name("key"), h.Type("password"), h.AutoComplete("current-password"), h.Required(), h.AutoFocus(),
				g.If(problem != "", g.Group{h.Aria("invalid", "true"), h.Aria("describedby", "key-problem")})),
			g.If(problem != "", h.P(h.Class("error"), h.ID("key-problem"), h.Role("alert"), g.Text(problem)))),
		view.Actions(h.Button(h.Class("main"), g.Text("Sign in"))),
		h.P(h.Class("hint"), g.Text("The console can do what the key can, and no more. Make one with "),
			h.Code(g.Text("aisle keys create --kind secret --scope config:read --scope …")),
			g.Text(". The session ends after 12 hours.")),
	)
}
