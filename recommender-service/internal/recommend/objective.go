package recommend

import (
	"context"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/factor"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// objective returns the factor by which scores, which stand for the chance of a click, become what the scenario is to make most of: the
// item's value relative to the shop's mean, to the power of the objective's strength. With a strength of 1 that ranks by the expected value
// of a click. An item whose value is not known keeps its score.
func (r *run) objective(v *catalogue.View) (factor.Factor, bool) {
	switch r.scenario.Objective {
	case "conversion":
		if r.converted == nil {
			return factor.Factor{}, false
		}
		return r.worth(1, r.converted.Of), true
	case "revenue":
		return r.worth(v.MeanPrice(), func(it *catalogue.Item) float64 { return it.Price }), true
	case "margin":
		return r.worth(v.MeanMargin(), func(it *catalogue.Item) float64 { return it.Margin }), true
	}
	return factor.Factor{}, false
}

// worth is the factor of an objective. A replay takes the mean of then, which the decision has, since today's differs with every price.
func (r *run) worth(mean float64, value func(*catalogue.Item) float64) factor.Factor {
	if r.past != nil {
		mean = r.past.decision.Mean
	}
	r.mean = mean
	return factor.Objective(r.scenario.Objective, mean, r.scenario.ObjectiveStrength, value)
}

// viewedWindow and boughtWindow are what conversions are made from: the same half-life, so that what fades cancels out.
func viewedWindow() similarityapi.PopularWindow {
	return similarityapi.NewPopularWindow(api.SourcePopular, 0, []string{"select_item", "view_item"})
}

func boughtWindow() similarityapi.PopularWindow {
	return similarityapi.PopularWindow{Name: api.SourceBestSellers}
}

// count reads how often items are looked at and bought, for scenarios whose objective or exploration goes by it. What is not at hand or
// cannot be read does not apply, and the answer says what is missing.
func (r *run) count(ctx context.Context) {
	converts := r.scenario.Objective == "conversion"
	if !converts && r.scenario.Exploration == 0 {
		return
	}
	r.viewed = r.counted(ctx, viewedWindow())
	if r.viewed == nil || !converts {
		return
	}
	if bought := r.counted(ctx, boughtWindow()); bought != nil {
		r.converted = r.engine.conversions(r.shop.Name, r.viewed, bought)
	}
}

// counted returns a popularity list of the whole shop, nil for none.
func (r *run) counted(ctx context.Context, w similarityapi.PopularWindow) *candidate.Row {
	if r.atHand && !r.engine.Peers.KnowsPopular(r.shop.Name, w, "") {
		r.degrade(Overload)
		return nil
	}
	list, err := r.popularList(ctx, w, "")
	if err != nil {
		r.degrade(peers.Similarity)
	}
	if list == nil {
		return nil
	}
	r.popular = append(r.popular, decision.NewPopularInput(w, "", list.AsOf))
	return &list.Row
}

// conversions returns what was made of the same lists, or makes it.
func (e *Engine) conversions(shop string, viewed, bought *candidate.Row) *factor.Conversions {
	if have, ok := e.converted.Load(shop); ok {
		if c := have.(*factor.Conversions); c.MadeOf(viewed, bought) {
			return c
		}
	}
	c := factor.NewConversions(viewed, bought)
	e.converted.Store(shop, c)
	return c
}
