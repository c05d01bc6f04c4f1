// Package view writes the pieces of HTML that several pages of the console share: cards, tables, links, marks of states, what is wrong.
// A page is made of them and of the elements of gomponents, which escape every text and attribute; only pictures that the chart package
// drew go in as they are.
package view

import (
	"cmp"
	"net/url"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
)

// Card is a part of a page under a heading of its own.
func Card(title string, content ...g.Node) g.Node {
	return h.Section(h.Class("card"), h.H2(g.Text(title)), g.Group(content))
}

// Columns puts cards beside each other where there is room.
func Columns(cards ...g.Node) g.Node { return h.Div(h.Class("columns"), g.Group(cards)) }

// Fold is a part that a click on its summary opens.
func Fold(summary string, content ...g.Node) g.Node {
	return h.Details(h.Class("more"), h.Summary(g.Text(summary)), g.Group(content))
}

// Actions are buttons and links that look like them.
func Actions(buttons ...g.Node) g.Node {
	return h.Div(h.Class("actions"), g.Map(buttons, func(b g.Node) g.Node { return g.Group{b, g.Text(" ")} }))
}

// Empty says that there is nothing to show and what to do about it; lead is its first sentence.
func Empty(lead string, more ...g.Node) g.Node {
	return h.P(h.Class("empty"), h.Strong(g.Text(lead)), g.Text(" "), g.Group(more))
}

// Soft is a remark below or above what it is about.
func Soft(content ...g.Node) g.Node { return h.P(h.Class("soft"), g.Group(content)) }

// Link leads to a page of the console; path is below Root, with ids escaped.
func Link(path, text string) g.Node { return h.A(h.Href(page.Root+path), g.Text(text)) }

// Button is a Link that looks like a button.
func Button(path, text string) g.Node {
	return h.A(h.Class("button"), h.Href(page.Root+path), g.Text(text))
}

// MainButton is the Button of what a person comes to a page for.
func MainButton(path, text string) g.Node {
	return h.A(h.Class("button main"), h.Href(page.Root+path), g.Text(text))
}

// List is a list without marks; a nil node is left out.
func List(items ...g.Node) g.Node {
	return h.Ul(h.Class("plain"), g.Map(items, func(n g.Node) g.Node {
		if n == nil {
			return nil
		}
		return h.Li(n)
	}))
}

// Tag is a short text in a box; tone is "good", "bad", "warn" or "".
func Tag(tone, text string) g.Node {
	class := "tag"
	if tone != "" {
		class += " " + tone
	}
	return h.Span(h.Class(class), g.Text(text))
}

// State is a tag in the tone of a state of a model, job, import, rule, event or item.
func State(state string) g.Node { return Tag(words.Tone(state), state) }

// Table is a table that scrolls sideways; label is its name for screen readers.
func Table(label string, head g.Node, rows ...g.Node) g.Node {
	return h.Div(h.Class("scroll"), h.TabIndex("0"), h.Role("region"), h.Aria("label", label),
		h.Table(h.THead(head), h.TBody(rows...)))
}

// Head is the row of headings of a table, of Column and NumberColumn.
func Head(columns ...g.Node) g.Node { return h.Tr(columns...) }

// Column is the heading of a column of texts.
func Column(text string) g.Node { return h.Th(g.Text(text)) }

// NumberColumn is the heading of a column of numbers, which stand to the right.
func NumberColumn(text string) g.Node { return h.Th(h.Class("n"), g.Text(text)) }

// Row is a row of a table: what it is about, and cells.
func Row(about g.Node, cells ...g.Node) g.Node {
	return h.Tr(h.Th(h.Scope("row"), about), g.Group(cells))
}

// Cell is a cell of whatever.
func Cell(content ...g.Node) g.Node { return h.Td(content...) }

// Below is a remark under the content of a cell; nothing for "".
func Below(text string) g.Node { return g.If(text != "", g.Group{h.Br(), h.Small(g.Text(text))}) }

// None stands where there is nothing to show.
const None = "–"

// TextCell is a cell of text.
func TextCell(text string) g.Node { return h.Td(g.Text(text)) }

// NumberCell is a cell with a number, as text.
func NumberCell(text string) g.Node { return h.Td(h.Class("n"), g.Text(text)) }

// Problem says what is wrong with a request, field by field; nothing for nil.
func Problem(p *apierror.Problem) g.Node {
	if p == nil {
		return nil
	}
	return h.Div(h.Class("bad"), h.Role("alert"), h.P(g.Text(p.Detail)),
		g.If(len(p.Errors) > 0, h.Ul(g.Map(p.Errors, fieldError))),
		g.If(p.RequestID != "", h.P(h.Small(g.Text("Request "+p.RequestID)))))
}

// Warnings say what a saved thing names and does not exist; nothing for none.
func Warnings(list []apierror.FieldError) g.Node {
	if len(list) == 0 {
		return nil
	}
	return h.Div(h.Class("warn"), h.Role("status"), h.Ul(g.Map(list, fieldError)))
}

func fieldError(e apierror.FieldError) g.Node {
	named := func(name string) g.Node { return g.If(name != "", g.Group{h.Code(g.Text(name)), g.Text(" ")}) }
	return h.Li(named(e.Pointer), named(e.Parameter), g.Text(e.Detail))
}

// ItemLink leads to the page of an item.
func ItemLink(i words.ItemLink) g.Node {
	return Link("/catalogue/item?id="+url.QueryEscape(i.ID), cmp.Or(i.Title, i.ID))
}

// Thumb is the picture of an item, or its initials where it has none. Addresses of pictures are the shop's: those that are not of the
// web are left out.
func Thumb(image, title string, small bool) g.Node {
	class := "thumb"
	if small {
		class += " small"
	}
	if !ofTheWeb(image) {
		return h.Span(h.Class(class), h.Aria("hidden", "true"), g.Text(words.Initials(title)))
	}
	return h.Img(h.Class(class), h.Src(image), h.Alt(""), h.Loading("lazy"), h.ReferrerPolicy("no-referrer"))
}

// Hidden is a field of a form that nobody sees.
func Hidden(name, value string) g.Node {
	return h.Input(h.Type("hidden"), h.Name(name), h.Value(value))
}

// External is a link to an address that the shop gave; one that is not of the web is shown as text, so that no script can hide in it.
func External(address string) g.Node {
	if !ofTheWeb(address) {
		return g.Text(address)
	}
	return h.A(h.Href(address), h.Rel("noreferrer"), g.Text(address))
}

func ofTheWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && address != "" && (u.Scheme == "" || u.Scheme == "http" || u.Scheme == "https")
}
