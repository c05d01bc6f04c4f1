package recommend

import (
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/affinity"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/explanation"
	"github.com/aisle-rec/aisle/recommender-service/internal/filter"
	"github.com/aisle-rec/aisle/recommender-service/internal/offer"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// offers chooses the variants under which products are shown.
type offers struct {
	r      *run
	view   *catalogue.View
	all    *filter.Checks // what an item needs to be sold at all
	whole  *filter.Checks // and what the request and the rules want of it; made for the first product with variants
	choice offer.Choice
}

// offers begins with what every item needs; the rest is only made for products with variants.
func (r *run) offers(v *catalogue.View) *offers {
	return &offers{r: r, view: v, all: filter.Of(v, filter.Invariants(r.now.UnixMilli()))}
}

// of returns how a pick is shown, and false when it may no longer be sold. The offer's members are valid until the next call.
func (o *offers) of(p *pick) (offer.Offer, bool) {
	it := o.view.Item(p.index)
	if it == nil {
		return offer.Offer{}, false
	}
	if it.Family == nil {
		return offer.Offer{Shown: it}, o.all.First(it) == ""
	}
	if o.whole == nil {
		o.whole = filter.Of(o.view, append(o.r.conditions(o.view), o.r.saleable()...))
		o.choice.Taste = affinity.TasteOf(o.view, o.r.visitor.History)
		o.choice.Sells = o.r.engine.Peers.BestVariants(o.r.shop)
	}
	if o.whole.First(it) != "" {
		return offer.Offer{}, false
	}
	o.choice.Named = func(m *catalogue.Item) bool { return named(p, m) }
	f := offer.Offer{Members: o.whole.Offers()}
	f.Variant = o.choice.Best(f.Members)
	if f.Shown = it.Family.Row; f.Shown == nil {
		f.Shown = f.Variant
	}
	return f, true
}

// named reports whether a pick is about a variant.
func named(p *pick, m *catalogue.Item) bool {
	return p.variant == m.Index+1 || slices.ContainsFunc(p.contributions, func(s explanation.Contribution) bool {
		return s.Item == m.Index && (s.Source == api.SourceBuyAgain || s.Source == api.SourceRecentlyViewed)
	})
}
