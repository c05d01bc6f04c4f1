// Package offer says how a product is shown: as which of its variants, and with which fields, among them prices, of the product and of the
// variant. It is pure. The main type is Offer.
package offer

import (
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/recommender-service/internal/affinity"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// Offer is how an item is shown.
type Offer struct {
	Shown   *catalogue.Item   // whose id the answer has
	Variant *catalogue.Item   // the one to sell; nil for an item without variants
	Members []*catalogue.Item // the variants that may be sold
}

// Choice is what decides between variants.
type Choice struct {
	Named func(*catalogue.Item) bool // a rule or the visitor's own list names it
	Taste affinity.Taste
	Sells map[int32]bool // by index: the variants of each product that sell best
}

// Best returns the variant to sell of those that may be sold: the one that is named, the one that is most what the visitor chose before,
// the one that sells best, the first by item id, as they are given. Neighbour lists do not tell: they name families.
func (c *Choice) Best(members []*catalogue.Item) *catalogue.Item {
	var best *catalogue.Item
	var most [3]float64
	for _, m := range members {
		got := [3]float64{one(c.Named(m)), c.Taste.Of(m), one(c.Sells[m.Index])}
		if best == nil || slices.Compare(got[:], most[:]) > 0 {
			best, most = m, got
		}
	}
	return best
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// AppendFields appends those of the named fields that an item has as it is offered, with the prices of a market.
func (f *Offer) AppendFields(list api.Fields, names []string, m *api.Market) api.Fields {
	for _, name := range names {
		if v, ok := f.field(name, m); ok {
			list = append(list, api.Field{Name: name, Value: v})
		}
	}
	return list
}

// priceRange is the field with the lowest and the highest price of a product whose variants cost differently.
type priceRange struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// field returns a field of the item as it is offered: prices are those of the variants that can be bought, what belongs to a variant is of
// the one shown, and the rest is the product's where it says it.
func (f *Offer) field(name string, m *api.Market) (any, bool) {
	switch {
	case f.Variant == nil:
		return f.Shown.MarketField(name, m)
	case name == "price_range":
		return f.priceRange(m)
	case name == "price" || name == "sale_price" || name == "currency":
		if it := f.priced(m); it != nil {
			return it.MarketField(name, m)
		}
	case name == "stock" || name == "gtin" || name == "status":
		return f.Variant.Field(name)
	case name == "attributes":
		return f.attributes()
	}
	first, second := f.Shown, f.Variant
	if len(name) > len(catalogue.AttributePrefix) && strings.HasPrefix(name, catalogue.AttributePrefix) {
		first, second = second, first
	}
	if v, ok := first.MarketField(name, m); ok {
		return v, true
	}
	return second.MarketField(name, m)
}

// attributes returns those of the product with those of the variant over them.
func (f *Offer) attributes() (any, bool) {
	all := map[string]any{}
	for _, it := range [...]*catalogue.Item{f.Shown, f.Variant} {
		it.Source.EachAttribute(func(name string, value any) { all[name] = value })
	}
	return all, len(all) > 0
}

// priced returns the variant whose price the product has: the one shown when it stands for the product itself, else the cheapest.
func (f *Offer) priced(m *api.Market) *catalogue.Item {
	if f.Shown == f.Variant {
		return f.Variant
	}
	var cheapest *catalogue.Item
	least := 0.0
	for _, it := range f.Members {
		if p, ok := it.PriceIn(m); ok && (cheapest == nil || p < least) {
			cheapest, least = it, p
		}
	}
	return cheapest
}

// priceRange is absent when all variants that can be bought cost the same.
func (f *Offer) priceRange(m *api.Market) (any, bool) {
	var prices []float64
	for _, it := range f.Members {
		if p, ok := it.PriceIn(m); ok {
			prices = append(prices, p)
		}
	}
	slices.Sort(prices)
	if len(prices) < 2 || prices[0] == prices[len(prices)-1] {
		return nil, false
	}
	return priceRange{prices[0], prices[len(prices)-1]}, true
}
