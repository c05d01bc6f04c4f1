package tune

import (
	"slices"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// visitGap is how long a visitor may do nothing within one visit.
const visitGap = 30 * time.Minute

// action is one item that a visitor did something with.
type action struct {
	item string
	kind string // type of the event
	at   time.Time
}

// visit is what a visitor did without a long pause: distinct items in order of their first touch.
type visit []action

// person is what is known of one visitor.
type person struct {
	user, session string // how a request names the visitor: one of them is set
	known         bool   // did something before the cut
	seen          map[string]bool
	bought        map[string]bool
	lastOrder     []string // before the cut
	visits        []visit  // from the cut on, by time
	orders        [][]string
}

// interest tells the types of event that say that a visitor cares for an item.
func interest(e *profileapi.Event) bool {
	switch e.Type {
	case "view_item", "select_item", "add_to_wishlist", "add_to_cart", "purchase", "like", "share":
		return true
	case "rate":
		return e.Value != nil && *e.Value > 3
	}
	return false
}

// people reads visitors out of a cut shop, by user or session. What came before the cut says
// whom they are known as; what came after it, where it shows interest, is what questions are
// made of.
func people(s *Split) map[string]*person {
	all := map[string]*person{}
	of := func(e *profileapi.Event) *person {
		p := all[visitorOf(e)]
		if p == nil {
			p = &person{user: e.UserID, seen: map[string]bool{}, bought: map[string]bool{}}
			if e.UserID == "" {
				p.session = e.SessionID
			}
			all[visitorOf(e)] = p
		}
		return p
	}
	for n := range s.Past {
		e := &s.Past[n]
		p := of(e)
		p.known = true
		items := itemsOf(e)
		for _, id := range items {
			p.seen[id] = true
			if e.Type == "purchase" {
				p.bought[id] = true
			}
		}
		if e.Type == "purchase" {
			p.lastOrder = distinct(items)
		}
	}
	sessions := map[*person]string{}
	for n := range s.Held {
		e := &s.Held[n]
		if !interest(e) {
			continue
		}
		p := of(e)
		p.visited(e, sessions[p] != e.SessionID)
		sessions[p] = e.SessionID
		if e.Type == "purchase" {
			p.orders = append(p.orders, distinct(itemsOf(e)))
		}
	}
	return all
}

// visited adds an event to the visit under way, or begins one: after a pause, or in another
// session.
func (p *person) visited(e *profileapi.Event, otherSession bool) {
	at := e.OccurredAt.Time
	last := len(p.visits) - 1
	if last < 0 || otherSession || len(p.visits[last]) > 0 && at.Sub(p.visits[last][len(p.visits[last])-1].at) > visitGap {
		p.visits = append(p.visits, nil)
		last++
	}
	for _, id := range itemsOf(e) {
		if !slices.ContainsFunc(p.visits[last], func(t action) bool { return t.item == id }) {
			p.visits[last] = append(p.visits[last], action{id, e.Type, at})
		}
	}
}

// distinct returns items without repeats in order of first appearance.
func distinct(items []string) []string {
	seen := make(map[string]bool, len(items))
	out := make([]string, 0, len(items))
	for _, id := range items {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
