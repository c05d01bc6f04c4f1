package agentfeed

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/currency"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// Form says for whom a feed is written.
type Form struct {
	Market recommenderapi.Market // whose prices, countries and languages hold
	Seller string                // name of the seller; "" to name none
	Now    time.Time
}

// maker makes products and counts what they lack.
type maker struct {
	Form
	view  *catalogue.View
	found *recommenderapi.FeedFindings
}

// product returns the line of a product, and false when none of it is sold in the market now.
func (m *maker) product(it *catalogue.Item) (Product, bool) {
	members := []*catalogue.Item{it}
	if it.Family != nil {
		members = it.Family.Members
	}
	if it.Status != catalogue.Active || it.Family != nil && !m.sold(it) {
		note(&m.found.LeftOut, it.ID, "not_shown")
		return Product{}, false
	}
	p := Product{ID: m.view.ID(it.Index)}
	if it.Family != nil && it.Family.Row != nil {
		own := it.Family.Row
		p.Title, p.Description, p.URL, p.Media = m.title(own), m.describe(own), link(own, "url"), m.pictures(own)
	}
	options := distinguishing(members)
	for _, v := range members {
		if !m.sold(v) {
			note(&m.found.LeftOut, v.ID, "not_shown")
			continue
		}
		variant, ok := m.variant(v, p.Title, options)
		if !ok {
			note(&m.found.LeftOut, v.ID, "no_title")
			continue
		}
		p.Variants = append(p.Variants, variant)
	}
	if len(p.Variants) == 0 {
		return Product{}, false
	}
	if p.Title == "" {
		p.Title = p.Variants[0].Title
	}
	return p, true
}

// sold reports whether an item is shown and sold in the market now, in stock or not.
func (m *maker) sold(it *catalogue.Item) bool {
	now := m.Now.UnixMilli()
	return it.Status == catalogue.Active && it.PublishedMs <= now && (it.ExpiresMs == 0 || it.ExpiresMs > now) && it.SoldIn(&m.Market)
}

// variant makes a variant; false for one that has no name, nor has its product.
func (m *maker) variant(it *catalogue.Item, productTitle string, options []string) (Variant, bool) {
	v := Variant{
		ID: it.ID, Title: m.title(it), Description: m.describe(it), URL: link(it, "url"), Media: m.pictures(it),
		Availability: Availability{Available: it.Offered(), Status: "in_stock"},
	}
	if v.Title == "" {
		v.Title = productTitle
	}
	if v.Title == "" {
		return Variant{}, false
	}
	switch stock := it.Source.Stock; {
	case !it.Sellable:
		v.Availability.Status = "out_of_stock"
	case stock != nil && stock.Status != "":
		v.Availability.Status = stock.Status
	}
	if path := it.Source.CategoryPath; len(path) > 0 {
		v.Categories = []Category{{Value: strings.Join(path, " > "), Taxonomy: "merchant"}}
	}
	if gtin, ok := text(it, "gtin"); ok {
		v.Barcodes = []Barcode{{Type: "GTIN", Value: gtin}}
	}
	if condition, ok := text(it, catalogue.AttributePrefix+"condition"); ok {
		v.Condition = []string{condition}
	}
	if m.Seller != "" {
		v.Seller = &Seller{Name: m.Seller}
	}
	for _, name := range options {
		if value, ok := text(it, catalogue.AttributePrefix+name); ok {
			v.Options = append(v.Options, Option{Name: name, Value: value})
		}
	}
	m.prices(&v, it)
	m.lacks(&v, it)
	return v, true
}

// prices sets what is paid, and what was before a discount.
func (m *maker) prices(v *Variant, it *catalogue.Item) {
	code, _ := it.MarketField("currency", &m.Market)
	unit, err := currency.ParseISO(fmt.Sprint(code))
	pays, known := it.PriceIn(&m.Market)
	if !known || err != nil {
		return
	}
	v.Price = minor(pays, unit)
	if full, ok := it.MarketField("price", &m.Market); ok && full.(float64) > pays {
		v.ListPrice = minor(full.(float64), unit)
	}
}

// minor returns an amount in minor units: two digits of most currencies, none of yen, three of dinars.
func minor(amount float64, unit currency.Unit) *Price {
	scale, _ := currency.Standard.Rounding(unit)
	return &Price{Amount: int64(math.Round(amount * math.Pow10(scale))), Currency: unit.String()}
}

// lacks notes what assistants would look for in vain.
func (m *maker) lacks(v *Variant, it *catalogue.Item) {
	for code, absent := range map[string]bool{
		"no_price": v.Price == nil, "no_url": v.URL == "", "no_image": len(v.Media) == 0, "no_description": v.Description == nil,
	} {
		if absent {
			note(&m.found.Lacking, it.ID, code)
		}
	}
}

func (m *maker) describe(it *catalogue.Item) *Description {
	if plain, ok := it.MarketField("description", &m.Market); ok {
		return &Description{Plain: plain.(string)}
	}
	return nil
}

// title returns the title of an item in the language of the market; "" when it has none.
func (m *maker) title(it *catalogue.Item) string {
	v, _ := it.MarketField("title", &m.Market)
	title, _ := v.(string)
	return title
}

// link returns an absolute address; "" for what is none.
func link(it *catalogue.Item, field string) string {
	address, _ := text(it, field)
	if u, err := url.Parse(address); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return address
}

func (m *maker) pictures(it *catalogue.Item) []Media {
	if address := link(it, "image_url"); address != "" {
		return []Media{{Type: "image", URL: address, AltText: m.title(it)}}
	}
	return nil
}

// text returns a field as text; false when the item does not have it, or it is a list.
func text(it *catalogue.Item, field string) (string, bool) {
	v, ok := it.Field(field)
	if !ok {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, v != ""
	case float64, bool:
		return fmt.Sprint(v), true
	}
	return "", false
}

// distinguishing lists the attributes that not all variants have alike, in order.
func distinguishing(members []*catalogue.Item) []string {
	if len(members) < 2 {
		return nil
	}
	values := map[string]map[string]int{}
	for _, it := range members {
		it.Source.EachAttribute(func(name string, _ any) {
			if v, ok := text(it, catalogue.AttributePrefix+name); ok {
				if values[name] == nil {
					values[name] = map[string]int{}
				}
				values[name][v]++
			}
		})
	}
	var names []string
	for name, of := range values {
		for _, n := range of {
			if n < len(members) {
				names = append(names, name)
				break
			}
		}
	}
	slices.Sort(names)
	return names
}
