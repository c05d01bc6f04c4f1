package event

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/names"
)

// The codes of warnings of members that are no fields.
const (
	codeUnknownField = "unknown_field"
	CodeNearField    = "near_field" // the name is nearly that of a field, or what others call it
)

// foreignMark reports whether a member of this name tells of another system's form of events; see package foreign.
// One such member is enough to try the translation: what it does not know stays an event of
// ours with an unknown field.
func foreignMark(name []byte) bool {
	switch string(name) {
	case "event", "name", "params", "ecommerce", "messageId", "anonymousId", "event_properties", "event_timestamp":
		return true
	}
	return false
}

// isCallType reports whether a type is the kind of a call of Segment's libraries, {"type":
// "track", "event": …}, in which it is no type of event.
func isCallType(name []byte) bool {
	switch string(name) {
	case "track", "page", "screen", "identify", "group", "alias":
		return true
	}
	return false
}

// eventNames are the fields of an event, and what they are called elsewhere: Gorse, Recombee, Algolia, GA4 and Segment.
// They are for messages only: an event is never read by a name that was not meant for it.
var eventNames = names.Table{
	Fields: []string{
		"event_id", "type", "occurred_at", "user_id", "session_id", "item_id", "items", "order_id", "value", "recommendation_id",
		"position", "currency", "page", "channel",
		"consent", "properties", "rating", "text",
	},
	Synonyms: map[string]string{
		"event": "type", "eventname": "type", "eventtype": "type", "feedbacktype": "type", "name": "type", "action": "type",
		"timestamp": "occurred_at", "time": "occurred_at", "eventtime": "occurred_at", "date": "occurred_at", "createdat": "occurred_at",
		"ts":        "occurred_at",
		"usertoken": "user_id", "customerid": "user_id", "customer": "user_id", "user": "user_id", "uid": "user_id", "userid": "user_id",
		"visitorid": "session_id", "anonymousid": "session_id", "clientid": "session_id", "deviceid": "session_id",
		"productid": "item_id", "product": "item_id", "sku": "item_id", "item": "item_id",
		"products": "items", "objectids": "items", "lines": "items", "lineitems": "items",
		"transactionid": "order_id", "order": "order_id", "stars": "rating", "revenue": "value", "total": "value", "amount": "value",
		"recommid": "recommendation_id", "queryid": "recommendation_id", "messageid": "event_id", "id": "event_id", "url": "page",
		"metadata": "properties", "attributes": "properties", "reviewtext": "text", "reviewbody": "text", "comment": "text",
	},
}

// lineNames are the fields of a line.
var lineNames = names.Table{
	Fields: []string{"item_id", "quantity", "price", "recommendation_id"},
	Synonyms: map[string]string{
		"qty": "quantity", "count": "quantity", "amount": "quantity", "productid": "item_id", "sku": "item_id", "id": "item_id",
		"objectid": "item_id", "product": "item_id",
		"unitprice": "price", "recommid": "recommendation_id",
	},
}

// describesItem reports whether a member of a line describes the product, as GA4's and Segment's lines do: the catalogue knows it better.
func describesItem(name string) bool {
	switch name {
	case "index", "affiliation", "coupon", "discount", "location_id", "name", "brand", "category", "variant", "currency",
		"image_url", "url",
		"promotion_id", "promotion_name", "creative_name", "creative_slot", "google_business_vertical":
		return true
	}
	return strings.HasPrefix(name, "item_")
}

// unknownOfLine warns of a member of a line that is no field.
func (d *decoder) unknownOfLine(line, name string) {
	pointer := apierror.PointerTo(line, name)
	if field, ok := lineNames.Meant(name); ok {
		d.warn(pointer, CodeNearField, fmt.Sprintf("%.64q is not a field of a line and is left out. Is %s meant?", name, field))
		return
	}
	d.warn(
		pointer, codeUnknownField,
		fmt.Sprintf("%.64q is not a field of a line and is left out. item_id, quantity, price and recommendation_id are.", name),
	)
}

// nameUnknown warns of members that are no fields. Such a member costs the event nothing; it is
// told because a misspelt name loses what it was to say.
func (d *decoder) nameUnknown() {
	for _, name := range d.unknown {
		pointer := apierror.PointerTo("", name)
		if field, ok := eventNames.Meant(name); ok {
			d.warn(pointer, CodeNearField, fmt.Sprintf("%.64q is not a field and is left out. Is %s meant?", name, field))
		} else {
			d.warn(
				pointer, codeUnknownField,
				fmt.Sprintf("%.64q is not a field and is left out. Put what is to be kept into properties.", name),
			)
		}
	}
}

// mend says which member that is no field was meant for one of fields; "" for none.
func (d *decoder) mend(fields ...string) string {
	for _, name := range d.unknown {
		if field, ok := eventNames.Meant(name); ok && slices.Contains(fields, field) {
			return fmt.Sprintf(" %.64q is not a field: name it %s.", name, field)
		}
	}
	return ""
}

// meant says which type somebody meant who wrote another name; "" when nothing is near.
func (r *Rules) meant(name string) string {
	best := names.Nearest(name, slices.Collect(maps.Keys(r.canonical)))
	if other := typeWord(names.Plain(name)); other != "" {
		best = other
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Is %q meant?", r.canonical[best])
}

// typeWord returns the type that a usual word for one means, a word that is no name of any vocabulary; "" for none.
func typeWord(word string) string {
	switch word {
	case "view", "read", "detailview", "productview":
		return "view_item"
	case "click":
		return "select_item"
	case "cart", "addtocart":
		return "add_to_cart"
	case "buy", "order", "transaction", "conversion":
		return "purchase"
	case "checkout":
		return "begin_checkout"
	case "dislike", "hide":
		return "not_interested"
	case "star", "favorite", "favourite":
		return "like"
	case "bookmark":
		return "add_to_wishlist"
	case "rating":
		return "rate"
	case "impression":
		return "view_item_list"
	case "return":
		return "refund"
	}
	return ""
}
