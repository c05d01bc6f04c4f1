package text

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/text/language"
	"github.com/aisle-rec/aisle/similarity-service/internal/text/tokens"
)

// Item is what the catalogue says about an item.
type Item struct {
	ID          string
	Title       string
	Description string
	// Category is the path from the root, such as {"Shoes", "Running"}.
	Category []string
	Brand    string
	Tags     []string
	// Attributes are in order of name and value.
	Attributes []Attribute
	// Language is the item's language as declared ("de", "pt-BR"); when empty it is detected.
	Language string
	// Translations are in order of language; those into the item's own language, and further ones into one language, are left out.
	Translations []Translation
}

// Translation is what an item is called in a further language, which is a tag such as "de" or "pt-BR".
type Translation struct{ Language, Title, Description string }

// Attribute is one value of an attribute, such as colour and red. An attribute with several values comes once for each.
type Attribute struct{ Name, Value string }

// sum is a hash of the item's id and texts (FNV-1a, 64 bits), the same in every process.
func (i *Item) sum() uint64 {
	h := fnv.New64a()
	part := func(text string) {
		io.WriteString(h, text) // a hash takes everything
		h.Write([]byte{0})
	}
	for _, text := range []string{i.ID, i.Title, i.Description, i.Brand, i.Language} {
		part(text)
	}
	for _, list := range [][]string{i.Category, i.Tags} {
		for _, text := range list {
			part(text)
		}
		part("")
	}
	for _, a := range i.Attributes {
		part(a.Name)
		part(a.Value)
	}
	for _, t := range i.Translations {
		part(t.Language)
		part(t.Title)
		part(t.Description)
	}
	return h.Sum64()
}

// translations are those that are read besides the item's own language, each with the code of its language.
func (i *Item) translations(own string) []Translation {
	var list []Translation
	for _, t := range i.Translations {
		t.Language = language.Code(t.Language)
		known := func(o Translation) bool { return o.Language == t.Language }
		if t.Language != "" && t.Language != own && !slices.ContainsFunc(list, known) {
			list = append(list, t)
		}
	}
	return list
}

// plain is what a language can be detected from, read only when none is declared.
func (i *Item) plain() string {
	if language.Code(i.Language) != "" {
		return ""
	}
	return tokens.StripMarkup(i.Title + " " + i.Description)
}

// Field says how much one part of an item counts.
type Field struct {
	// Weight multiplies the field's term counts; 0 leaves the field out.
	Weight float64
	// Length is the number of terms that counts as normal; longer fields count less per term.
	Length float64
	// Damping is how strongly length matters, 0 not at all, 1 fully (BM25's b).
	Damping float64
}

// Options are the choices of an Index.
type Options struct {
	Title, Description, Category, Brand, Tags, Attributes Field
	// Saturation is BM25's k1: at a weighted count of Saturation a term has half of its full weight.
	Saturation float64
	// Language is taken for items that declare none and are too short to detect one; empty means no stemming.
	Language string
	// MaxTerms is how many terms of one field are read; the rest is ignored.
	MaxTerms int
	// MaxPostings bounds the postings one query looks at. Rare terms go first; a term that would exceed the rest of the
	// bound is skipped, though it still counts in the scores of items found by other terms.
	MaxPostings int
	// Candidates is how many items, best by the terms looked at, are compared exactly; at least 4·k are.
	Candidates int
}

// DefaultOptions weighs titles most and lets long descriptions speak softly.
func DefaultOptions() Options {
	return Options{
		Title:       Field{Weight: 3, Length: 8, Damping: .5},
		Description: Field{Weight: 1, Length: 60, Damping: .75},
		Category:    Field{Weight: 2, Length: 6, Damping: .5},
		Brand:       Field{Weight: 2, Length: 2, Damping: 0},
		Tags:        Field{Weight: 2, Length: 8, Damping: .5},
		Attributes:  Field{Weight: 2, Length: 8, Damping: .5},
		Saturation:  1.2,
		MaxTerms:    1000,
		MaxPostings: 20_000,
		Candidates:  256,
	}
}

// Validate reports every option out of range at once.
func (o Options) Validate() error {
	var problems []error
	within := func(name string, value, low, high float64) {
		if math.IsNaN(value) || value < low || value > high {
			problems = append(problems, fmt.Errorf("%s is %g: give %g to %g", name, value, low, high))
		}
	}
	for _, f := range []struct {
		name  string
		field Field
	}{
		{"title", o.Title}, {"description", o.Description}, {"category", o.Category}, {"brand", o.Brand}, {"tags", o.Tags},
		{"attributes", o.Attributes},
	} {
		within(f.name+" weight", f.field.Weight, 0, 1000)
		within(f.name+" length", f.field.Length, 1, 1e6)
		within(f.name+" damping", f.field.Damping, 0, 1)
	}
	within("saturation", o.Saturation, .01, 1000)
	within("max terms", float64(o.MaxTerms), 1, 1e6)
	within("max postings", float64(o.MaxPostings), 1, 1e9)
	within("candidates", float64(o.Candidates), 1, 1e6)
	if o.Language != "" && language.Code(o.Language) == "" {
		problems = append(problems, fmt.Errorf("language is %q: give a code such as \"en\" or \"pt-BR\", or none", o.Language))
	}
	return errors.Join(problems...)
}
