package event

import "github.com/aisle-rec/aisle/shared/profileapi"

// Weights says what each type of event weighs for ranking; a type that is not in it is not accepted.
type Weights = profileapi.EventWeights

// The types with a meaning of their own.
const (
	// Other types differ in what they weigh only.
	TypeView           = "view_item"
	TypeSelect         = "select_item"
	TypePurchase       = "purchase"
	TypeRefund         = "refund"
	TypeRate           = "rate"
	TypeReview         = "review"
	TypeNotInterested  = "not_interested"
	TypeAddToCart      = "add_to_cart"
	TypeRemoveFromCart = "remove_from_cart"
)

// canonicalTypes maps the names of Segment's and Google Retail's vocabularies to GA4's, so that an existing data layer can be forwarded.
func canonicalTypes() map[string]string {
	return map[string]string{
		"Product Viewed": "view_item", "Product Clicked": "select_item", "Product Added": "add_to_cart",
		"Product Removed":           "remove_from_cart",
		"Product Added to Wishlist": "add_to_wishlist", "Product Shared": "share", "Product List Viewed": "view_item_list",
		"Products Searched": "search", "Cart Viewed": "view_cart", "Checkout Started": "begin_checkout", "Order Completed": "purchase",
		"Order Refunded": "refund", "Product Reviewed": "rate", "Payment Info Entered": "add_payment_info",
		"Promotion Viewed":  "view_promotion",
		"Promotion Clicked": "select_promotion", "Page Viewed": "page_view",
		"detail-page-view": "view_item", "purchase-complete": "purchase", "shopping-cart-page-view": "view_cart",
		"category-page-view": "view_item_list", "home-page-view": "page_view",
		"view-item": "view_item", "view-home-page": "page_view", "view-category-page": "view_item_list",
		"add-to-cart": "add_to_cart", "remove-from-cart": "remove_from_cart",
	}
}

// needsItem reports whether an event means nothing without an item. A refund of an order without lines gives all of it back.
// Types without a weight, such as search, need none.
func needsItem(w Weights, e *Event) bool {
	if e.Type == TypeRefund && e.OrderID != "" {
		return false
	}
	return e.Type == TypeRate || e.Type == TypeReview || w[e.Type] != 0
}

// LearnedBy returns the types that a relation learns from; nil means every type with a weight. ok is false for an unknown relation.
// The lists are the caller's.
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
