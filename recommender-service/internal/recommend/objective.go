package recommend

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// defaultObjectiveStrength is the power of an objective's factor when the scenario does not
// say: with .5 what is worth four times the mean doubles its score.
const defaultObjectiveStrength = .5

// objective returns the factor by which scores, which stand for the chance of a click, become what the scenario is to make most of: the
// item's value relative to the shop's mean, to the power of the objective's strength. With a strength of 1 that ranks by the expected value
// of a click. An item whose value is not known keeps its score.
func (r *run) objective(v *catalogue.View) (factor, bool) {
	switch r.scenario.Objective {
	case "conversion":
		if r.converted == nil {
			return factor{}, false
		}
		return r.worth("objective:conversion", 1, r.converted.of), true
	case "revenue":
		return r.worth("objective:revenue", v.MeanPrice(), func(it *catalogue.Item) float64 { return it.Price }), true
	case "margin":
		return r.worth("objective:margin", v.MeanMargin(), func(it *catalogue.Item) float64 { return it.Margin }), true
	}
	return factor{}, false
}

// worth is the factor of an objective: (value/mean)^strength. A replay takes the mean of then,
// which the decision has, since today's differs with every price.
func (r *run) worth(name string, mean float64, value func(*catalogue.Item) float64) factor {
	if r.past != nil {
		mean = r.past.decision.Mean
	}
	r.mean = mean
	strength := cmp.Or(r.scenario.ObjectiveStrength, defaultObjectiveStrength)
	return factor{name, func(it *catalogue.Item) float64 {
		if w := value(it); w > 0 && mean > 0 {
			return math.Pow(w/mean, strength)
		}
		return 1
	}}
}

// conversions says how likely those who look at an item are to buy it, relative to the shop's mean.
type conversions struct {
	viewed, bought *peers.PopularList // that it was made from
	rates          map[int32]float64  // by item
}

// of returns the rate of an item relative to the mean, 1 for an average one; 0 when nothing is
// known of it.
func (c *conversions) of(it *catalogue.Item) float64 { return c.rates[it.Index] }

// viewedWindow and boughtWindow are what conversions are made from: the same half-life, so that what fades cancels out.
func viewedWindow() similarityapi.PopularWindow {
	return similarityapi.NewPopularWindow(api.SourcePopular, 0, []string{"select_item", "view_item"})
}

func boughtWindow() similarityapi.PopularWindow {
	return similarityapi.PopularWindow{Name: api.SourceBestSellers}
}

// convert reads what the objective needs, for scenarios that have it. Without the lists the objective does not apply, and the answer says
// what is missing.
func (r *run) convert(ctx context.Context) {
	if r.scenario.Objective != "conversion" {
		return
	}
	var lists [2]*peers.PopularList
	for n, w := range [...]similarityapi.PopularWindow{viewedWindow(), boughtWindow()} {
		if r.atHand && !r.engine.Peers.KnowsPopular(r.shop.Name, w, "") {
			r.degrade(Overload)
			return
		}
		list, err := r.popularList(ctx, w, "")
		if err != nil {
			r.degrade(peers.Similarity)
		}
		if list == nil {
			return
		}
		lists[n] = list
		r.popular = append(r.popular, decision.NewPopularInput(w, "", list.AsOf))
	}
	r.converted = r.engine.conversions(r.shop.Name, lists[0], lists[1])
}

// conversions returns what was made of the same lists, or makes it.
func (e *Engine) conversions(shop string, viewed, bought *peers.PopularList) *conversions {
	if have, ok := e.converted.Load(shop); ok {
		if c := have.(*conversions); c.viewed == viewed && c.bought == bought {
			return c
		}
	}
	c := newConversions(viewed, bought)
	e.converted.Store(shop, c)
	return c
}

// newConversions divides what was bought by what was viewed, both as sums of weights. Few views say little: each item is given as many more
// as the mean item has, at the mean rate. An item that was bought and is not among those viewed most was viewed at most as often as the
// last of them.
func newConversions(viewed, bought *peers.PopularList) *conversions {
	c := &conversions{viewed: viewed, bought: bought, rates: map[int32]float64{}}
	sales := map[int32]float64{}
	for n, item := range bought.Row.Items {
		sales[item] = max(0, float64(bought.Row.Weights[n]))
	}
	views, sold := 0.0, 0.0
	for n, item := range viewed.Row.Items {
		views, sold = views+float64(viewed.Row.Weights[n]), sold+sales[item]
	}
	if views <= 0 || sold <= 0 {
		return c
	}
	mean, prior := sold/views, views/float64(viewed.Row.Len())
	rate := func(item int32, views float64) { c.rates[item] = (sales[item] + mean*prior) / (views + prior) / mean }
	for n, item := range viewed.Row.Items {
		rate(item, float64(viewed.Row.Weights[n]))
	}
	for item := range sales {
		if !slices.Contains(viewed.Row.Items, item) {
			rate(item, float64(viewed.Row.Weights[viewed.Row.Len()-1]))
		}
	}
	return c
}
