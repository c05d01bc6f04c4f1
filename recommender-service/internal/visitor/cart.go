package visitor

import "slices"

// carry notes an event in the cart. The list of a visitor is shared: it is copied, not changed.
func (v *Visitor) carry(id, eventType string) {
	switch eventType {
	case "add_to_cart", "remove_from_cart", "purchase":
		kept := make([]string, 0, len(v.Cart)+1)
		if eventType == "add_to_cart" {
			kept = append(kept, id)
		}
		for _, have := range v.Cart {
			if have != id {
				kept = append(kept, have)
			}
		}
		v.Cart = kept
	}
}

// buy notes that the visitor bought so many of an item.
func (v *Visitor) buy(id string, quantity float64) {
	v.Purchased = append([]Bought{{ItemID: id, Item: Unknown, Quantity: quantity}}, v.Purchased...)
}

// giveBack takes so many of an item back, the latest bought first.
func (v *Visitor) giveBack(id string, quantity float64) {
	list := slices.Clone(v.Purchased)
	for n := range list {
		if b := &list[n]; b.ItemID == id {
			taken := min(b.Quantity, quantity)
			b.Quantity, quantity = b.Quantity-taken, quantity-taken
		}
	}
	v.Purchased = slices.DeleteFunc(list, func(b Bought) bool { return b.Quantity <= 0 })
}
