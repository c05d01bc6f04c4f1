// Package visitorstate is what recommending needs to know of a visitor, and its compact binary form. The profile-service keeps one state
// per visitor and moves it on with each event; the recommender-service reads it as it is. The package only holds and encodes: what an event
// does to a state is said by the profile-service. The form is described in docs/visitor-state.md.
package visitorstate

import (
	"math"
	"time"
)

// MaxItems is how many items a state holds that were only looked at, and MaxKept how many that were bought, are unwanted or in the cart:
// those may not be offered again, and so are remembered for longer. Beyond it the item touched longest ago goes first.
const (
	MaxItems = 500
	MaxKept  = 2000
)

// MaxPurchases is how many purchases of one item are remembered, the latest.
const MaxPurchases = 10

// MaxTypes is how many different types of events a state can name; further ones count as the last.
const MaxTypes = 32

// State is what is known of one visitor. The zero value is a visitor of whom nothing is known.
type State struct {
	Seq       int64  // of the last event that it was moved on by: its version
	LastEvent string // id of that event
	Weights   uint32 // fingerprint of the event weights and half-life that it was made with
	SessionID string // of the latest event that named one beside the user; Session speaks of it

	Types   []string // of events, in the order in which they were first seen; Item.Types and Item.Top refer to it
	Items   []Item   // distinct items, the last touched first
	Session []Item   // the same for the present session of a known user
}

// Item is one item of a visitor's history. Times are epoch milliseconds.
type Item struct {
	ID              string
	FirstMs, LastMs int64
	Count           uint32  // events that touched it; 0 for one that is only here because it is hidden
	Types           uint32  // bit k stands for State.Types[k]
	Top             uint8   // index of the type with the largest absolute weight
	Strongest       float32 // that absolute weight
	Weight          float32 // sum of what its events weigh for models
	Decayed         float32 // sum of weights, each decayed to LastMs
	Disliked        float32 // the part of Decayed that not_interested brought
	Purchases       []Purchase
	Cart            float32 // quantity in the cart; 0: not in it
	CartMs          int64   // when it was put there last
	Hidden          bool    // marked not_interested
	Rating          float32 // the latest, 1 to 5; 0: none
	RatedMs         int64
}

// Purchase is one order of an item.
type Purchase struct {
	AtMs     int64
	Order    uint32  // hash of the order id; 0 where the event named none
	Quantity float32 // net of refunds; above 0
}

// lowRating is the highest rating that hides an item.
const lowRating = 2

// Unwanted reports whether the visitor does not want to see the item: marked not_interested, or rated 2 or less.
func (it *Item) Unwanted() bool { return it.Hidden || it.Rating > 0 && it.Rating <= lowRating }

// Kept reports whether the item is remembered for longer than what was only looked at.
func (it *Item) Kept() bool { return len(it.Purchases) > 0 || it.Cart > 0 || it.Unwanted() }

// Quantity is how many of the item the visitor bought, net of refunds.
func (it *Item) Quantity() float64 {
	sum := 0.0
	for _, p := range it.Purchases {
		sum += float64(p.Quantity)
	}
	return sum
}

// DecayedAt is the sum of weights with each event decayed by its age at a moment; a future event counts as present.
func (it *Item) DecayedAt(at time.Time, halfLife time.Duration) float64 {
	return float64(it.Decayed) * Decay(at.UnixMilli()-it.LastMs, halfLife)
}

// Decay is 2^(−age/halfLife), at most 1; the age is in milliseconds.
func Decay(ageMs int64, halfLife time.Duration) float64 {
	return math.Exp2(-float64(max(0, ageMs)) / float64(halfLife.Milliseconds()))
}

// Find returns the place of an item, −1 when it is not there.
func (s *State) Find(itemID string) int {
	for n := range s.Items {
		if s.Items[n].ID == itemID {
			return n
		}
	}
	return -1
}

// TypesOf returns the names of an item's types in the order of State.Types.
func (s *State) TypesOf(it *Item) []string {
	var names []string
	for k, name := range s.Types {
		if it.Types&(1<<k) != 0 {
			names = append(names, name)
		}
	}
	return names
}
