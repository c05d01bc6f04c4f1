package imports

import (
	"slices"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// family gathers what the variants of a product say about it: the best stock, the pieces of all, and the price of the cheapest that can be
// bought, else of the cheapest.
type family struct {
	stock    string  // the best of the states; "" before the first
	quantity float64 // pieces of all; one that is sold out does not count against the others
	counted  bool    // every variant is counted
	members  int
	sellable bool     // price is that of a variant that can be bought
	price    float64  // before a reduction, of the variant that the product takes its price from
	reduced  *float64 // its sale price; nil: none
	priced   bool     // price is set
	currency any      // of that variant: what its item has, else what stood beside the amount; nil when neither says
}

// states are the states of stock, the best first.
func states() []string {
	return []string{profileapi.InStock, profileapi.Preorder, profileapi.Backorder, profileapi.OutOfStock}
}

// add takes a variant in whose stock is known. One that says nothing of it counts as in stock,
// as an item without stock does.
func (f *family) add(d *draft) {
	f.members++
	if f.members == 1 {
		f.counted = true
	}
	status := d.stock
	if status == "" {
		status = profileapi.InStock
	}
	if f.stock == "" || slices.Index(states(), status) < slices.Index(states(), f.stock) {
		f.stock = status
	}
	if d.quantity == nil {
		f.counted = false
	} else if *d.quantity > 0 {
		f.quantity += *d.quantity
	}
	if price, ok := d.item["price"].(float64); ok {
		f.addPrice(price, d.item["sale_price"], status != profileapi.OutOfStock && d.status != profileapi.ItemHidden, d)
	}
}

// addPrice takes the price of a variant when it is the better offer: one that can be bought
// before one that cannot, then the cheaper by what it costs now. Of equal ones the first stays.
func (f *family) addPrice(price float64, sale any, sellable bool, d *draft) {
	now := price
	reduced, has := sale.(float64)
	if has {
		now = reduced
	}
	held := f.price
	if f.reduced != nil {
		held = *f.reduced
	}
	if f.priced && (f.sellable && !sellable || f.sellable == sellable && held <= now) {
		return
	}
	f.price, f.priced, f.sellable, f.reduced = price, true, sellable, nil
	if has {
		f.reduced = &reduced
	}
	if f.currency = d.item["currency"]; f.currency == nil && d.currency != "" {
		f.currency = d.currency
	}
}

// give writes stock and price into the product, in place of what its own row said. A quantity
// is given only when every variant has one. Without a price in any variant the product keeps
// its own.
func (f *family) give(product *draft) {
	if f.members == 0 {
		return
	}
	product.stock, product.quantity, product.backorder = f.stock, nil, false
	if f.counted {
		product.quantity = &f.quantity
	}
	if !f.priced {
		return
	}
	product.item["price"] = f.price
	delete(product.item, "sale_price")
	if f.reduced != nil {
		product.item["sale_price"] = *f.reduced
	}
	if f.currency != nil && product.item["currency"] == nil {
		product.item["currency"] = f.currency
	}
}
