package text

import (
	"slices"
	"strings"
	"sync"
)

// term is a word's stem with its saturated weight in one item, in (0, 1).
type term struct {
	name   string
	weight float64
}

// reader turns items into terms. It keeps the analyser of every language seen and is safe for concurrent use.
type reader struct {
	options   Options
	analysers sync.Map // by language
}

func newReader(o Options) *reader { return &reader{options: o} }

func (r *reader) analyser(language string) *analyser {
	if stemmer(language) == nil && stopWords(language) == "" {
		language = "" // made-up languages must not pile up
	}
	if a, ok := r.analysers.Load(language); ok {
		return a.(*analyser)
	}
	a, _ := r.analysers.LoadOrStore(language, newAnalyser(language))
	return a.(*analyser)
}

// analyse returns the item's terms sorted by name and the language they were read in. Besides the words, the brand and
// every step of the category path are terms as a whole, marked by a prefix that no word can have.
//
// The weight of a term with count n_f in field f of length l_f is x/(Saturation + x) with
// x = Σ_f Weight_f·n_f/(1 − Damping_f + Damping_f·max(1, l_f/Length_f)), so a field shorter than normal is not raised.
func (r *reader) analyse(item Item) ([]term, string) {
	o := r.options
	language := languageOf(item.Language)
	if language == "" {
		language = detect(stripMarkup(item.Title+" "+item.Description), languageOf(o.Language))
	}
	a := r.analyser(language)
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
	add(o.Title, a.terms(item.Title, o.MaxTerms))
	add(o.Description, a.terms(item.Description, o.MaxTerms))
	add(o.Tags, a.terms(strings.Join(item.Tags, " "), o.MaxTerms))
	add(o.Brand, append(a.terms(item.Brand, o.MaxTerms), whole(a, "brand", []string{item.Brand}, o.MaxTerms)...))
	add(o.Category, append(a.terms(strings.Join(item.Category, " "), o.MaxTerms), whole(a, "category", item.Category, o.MaxTerms)...))
	out := make([]term, 0, len(sums))
	for name, x := range sums {
		out = append(out, term{name, x / (o.Saturation + x)})
	}
	slices.SortFunc(out, func(a, b term) int { return strings.Compare(a.name, b.name) })
	return out, language
}

// whole makes one term of every non-empty step of a path, holding the path so far.
func whole(a *analyser, kind string, path []string, limit int) []string {
	var out []string
	name := kind
	for _, step := range path[:min(len(path), limit)] {
		words := a.terms(step, limit)
		if len(words) == 0 {
			continue
		}
		name += "/" + strings.Join(words, " ")
		out = append(out, name)
	}
	return out
}
