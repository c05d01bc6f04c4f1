package visitor

import (
	"slices"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// Cart returns the items in the visitor's cart, the latest first: those that the profile names, else those that the session put there.
func (v *Visitor) Cart() []string {
	if v.cart != nil {
		return v.cart
	}
	return v.CartFromSession()
}

// cartOf lists the items of a cart; nil when the profile does not tell of one.
func cartOf(p *profileapi.Profile) []string {
	if p.Cart == nil {
		return nil
	}
	ids := make([]string, len(p.Cart))
	for n := range p.Cart {
		ids[n] = p.Cart[n].ItemID
	}
	return ids
}

// bought lists what a visitor bought and did not give back.
func bought(p *profileapi.Profile) []profileapi.PurchasedItem {
	if !slices.ContainsFunc(p.Purchased, givenBack) {
		return p.Purchased
	}
	return slices.DeleteFunc(slices.Clone(p.Purchased), givenBack)
}

func givenBack(p profileapi.PurchasedItem) bool { return p.Quantity <= 0 }

// carry notes an event in the cart, if the profile tells of one. The list of a visitor is shared: it is copied, not changed.
func (v *Visitor) carry(id, eventType string) {
	if v.cart == nil {
		return
	}
	switch eventType {
	case "add_to_cart", "remove_from_cart", "purchase":
		kept := make([]string, 0, len(v.cart)+1)
		if eventType == "add_to_cart" {
			kept = append(kept, id)
		}
		for _, have := range v.cart {
			if have != id {
				kept = append(kept, have)
			}
		}
		v.cart = kept
	}
}

// buy notes that the visitor bought so many of an item.
func (v *Visitor) buy(id string, quantity float64) {
	v.Purchased = append([]profileapi.PurchasedItem{{ItemID: id, Count: 1, Quantity: quantity}}, v.Purchased...)
}

// giveBack takes so many of an item back, the latest bought first.
func (v *Visitor) giveBack(id string, quantity float64) {
	list := slices.Clone(v.Purchased)
	for n := range list {
		if p := &list[n]; p.ItemID == id {
			taken := min(p.Quantity, quantity)
			p.Quantity, quantity = p.Quantity-taken, quantity-taken
		}
	}
	v.Purchased = slices.DeleteFunc(list, givenBack)
}
