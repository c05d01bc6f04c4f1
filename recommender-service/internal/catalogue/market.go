package catalogue

import (
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// SoldIn reports whether an item is sold in a market: in its country, in its language if the item has one, and for its currency. What a
// market leaves open excludes nothing.
func (it *Item) SoldIn(m *recommenderapi.Market) bool {
	src := it.Source
	if it.Family != nil { // its variants have the prices, and are asked for themselves
		return it.Family.Row == nil || it.Family.Row.delivered(m)
	}
	if !it.delivered(m) {
		return false
	}
	if m.Currency == "" || src.Currency == "" || strings.EqualFold(src.Currency, m.Currency) {
		return true
	}
	return it.priceIn(m) != nil
}

// delivered reports whether an item is sold in the country of a market, and described in its language, be it by a translation.
func (it *Item) delivered(m *recommenderapi.Market) bool {
	more := it.Source.rare
	if m.Country != "" && len(more.countries) > 0 &&
		!slices.ContainsFunc(more.countries, func(c string) bool { return strings.EqualFold(c, m.Country) }) {
		return false
	}
	return m.Language == "" || more.language == "" || strings.EqualFold(baseLanguage(m.Language), baseLanguage(more.language)) ||
		it.translationIn(m.Language) != nil
}

// translationIn returns the translation for a language: the one of its tag, else, unless the item's own language is the same but for the
// region, the first that is; nil for none.
func (it *Item) translationIn(tag string) *translation {
	more := it.Source.rare
	if tag == "" || len(more.translations) == 0 {
		return nil
	}
	var near *translation
	for n := range more.translations {
		t := &more.translations[n]
		if strings.EqualFold(t.tag, tag) {
			return t
		}
		if near == nil && strings.EqualFold(baseLanguage(t.tag), baseLanguage(tag)) {
			near = t
		}
	}
	if strings.EqualFold(baseLanguage(more.language), baseLanguage(tag)) {
		return nil
	}
	return near
}

// translated returns a field of the item in a language, and whether there is a translation that has it.
func (it *Item) translated(name, tag string) (text string, ok bool) {
	t := it.translationIn(tag)
	if t == nil {
		return "", false
	}
	switch name {
	case "title":
		text = t.title
	case "description":
		text = t.description
	case "language":
		text = t.tag
	}
	return text, text != ""
}

// baseLanguage is the tag without region and script: "de-AT" is "de".
func baseLanguage(tag string) string {
	base, _, _ := strings.Cut(tag, "-")
	return base
}

// priceIn returns the price of an item in a market: the entry that agrees in most of price list, country and currency and contradicts none;
// nil when there is none, and the item's own price holds.
func (it *Item) priceIn(m *recommenderapi.Market) *profileapi.MarketPrice {
	var best *profileapi.MarketPrice
	most, prices := 0, it.Source.rare.prices
	for n := range prices {
		p, agreed := &prices[n], 0
		for _, c := range [...][2]string{{p.Currency, m.Currency}, {p.Country, m.Country}, {p.PriceList, m.PriceList}} {
			switch {
			case c[0] == "":
			case c[1] == "":
				agreed-- // more special than what was asked for
			case strings.EqualFold(c[0], c[1]):
				agreed += 2
			default:
				agreed = -100
			}
		}
		if agreed > most {
			best, most = p, agreed
		}
	}
	return best
}

// PriceIn returns what a visitor pays in a market, which may be nil, and whether that is known.
func (it *Item) PriceIn(m *recommenderapi.Market) (float64, bool) {
	if m == nil {
		return it.Price, it.Priced
	}
	p := it.priceIn(m)
	switch {
	case p == nil:
		return it.Price, it.Priced
	case p.SalePrice != nil:
		return *p.SalePrice, true
	}
	return p.Price, true
}

// MarketField is Field with the prices and in the language of a market, which may be nil.
func (it *Item) MarketField(name string, m *recommenderapi.Market) (any, bool) {
	if m != nil && (name == "title" || name == "description" || name == "language") {
		if text, ok := it.translated(name, m.Language); ok {
			return text, true
		}
	}
	if m != nil && (name == "price" || name == "sale_price" || name == "currency") {
		if p := it.priceIn(m); p != nil {
			switch name {
			case "price":
				return p.Price, true
			case "sale_price":
				if p.SalePrice == nil {
					return nil, false
				}
				return *p.SalePrice, true
			}
			return p.Currency, true
		}
	}
	return it.Field(name)
}

// Sold looks at up to most items, spread evenly over the catalogue, and returns at how many and whether one of them is sold in a market.
func (v *View) Sold(m *recommenderapi.Market, most int) (looked int, sold bool) {
	step := max(1, (v.Len()+most-1)/most)
	for i := 0; i < v.Len() && !sold; i += step {
		if it := v.Row(int32(i)); it != nil {
			looked++
			sold = it.SoldIn(m)
		}
	}
	return looked, sold
}
