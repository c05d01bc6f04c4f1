package lookup

import (
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/reviews"
	"github.com/aisle-rec/aisle/similarity-service/internal/text"
	"github.com/aisle-rec/aisle/similarity-service/internal/text/entities"
)

// ReviewTexts is what the catalogue of a shop knows that helps to read reviews. Entities are
// those of the catalogue of now; what changes later is not seen.
func (l *Lookup) ReviewTexts(shop string) reviews.Texts {
	index := l.current(shop).texts
	find := index.EntityFinder()
	return reviews.Texts{
		Language: index.Language,
		Entities: func(text, language string) []reviews.Named {
			found, words := find(text, language)
			named := make([]reviews.Named, len(found))
			for n, e := range found {
				named[n] = reviews.Named{Kind: e.Kind, Value: e.Value, Words: words[n]}
			}
			return named
		},
	}
}

// fromItem says of an entity that the item itself has it as an attribute.
const fromItem = "item"

// ItemText says what the text pipeline makes of an item, which describes its family. It reads
// item as given, stored or not; Indexed says whether the family is in the index, against which
// terms are weighed.
func (l *Lookup) ItemText(shop string, item *profileapi.Item) similarityapi.ItemText {
	family := l.familiesOf(shop, []string{item.ItemID})[0]
	content := l.current(shop)
	e := content.texts.Explain(textOf(family, item))
	out := similarityapi.ItemText{
		ItemID: item.ItemID, Indexed: content.texts.Has(family), Fields: []similarityapi.TextField{}, Terms: []similarityapi.TextTerm{},
		Language: similarityapi.TextLanguage{Code: e.Language.Language, Source: e.Language.Source, Confidence: e.Language.Confidence},
	}
	for _, f := range e.Fields {
		out.Fields = append(out.Fields, fieldText(f))
	}
	for _, t := range e.Terms {
		out.Terms = append(out.Terms, termOf(t))
	}
	out.Entities = allEntities(out.Fields, e.Own)
	return out
}

func termOf(t text.TermMeasure) similarityapi.TextTerm {
	out := similarityapi.TextTerm{Term: t.Term, Frequency: t.Frequency, Items: t.Items, IDF: t.IDF, Weight: t.Weight}
	for _, w := range t.Translations {
		out.Translations = append(out.Translations, similarityapi.TextTranslation{
			Language: w.Language, Term: w.Text, Probability: w.Probability,
		})
	}
	return out
}

// fieldText lists a stop word once, however often it stands in the field; its place among Stems
// is empty.
func fieldText(f text.FieldText) similarityapi.TextField {
	out := similarityapi.TextField{
		Field: f.Name, Language: f.Language, Normalised: f.Text, Tokens: make([]string, len(f.Tokens)),
		Stems:     make([]string, len(f.Tokens)),
		StopWords: []string{}, Entities: []similarityapi.TextEntity{},
	}
	for n, t := range f.Tokens {
		out.Tokens[n], out.Stems[n] = t.Text, t.Stem
		if t.Stop && !slices.Contains(out.StopWords, t.Text) {
			out.StopWords = append(out.StopWords, t.Text)
		}
	}
	for _, e := range f.Entities {
		out.Entities = append(out.Entities, similarityapi.TextEntity{
			Kind: e.Kind, Value: e.Value, Position: &e.Start, Tokens: e.Length, From: e.From, Items: e.Items,
		})
	}
	return out
}

// allEntities are those of an item's fields and its own, each once: what the item says of itself first.
func allEntities(fields []similarityapi.TextField, own []entities.Value) []similarityapi.TextEntity {
	all := []similarityapi.TextEntity{}
	known := map[[2]string]bool{}
	for _, v := range own {
		known[[2]string{v.Kind, v.Name}] = true
		all = append(all, similarityapi.TextEntity{Kind: v.Kind, Value: v.Name, From: fromItem, Items: v.Items})
	}
	for _, f := range fields {
		for _, e := range f.Entities {
			if key := [2]string{e.Kind, e.Value}; !known[key] {
				known[key] = true
				all = append(all, similarityapi.TextEntity{Kind: e.Kind, Value: e.Value, From: e.From, Items: e.Items})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b similarityapi.TextEntity) int { return strings.Compare(a.Kind, b.Kind) })
	return all
}
