package recommend

import (
	"cmp"
	"maps"
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// affinities are what a visitor likes, the best first; weights below 0 are dislikes.
type affinities struct {
	Categories, Brands []profileapi.AffinityValue
	// the part of what is liked that is of each price band; together 1, or none where the scenario does not ask
	Bands map[string]float64
}

// maxAffinities bounds each list: rows and sources use the first few of them.
const maxAffinities = 50

// affinity sums up the visitor's decayed weights per category (every level of its path) and brand, as the catalogue
// has them, and price band. not_interested counts on the narrowest category only: it speaks of the item, not of
// everything around it. It is made once for a request that needs it. Cost O(history).
func (r *run) affinity() *affinities {
	if r.likes != nil {
		return r.likes
	}
	categories, brands, bands := map[int32]float64{}, map[int32]float64{}, map[string]float64{}
	r.likes = &affinities{}
	r.read(func(v *catalogue.View) {
		for n := range r.visitor.History {
			t := &r.visitor.History[n]
			i := found(v, t.Item, t.ItemID)
			if i < 0 || v.Item(i) == nil {
				continue
			}
			it, liked := v.Item(i), t.Decayed-t.Disliked
			for _, level := range it.Levels {
				categories[level] += liked
			}
			if it.Category >= 0 && t.Disliked != 0 {
				categories[it.Category] += t.Disliked
			}
			if it.Brand >= 0 {
				brands[it.Brand] += liked
			}
			if it.Priced && r.scenario.PriceBand > 0 {
				bands[profileapi.PriceBand(it.Price)] += liked
			}
		}
		r.likes.Categories, r.likes.Brands, r.likes.Bands = heaviest(v, categories), heaviest(v, brands), parts(bands)
	})
	return r.likes
}

// parts are the weights above 0, divided by their sum, which is made in the order of the names:
// sums in the order of a map would differ in the last bits from one run to the next. Empty when
// no weight is above 0.
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
	return values[:min(len(values), maxAffinities)]
}
