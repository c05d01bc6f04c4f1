package text

import (
	"slices"
	"strings"
	"unicode"

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

// analysed is an item as the index keeps it.
type analysed struct {
	terms    []term  // sorted by name
	language string  // that the item was read in
	titles   []title // in each of its languages, the own one first; none for an item without translations
}

// title is an item's title as stems of a language, without repeats.
type title struct {
	language string
	words    []string
}

// analyse reads an item. Besides the words, the brand, every step of the category path and every value of an attribute are terms as a
// whole, which are the same in all languages: a prefix that no word can have says what they are, as in "brand/clay".
func (r *reader) analyse(item Item) analysed {
	out := analysed{language: language.Of(item.Language, item.plain(), r.options.Language).Language}
	fields := r.fields(&item, out.language)
	out.terms = r.weigh(fields, nil)
	if len(item.Translations) > 0 {
		for _, f := range fields {
			if f.name == titleName {
				out.titles = append(out.titles, title{f.language, distinct(r.analysers.Of(f.language).Terms(f.text, titleWords))})
			}
		}
	}
	if len(out.titles) < 2 {
		out.titles = nil
	}
	return out
}

// titleWords is how many words of a title are looked at for translations.
const titleWords = 24

func distinct(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}

// field is a part of an item that is read for itself.
type field struct {
	name     string
	language string
	text     string
	whole    []string // terms beside the words
	weight   Field
}

// Names of fields.
const (
	titleName       = "title"
	descriptionName = "description"
)

// fields returns the parts of an item that count.
func (r *reader) fields(item *Item, own string) []field {
	o := r.options
	list := []field{
		{titleName, own, item.Title, nil, o.Title},
		{descriptionName, own, item.Description, nil, o.Description},
		{"tags", own, strings.Join(item.Tags, " "), nil, o.Tags},
		{"brand", own, item.Brand, whole(brandKind, []string{item.Brand}, o.MaxTerms), o.Brand},
		{"category", own, strings.Join(item.Category, " "), whole(categoryKind, item.Category, o.MaxTerms), o.Category},
		{"attributes", own, "", attributeTerms(item.Attributes, o.MaxTerms), o.Attributes},
	}
	for _, t := range item.translations(own) {
		list = append(
			list, field{titleName, t.Language, t.Title, nil, o.Title},
			field{descriptionName, t.Language, t.Description, nil, o.Description},
		)
	}
	return list
}

// weigh returns the terms of fields sorted by name; counts, unless nil, is given how often each occurs.
//
// The weight of a term with count n_f in field f of length l_f is x/(Saturation + x) with
// x = Σ_f Weight_f·n_f/(1 − Damping_f + Damping_f·max(1, l_f/Length_f)), so a field shorter than normal is not
// raised. A translation is a field of its own.
func (r *reader) weigh(fields []field, counts map[string]int) []term {
	sums := map[string]float64{}
	for n := range fields {
		f := &fields[n]
		if f.weight.Weight == 0 {
			continue
		}
		terms := f.whole
		if f.text != "" {
			terms = append(r.analysers.Of(f.language).Terms(f.text, r.options.MaxTerms), f.whole...)
		}
		w := f.weight
		each := w.Weight / (1 - w.Damping + w.Damping*max(1, float64(len(terms))/w.Length))
		for _, t := range terms {
			sums[t] += each
			if counts != nil {
				counts[t]++
			}
		}
	}
	out := make([]term, 0, len(sums))
	for name, x := range sums {
		out = append(out, term{name, x / (r.options.Saturation + x)})
	}
	slices.SortFunc(out, func(a, b term) int { return strings.Compare(a.name, b.name) })
	return out
}

// The kinds of terms that stand for a whole, beside those that are named like attributes.
const (
	brandKind    = "brand"
	categoryKind = "category"
)

// whole makes one term of every non-empty step of a path, holding the path so far.
func whole(kind string, path []string, limit int) []string {
	var out []string
	name := kind
	for _, step := range path[:min(len(path), limit)] {
		words := tokens.Words(step, limit)
		if len(words) == 0 {
			continue
		}
		name += "/" + strings.Join(words, " ")
		out = append(out, name)
	}
	return out
}

// attributeWords is how many words a value may have to be a term; longer ones are texts. attributeDigits is how many digits it may have:
// values with more are numbers, dates or ids, which no other item has, and an address is an id, too.
const attributeWords, attributeDigits = 6, 4

// attributeTerms makes one term of every value that other items may have, too.
func attributeTerms(attributes []Attribute, limit int) []string {
	var out []string
	for _, a := range attributes[:min(len(attributes), limit)] {
		if digits(a.Value) > attributeDigits || strings.Contains(a.Value, "://") {
			continue
		}
		kind, value := tokens.Words(a.Name, attributeWords), tokens.Words(a.Value, attributeWords+1)
		if len(kind) > 0 && len(value) > 0 && len(value) <= attributeWords {
			out = append(out, strings.Join(kind, " ")+"/"+strings.Join(value, " "))
		}
	}
	return out
}

func digits(text string) (n int) {
	for _, r := range text {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}
