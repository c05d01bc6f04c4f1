package event

// Weights says what each type of event weighs for ranking; a type that is not in it is not accepted.
type Weights map[string]float64

// DefaultWeights returns the weights of the documentation. A rate event weighs its rating minus 3 instead; a purchase and a refund weigh
// this much per line.
func DefaultWeights() Weights {
	return Weights{
		"view_item": 1, "select_item": 1, "add_to_wishlist": 2, "add_to_cart": 3, "remove_from_cart": -1, "purchase": 5, "refund": -5,
		"rate": 0, "like": 2, "not_interested": -2, "share": 1.5, "view_item_list": 0, "search": 0, "view_cart": 0, "begin_checkout": 0,
		"page_view": 0, "add_shipping_info": 0, "add_payment_info": 0, "view_promotion": 0, "select_promotion": 0,
	}
}

// The types with a meaning of their own.
const (
	TypePurchase       = "purchase"
	TypeRefund         = "refund"
	TypeRate           = "rate"
	TypeNotInterested  = "not_interested"
	TypeAddToCart      = "add_to_cart"
	TypeRemoveFromCart = "remove_from_cart"
)

// neutralRating is the rating that says nothing: a rate event weighs its rating minus this.
const neutralRating = 3

// Of returns the weight of a line of an event of this type; value is the rating of a rate event.
func (w Weights) Of(eventType string, value *float64) float64 {
	if eventType == TypeRate && value != nil {
		return *value - neutralRating
	}
	return w[eventType]
}

// canonicalTypes maps the names of Segment's and Google Retail's vocabularies to GA4's, so that an existing data layer can be forwarded.
func canonicalTypes() map[string]string {
	return map[string]string{
		"Product Viewed": "view_item", "Product Clicked": "select_item", "Product Added": "add_to_cart", "Product Removed": "remove_from_cart",
		"Product Added to Wishlist": "add_to_wishlist", "Product Shared": "share", "Product List Viewed": "view_item_list",
		"Products Searched": "search", "Cart Viewed": "view_cart", "Checkout Started": "begin_checkout", "Order Completed": "purchase",
		"Order Refunded": "refund", "Product Reviewed": "rate", "Payment Info Entered": "add_payment_info", "Promotion Viewed": "view_promotion",
		"Promotion Clicked": "select_promotion", "Page Viewed": "page_view",
		"detail-page-view": "view_item", "purchase-complete": "purchase", "shopping-cart-page-view": "view_cart",
		"category-page-view": "view_item_list", "home-page-view": "page_view",
		"view-item": "view_item", "view-home-page": "page_view", "view-category-page": "view_item_list",
		"add-to-cart": "add_to_cart", "remove-from-cart": "remove_from_cart",
	}
}

// needsItem reports whether an event means nothing without an item. A refund of an order without lines gives all of it back.
func (w Weights) needsItem(e *Event) bool {
	if e.Type == TypeRefund && e.OrderID != "" {
		return false
	}
	return e.Type == TypeRate || w[e.Type] != 0
}

// LearnedBy returns the types that a relation learns from; nil means every type with a weight. ok is false for an unknown relation.
func LearnedBy(relation string) (types []string, ok bool) {
	switch relation {
	case "", "similar":
		return nil, true
	case "bought_together":
		return []string{TypePurchase}, true
	case "viewed_next":
		return []string{"add_to_cart", "select_item", "view_item"}, true // the lines of an order have no order among themselves
	}
	return nil, false
}
