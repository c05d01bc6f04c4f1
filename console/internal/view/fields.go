package view

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/page"
)

// Post is a form that changes something; path is below Root, with ids escaped.
func Post(path string, content ...g.Node) g.Node {
	return h.Form(h.Method("post"), h.Action(page.Root+path), g.Group(content))
}

// Field is a field of a form that asks and stores nothing: a label and its control, which has the id. Those of forms that store are
// package form's.
func Field(id, label string, control ...g.Node) g.Node {
	return h.Div(h.Class("field"), h.Label(h.For(id), g.Text(label)), g.Group(control))
}

// Input is a Field of a line of text whose name is its id.
func Input(name, label, value string) g.Node {
	return Field(name, label, h.Input(h.ID(name), h.Name(name), h.Value(value)))
}
