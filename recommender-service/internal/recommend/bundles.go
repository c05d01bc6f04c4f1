package recommend

import (
	"context"
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	// bundlesPerRow is how many bundles are looked at for each that may be shown: of some an item cannot be sold.
	bundlesPerRow = 8
	// nearlyAll is the share of the orders of a bundle from which a larger one that holds it is shown in its place.
	nearlyAll = .5
)

// bundleRows makes a row for each set that is bought with the item of the page, else with one of the cart, else with the last one that the
// visitor did something with. It makes one call; when too many answers are being made it makes none, and there are no such rows. More rows
// come back than count, for of some an item will not be there.
func (r *run) bundleRows(ctx context.Context, p *api.RowPlan, count int) []row {
	about := r.bundleSeeds()
	if len(about) == 0 {
		return nil
	}
	if r.atHand {
		r.degrade(Overload)
		return nil
	}
	ids := make([]string, len(about))
	for n := range about {
		ids[n] = about[n].ItemID
	}
	answer, err := r.engine.Peers.Bundles(ctx, r.shop.Name, similarityapi.BundlesRequest{ItemIDs: ids, Limit: bundlesPerRow * count})
	if err != nil {
		r.degrade(peers.Similarity)
		return nil
	}
	var list []row
	r.read(func(v *catalogue.View) {
		for n := range answer.Bundles {
			if b := &answer.Bundles[n]; !outdone(b, answer.Bundles) {
				if one, ok := r.bundleRow(v, p, b, ids); ok {
					list = append(list, one)
				}
			}
		}
	})
	return list
}

// bundleSeeds lists the items that bundles are to hold; nil for a visitor of whom nothing is known.
func (r *run) bundleSeeds() []candidate.Seed {
	if seeds := r.contextSeeds(r.req.ContextItems); len(seeds) > 0 {
		return seeds
	}
	if seeds := r.contextSeeds(r.cart); len(seeds) > 0 {
		return seeds
	}
	for n := range r.visitor.History {
		if t := &r.visitor.History[n]; t.Weight > 0 {
			return r.contextSeeds([]string{t.ItemID})
		}
	}
	return nil
}

// outdone reports whether a larger bundle holds all of one, and nearly as many orders hold it.
func outdone(b *similarityapi.Bundle, all []similarityapi.Bundle) bool {
	return slices.ContainsFunc(all, func(o similarityapi.Bundle) bool {
		return len(o.ItemIDs) > len(b.ItemIDs) && float64(o.Support) >= nearlyAll*float64(b.Support) &&
			!slices.ContainsFunc(b.ItemIDs, func(id string) bool { return !slices.Contains(o.ItemIDs, id) })
	})
}

// bundleRow makes a row of what a bundle holds beside the item that it is about, as the scenario's filters and rules let it be shown; false
// when the catalogue lacks an item.
func (r *run) bundleRow(v *catalogue.View, p *api.RowPlan, b *similarityapi.Bundle, about []string) (row, bool) {
	first := slices.IndexFunc(b.ItemIDs, func(id string) bool {
		i := v.Find(id)
		return i >= 0 && slices.ContainsFunc(about, func(a string) bool { return sameProduct(v, a, i) })
	})
	if first < 0 {
		return row{}, false
	}
	item := b.ItemIDs[first]
	others := slices.Delete(slices.Clone(b.ItemIDs), first, first+1)
	one := r.row(p, titleOf(v, v.Find(item)), api.SourceContextTogether)
	sc := one.scenario
	sc.Filter = &api.Condition{Field: "item_id", Op: "in", Value: anyOf(others)}
	if r.scenario.Filter != nil {
		sc.Filter = &api.Condition{All: []api.Condition{*r.scenario.Filter, *sc.Filter}}
	}
	// A pinned item is not part of the set.
	sc.Rules = slices.DeleteFunc(slices.Clone(sc.Rules), func(rule api.Rule) bool { return rule.Action == rules.Pin })
	// A set is shown whole or not at all: nothing may leave out one of its items.
	sc.Diversity, sc.Rotation, sc.PriceBand, sc.Exploration, sc.MaxPerCategory, sc.MaxPerBrand = 0, 0, 0, 0, 0, 0
	sc.Limit, one.req.Limit = len(others), len(others)
	one.req.ContextItems, one.item, one.least = []string{item}, item, len(others)
	one.bundle = &api.BundleOffer{Support: b.Support, Confidence: b.Confidence, Lift: b.Lift}
	one.bundle.Price, one.bundle.Currency = r.priceOf(v, b.ItemIDs)
	return one, true
}

// anyOf gives a list the type that a condition has after JSON.
func anyOf(list []string) []any {
	values := make([]any, len(list))
	for n, text := range list {
		values[n] = text
	}
	return values
}

// priceOf adds up what items cost in the market of the visitor; nil when one has no price, or not the currency of the others.
func (r *run) priceOf(v *catalogue.View, ids []string) (total *float64, currency string) {
	sum := 0.0
	for n, id := range ids {
		i := v.Find(id)
		if i < 0 || v.Item(v.Head(i)) == nil {
			return nil, ""
		}
		it := v.Item(v.Head(i))
		price, known := it.PriceIn(r.req.Market)
		code, _ := it.MarketField("currency", r.req.Market)
		text, _ := code.(string)
		if !known || n > 0 && text != currency {
			return nil, ""
		}
		sum, currency = sum+price, text
	}
	return &sum, currency
}
