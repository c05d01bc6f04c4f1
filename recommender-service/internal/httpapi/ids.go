package httpapi

import (
	"strconv"

	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// ids reports texts of a request that cannot be ids. Peers would refuse them, and an answer would seem to lack a peer that is well.
type ids struct {
	problems *rules.Problems
	prefix   string // pointer to the request
}

// wrong reports an id; pointer is relative to the request.
func (c ids) wrong(pointer, why string) {
	c.problems.Fields = append(c.problems.Fields, apierror.FieldError{Pointer: c.prefix + pointer, Code: "invalid_id", Detail: why})
}

// optional refuses a bad id; an empty one is absent.
func (c ids) optional(pointer, id string) {
	if id == "" {
		return
	}
	if why := wire.InvalidID(id); why != "" {
		c.wrong(pointer, why)
	}
}

// list refuses bad ids of a list, empty ones too.
func (c ids) list(pointer string, list []string) {
	for n, id := range list {
		if why := wire.InvalidID(id); why != "" {
			c.wrong(pointer+"/"+strconv.Itoa(n), why)
		}
	}
}

// visitor checks who asks and what the visitor just did. Events of a request are checked as
// those that are posted, as far as an answer depends on them: type, item and rating. types are
// those of the shop.
func (c ids) visitor(userID, sessionID string, events []profileapi.Event, types profileapi.EventWeights) {
	c.optional("/user_id", userID)
	c.optional("/session_id", sessionID)
	for n := range events {
		e, at := &events[n], "/events/"+strconv.Itoa(n)
		if e.ItemID == "" && len(e.Items) == 0 && e.Type != "search" {
			c.problems.Fields = append(c.problems.Fields, apierror.FieldError{
				Pointer: c.prefix + at + "/item_id", Code: "required", Detail: "an event carried in a request needs item_id or items",
			})
		}
		if _, known := types[e.Type]; !known {
			c.problems.Fields = append(c.problems.Fields, apierror.FieldError{
				Pointer: c.prefix + at + "/type", Code: "unknown_type", Detail: types.Unknown(e.Type),
			})
		}
		if e.Type == "rate" && (e.Value == nil || *e.Value < 1 || *e.Value > 5) {
			c.problems.Fields = append(c.problems.Fields, apierror.FieldError{
				Pointer: c.prefix + at + "/value", Code: "invalid_rating", Detail: "a rate event needs its rating, 1 to 5",
			})
		}
		c.optional(at+"/user_id", e.UserID)
		c.optional(at+"/session_id", e.SessionID)
		c.optional(at+"/item_id", e.ItemID)
		for m := range e.Items {
			if why := wire.InvalidID(e.Items[m].ItemID); why != "" {
				c.wrong(at+"/items/"+strconv.Itoa(m)+"/item_id", why)
			}
		}
	}
}

// items checks the items that a request names.
func (c ids) items(r *recommenderapi.Request) {
	c.list("/cart", r.Cart)
	c.list("/context_items", r.ContextItems)
	c.list("/exclude_items", r.ExcludeItems)
}

// refusal is the answer to a request with problems; nil when there are none.
func refusal(p *rules.Problems) error {
	if len(p.Fields) == 0 {
		return nil
	}
	return apierror.Invalid("The request cannot be answered as it is.", p.Fields...)
}
