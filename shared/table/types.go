package table

import "strings"

// EventType returns the type of event that a usual word of event logs means, such as view_item for "view"; ok is false when the word is
// none.
func EventType(word string) (eventType string, ok bool) {
	eventType, ok = eventTypes()[strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(word))]
	return eventType, ok
}

// eventTypes maps words, without blanks and dashes, to types. A word for a page alone is
// page_view: only a word for a product is a view of an item.
func eventTypes() map[string]string {
	return map[string]string{
		"view": "view_item", "pv": "view_item", "pageview": "page_view", "detail": "view_item", "productview": "view_item",
		"itemview": "view_item", "viewitem": "view_item",
		"cart": "add_to_cart", "addtocart": "add_to_cart", "addcart": "add_to_cart", "basket": "add_to_cart",
		"removefromcart": "remove_from_cart",
		"transaction":    "purchase", "buy": "purchase", "order": "purchase", "sale": "purchase", "purchase": "purchase",
		"bought": "purchase",
		"fav":    "add_to_wishlist", "favorite": "add_to_wishlist", "favourite": "add_to_wishlist", "wishlist": "add_to_wishlist",
		"addtowishlist": "add_to_wishlist",
		"rating":        "rate", "review": "review", "rezension": "review", "return": "refund", "refund": "refund",
		"productviewed": "view_item", "productclicked": "select_item", "productadded": "add_to_cart", "productremoved": "remove_from_cart",
		"productaddedtowishlist": "add_to_wishlist", "productlistviewed": "view_item_list", "cartviewed": "view_cart",
		"checkoutstarted": "begin_checkout", "ordercompleted": "purchase", "orderrefunded": "refund", "productssearched": "search",
		"vieweditem": "view_item", "viewedproduct": "view_item", "addedtocart": "add_to_cart", "orderedproduct": "purchase",
		"kauf": "purchase", "achat": "purchase", "compra": "purchase",
	}
}
