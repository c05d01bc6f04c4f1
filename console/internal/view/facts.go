package view

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/aisle-rec/aisle/console/internal/words"
)

// Facts are names with what they stand for, of Fact and TextFact.
func Facts(facts ...g.Node) g.Node { return h.Dl(h.Class("facts"), g.Group(facts)) }

// Fact is one of Facts.
func Fact(name string, content ...g.Node) g.Node {
	return g.Group{h.Dt(g.Text(name)), h.Dd(content...)}
}

// TextFact is a Fact whose content is text.
func TextFact(name, text string) g.Node { return Fact(name, g.Text(text)) }

// Nothing says that there is nothing to show, where Empty would have nothing to stress.
func Nothing(content ...g.Node) g.Node { return h.P(h.Class("empty"), g.Group(content)) }

// JSON is a value as JSON for people, which the keyboard can scroll.
func JSON(v any) g.Node { return h.Pre(h.TabIndex("0"), g.Text(words.Indented(v))) }

// Item leads to the page of an item of which only the id is known.
func Item(id string) g.Node { return ItemLink(words.ItemLink{ID: id}) }
