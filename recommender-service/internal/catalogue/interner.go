package catalogue

import (
	"maps"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

const (
	// internerLength is how many values of a kind each generation of a pool remembers.
	internerLength = 1 << 15
	// shortText is the longest text, in bytes, that is expected to repeat.
	shortText = 64
	// shortList is the same of all texts of a list together.
	shortList = 256
)

// generations remembers the values that were used last: when the young ones are too many they become the old ones, and the old ones that
// nobody asked for since are forgotten. So a catalogue that changes for ever takes no more memory than one that stands still.
type generations[K comparable, V any] struct{ young, old map[K]V }

// get returns what is remembered for a key; else create says what to remember, and under which
// key of its own.
func (g *generations[K, V]) get(k K, create func() (K, V)) V {
	if v, ok := g.young[k]; ok {
		return v
	}
	v, ok := g.old[k]
	if !ok {
		k, v = create()
	}
	if len(g.young) >= internerLength {
		g.young, g.old = nil, g.young
	}
	if g.young == nil {
		g.young = map[K]V{}
	}
	g.young[k] = v
	return v
}

// interner gives equal values one place in memory. That only saves memory: values are still compared by what they are, and one that was
// forgotten has two places. It belongs to one goroutine.
type interner struct {
	strings generations[string, string]
	boxed   generations[string, any]  // texts as values of attributes
	numbers generations[float64, any] // likewise
	lists   generations[string, []string]
	nothing *Source // of an item without any field
}

// newInterner returns one that remembers nothing.
func newInterner() *interner { return &interner{nothing: &Source{rare: &rare{}}} }

// text returns a text equal to the given one.
func (p *interner) text(s string) string {
	if s == "" || len(s) > shortText {
		return strings.Clone(s)
	}
	return p.strings.get(s, func() (string, string) {
		own := strings.Clone(s)
		return own, own
	})
}

// separator stands between the texts of a list when it is looked up; lists that hold it are told apart by a comparison.
const separator = "\x00"

// list returns a list equal to the given one, nil for an empty one.
func (p *interner) list(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	create := func() []string {
		own := make([]string, len(list))
		for n := range list {
			own[n] = p.text(list[n])
		}
		return own
	}
	key := strings.Join(list, separator)
	if len(key) > shortList {
		return create()
	}
	if have := p.lists.get(key, func() (string, []string) { return strings.Clone(key), create() }); slices.Equal(have, list) {
		return have
	}
	return create()
}

// value returns a value of an attribute equal to the given one.
func (p *interner) value(v any) any {
	switch v := v.(type) {
	case string:
		if len(v) > shortText {
			return strings.Clone(v)
		}
		return p.boxed.get(v, func() (string, any) {
			own := p.text(v)
			return own, own
		})
	case float64:
		if v == 0 || v != v { // −0 is equal to 0 and not the same, NaN not even to itself
			return v
		}
		return p.numbers.get(v, func() (float64, any) { return v, v })
	case []any:
		own := make([]any, len(v))
		for n := range v {
			own[n] = p.value(v[n])
		}
		return own
	}
	return v
}

// attributes returns the names of attributes, sorted, and their values.
func (p *interner) attributes(m map[string]any) (names []string, values []any) {
	if len(m) == 0 {
		return nil, nil
	}
	names = p.list(slices.Sorted(maps.Keys(m)))
	values = make([]any, len(names))
	for n, name := range names {
		values[n] = p.value(m[name])
	}
	return names, values
}

// prices copies the prices of markets.
func (p *interner) prices(list []profileapi.MarketPrice) []profileapi.MarketPrice {
	if len(list) == 0 {
		return nil
	}
	own := slices.Clone(list)
	for n := range own {
		own[n].Country, own[n].Currency, own[n].PriceList = p.text(own[n].Country), p.text(own[n].Currency), p.text(own[n].PriceList)
	}
	return own
}
