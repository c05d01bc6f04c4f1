package recommend

import (
	"cmp"
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/affinity"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/filter"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// offers chooses the variants under which products are shown.
type offers struct {
	r     *run
	view  *catalogue.View
	all   *filter.Checks // what an item needs to be sold at all
	whole *filter.Checks // and what the request and the rules want of it; made for the first product with variants
	taste affinity.Taste
	sells map[int32]bool // best
}

// offers begins with what every item needs; the rest is only made for products with variants.
func (r *run) offers(v *catalogue.View) *offers {
	return &offers{r: r, view: v, all: filter.Of(v, filter.Invariants(r.now.UnixMilli()))}
}

// offer is how a pick is shown.
type offer struct {
	shown   *catalogue.Item // whose id the answer has
	variant *catalogue.Item // the one to sell; nil for an item without variants
	members []*catalogue.Item
}

// of returns how a pick is shown, and false when it may no longer be sold. The offer's members
// are valid until the next call.
func (o *offers) of(p *pick) (offer, bool) {
	it := o.view.Item(p.index)
	if it == nil {
		return offer{}, false
	}
	if it.Family == nil {
		return offer{shown: it}, o.all.First(it) == ""
	}
	if o.whole == nil {
		o.whole = filter.Of(o.view, append(o.r.conditions(o.view), o.r.saleable()...))
		o.taste, o.sells = affinity.TasteOf(o.view, o.r.visitor.History), o.r.engine.Peers.BestVariants(o.r.shop)
	}
	if o.whole.First(it) != "" {
		return offer{}, false
	}
	f := offer{variant: o.best(p), members: o.whole.Offers()}
	if f.shown = it.Family.Row; f.shown == nil {
		f.shown = f.variant
	}
	return f, true
}

// best returns the variant to sell among those that passed every check: the one that a rule or the visitor's own list names, the one that
// is most what the visitor chose before, the one that sells best, the first by item id. Neighbour lists do not tell: they name families.
func (o *offers) best(p *pick) *catalogue.Item {
	var best *catalogue.Item
	var most [3]float64
	for _, m := range o.whole.Offers() {
		got := [3]float64{named(p, m), o.taste.Of(m)}
		if o.sells[m.Index] {
			got[2] = 1
		}
		if best == nil || slices.Compare(got[:], most[:]) > 0 {
			best, most = m, got
		}
	}
	return best
}

// named is 1 for the variant that a pick is about.
func named(p *pick, m *catalogue.Item) float64 {
	if p.variant == m.Index+1 {
		return 1
	}
	for k := range p.contributions {
		if s := &p.contributions[k]; s.Item == m.Index && (s.Source == api.SourceBuyAgain || s.Source == api.SourceRecentlyViewed) {
			return 1
		}
	}
	return 0
}

// priceRange is the field with the lowest and the highest price of a product whose variants cost differently.
type priceRange struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// field returns a field of the item as it is offered: prices are those of the variants that can be bought, what belongs to a variant is of
// the one shown, and the rest is the product's where it says it.
func (f *offer) field(name string, m *api.Market) (any, bool) {
	switch {
	case f.variant == nil:
		return f.shown.MarketField(name, m)
	case name == "price_range":
		return f.priceRange(m)
	case name == "price" || name == "sale_price" || name == "currency":
		if it := f.priced(m); it != nil {
			return it.MarketField(name, m)
		}
	case name == "stock" || name == "gtin" || name == "status":
		return f.variant.Field(name)
	case name == "attributes":
		return f.attributes()
	}
	first, second := f.shown, f.variant
	if len(name) > len(catalogue.AttributePrefix) && name[:len(catalogue.AttributePrefix)] == catalogue.AttributePrefix {
		first, second = second, first
	}
	if v, ok := first.MarketField(name, m); ok {
		return v, true
	}
	return second.MarketField(name, m)
}

// attributes returns those of the product with those of the variant over them.
func (f *offer) attributes() (any, bool) {
	all := map[string]any{}
	for _, it := range [...]*catalogue.Item{f.shown, f.variant} {
		it.Source.EachAttribute(func(name string, value any) { all[name] = value })
	}
	return all, len(all) > 0
}

// priced returns the variant whose price the product has: the one shown when it stands for the product itself, else the cheapest.
func (f *offer) priced(m *api.Market) *catalogue.Item {
	if f.shown == f.variant {
		return f.variant
	}
	var cheapest *catalogue.Item
	least := 0.0
	for _, it := range f.members {
		if p, ok := it.PriceIn(m); ok && (cheapest == nil || p < least) {
			cheapest, least = it, p
		}
	}
	return cheapest
}

// priceRange is absent when all variants that can be bought cost the same.
func (f *offer) priceRange(m *api.Market) (any, bool) {
	var prices []float64
	for _, it := range f.members {
		if p, ok := it.PriceIn(m); ok {
			prices = append(prices, p)
		}
	}
	slices.SortFunc(prices, cmp.Compare[float64])
	if len(prices) < 2 || prices[0] == prices[len(prices)-1] {
		return nil, false
	}
	return priceRange{prices[0], prices[len(prices)-1]}, true
}
