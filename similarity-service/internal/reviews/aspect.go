package reviews

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/reviews/sentiment"
)

// aspect is what reviews of an item say of one thing: of an entity of the catalogue (kind
// "material", no language), or of a word (a language, no kind). Mentions are reviews, not
// occurrences; those that are neither pleased nor displeased count among the mentions only.
type aspect struct {
	kind, language                string
	mentions, pleased, displeased int
	forms                         map[string]int // as it is written
}

// mention is what one review says of a thing.
type mention struct {
	kind, language, form string
	tone                 int // above 0 pleased, below 0 not
}

// add counts one review, however often it names the thing.
func (a *aspect) add(m *mention) {
	a.mentions++
	a.forms[m.form]++
	switch {
	case m.tone > 0:
		a.pleased++
	case m.tone < 0:
		a.displeased++
	}
}

// shown is the aspect as the API gives it, under the form that is written most often ("straps"
// and "strap" are one). Of equally frequent forms it is the first of the alphabet.
func (a *aspect) shown() similarityapi.ReviewAspect {
	best := ""
	for form, n := range a.forms {
		if best == "" || cmp.Or(cmp.Compare(n, a.forms[best]), strings.Compare(best, form)) > 0 {
			best = form
		}
	}
	return similarityapi.ReviewAspect{
		Term: best, Kind: a.kind, Language: a.language, Mentions: a.mentions, Pleased: a.pleased, Displeased: a.displeased,
	}
}

// mentions returns what a review speaks of: entities of the catalogue, which are the same in all languages, and other words by language and
// stem. Words that say what somebody thinks are none. The tone is that of the sentences, and that of the rating where they say nothing.
// The key is "kind/value" or "language:stem". The words that an entity is written with are not
// counted again within its sentence.
func (s *summer) mentions(r Review, language string) map[string]*mention {
	found := map[string]*mention{}
	for _, sentence := range sentences(r.Text) {
		tone := s.tone(sentence, language, r.Rating)
		note := func(key string, m mention) {
			if known, ok := found[key]; ok {
				known.tone += tone
				return
			}
			m.tone = tone
			found[key] = &m
		}
		covered := map[string]bool{}
		if s.texts.Entities != nil {
			for _, e := range s.texts.Entities(sentence, language) {
				note(e.Kind+"/"+e.Value, mention{kind: e.Kind, form: e.Value})
				for _, w := range e.Words {
					covered[w] = true
				}
			}
		}
		for _, t := range s.model.Tokens(sentiment.Text{Language: language, Text: sentence}) {
			if !covered[t.Text] && speaks(t.Stem) && !s.model.Opinion(language, t.Stem) {
				note(language+":"+t.Stem, mention{language: language, form: t.Text})
			}
		}
	}
	return found
}

// tone is 1 for a pleased sentence, −1 for a displeased one, else 0. The probability of the
// model goes before the rating: a review of four stars can have a sentence of blame.
func (s *summer) tone(sentence, language string, rating float64) int {
	p, known := s.model.Probability(sentiment.Text{Language: language, Text: sentence})
	switch {
	case known && p > .5 || !known && rating >= sentiment.Pleased:
		return 1
	case known && p < .5 || !known && rating > 0 && rating <= sentiment.Displeased:
		return -1
	}
	return 0
}

// speaks reports whether a stem can name a thing: it has letters alone, and more than two, or one of a script without spaces.
func speaks(stem string) bool {
	if strings.ContainsFunc(stem, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		return false
	}
	n := utf8.RuneCountInString(stem)
	return n > 2 || n == 2 && stem[0] >= utf8.RuneSelf
}

// sentences parts a text at the signs that end a sentence or a part of one, and at lines: what stands before a comma is often praised, and
// what stands behind it is not.
func sentences(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".!?,;:()\n。！？、", r) })
}
