package rows

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
	offer         // that the product takes its price from
	priced   bool // offer is set
}

// offer is what a variant costs.
type offer struct {
	sellable bool     // it can be bought
	price    float64  // before a reduction
	reduced  *float64 // its sale price; nil: none
	currency any      // what its item has, else what stood beside the amount; nil when neither says
}

// now is what is to be paid.
func (o *offer) now() float64 {
	if o.reduced != nil {
		return *o.reduced
	}
	return o.price
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
	f.addState(status)
	if d.quantity == nil {
		f.counted = false
	} else if *d.quantity > 0 {
		f.quantity += *d.quantity
	}
	if price, ok := d.item["price"].(float64); ok {
		sellable := status != profileapi.OutOfStock && d.status != profileapi.ItemHidden
		o := offer{sellable: sellable, price: price, currency: d.item["currency"]}
		if reduced, has := d.item["sale_price"].(float64); has {
			o.reduced = &reduced
		}
		if o.currency == nil && d.currency != "" {
			o.currency = d.currency
		}
		f.addOffer(o)
	}
}

// addState takes the state of a variant's stock when it is the best.
func (f *family) addState(state string) {
	if f.stock == "" || slices.Index(states(), state) < slices.Index(states(), f.stock) {
		f.stock = state
	}
}

// addOffer takes the price of a variant when it is the better offer: one that can be bought
// before one that cannot, then the cheaper by what it costs now. Of equal ones the first stays.
func (f *family) addOffer(o offer) {
	if f.priced && (f.sellable && !o.sellable || f.sellable == o.sellable && f.now() <= o.now()) {
		return
	}
	f.offer, f.priced = o, true
}

// join takes the variants of another family in, which has some.
func (f *family) join(other *family) {
	f.members += other.members
	f.quantity += other.quantity
	f.counted = f.counted && other.counted
	f.addState(other.stock)
	if other.priced {
		f.addOffer(other.offer)
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
