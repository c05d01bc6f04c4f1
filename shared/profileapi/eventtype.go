package profileapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/names"
)

// EventWeights says what each type of event weighs for ranking. A type that is not in it does not exist.
type EventWeights map[string]float64

// DefaultEventWeights returns the weights as delivered. A purchase and a refund weigh this much per line.
func DefaultEventWeights() EventWeights {
	return EventWeights{
		"view_item": 1, "select_item": 1, "add_to_wishlist": 2, "add_to_cart": 3, "remove_from_cart": -1, "purchase": 5, "refund": -5,
		"rate": 0, "review": 0, "like": 2, "not_interested": -2, "share": 1.5, "view_item_list": 0, "search": 0, "view_cart": 0,
		"begin_checkout": 0, "page_view": 0, "add_shipping_info": 0, "add_payment_info": 0, "view_promotion": 0, "select_promotion": 0,
	}
}

// neutralRating is the rating that says nothing, highestRating the best.
const neutralRating, highestRating = 3, 5

// Of returns the weight of a line of an event. A rate event weighs its rating, which value is, minus 3.
func (w EventWeights) Of(eventType string, value *float64) float64 {
	if eventType == "rate" && value != nil {
		return *value - neutralRating
	}
	return w[eventType]
}

// Teaches returns what a line of an event weighs in what models learn from. It is Of but for a rating, low or high, which says first of all
// that somebody had the item: .4 of it, so that the highest teaches as much as it weighs, and of one that is not above 3 half of that, so
// that it lies well below the others and is no item that a model should have found. That it was low is the visitor's taste, not a likeness
// of items.
func (w EventWeights) Teaches(eventType string, value *float64) float64 {
	if eventType != "rate" || value == nil {
		return w[eventType]
	}
	teaches := *value * (highestRating - neutralRating) / highestRating
	if *value <= neutralRating {
		teaches /= 2
	}
	return teaches
}

// Types returns the types in order.
func (w EventWeights) Types() []string { return slices.Sorted(maps.Keys(w)) }

// UnknownTypes reports those of a list at pointer that do not exist.
func (w EventWeights) UnknownTypes(pointer string, list []string) (bad []apierror.FieldError) {
	for n, name := range list {
		if _, ok := w[name]; !ok {
			bad = append(bad, apierror.FieldError{Pointer: pointer + "/" + strconv.Itoa(n), Code: "unknown_type", Detail: w.Unknown(name)})
		}
	}
	return bad
}

// Unknown says of a name that it is no type, and what to use.
func (w EventWeights) Unknown(name string) string {
	if near := names.Nearest(name, w.Types()); near != "" {
		return "is not a type of event: " + near + " is near it"
	}
	return "is not a type of event: use " + strings.Join(w.Types(), ", ")
}

// EventTypes is the answer that lists the types of event that an installation knows.
type EventTypes struct {
	Weights EventWeights `json:"weights" doc:"What each type weighs for ranking: a rating itself minus 3, a purchase or refund each line"`
}

// EventTypes returns the types of event that the installation knows.
func (c *Client) EventTypes(ctx context.Context) (EventTypes, error) {
	return httpclient.JSON[EventTypes](ctx, c.http, http.MethodGet, "/v1/events/types", nil, nil)
}
