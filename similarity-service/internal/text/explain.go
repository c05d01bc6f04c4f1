package text

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/similarity-service/internal/text/dictionary"
	"github.com/aisle-rec/aisle/similarity-service/internal/text/entities"
	"github.com/aisle-rec/aisle/similarity-service/internal/text/language"
	"github.com/aisle-rec/aisle/similarity-service/internal/text/tokens"
)

// Explanation is what the pipeline makes of an item, step by step.
type Explanation struct {
	Language language.Guess
	Fields   []FieldText      // that are not empty, the weightiest first
	Own      []entities.Value // the item's own brand and attributes, by kind and name
	Terms    []TermMeasure    // all terms of the item, the weightiest first, ties by name
}

// FieldText is one field of an item with what its steps make of it.
type FieldText struct {
	Name     string
	Language string // that it is read in
	Text     string // normalised
	Tokens   []tokens.Token
	Entities []entities.Entity
}

// TermMeasure says what a term weighs in an item.
type TermMeasure struct {
	Term      string
	Frequency int     // in the fields of the item
	Items     int     // of the index that have it
	IDF       float64 // inverse document frequency, above 0
	Weight    float64 // part of the item's vector, whose length is 1: two items' weights of their shared terms multiply to their likeness

	Translations []Translated // into the other languages of the shop
}

// Translated is a word of a dictionary with its language.
type Translated struct {
	Language string
	dictionary.Word
}

// explainedTokens is how many tokens of one field are shown.
const explainedTokens = 400

// Explain says what the pipeline makes of an item, which need not be in the index. Cost O(its texts), and O(vocabulary) after a change of
// the index.
func (ix *Index) Explain(item Item) Explanation {
	guess := language.Of(item.Language, item.plain(), ix.options.Language)
	e := Explanation{Language: guess}
	g := ix.gazetteer()
	fields := ix.reader.fields(&item, guess.Language)
	for _, f := range fields {
		a := ix.reader.analysers.Of(f.language)
		field := FieldText{Name: f.name, Language: f.language, Text: a.Normalise(f.text), Tokens: a.Tokens(f.text, explainedTokens)}
		if len(field.Tokens) == 0 {
			continue
		}
		field.Entities = g.Find(field.Tokens, a)
		e.Fields = append(e.Fields, field)
	}
	e.Terms = ix.measure(fields)
	ix.translateTerms(e.Terms, fields)
	e.Own = ownValues(e.Terms)
	return e
}

// ownValues are the terms that stand for a brand or an attribute as a whole.
func ownValues(terms []TermMeasure) []entities.Value {
	var own []entities.Value
	for _, t := range terms {
		if kind, name, whole := strings.Cut(t.Term, "/"); whole && kind != categoryKind {
			own = append(own, entities.Value{Kind: kind, Name: name, Items: t.Items})
		}
	}
	slices.SortFunc(own, func(a, b entities.Value) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	return own
}

// measure returns the terms of fields with what they weigh.
func (ix *Index) measure(fields []field) []TermMeasure {
	counts := map[string]int{}
	terms := ix.reader.weigh(fields, counts)
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	out := make([]TermMeasure, len(terms))
	var square float64
	for n, t := range terms {
		m := TermMeasure{Term: t.name, Frequency: counts[t.name]}
		if at, ok := ix.vocabulary[t.name]; ok {
			m.Items = int(ix.frequency[at])
		}
		m.IDF = inverseFrequency(float64(m.Items), float64(max(len(ix.numbers), m.Items)))
		m.Weight = t.weight * m.IDF
		square += m.Weight * m.Weight
		out[n] = m
	}
	for n := range out {
		out[n].Weight /= math.Sqrt(square)
	}
	slices.SortFunc(out, func(a, b TermMeasure) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), strings.Compare(a.Term, b.Term))
	})
	return out
}

// translateTerms adds what the dictionary has for terms in the languages of fields.
func (ix *Index) translateTerms(terms []TermMeasure, fields []field) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	words := ix.words()
	if words.Len() == 0 {
		return
	}
	var languages []string
	for _, f := range fields {
		if !slices.Contains(languages, f.language) {
			languages = append(languages, f.language)
		}
	}
	for n := range terms {
		for _, own := range languages {
			for _, other := range ix.speaking() {
				for _, w := range words.Translate(terms[n].Term, own, other.String()) {
					terms[n].Translations = append(terms[n].Translations, Translated{other.String(), w})
				}
			}
		}
	}
}

// EntityFinder returns what finds in any text what the catalogue of now has names for, with the words of each. Later changes of the index
// are not seen by it, so that many texts are read at the cost of learning once.
func (ix *Index) EntityFinder() func(text, language string) (found []entities.Entity, words [][]string) {
	g := ix.gazetteer()
	return func(text, language string) (found []entities.Entity, words [][]string) {
		a := ix.reader.analysers.Of(language)
		list := a.Tokens(text, explainedTokens)
		found = g.Find(list, a)
		for _, e := range found {
			var of []string
			for _, t := range list[e.Start : e.Start+e.Length] {
				of = append(of, t.Text)
			}
			words = append(words, of)
		}
		return found, words
	}
}

// gazetteer returns what is learnt from the attributes and brands of the items of now.
func (ix *Index) gazetteer() *entities.Gazetteer {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	known := ix.learnt.Load()
	if known != nil && known.texts == ix.texts {
		return known.Gazetteer
	}
	var values []entities.Value
	for at, name := range ix.names {
		kind, value, whole := strings.Cut(name, "/")
		if whole && kind != categoryKind && ix.frequency[at] > 0 {
			values = append(values, entities.Value{Kind: strings.Clone(kind), Name: strings.Clone(value), Items: int(ix.frequency[at])})
		}
	}
	known = &learnt{entities.New(values), ix.texts}
	ix.learnt.Store(known)
	return known.Gazetteer
}

// learnt is a gazetteer with the fingerprint of the items that it was learnt from.
type learnt struct {
	*entities.Gazetteer
	texts uint64
}
