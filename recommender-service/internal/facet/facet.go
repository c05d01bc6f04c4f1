// Package facet finds the fields that split a list of items best, for questions that narrow it down. It is pure. The main function is
// Split.
package facet

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

const (
	// facetValues is how many values a facet names.
	facetValues = 10
	// leastCoverage is the share of the items that must have one of the values of a facet.
	leastCoverage = .5
	// leastGain is how many bits a facet must tell beyond those before it.
	leastGain = .1
	bands     = 4 // of prices
)

// facet is a field with the place of each item's value among its values; −1 for none of them.
type facet struct {
	api.Facet
	of []int
}

// Split chooses at most so many facets, each the one that tells most of what those before it leave open: greedily, by conditional entropy.
// There may be fewer, or none. Ties go to the first by name. Cost O(most · fields · items).
func Split(items []*catalogue.Item, most int, market *api.Market) []api.Facet {
	candidates := facetsOf(items, market)
	groups := make([]int, len(items)) // in which part of the split an item is
	var list []api.Facet
	for len(list) < most {
		best, gain := -1, leastGain
		for n := range candidates {
			if g := candidates[n].gain(groups); g > gain {
				best, gain = n, g
			}
		}
		if best < 0 {
			break
		}
		list = append(list, candidates[best].Facet)
		for i, value := range candidates[best].of {
			groups[i] = groups[i]*(facetValues+1) + value + 1
		}
		candidates = slices.Delete(candidates, best, best+1)
	}
	return list
}

// gain is how many bits the facet tells of an item whose group is known, for the share of items that it speaks of: the entropy of its value
// given the group, H(value | group), times that share.
func (f *facet) gain(groups []int) float64 {
	type part struct{ group, value int }
	parts, known := map[part]int{}, map[int]int{}
	n := 0
	for i, value := range f.of {
		if value >= 0 {
			parts[part{groups[i], value}]++
			known[groups[i]]++
			n++
		}
	}
	// In a fixed order: floating-point sums differ with it, and two facets that tell as much would be chosen by chance.
	order := slices.SortedFunc(maps.Keys(parts), func(a, b part) int { return cmp.Or(a.group-b.group, a.value-b.value) })
	bits := 0.0
	for _, p := range order {
		k := parts[p]
		bits -= float64(k) / float64(len(f.of)) * math.Log2(float64(k)/float64(known[p.group]))
	}
	return bits
}

// facetsOf returns the fields of the items that can split them, in order of name.
func facetsOf(items []*catalogue.Item, market *api.Market) []facet {
	names := map[string]bool{"brand": true, "category": true}
	for _, it := range items {
		it.Source.EachAttribute(func(name string, _ any) { names[catalogue.AttributePrefix+name] = true })
	}
	var list []facet
	for name := range names {
		if f := textFacet(items, name); f.covers(len(items)) {
			list = append(list, f)
		}
	}
	if f := priceFacet(items, market); f.covers(len(items)) {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b facet) int { return cmp.Compare(a.Field, b.Field) })
	return list
}

// covers reports whether a facet is worth asking for: it has two values or more, and enough items have one of them.
func (f *facet) covers(items int) bool {
	n := 0
	for _, v := range f.Values {
		n += v.Items
	}
	return len(f.Values) > 1 && float64(n) >= leastCoverage*float64(items)
}

// textFacet counts the values of a field that are texts.
func textFacet(items []*catalogue.Item, name string) facet {
	counts := map[string]int{}
	texts := make([]string, len(items))
	for n, it := range items {
		v, _ := it.Field(name)
		if texts[n], _ = v.(string); texts[n] != "" {
			counts[texts[n]]++
		}
	}
	f := facet{api.Facet{Field: name}, make([]int, len(items))}
	for text, n := range counts {
		if n > 1 { // what one item alone has names it
			f.Values = append(f.Values, api.FacetValue{Value: text, Items: n})
		}
	}
	slices.SortFunc(f.Values, func(a, b api.FacetValue) int {
		return cmp.Or(cmp.Compare(b.Items, a.Items), cmp.Compare(a.Value, b.Value))
	})
	f.Values = f.Values[:min(len(f.Values), facetValues)]
	for n := range items {
		f.of[n] = slices.IndexFunc(f.Values, func(v api.FacetValue) bool { return v.Value == texts[n] })
	}
	return f
}

// priceFacet makes bands of as many items each of the prices in a market. Equal prices are never split, so that there may be fewer bands
// than four; the last has no upper bound. Items without a price are in none.
func priceFacet(items []*catalogue.Item, market *api.Market) facet {
	f := facet{api.Facet{Field: "price"}, make([]int, len(items))}
	prices := make([]float64, 0, len(items))
	for _, it := range items {
		if p, known := it.PriceIn(market); known {
			prices = append(prices, p)
		}
	}
	if len(prices) == 0 {
		return f
	}
	slices.Sort(prices)
	var edges []float64
	for b := range bands {
		if edge := prices[b*len(prices)/bands]; len(edges) == 0 || edge > edges[len(edges)-1] {
			edges = append(edges, edge)
		}
	}
	for n := range edges {
		band := api.FacetValue{From: &edges[n]}
		if n+1 < len(edges) {
			band.Below = &edges[n+1]
		}
		f.Values = append(f.Values, band)
	}
	for n, it := range items {
		p, known := it.PriceIn(market)
		if f.of[n] = -1; known {
			at, exact := slices.BinarySearch(edges, p)
			if !exact {
				at--
			}
			f.of[n] = at
			f.Values[at].Items++
		}
	}
	return f
}
