package factor

import (
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
)

// Conversions says how likely those who look at an item are to buy it, relative to the shop's mean.
type Conversions struct {
	viewed, bought *candidate.Row    // that it was made from
	rates          map[int32]float64 // by item
}

// Of returns the rate of an item relative to the mean, 1 for an average one; 0 when nothing is known of it.
func (c *Conversions) Of(it *catalogue.Item) float64 { return c.rates[it.Index] }

// MadeOf reports whether these very lists were divided.
func (c *Conversions) MadeOf(viewed, bought *candidate.Row) bool {
	return c.viewed == viewed && c.bought == bought
}

// NewConversions divides what was bought by what was viewed, both as sums of weights. Few views say little: each item is given as many more
// as the mean item has, at the mean rate. An item that was bought and is not among those viewed most was viewed at most as often as the
// last of them.
func NewConversions(viewed, bought *candidate.Row) *Conversions {
	c := &Conversions{viewed: viewed, bought: bought, rates: map[int32]float64{}}
	sales := map[int32]float64{}
	for n, item := range bought.Items {
		sales[item] = max(0, float64(bought.Weights[n]))
	}
	views, sold := 0.0, 0.0
	for n, item := range viewed.Items {
		views, sold = views+float64(viewed.Weights[n]), sold+sales[item]
	}
	if views <= 0 || sold <= 0 {
		return c
	}
	mean, prior := sold/views, views/float64(viewed.Len())
	rate := func(item int32, views float64) { c.rates[item] = (sales[item] + mean*prior) / (views + prior) / mean }
	for n, item := range viewed.Items {
		rate(item, float64(viewed.Weights[n]))
	}
	for item := range sales {
		if !slices.Contains(viewed.Items, item) {
			rate(item, float64(viewed.Weights[viewed.Len()-1]))
		}
	}
	return c
}
