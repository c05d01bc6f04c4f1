// Package visitor brings together what is known of a visitor: the profile and the events carried in the request. It is pure: no network, no
// clock. The main type is Visitor.
package visitor

import (
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// Unknown is the index of an item that the catalogue has never heard of.
const Unknown int32 = -1

// Touched is one item of a visitor's history.
type Touched struct {
	ItemID   string
	Item     int32    // index of the item in the catalogue; Unknown when it had none as the visitor was read
	Type     string   // of the heaviest event
	Types    []string // sorted
	Weight   float64  // between −1 and 1: how much the visitor cares
	AgeHours float64
	LastMs   int64
}

// Visitor is what a recommendation knows of who asks.
type Visitor struct {
	UserID, SessionID string
	Known             bool // something is known beyond the request
	Personal          bool // consent to personalisation
	History           []Touched
	Session           []Touched // of this session; the latest first
	Purchased         []profileapi.PurchasedItem
	Hidden            []string
	Categories        []profileapi.AffinityValue
	Brands            []profileapi.AffinityValue
	Segments          []string
	Attributes        map[string]any
	Locale            string
	AsOf              time.Time
	LastEventID       string
	Watermark         int64
	cart              []string // nil: the profile does not tell
}

// EventTypes lists the types of events that there are.
func EventTypes() []string {
	return []string{
		"view_item", "select_item", "add_to_wishlist", "add_to_cart", "remove_from_cart", "purchase", "refund", "rate", "like", "not_interested", "share", "view_item_list", "search",
		"view_cart", "begin_checkout",
	}
}

// weights are what types of events weigh, for events that are carried in a request. They are the profile-service's defaults.
func weights(eventType string) (float64, bool) {
	switch eventType {
	case "view_item", "select_item":
		return 1, true
	case "add_to_wishlist", "like":
		return 2, true
	case "share":
		return 1.5, true
	case "add_to_cart":
		return 3, true
	case "remove_from_cart":
		return -1, true
	case "purchase":
		return 5, true
	case "refund":
		return -5, true
	case "not_interested":
		return -2, true
	}
	return 0, false
}

// Saturate maps a decayed weight to (−1, 1): a second event says less than the first, and no item drowns the others.
func Saturate(w float64) float64 { return w / (1 + math.Abs(w)) }

// Joined returns the weight of two items taken for one. A weight of 1, as of one that has faded and was refreshed, stays 1.
func Joined(a, b float64) float64 {
	if math.Abs(a) >= 1 || math.Abs(b) >= 1 {
		return max(-1, min(1, a+b))
	}
	return Saturate(desaturate(a) + desaturate(b))
}

// Cold returns a visitor of whom nothing is known.
func Cold(userID, sessionID string, now time.Time) *Visitor {
	return &Visitor{UserID: userID, SessionID: sessionID, Personal: true, AsOf: now}
}

// Of returns the visitor that a profile describes.
func Of(p *profileapi.Profile) *Visitor {
	v := &Visitor{
		UserID: p.UserID, SessionID: p.SessionID, Known: p.Known, AsOf: p.AsOf.Time, LastEventID: p.LastEventID, Watermark: p.Watermark,
		Personal: p.Consent.AllowsPersonalization(),
	}
	if !v.Personal {
		return v
	}
	v.History, v.Session = touched(p.Recent), touched(p.Session)
	v.Purchased, v.Hidden, v.cart = bought(p), p.Hidden, cartOf(p)
	v.Categories, v.Brands = p.Affinity.Categories, p.Affinity.Brands
	v.Segments, v.Attributes, v.Locale = p.Segments, p.Attributes, p.Locale
	return v
}

// Catalogue is what a visitor is joined with.
type Catalogue interface {
	// Find returns the index of an item; a negative one for an item that it does not know.
	Find(id string) int32
	// ID returns the id of an index.
	ID(i int32) string
	// Category and Brand return the number of a name; a negative one for a name that it does not know.
	Category(path string) int32
	Brand(name string) int32
	// Name returns the name of a number.
	Name(n int32) string
}

// Join gives the items of the history their indices, and has all texts that the catalogue or the types have taken from there: there are many visitors, and
// each text is kept once.
func (v *Visitor) Join(c Catalogue, types *Types) {
	for _, list := range [][]Touched{v.History, v.Session} {
		for n := range list {
			t := &list[n]
			if t.Item = max(Unknown, c.Find(t.ItemID)); t.Item >= 0 {
				t.ItemID = c.ID(t.Item)
			}
			t.Types = types.shared(t.Types)
			if at := slices.Index(t.Types, t.Type); at >= 0 {
				t.Type = t.Types[at]
			}
		}
	}
	for n := range v.Purchased {
		if i := c.Find(v.Purchased[n].ItemID); i >= 0 {
			v.Purchased[n].ItemID = c.ID(i)
		}
	}
	share := func(values []profileapi.AffinityValue, number func(string) int32) []profileapi.AffinityValue {
		own := make([]profileapi.AffinityValue, len(values)) // a decoder leaves room behind the last
		for n, value := range values {
			if k := number(value.Value); k >= 0 {
				value.Value = c.Name(k)
			}
			own[n] = value
		}
		return own
	}
	v.Categories, v.Brands = share(v.Categories, c.Category), share(v.Brands, c.Brand)
}

// Types keeps lists of event types, each once. The zero value works; it is safe for concurrent use.
type Types struct {
	mu    sync.Mutex
	lists map[string][]string
}

// manyTypes bounds the lists; events have a dozen types, of which few go together.
const manyTypes = 1000

// shared returns a list that is equal to the given one.
func (t *Types) shared(list []string) []string {
	name := strings.Join(list, "\x00")
	t.mu.Lock()
	defer t.mu.Unlock()
	if have, ok := t.lists[name]; ok {
		return have
	}
	if t.lists == nil {
		t.lists = map[string][]string{}
	}
	if len(t.lists) < manyTypes {
		t.lists[name] = list
	}
	return list
}

// Bytes is about what the visitor takes in memory.
func (v *Visitor) Bytes() int {
	const visitor, touched, purchased, value = 600, 100, 160, 40
	return visitor + touched*(len(v.History)+len(v.Session)) + purchased*len(v.Purchased) + value*(len(v.Hidden)+len(v.cart)+len(v.Categories)+len(v.Brands)+len(v.Segments)+len(v.Attributes))
}

func touched(items []profileapi.ProfileItem) []Touched {
	list := make([]Touched, len(items))
	for n := range items {
		it := &items[n]
		list[n] = Touched{ItemID: it.ItemID, Item: Unknown, Type: it.Type, Types: it.Types, Weight: Saturate(it.Decayed), AgeHours: it.AgeHours, LastMs: it.LastAt.UnixMilli()}
	}
	return list
}

// Add puts events that were not posted yet before the history, as if they had been. It does nothing without consent.
func (v *Visitor) Add(events []profileapi.Event, now time.Time) {
	if !v.Personal {
		return
	}
	for i := range events {
		e := &events[i]
		weight, known := weights(e.Type)
		if e.Type == "rate" && e.Value != nil {
			weight, known = *e.Value-3, true
		}
		if !known {
			continue
		}
		at := e.OccurredAt.Time
		if at.IsZero() || at.After(now) {
			at = now
		}
		for _, line := range linesOf(e) {
			v.add(line.ItemID, e.Type, weight, at, now)
			v.carry(line.ItemID, e.Type)
			switch e.Type {
			case "purchase":
				v.buy(line.ItemID, quantityOf(&line))
			case "refund":
				v.giveBack(line.ItemID, quantityOf(&line))
			}
		}
	}
}

// linesOf returns the lines of an event; its own item is short for a single one.
func linesOf(e *profileapi.Event) []profileapi.EventItem {
	if e.ItemID != "" {
		return []profileapi.EventItem{{ItemID: e.ItemID}}
	}
	return e.Items
}

func quantityOf(line *profileapi.EventItem) float64 {
	if line.Quantity == nil {
		return 1
	}
	return *line.Quantity
}

func (v *Visitor) add(id, eventType string, weight float64, at, now time.Time) {
	if (eventType == "not_interested" || eventType == "rate" && weight < 0) && !slices.Contains(v.Hidden, id) {
		v.Hidden = append(slices.Clone(v.Hidden), id)
	}
	t := Touched{ItemID: id, Item: Unknown, Type: eventType, Types: []string{eventType}, Weight: Saturate(weight), AgeHours: now.Sub(at).Hours(), LastMs: at.UnixMilli()}
	v.History, v.Session = putFirst(v.History, t), putFirst(v.Session, t)
}

// putFirst adds t to a list or joins it with the entry of its item, which becomes the first.
func putFirst(list []Touched, t Touched) []Touched {
	n := slices.IndexFunc(list, func(o Touched) bool { return o.ItemID == t.ItemID })
	if n >= 0 {
		old := list[n]
		if math.Abs(old.Weight) > math.Abs(t.Weight) {
			t.Type = old.Type
		}
		t.Weight = Saturate(desaturate(old.Weight) + desaturate(t.Weight))
		t.Types, t.Item = union(old.Types, t.Types), old.Item
		list = slices.Delete(slices.Clone(list), n, n+1)
	}
	return append([]Touched{t}, list...)
}

// desaturate is the inverse of Saturate.
func desaturate(s float64) float64 { return s / (1 - math.Abs(s)) }

func union(a, b []string) []string {
	u := slices.Concat(a, b)
	slices.Sort(u)
	return slices.Compact(u)
}

// CartFromSession returns the items that the session put into the cart and neither took out nor bought, the latest first.
func (v *Visitor) CartFromSession() []string {
	var cart []string
	for _, t := range v.Session {
		has := func(eventType string) bool { return slices.Contains(t.Types, eventType) }
		if has("add_to_cart") && !has("remove_from_cart") && !has("purchase") {
			cart = append(cart, t.ItemID)
		}
	}
	return cart
}
