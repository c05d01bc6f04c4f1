package text

import (
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/similarity-service/internal/text/language"
	"github.com/aisle-rec/aisle/similarity-service/internal/text/tokens"
)

// term is a word's stem with its saturated weight in one item, in (0, 1).
type term struct {
	name   string
	weight float64
}

// reader turns items into terms. It is safe for concurrent use.
type reader struct {
	options   Options
	analysers tokens.Analysers
}

func newReader(o Options) *reader { return &reader{options: o} }

// analyse returns the item's terms sorted by name and the language they were read in. Besides the words, the brand and
// every step of the category path are terms as a whole, marked by a prefix that no word can have.
//
// The weight of a term with count n_f in field f of length l_f is x/(Saturation + x) with
// x = Σ_f Weight_f·n_f/(1 − Damping_f + Damping_f·max(1, l_f/Length_f)), so a field shorter than normal is not raised.
func (r *reader) analyse(item Item) ([]term, string) {
	o := r.options
	language := language.Of(item.Language, item.plain(), o.Language).Language
	a := r.analysers.Of(language)
	sums := map[string]float64{}
	add := func(f Field, terms []string) {
		if f.Weight == 0 {
			return
		}
		each := f.Weight / (1 - f.Damping + f.Damping*max(1, float64(len(terms))/f.Length))
		for _, t := range terms {
			sums[t] += each
		}
	}
	add(o.Title, a.Terms(item.Title, o.MaxTerms))
	add(o.Description, a.Terms(item.Description, o.MaxTerms))
	add(o.Tags, a.Terms(strings.Join(item.Tags, " "), o.MaxTerms))
	add(o.Brand, append(a.Terms(item.Brand, o.MaxTerms), whole(a, "brand", []string{item.Brand}, o.MaxTerms)...))
	add(o.Category, append(a.Terms(strings.Join(item.Category, " "), o.MaxTerms), whole(a, "category", item.Category, o.MaxTerms)...))
	out := make([]term, 0, len(sums))
	for name, x := range sums {
		out = append(out, term{name, x / (o.Saturation + x)})
	}
	slices.SortFunc(out, func(a, b term) int { return strings.Compare(a.name, b.name) })
	return out, language
}

// whole makes one term of every non-empty step of a path, holding the path so far.
func whole(a *tokens.Analyser, kind string, path []string, limit int) []string {
	var out []string
	name := kind
	for _, step := range path[:min(len(path), limit)] {
		words := a.Terms(step, limit)
		if len(words) == 0 {
			continue
		}
		name += "/" + strings.Join(words, " ")
		out = append(out, name)
	}
	return out
}
