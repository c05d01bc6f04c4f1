package merchandise

import (
	"cmp"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
)

// choice is an option of a select.
func choice(value, label, chosen string) g.Node {
	return h.Option(h.Value(value), g.If(value == chosen, h.Selected()), g.Text(label))
}

// skip is a part of a text that only screen readers read out, where others see what it belongs to.
func skip(text string) g.Node { return h.Span(h.Class("skip"), g.Text(" "+text)) }

// do is a button that says what an editor is to do with what was entered: "save" or "preview".
func do(what, text string, more ...g.Node) g.Node {
	return h.Button(h.Name("do"), h.Value(what), g.Group(more), g.Text(text))
}

// jsonField is a text field with a value as JSON, or with what a person made of it; id names the field on its page.
func jsonField(id, label, rows, entered string, value any) g.Node {
	return view.Field(id, label,
		h.Textarea(h.ID(id), h.Name("json"), h.Rows(rows), g.Attr("spellcheck", "false"), g.Text(cmp.Or(entered, words.Indented(value)))))
}

// conditionFields are the rows of a condition with how they are joined, or its JSON when the rows cannot say it. meet is the label of the
// join, hint what is said about the JSON.
func conditionFields(f form.Form, name, meet, hint string) g.Node {
	if f.Get(name+"_json") != "" {
		return f.Area(name+"_json", "Condition as JSON", hint, "8")
	}
	var rows g.Group
	for n := range maxComparisons {
		at := name + strconv.Itoa(n)
		rows = append(rows, h.Div(h.Class("condition"),
			f.Suggest(at+"_field", "Field", "", fieldOptions(name)), f.Select(at+"_op", "How", "", operatorOptions()),
			f.Text(at+"_value", "Value", "")))
	}
	return g.Group{rows, f.Select(name+"_by", meet, "", []form.Option{
		{Value: "all", Label: "all of these"}, {Value: "any", Label: "at least one of these"},
	})}
}

// previewWith are the fields that say for whom a preview is made.
func previewWith(f form.Form, placement g.Node) g.Node {
	return h.FieldSet(h.Legend(g.Text("Preview with")), placement, h.Div(h.Class("row"),
		f.Text("user", "Visitor", "user id; empty: unknown"), f.Text("context", "Items of the page", "ids")))
}
