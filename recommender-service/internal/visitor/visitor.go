// Package visitor brings together what is known of a visitor: the state that the profile-service keeps and the events carried in the
// request. It is pure: no network, no clock. The main type is Visitor.
package visitor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/visitorstate"
)

// Unknown is the index of an item that the catalogue has never heard of.
const Unknown int32 = -1

// HistoryItem is one item of a visitor's history.
type HistoryItem struct {
	ItemID   string
	Item     int32   // index of the item in the catalogue; Unknown when it had none as the visitor was read
	Type     string  // of the heaviest event
	Kinds    uint32  // the types of its events: bit k stands for the k-th of the visitor's types
	Weight   float64 // between −1 and 1: how much the visitor cares
	Decayed  float64 // the sum of weights that Weight is made of
	Total    float64 // the sum of what its events weigh for models, not decayed
	Disliked float64 // the part of Decayed that not_interested brought
	AgeHours float64
	FirstMs  int64 // of its first event, epoch milliseconds
	LastMs   int64 // of its last
	Events   int   // that touched it
}

// Bought is an item that the visitor bought and did not give back.
type Bought struct {
	ItemID   string
	Item     int32 // as in HistoryItem
	Quantity float64
	Times    []int64 // epoch milliseconds of the latest orders, oldest first; none for what only the request tells of
	place    int     // in the history that was read
}

// LastMs returns the time of the latest order in epoch milliseconds; 0 when it is not known.
func (b *Bought) LastMs() int64 {
	if len(b.Times) == 0 {
		return 0
	}
	return b.Times[len(b.Times)-1]
}

// Visitor is what a recommendation knows of who asks.
type Visitor struct {
	UserID, SessionID string
	Known             bool // something is known beyond the request
	Robot             bool // judged to be a program
	Personal          bool // consent to personalisation
	History           []HistoryItem
	Session           []HistoryItem // of this session; the latest first
	Purchased         []Bought      // the latest bought first
	Hidden            []string
	Cart              []string // the latest put there first
	Segments          []string
	Attributes        map[string]any
	Locale            string
	AsOf              time.Time
	LastEventID       string
	Watermark         int64
	types             []string
}

// saturate maps a decayed weight to (−1, 1): a second event says less than the first, and no item drowns the others.
func saturate(w float64) float64 { return w / (1 + math.Abs(w)) }

// Joined returns the weight of two items taken for one. A weight of 1, as of one that has faded and was refreshed, stays 1.
func Joined(a, b float64) float64 {
	if math.Abs(a) >= 1 || math.Abs(b) >= 1 {
		return max(-1, min(1, a+b))
	}
	return saturate(desaturate(a) + desaturate(b))
}

// desaturate is the inverse of saturate.
func desaturate(s float64) float64 { return s / (1 - math.Abs(s)) }

// faded is the weight below which what a visitor did says when it was done rather than how much it was meant.
const faded = 1e-6

// Refreshed scales a weight so that the largest of its kind is 1 when all have faded: who comes back after years is still who they were.
func Refreshed(weight, largest float64) float64 {
	if largest == 0 || largest >= faded {
		return weight
	}
	return weight / largest
}

// Cold returns a visitor of whom nothing is known.
func Cold(userID, sessionID string, now time.Time) *Visitor {
	return &Visitor{UserID: userID, SessionID: sessionID, Personal: true, AsOf: now}
}

var decoders = sync.Pool{New: func() any { return new(visitorstate.Decoder) }}

// Of returns the visitor that an answer of the profile-service describes, as of a moment.
func Of(a *visitorstate.Answer, userID, sessionID string, now time.Time) (*Visitor, error) {
	v := &Visitor{UserID: userID, SessionID: sessionID, Known: a.Known, AsOf: now, Watermark: a.LastSeq,
		Personal: !a.Withheld, Robot: a.Robot}
	if !v.Personal {
		return v, nil
	}
	if a.Person != nil {
		var u profileapi.User
		if err := json.Unmarshal(a.Person, &u); err != nil {
			return nil, fmt.Errorf("read the record of a visitor: %w", err)
		}
		v.Segments, v.Attributes, v.Locale = u.Segments, u.Attributes, u.Locale
	}
	d := decoders.Get().(*visitorstate.Decoder)
	defer decoders.Put(d)
	s, err := d.Decode(a.State)
	if err != nil {
		return nil, err
	}
	v.LastEventID, v.types = s.LastEvent, slices.Clone(s.Types)
	v.History = v.historyItems(s.Items, a.HalfLife)
	if sessionID != "" && s.SessionID == sessionID {
		v.Session = v.historyItems(s.Session, a.HalfLife)
	}
	v.own(s)
	return v, nil
}

// historyItems reads the items of a state.
func (v *Visitor) historyItems(items []visitorstate.Item, halfLife time.Duration) []HistoryItem {
	list := make([]HistoryItem, len(items))
	nowMs := v.AsOf.UnixMilli()
	for n := range items {
		it := &items[n]
		age := max(0, nowMs-it.LastMs)
		fade := visitorstate.Decay(age, halfLife)
		decayed := bounded(float64(it.Decayed) * fade)
		list[n] = HistoryItem{
			ItemID: it.ID, Item: Unknown, Type: v.types[it.Top], Kinds: it.Types, Weight: saturate(decayed), Decayed: decayed,
			Total: bounded(float64(it.Weight)), Disliked: bounded(float64(it.Disliked) * fade),
			AgeHours: (time.Duration(age) * time.Millisecond).Hours(), FirstMs: it.FirstMs, LastMs: it.LastMs, Events: int(it.Count),
		}
	}
	return list
}

