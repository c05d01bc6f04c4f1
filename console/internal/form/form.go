// Package form writes the fields of HTML forms: a label, the control, a hint, and beside it what is wrong with what was entered. Screen
// readers are told of both. The main type is Form.
package form

import (
	"html/template"
	"net/url"
	"slices"
	"strings"

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
func (f Form) Text(name, label, hint string) template.HTML {
	return f.input("text", name, label, hint, "")
}

// Needed is a line of text that may not be empty.
func (f Form) Needed(name, label, hint string) template.HTML {
	return f.input("text", name, label, hint, " required")
}

// Number is a number, decimal point and all.
func (f Form) Number(name, label, hint string) template.HTML {
	return f.input("text", name, label, hint, ` inputmode="decimal" size="8"`)
}

// Time is a moment in UTC, to the minute.
func (f Form) Time(name, label, hint string) template.HTML {
	return f.input("datetime-local", name, label, hint, "")
}

// Suggest is a line of text with suggestions.
func (f Form) Suggest(name, label, hint string, options []Option) template.HTML {
	var b strings.Builder
	b.WriteString(string(f.input("text", name, label, hint, ` autocomplete="off" list="`+id(name)+`-list"`)))
	b.WriteString(`<datalist id="` + id(name) + `-list">`)
	for _, o := range options {
		b.WriteString(`<option value="` + esc(o.Value) + `">` + esc(o.Label) + `</option>`)
	}
	b.WriteString(`</datalist>`)
	return template.HTML(b.String()) //nolint:gosec // every text in it is escaped
}

// Area is a text of several lines.
func (f Form) Area(name, label, hint string, rows string) template.HTML {
	return f.wrap(
		name, label, hint,
		`<textarea id="`+id(name)+`" name="`+esc(name)+`" rows="`+esc(rows)+`" spellcheck="false"`+f.aria(name, hint)+`>`+esc(f.Get(name))+
			`</textarea>`,
	)
}

// Select is a choice of one.
func (f Form) Select(name, label, hint string, options []Option) template.HTML {
	var b strings.Builder
	b.WriteString(`<select id="` + id(name) + `" name="` + esc(name) + `"` + f.aria(name, hint) + `>`)
	now := f.Get(name)
	if now != "" && !slices.ContainsFunc(options, func(o Option) bool { return o.Value == now }) {
		options = append(slices.Clone(options), Option{now, now}) // nothing that was stored is lost by opening a form
	}
	for _, o := range options {
		b.WriteString(`<option value="` + esc(o.Value) + `"`)
		if o.Value == now {
			b.WriteString(` selected`)
		}
		b.WriteString(`>` + esc(o.Label) + `</option>`)
	}
	b.WriteString(`</select>`)
	return f.wrap(name, label, hint, b.String())
}

// Check is yes or no; its value is "on" for yes.
func (f Form) Check(name, label, hint string) template.HTML {
	checked := ""
	if f.Get(name) != "" {
		checked = " checked"
	}
	box := `<label class="check" for="` + id(name) + `"><input type="checkbox" id="` + id(name) + `" name="` + esc(name) + `"` + checked +
		f.aria(name, hint) + `> ` + esc(label) + `</label>`
	return f.wrap(name, "", hint, box)
}

// Hidden is a field that nobody sees.
func (f Form) Hidden(name string) template.HTML {
	return template.HTML(
		`<input type="hidden" name="` + esc(name) + `" value="` + esc(f.Get(name)) + `">`,
	) //nolint:gosec // both are escaped
}

func (f Form) input(kind, name, label, hint, more string) template.HTML {
	return f.wrap(
		name, label, hint,
		`<input type="`+kind+`" id="`+id(name)+`" name="`+esc(name)+`" value="`+esc(f.Get(name))+`"`+more+f.aria(name, hint)+`>`,
	)
}

// aria names the hint and the error of a control.
func (f Form) aria(name, hint string) string {
	var by []string
	attributes := ""
	if len(f.errors[name]) > 0 {
		attributes = ` aria-invalid="true"`
		by = append(by, id(name)+"-error")
	}
	if hint != "" {
		by = append(by, id(name)+"-hint")
	}
	if len(by) > 0 {
		attributes += ` aria-describedby="` + strings.Join(by, " ") + `"`
	}
	return attributes
}

// wrap puts label, control, error and hint together.
func (f Form) wrap(name, label, hint, control string) template.HTML {
	var b strings.Builder
	b.WriteString(`<div class="field" id="` + id(name) + `-field">`)
	if label != "" {
		b.WriteString(`<label for="` + id(name) + `">` + esc(label) + `</label>`)
	}
	b.WriteString(control)
	if wrong := f.errors[name]; len(wrong) > 0 {
		b.WriteString(`<p class="error" id="` + id(name) + `-error">` + esc(strings.Join(wrong, "; ")) + `</p>`)
	}
	if hint != "" {
		b.WriteString(`<p class="hint" id="` + id(name) + `-hint">` + esc(hint) + `</p>`)
	}
	b.WriteString(`</div>`)
	return template.HTML(b.String()) //nolint:gosec // every text in it is escaped
}

func id(name string) string { return "f-" + esc(name) }

func esc(s string) string { return template.HTMLEscapeString(s) }
