package table

import "strings"

// Kind is what the rows of a table are. It is also the kind of an import.
type Kind string

// The kinds. Interactions are what evaluate reads: who touched what, and when.
const (
	Items        Kind = "items"
	Users        Kind = "users"
	Events       Kind = "events"
	Interactions Kind = "interactions"
)

// Shape says how the text of a column becomes a value. The zero value is Text.
type Shape string

// The shapes.
const (
	Text     Shape = "text"
	Number   Shape = "number"   // 12.50, 12,50 or 1.299,00
	Money    Shape = "money"    // a number, perhaps with a currency
	Boolean  Shape = "boolean"  // true, yes, 1
	Words    Shape = "list"     // a|b|c, a; b or a, b
	Path     Shape = "path"     // Home > Lighting
	Paths    Shape = "paths"    // Home, Home > Lighting: the narrowest counts
	Moment   Shape = "time"     // see locale.Times
	Document Shape = "document" // JSON
	URLs     Shape = "urls"     // the first counts
)

// Field is one field that a column can fill. Words are the header words by which a column is
// known beside the name of the field itself, in order of preference and as Word writes them. A
// field whose Part is set has no place of its own: it goes into the field Part. Example and Doc
// are for the documentation, which is made from them.
type Field struct {
	Name    string
	Shape   Shape
	Words   []string
	Part    string
	Example string
	Doc     string
}

// Fields returns the fields of a kind, in the order in which they are preferred when a column
// could fill several. Those that end in ".*" take any name behind the dot. The caller may
// change what it gets.
func Fields(kind Kind) []Field {
	switch kind {
	case Items:
		return append(itemFields(), itemParts()...)
	case Users:
		return userFields()
	case Interactions:
		return interactionFields()
	}
	return eventFields()
}

// Known reports whether a header word names a field of the kind; of "" any kind. It is for
// telling headers from rows and separators apart, where a word that is known by chance does
// little harm.
func Known(kind Kind) func(word string) bool {
	known := map[string]bool{}
	kinds := []Kind{kind}
	if kind == "" {
		kinds = []Kind{Items, Users, Events}
	}
	for _, k := range kinds {
		for _, f := range Fields(k) {
			known[letters(strings.ToLower(f.Name))] = true
			for _, w := range f.Words {
				known[w] = true
			}
		}
	}
	return func(word string) bool { return known[Word(word)] || known[letters(strings.ToLower(word))] }
}

// userFields are those of a file of visitors.
func userFields() []Field {
	return []Field{
		{Name: "user_id", Words: words(customerWords), Example: "17850", Doc: "Of the visitor; required."},
		{Name: "segments", Shape: Words, Words: words(`segment, groups, customer group, kundengruppe, groupe, grupos, gruppi`),
			Example: "vip|wholesale", Doc: "Groups that the shop puts visitors in."},
		{
			Name: "locale", Words: words("language, lang, sprache, langue, idioma, lingua, taal"), Example: "de-DE",
			Doc: "Language and country.",
		},
		{Name: "consent.personalization", Shape: Boolean, Words: words("personalization, personalisation"),
			Example: "yes", Doc: "no: nothing is read or written for personalisation."},
		{Name: "consent.analytics", Shape: Boolean, Example: "yes", Doc: "no: not counted in figures."},
		{Name: "consent", Shape: Document, Example: `{"analytics":false}`, Doc: "Both as JSON."},
		{Name: "attributes", Shape: Document, Example: `{"tier":"gold"}`, Doc: "Attributes as JSON."},
		{Name: "attributes.*", Example: "gold", Doc: "Any other column."},
	}
}
