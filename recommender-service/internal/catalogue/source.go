package catalogue

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Source is what the shop says of an item, in a form that takes a fifth of the memory and objects of profileapi.Item: what repeats is
// shared between items, and what is nearly always there is in place. Nobody changes it.
type Source struct {
	Title        string
	Brand        string
	Currency     string
	Status       string
	CategoryPath []string
	Tags         []string
	Stock        *profileapi.Stock // nil: in stock, not counted
	Cost         *float64          // nil: not known

	price, sale, cost float64
	stock             profileapi.Stock
	quantity          float64
	// attributes and values are of the same length and order.
	attributes []string
	values     []any
	rare       *rare // never nil; shared when all of it is empty

	hasPrice, hasSale, hasPublished bool
}

// rare are the fields that many catalogues lack.
type rare struct {
	description, imageURL, url, language, gtin, parentID string
	countries, aliases                                   []string
	prices                                               []profileapi.MarketPrice
	translations                                         []translation // by tag
}

// translation is what an item is called in a further language.
type translation struct{ tag, title, description string }

// record is an item with its source: one object.
type record struct {
	item   Item
	source Source
}

// compact makes the replica's form of what a shop says of an item. What has not changed since it said before, which may be nil, is shared
// with that: most changes are of stock or price, and what items were before is kept for a while. It may be called by one goroutine at a
// time.
func (p *interner) compact(src *profileapi.Item, before *Source) *record {
	if before == nil {
		before = p.nothing
	}
	r := &record{}
	s := &r.source
	r.item.Source = s
	s.Brand, s.Currency, s.Status = p.text(src.Brand), p.text(src.Currency), p.text(src.Status)
	s.CategoryPath, s.Tags = p.list(src.CategoryPath), p.list(src.Tags)
	if s.hasPrice = src.Price != nil; s.hasPrice {
		s.price = *src.Price
	}
	if s.hasSale = src.SalePrice != nil; s.hasSale {
		s.sale = *src.SalePrice
	}
	if src.Cost != nil {
		s.cost = *src.Cost
		s.Cost = &s.cost
	}
	if src.Stock != nil {
		s.stock.Status = p.text(src.Stock.Status)
		if src.Stock.Quantity != nil {
			s.quantity = *src.Stock.Quantity
			s.stock.Quantity = &s.quantity
		}
		s.Stock = &s.stock
	}
	s.hasPublished = !src.PublishedAt.IsZero()
	s.attributes, s.values = p.attributes(src.Attributes)
	if slices.Equal(s.attributes, before.attributes) && slices.EqualFunc(s.values, before.values, identical) {
		s.values = before.values
	}
	s.texts(p, src, before)
	return r
}

// texts copies what is an item's own into one object.
func (s *Source) texts(p *interner, src *profileapi.Item, before *Source) {
	own := [...]string{src.Title, src.Description, src.ImageURL, src.URL, src.GTIN}
	same := [...]string{before.Title, before.rare.description, before.rare.imageURL, before.rare.url, before.rare.gtin}
	if own == same {
		own = same
	} else {
		all := strings.Join(own[:], "")
		for n, text := range own {
			own[n], all = all[:len(text)], all[len(text):]
		}
	}
	s.Title = own[0]
	s.rare = &rare{
		description: own[1], imageURL: own[2], url: own[3], gtin: own[4], language: p.text(src.Language), parentID: p.text(src.ParentID),
		countries: p.list(src.Countries), aliases: p.list(src.Aliases), prices: p.prices(src.Prices),
		translations: p.translations(src.Translations),
	}
	for _, have := range [...]*rare{p.nothing.rare, before.rare} {
		if s.rare.equal(have) {
			s.rare = have
			return
		}
	}
}

// translations copies those of an item, in order of tag.
func (p *interner) translations(src profileapi.Translations) []translation {
	if len(src) == 0 {
		return nil
	}
	list := make([]translation, 0, len(src))
	for _, tag := range slices.Sorted(maps.Keys(src)) {
		list = append(list, translation{p.text(tag), strings.Clone(src[tag].Title), strings.Clone(src[tag].Description)})
	}
	return list
}

// equal reports whether two are the same. Those with prices never are.
func (r *rare) equal(o *rare) bool {
	return r.description == o.description && r.imageURL == o.imageURL && r.url == o.url && r.language == o.language && r.gtin == o.gtin &&
		r.parentID == o.parentID &&
		slices.Equal(r.countries, o.countries) && slices.Equal(r.aliases, o.aliases) && slices.Equal(r.translations, o.translations) &&
		len(r.prices)+len(o.prices) == 0
}

// identical reports whether two values of an attribute are the same to the bit. Lists never are.
func identical(a, b any) bool {
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return ok && a == b
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	case float64:
		b, ok := b.(float64)
		return ok && math.Float64bits(a) == math.Float64bits(b)
	}
	return false
}

// attribute returns the value of an attribute, and whether the item has it.
func (s *Source) attribute(name string) (any, bool) {
	if n := slices.Index(s.attributes, name); n >= 0 {
		return s.values[n], true
	}
	return nil, false
}

// EachAttribute calls f with every attribute, in order of name.
func (s *Source) EachAttribute(f func(name string, value any)) {
	for n, name := range s.attributes {
		f(name, s.values[n])
	}
}

// attributeMap returns the attributes by name.
func (s *Source) attributeMap() map[string]any {
	m := make(map[string]any, len(s.attributes))
	for n, name := range s.attributes {
		m[name] = s.values[n]
	}
	return m
}

// published returns when an item was published, to the millisecond, as times in the API are.
func (it *Item) published() wire.Time {
	if !it.Source.hasPublished {
		return wire.Time{}
	}
	return wire.TimeOf(time.UnixMilli(it.PublishedMs))
}
