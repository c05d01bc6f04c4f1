// Package entities finds in texts what a catalogue has names for: brands, colours, sizes, materials and whatever else its attributes hold,
// and model numbers by their shape. What there is to find is learnt from the attributes of the items alone; there are no lists of words.
// The package knows no items and no weights. The main type is Gazetteer.
package entities

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/aisle-rec/aisle/similarity-service/internal/text/tokens"
)

const (
	// Brand is the kind of brands: they are names, so that no other form of the word is one, and a catalogue may have any number.
	Brand = "brand"
	// Model is the kind of model numbers.
	Model = "model number"
)

// Where an entity was learnt from.
const (
	FromCatalogue = "catalogue" // an attribute, or the brand, of some item
	FromShape     = "shape"     // letters and digits mixed
)

const (
	// fewValues is how many values any attribute may have, and perValue how many items each value has to have on average beyond that: an
	// attribute that says something else of each item, such as a number of the supplier's, names nothing.
	fewValues = 50
	perValue  = 2
	// maxValues is how many values an attribute may have at most.
	maxValues = 5000
	// maxWords is how many words a value may have.
	maxWords = 6
)

// Value is a value of an attribute, as package tokens has words, with how many items have it.
type Value struct {
	Kind, Name string
	Items      int
}

// Entity is a value that was found in a text.
type Entity struct {
	Kind, Value string
	Start       int // place of its first token, from 0
	Length      int // in tokens
	From        string
	Items       int // that have the value as an attribute; 0 for a model number
}

// Gazetteer holds the values that are looked for. It is safe for concurrent use.
type Gazetteer struct {
	values []Value

	mu        sync.Mutex
	languages map[*tokens.Analyser]map[string][]phrase
}

// phrase is a value as the tokens of a language.
type phrase struct {
	value int
	words []tokens.Token
}

// New learns from values, in any order: equal sets of values make equal gazetteers. Values that consist of digits or of one letter are left
// out, for they stand for too much; so are attributes that name nothing.
func New(values []Value) *Gazetteer {
	distinct, items := map[string]int{}, map[string]int{}
	for _, v := range values {
		distinct[v.Kind]++
		items[v.Kind] += v.Items
	}
	g := &Gazetteer{languages: map[*tokens.Analyser]map[string][]phrase{}}
	for _, v := range values {
		n := distinct[v.Kind]
		names := v.Kind == Brand || n <= fewValues || n <= maxValues && items[v.Kind] >= perValue*n
		if names && tells(v.Name) {
			g.values = append(g.values, v)
		}
	}
	slices.SortFunc(g.values, func(a, b Value) int {
		return cmp.Or(cmp.Compare(b.Items, a.Items), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return g
}

// Len returns the number of values.
func (g *Gazetteer) Len() int { return len(g.values) }

// tells reports whether a value can be looked for in a text: it has a letter, and more than one character.
func tells(value string) bool {
	return strings.ContainsFunc(value, letter) && runes(value) > 1
}

// Find returns the entities of a text that an analyser took apart, in order of their place. The longest value wins; where several kinds
// have it, all are returned, the one of most items first. A value is found in any form of its words, a brand as it is written. Texts of
// different languages find the same values. Cost O(tokens) beside what the first text in a language costs: O(values).
func (g *Gazetteer) Find(text []tokens.Token, a *tokens.Analyser) []Entity {
	phrases := g.phrases(a)
	var found []Entity
	for at := 0; at < len(text); {
		var length int
		for _, p := range phrases[key(text[at])] {
			if length > 0 && len(p.words) < length { // sorted by length
				break
			}
			if v := g.values[p.value]; p.at(text[at:], v.Kind == Brand) {
				length = len(p.words)
				found = append(found, Entity{v.Kind, v.Name, at, length, FromCatalogue, v.Items})
			}
		}
		if length == 0 {
			if length = modelLength(text[at:]); length > 0 {
				found = append(found, Entity{Model, written(text[at : at+length]), at, length, FromShape, 0})
			}
		}
		at += max(1, length)
	}
	return found
}

// phrases returns the values as a language reads them, by the first word, the longest first.
func (g *Gazetteer) phrases(a *tokens.Analyser) map[string][]phrase {
	g.mu.Lock()
	defer g.mu.Unlock()
	if known, ok := g.languages[a]; ok {
		return known
	}
	byFirst := map[string][]phrase{}
	for n, v := range g.values {
		words := a.Tokens(v.Name, maxWords+1)
		if len(words) == 0 || len(words) > maxWords || !slices.ContainsFunc(words, func(t tokens.Token) bool { return t.Stem != "" }) {
			continue // of stop words alone
		}
		first := key(words[0])
		byFirst[first] = append(byFirst[first], phrase{n, words})
	}
	for _, list := range byFirst {
		slices.SortStableFunc(list, func(a, b phrase) int { return len(b.words) - len(a.words) })
	}
	g.languages[a] = byFirst
	return byFirst
}

// at reports whether a text begins with the phrase.
func (p phrase) at(text []tokens.Token, exact bool) bool {
	if len(p.words) > len(text) {
		return false
	}
	for n, w := range p.words {
		if exact && w.Text != text[n].Text || key(w) != key(text[n]) {
			return false
		}
	}
	return true
}

// key is the form in which words are compared: stop words have no stem.
func key(t tokens.Token) string { return cmp.Or(t.Stem, t.Text) }
