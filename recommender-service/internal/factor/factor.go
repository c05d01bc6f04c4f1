// Package factor has what multiplies scores: the objective of a scenario, price bands, rules and rotation. It is pure, and knows nothing of
// where its inputs come from. The main type is List.
package factor

import (
	"cmp"
	"math"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/rotation"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// Factor multiplies scores.
type Factor struct {
	Name string                        // in explanations: "rotation" or "rule:summer-sale"
	Of   func(*catalogue.Item) float64 // 1: does not apply
}

// List has factors in the order in which they are applied.
type List []Factor

// Score applies the factors to an item's score. The conversion keeps the compiler from fusing a product
// with what follows: scores are the same bit for bit on every processor.
func (l List) Score(it *catalogue.Item, score float64) float64 {
	for n := range l {
		if f := l[n].Of(it); f != 1 {
			score = float64(score * f)
		}
	}
	return score
}

// Boosts lists the factors that change an item's score.
func (l List) Boosts(it *catalogue.Item, score float64) []api.Boost {
	var list []api.Boost
	for n := range l {
		if f := l[n].Of(it); f != 1 {
			score = float64(score * f)
			list = append(list, api.Boost{Source: l[n].Name, Factor: f, After: score})
		}
	}
	return list
}

// defaultStrength is the power of an objective's factor when the scenario does not say: with .5 what is worth four times the mean doubles
// its score.
const defaultStrength = .5

// Objective is the factor of an objective: (value/mean)^strength, with the usual strength for 0. An item without a positive value keeps its
// score, and all do when the mean is not positive.
func Objective(name string, mean, strength float64, value func(*catalogue.Item) float64) Factor {
	strength = cmp.Or(strength, defaultStrength)
	return Factor{"objective:" + name, func(it *catalogue.Item) float64 {
		if w := value(it); w > 0 && mean > 0 {
			return math.Pow(w/mean, strength)
		}
		return 1
	}}
}

// PriceBand raises what costs as much as what the visitor likes does, by strength times the part of it that is of the item's band. An item
// without a price keeps its score.
func PriceBand(strength float64, bands map[string]float64) Factor {
	return Factor{"price_band", func(it *catalogue.Item) float64 {
		if !it.Priced {
			return 1
		}
		return 1 + strength*bands[profileapi.PriceBand(it.Price)]
	}}
}

// Rule multiplies what matches; nil is everything.
func Rule(name string, by float64, match func(*catalogue.Item) bool) Factor {
	return Factor{name, func(it *catalogue.Item) float64 {
		if match == nil || match(it) {
			return by
		}
		return 1
	}}
}

// Rotation lowers what the visitor was just shown, the more the shorter ago: by 1 − strength · freshness, with that of the latest list
// that had the item or one of its variants. ok is false when the catalogue has nothing of it.
func Rotation(v *catalogue.View, shown []rotation.List, strength float64, now time.Time) (f Factor, ok bool) {
	recent := map[int32]float64{}
	for n := range shown {
		fresh := shown[n].Freshness(now)
		for _, id := range shown[n].Items {
			if i := v.Find(id); i >= 0 {
				recent[v.Head(i)] = max(recent[v.Head(i)], fresh)
			}
		}
	}
	return Factor{"rotation", func(it *catalogue.Item) float64 { return 1 - strength*recent[it.Index] }}, len(recent) > 0
}