// bounded keeps a weight that was stored before there were bounds from making a score that is no number.
func bounded(w float64) float64 {
	if math.IsNaN(w) {
		return 0
	}
	return max(-mostWeight, min(mostWeight, w))
}

// mostWeight is far more than all events of a visitor weigh.
const mostWeight = 1e12

// own reads what the visitor bought, has in the cart and does not want.
func (v *Visitor) own(s *visitorstate.State) {
	type carted struct {
		id string
		at int64
	}
	var cart []carted
	bought, times := 0, 0
	for n := range s.Items {
		bought, times = bought+min(1, len(s.Items[n].Purchases)), times+len(s.Items[n].Purchases)
	}
	v.Purchased = make([]Bought, 0, bought)
	room := make([]int64, times)
	for n := range s.Items {
		it := &s.Items[n]
		if it.Cart > 0 {
			cart = append(cart, carted{it.ID, it.CartMs})
		}
		if it.Unwanted() {
			v.Hidden = append(v.Hidden, it.ID)
		}
		if len(it.Purchases) == 0 {
			continue
		}
		b := Bought{ItemID: it.ID, Item: Unknown, place: n, Quantity: it.Quantity(), Times: room[:len(it.Purchases)]}
		room = room[len(it.Purchases):]
		for k := range it.Purchases {
			b.Times[len(b.Times)-1-k] = it.Purchases[k].AtMs
		}
		v.Purchased = append(v.Purchased, b)
	}
	slices.SortStableFunc(v.Purchased, func(a, b Bought) int { return cmp.Compare(b.LastMs(), a.LastMs()) })
	slices.SortStableFunc(cart, func(a, b carted) int { return cmp.Compare(b.at, a.at) })
	for _, c := range cart {
		v.Cart = append(v.Cart, c.id)
	}
}

// Join gives the items of a visitor as read their indices in a catalogue; find returns a negative one for an item that it does not know.
func (v *Visitor) Join(find func(id string) int32) {
	for _, list := range [][]HistoryItem{v.History, v.Session} {
		for n := range list {
			list[n].Item = max(Unknown, find(list[n].ItemID))
		}
	}
	for n := range v.Purchased {
		v.Purchased[n].Item = v.History[v.Purchased[n].place].Item
	}
}

// Did reports whether the visitor did one of some types of events to an item of the history.
func (v *Visitor) Did(t *HistoryItem, types ...string) bool {
	for k, name := range v.types {
		if t.Kinds&(1<<k) != 0 && slices.Contains(types, name) {
			return true
		}
	}
	return false
}

// kind returns the bit of a type, which the visitor gets if it is new; beyond MaxTypes that of the last, as in a state.
func (v *Visitor) kind(name string) uint32 {
	k := slices.Index(v.types, name)
	if k < 0 {
		if k = len(v.types); k == visitorstate.MaxTypes {
			return 1 << (k - 1)
		}
		v.types = append(slices.Clip(v.types), name)
	}
	return 1 << k
}

// Add puts events that were not posted yet before the history, as if they had been. Those of a type without a weight change nothing, and
// none does without consent.
func (v *Visitor) Add(events []profileapi.Event, weights profileapi.EventWeights, now time.Time) {
	if !v.Personal {
		return
	}
	for i := range events {
		e := &events[i]
		weight := weights.Of(e.Type, e.Value)
		if weight == 0 && e.Type != "rate" {
			continue
		}
		at := e.OccurredAt.Time
		if at.IsZero() || at.After(now) {
			at = now
		}
		for _, line := range linesOf(e) {
			v.add(line.ItemID, e.Type, weight, weights.Teaches(e.Type, e.Value), at, now)
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

func (v *Visitor) add(id, eventType string, weight, teaches float64, at, now time.Time) {
	if (eventType == "not_interested" || eventType == "rate" && weight < 0) && !slices.Contains(v.Hidden, id) {
		v.Hidden = append(slices.Clone(v.Hidden), id)
	}
	t := HistoryItem{
		ItemID: id, Item: Unknown, Type: eventType, Kinds: v.kind(eventType), Weight: saturate(weight), Decayed: weight, Total: teaches,
		AgeHours: now.Sub(at).Hours(), FirstMs: at.UnixMilli(), LastMs: at.UnixMilli(), Events: 1,
	}
	if eventType == "not_interested" {
		t.Disliked = weight
	}
	v.History, v.Session = putFirst(v.History, t), putFirst(v.Session, t)
}

// putFirst adds t to a list or joins it with the entry of its item, which becomes the first. The list is shared: it is copied, not changed.
func putFirst(list []HistoryItem, t HistoryItem) []HistoryItem {
	n := slices.IndexFunc(list, func(o HistoryItem) bool { return o.ItemID == t.ItemID })
	if n >= 0 {
		old := list[n]
		if math.Abs(old.Weight) > math.Abs(t.Weight) {
			t.Type = old.Type
		}
		t.Decayed, t.Total, t.Disliked = old.Decayed+t.Decayed, old.Total+t.Total, old.Disliked+t.Disliked
		t.FirstMs, t.Events = min(old.FirstMs, t.FirstMs), old.Events+t.Events
		t.Weight, t.Kinds, t.Item = saturate(t.Decayed), old.Kinds|t.Kinds, old.Item
		list = slices.Delete(slices.Clone(list), n, n+1)
	}
	return append([]HistoryItem{t}, list...)
}
