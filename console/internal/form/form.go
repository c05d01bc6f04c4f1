// Package form writes the fields of HTML forms: a label, the control, a hint, and beside it what is wrong with what was entered. Screen
// readers are told of both. The main type is Form.
package form

import (
	"net/url"
	"slices"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/shared/apierror"
)

// Form holds what was entered and what is wrong with it.
type Form struct {
	Values url.Values
	// Problem is what is wrong as a whole, with the errors that belong to no field of the form; nil for nothing.
	Problem *apierror.Problem

	errors map[string][]string // by field
}

// New returns a form. field says which field a JSON pointer of the problem is about; "" for none.
func New(values url.Values, p *apierror.Problem, field func(pointer string) string) Form {
	f := Form{Values: values, errors: map[string][]string{}}
	if f.Values == nil {
		f.Values = url.Values{}
	}
	if p == nil {
		return f
	}
	rest := *p
	rest.Errors = nil
	for _, e := range p.Errors {
		name := field(e.Pointer)
		if e.Pointer == "" {
			name = field("/" + e.Parameter)
		}
		if name == "" {
			rest.Errors = append(rest.Errors, e)
			continue
		}
		f.errors[name] = append(f.errors[name], e.Detail)
	}
	f.Problem = &rest
	return f
}

// Plain is the field of a pointer to a member of the body itself: "/title" is title.
func Plain(pointer string) string { return strings.TrimPrefix(pointer, "/") }

// Fields returns the field function of a form that has just these fields, each a member of the body itself. What is wrong with others stays
// with the whole form.
func Fields(names ...string) func(pointer string) string {
	return func(pointer string) string {
		if name := Plain(pointer); slices.Contains(names, name) {
			return name
		}
		return ""
	}
}

// Option is one choice of a select.
type Option struct{ Value, Label string }

// Options are choices that are their own labels.
func Options(values ...string) []Option {
	list := make([]Option, len(values))
	for n, v := range values {
		list[n] = Option{v, v}
	}
	return list
}

// Get returns what was entered.
func (f Form) Get(name string) string { return f.Values.Get(name) }

// Text is a line of text.
func (f Form) Text(name, label, hint string) g.Node { return f.input("text", name, label, hint) }

// Needed is a line of text that may not be empty.
func (f Form) Needed(name, label, hint string) g.Node {
	return f.input("text", name, label, hint, h.Required())
}

// Number is a number, decimal point and all.
func (f Form) Number(name, label, hint string) g.Node {
	return f.input("text", name, label, hint, g.Attr("inputmode", "decimal"), g.Attr("size", "8"))
}

// Time is a moment in UTC, to the minute.
func (f Form) Time(name, label, hint string) g.Node {
	return f.input("datetime-local", name, label, hint)
}

// Suggest is a line of text with suggestions.
func (f Form) Suggest(name, label, hint string, options []Option) g.Node {
	list := id(name) + "-list"
	return g.Group{
		f.input("text", name, label, hint, h.AutoComplete("off"), h.List(list)),
		h.DataList(h.ID(list), g.Map(options, func(o Option) g.Node { return h.Option(h.Value(o.Value), g.Text(o.Label)) })),
	}
}

// Area is a text of several lines.
func (f Form) Area(name, label, hint, rows string) g.Node {
	return f.wrap(name, label, hint,
		h.Textarea(h.ID(id(name)), h.Name(name), h.Rows(rows), g.Attr("spellcheck", "false"), f.aria(name, hint), g.Text(f.Get(name))))
}

// Select is a choice of one.
func (f Form) Select(name, label, hint string, options []Option) g.Node {
	now := f.Get(name)
	if now != "" && !slices.ContainsFunc(options, func(o Option) bool { return o.Value == now }) {
		options = append(slices.Clone(options), Option{now, now}) // nothing that was stored is lost by opening a form
	}
	return f.wrap(name, label, hint, h.Select(h.ID(id(name)), h.Name(name), f.aria(name, hint),
		g.Map(options, func(o Option) g.Node {
			return h.Option(h.Value(o.Value), g.If(o.Value == now, h.Selected()), g.Text(o.Label))
		})))
}

// Check is yes or no; its value is "on" for yes.
func (f Form) Check(name, label, hint string) g.Node {
	return f.wrap(name, "", hint, h.Label(h.Class("check"), h.For(id(name)),
		h.Input(h.Type("checkbox"), h.ID(id(name)), h.Name(name), g.If(f.Get(name) != "", h.Checked()), f.aria(name, hint)),
		g.Text(" "+label)))
}

// Hidden is a field that nobody sees.
func (f Form) Hidden(name string) g.Node {
	return h.Input(h.Type("hidden"), h.Name(name), h.Value(f.Get(name)))
}

func (f Form) input(kind, name, label, hint string, more ...g.Node) g.Node {
	return f.wrap(name, label, hint,
		h.Input(h.Type(kind), h.ID(id(name)), h.Name(name), h.Value(f.Get(name)), g.Group(more), f.aria(name, hint)))
}

// aria names the hint and the error of a control.
func (f Form) aria(name, hint string) g.Node {
	var by []string
	wrong := len(f.errors[name]) > 0
	if wrong {
		by = append(by, id(name)+"-error")
	}
	if hint != "" {
		by = append(by, id(name)+"-hint")
	}
	return g.Group{
		g.If(wrong, h.Aria("invalid", "true")),
		g.If(len(by) > 0, h.Aria("describedby", strings.Join(by, " "))),
	}
}

// wrap puts label, control, error and hint together.
func (f Form) wrap(name, label, hint string, control g.Node) g.Node {
	wrong := f.errors[name]
	return h.Div(h.Class("field"), h.ID(id(name)+"-field"),
		g.If(label != "", h.Label(h.For(id(name)), g.Text(label))),
		control,
		g.If(len(wrong) > 0, h.P(h.Class("error"), h.ID(id(name)+"-error"), g.Text(strings.Join(wrong, "; ")))),
		g.If(hint != "", h.P(h.Class("hint"), h.ID(id(name)+"-hint"), g.Text(hint))))
}

func id(name string) string { return "f-" + name }
