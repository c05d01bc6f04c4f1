package docs

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// view is what is shown of the site.
type view struct {
	Page     *page // nil: the list of pages, or what a search found
	Chapters []chapter
	Query    string
	Found    []hit
	Missing  bool // there is no such page
}

// html is the whole page.
func (v *view) html() g.Node {
	title := "Aisle guides"
	if v.Page != nil {
		title = v.Page.Title + " – " + title
	}
	return h.Doctype(h.HTML(h.Lang("en"),
		h.Head(
			h.Meta(h.Charset("utf-8")), h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
			h.TitleEl(g.Text(title)), h.Link(h.Rel("stylesheet"), h.Href(Prefix+"site/style.css")),
		),
		h.Body(
			h.A(h.Class("skip"), h.Href("#main"), g.Text("To the text")),
			v.header(),
			h.Div(h.Class("two"), h.Nav(h.Class("pages"), h.Aria("label", "Pages"), v.contents()), h.Main(h.ID("main"), v.main())),
		),
	))
}

func (v *view) header() g.Node {
	return h.Header(
		h.A(h.Class("brand"), h.Href(Prefix), g.Text("Aisle guides")),
		h.Form(h.Action(Prefix), h.Role("search"), h.Label(h.For("q"), g.Text("Search")), g.Text(" "),
			h.Input(h.ID("q"), h.Name("q"), h.Type("search"), h.Value(v.Query), h.MaxLength("200")), g.Text(" "), h.Button(g.Text("Find"))),
		h.Nav(h.Aria("label", "Elsewhere"),
			h.A(h.Href("/reference"), g.Text("API reference")), g.Text(" "), h.A(h.Href("/console/"), g.Text("Console"))),
	)
}

// contents lists the pages by chapter and marks the one that is shown.
func (v *view) contents() g.Node {
	return g.Map(v.Chapters, func(c chapter) g.Node {
		return g.Group{h.H2(g.Text(c.Title)), h.Ul(g.Map(c.Pages, func(p *page) g.Node {
			return h.Li(h.A(h.Href(Prefix+p.Name), g.If(p == v.Page, h.Aria("current", "page")), g.Text(p.Title)))
		}))}
	})
}

func (v *view) main() g.Node {
	switch {
	case v.Page != nil:
		return g.Group{
			g.Raw(v.Page.HTML), h.P(h.Class("soft"), h.A(h.Href(Prefix+v.Page.Name+".md"), g.Text("This page as Markdown"))),
		}
	case v.Query != "":
		return v.found()
	case v.Missing:
		return g.Group{h.H1(g.Text("There is no such page")), h.P(g.Text("The pages are listed beside this text."))}
	}
	return g.Group{h.H1(g.Text("Guides")), g.Map(v.Chapters, func(c chapter) g.Node {
		return g.Group{h.H2(g.Text(c.Title)), g.Map(c.Pages, func(p *page) g.Node {
			return h.P(h.A(h.Href(Prefix+p.Name), g.Text(p.Title)), h.Br(), g.Text(p.Lead))
		})}
	})}
}

func (v *view) found() g.Node {
	hits := g.Map(v.Found, func(f hit) g.Node {
		return g.Group{h.H2(h.A(h.Href(Prefix+f.Page.Name), g.Text(f.Page.Title))), h.P(g.Text(f.Line))}
	})
	if len(hits) == 0 {
		hits = g.Group{h.P(g.Text("No page has all these words. Try fewer, or "), h.A(h.Href("/reference"), g.Text("the API reference")),
			g.Text("."))}
	}
	return g.Group{h.H1(g.Text("Search for “" + v.Query + "”")), hits}
}
