// Package affinity sums up what a visitor likes: categories, brands, price bands, and values of attributes. It is pure. The main type is
// Affinities.
package affinity

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// Affinities are what a visitor likes, the best first; weights below 0 are dislikes.
type Affinities struct{ Categories, Brands []profileapi.AffinityValue }

const (
	// most bounds each list: rows and sources use the first few of them.
	most = 50
	// liked is how many liked categories give candidates.
	liked = 3
)

// Of sums up a history's decayed weights per category (every level of its path) and brand, as the catalogue has them. not_interested counts
// on the narrowest category only: it speaks of the item, not of everything around it. Cost O(history).
func Of(v *catalogue.View, history []visitor.HistoryItem) *Affinities {
	categories, brands := map[int32]float64{}, map[int32]float64{}
	for n := range history {
		t := &history[n]
		i := v.Index(t.Item, t.ItemID)
		if i < 0 || v.Item(i) == nil {
			continue
		}
		it, weight := v.Item(i), t.Decayed-t.Disliked
		for _, level := range it.Levels {
			categories[level] += weight
		}
		if it.Category >= 0 && t.Disliked != 0 {
			categories[it.Category] += t.Disliked
		}
		if it.Brand >= 0 {
			brands[it.Brand] += weight
		}
	}
	return &Affinities{Categories: heaviest(v, categories), Brands: heaviest(v, brands)}
}

// Bands returns the part of what a history likes that is of each price band; together 1, or none. Cost O(history).
func Bands(v *catalogue.View, history []visitor.HistoryItem) map[string]float64 {
	bands := map[string]float64{}
	for n := range history {
		t := &history[n]
		if i := v.Index(t.Item, t.ItemID); i >= 0 && v.Item(i) != nil && v.Item(i).Priced {
			bands[profileapi.PriceBand(v.Item(i).Price)] += t.Decayed - t.Disliked
		}
	}
	return parts(bands)
}

// Liked returns the categories that a visitor likes best, narrow ones before those that contain them: a category is left out when
// one inside it has at least half of its weight.
func Liked(all []profileapi.AffinityValue) []profileapi.AffinityValue {
	var list []profileapi.AffinityValue
	for _, c := range all {
		inside := slices.ContainsFunc(all, func(o profileapi.AffinityValue) bool {
			return strings.HasPrefix(o.Value, c.Value+" > ") && o.Weight >= c.Weight/2
		})
		if c.Weight > 0 && !inside {
			list = append(list, c)
		}
	}
	list = list[:min(len(list), liked)]
	for n := len(list) - 1; n >= 0; n-- { // the first, which is the largest, last
		list[n].Weight = visitor.Refreshed(list[n].Weight, list[0].Weight)
	}
	return list
}

// parts are the weights above 0, divided by their sum, which is made in the order of the names: sums in the order of a map would differ in
// the last bits from one run to the next. Empty when no weight is above 0.
func parts(weights map[string]float64) map[string]float64 {
	sum, list := 0., map[string]float64{}
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		if w := weights[name]; w > 0 {
			sum += w
			list[name] = w
		}
	}
	for name := range list {
		list[name] /= sum
	}
	return list
}

// heaviest names the values of largest weight, ties by name.
func heaviest(v *catalogue.View, weights map[int32]float64) []profileapi.AffinityValue {
	values := make([]profileapi.AffinityValue, 0, len(weights))
	for n, w := range weights {
		if w != 0 {
			values = append(values, profileapi.AffinityValue{Value: v.Name(n), Weight: w})
		}
	}
	slices.SortFunc(values, func(a, b profileapi.AffinityValue) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Value, b.Value))
	})
	return values[:min(len(values), most)]
}
