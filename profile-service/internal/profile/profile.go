// Package profile computes what recommending needs to know of a visitor from the visitor's events: recent items, affinities, purchases and hidden
// items. It is pure: no store, no clock.
package profile

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	maxAffinities    = 50
	maxPurchaseTimes = 10
)

// Touch is one line of one event.
type Touch struct {
	ItemID     string
	Type       string
	SessionID  string
	OrderID    string
	Weight     float64
	Quantity   float64
	OccurredMs int64
}

// Touches returns the lines of events, newest first like the events, and the ids of the distinct items in order of first appearance. A purchase
// whose order appeared before is left out: an order merged in from a session is one order.
func Touches(events []store.Event, weights event.Weights) ([]Touch, []string, error) {
	var touches []Touch
	var ids []string
	seen := map[string]bool{}
	orders := map[string]bool{}
	var lines []event.Line
	for i := range events {
		e := &events[i]
		if e.Type == event.TypePurchase && e.OrderID != "" {
			if orders[e.OrderID] {
				continue
			}
			orders[e.OrderID] = true
		}
		var err error
		if lines, err = event.DecodeLines(lines[:0], e.Lines); err != nil {
			return nil, nil, fmt.Errorf("event %s: %w", e.EventID, err)
		}
		orderID := cmp.Or(e.OrderID, e.EventID)
		weight := weights.Of(e.Type, e.Value)
		for _, l := range lines {
			touches = append(touches, Touch{ItemID: l.ItemID, Type: e.Type, SessionID: e.SessionID, OrderID: orderID, Weight: weight,
				Quantity: l.Quantity, OccurredMs: e.OccurredMs})
			if !seen[l.ItemID] {
				seen[l.ItemID] = true
				ids = append(ids, l.ItemID)
			}
		}
	}
	return touches, ids, nil
}

// Options say how touches become a profile.
type Options struct {
	At        time.Time
	HalfLife  time.Duration // of affinities and decayed weights
	Limit     int           // of Recent and of Session
	SessionID string        // whose touches Session shows; "" for none
}

// Compute fills in Recent, Session, Affinity, Purchased and Hidden. touches are newest first; facts hold the items that are in the catalogue: a
// touch of another item counts in every list but the affinities. Cost O(touches).
func Compute(p *profileapi.Profile, touches []Touch, facts map[string]store.ItemFacts, o Options) {
	p.Recent = recent(touches, o, "")
	p.Session = []profileapi.ProfileItem{}
	if o.SessionID != "" {
		p.Session = recent(touches, o, o.SessionID)
	}
	p.Affinity = affinity(touches, facts, o)
	p.Purchased = purchased(touches)
	p.Hidden = hidden(touches)
}

// decay is 2^(−age/halfLife); an event of the near future counts as present.
func (o Options) decay(occurredMs int64) float64 {
	age := max(0, o.At.Sub(time.UnixMilli(occurredMs)))
	return math.Exp2(-float64(age) / float64(o.HalfLife))
}

// recent sums up touches per item. Items whose events all weigh nothing, such as those of a list that was shown, are left out.
func recent(touches []Touch, o Options, sessionID string) []profileapi.ProfileItem {
	index := map[string]int{}
	strongest := []float64{}
	items := []profileapi.ProfileItem{}
	for i := range touches {
		t := &touches[i]
		if t.Weight == 0 && t.Type != event.TypeRate || sessionID != "" && t.SessionID != sessionID {
			continue
		}
		k, ok := index[t.ItemID]
		if !ok {
			k = len(items)
			index[t.ItemID] = k
			at := wire.TimeOf(time.UnixMilli(t.OccurredMs))
			age := max(0, o.At.Sub(at.Time))
			items = append(items, profileapi.ProfileItem{ItemID: t.ItemID, Type: t.Type, LastAt: at, AgeHours: age.Hours()})
			strongest = append(strongest, math.Abs(t.Weight))
		}
		it := &items[k]
		it.Weight += t.Weight
		it.Decayed += t.Weight * o.decay(t.OccurredMs)
		it.Count++
		it.FirstAt = wire.TimeOf(time.UnixMilli(t.OccurredMs))
		if w := math.Abs(t.Weight); w > strongest[k] {
			strongest[k], it.Type = w, t.Type
		}
		if at, found := slices.BinarySearch(it.Types, t.Type); !found {
			it.Types = slices.Insert(it.Types, at, t.Type)
		}
	}
	return items[:min(len(items), o.Limit)]
}

// affinity sums decayed weights per category (every level of its path), brand and price band. not_interested counts on the narrowest category only:
// it speaks of the item, not of everything around it.
func affinity(touches []Touch, facts map[string]store.ItemFacts, o Options) profileapi.Affinity {
	categories, brands, bands := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for i := range touches {
		t := &touches[i]
		f, known := facts[t.ItemID]
		if !known || t.Weight == 0 {
			continue
		}
		w := t.Weight * o.decay(t.OccurredMs)
		var path []string
		if f.Category != "" {
			path = strings.Split(f.Category, store.CategorySeparator)
		}
		if t.Type == event.TypeNotInterested {
			if path != nil {
				categories[profileapi.CategoryValue(path)] += w
			}
			continue
		}
		for n := range path {
			categories[profileapi.CategoryValue(path[:n+1])] += w
		}
		if f.Brand != "" {
			brands[f.Brand] += w
		}
		if f.Price != nil {
			bands[profileapi.PriceBand(*f.Price)] += w
		}
	}
	return profileapi.Affinity{Categories: heaviest(categories), Brands: heaviest(brands), PriceBands: heaviest(bands)}
}

// heaviest returns at most 50 values, the heaviest first, ties by value.
func heaviest(weights map[string]float64) []profileapi.AffinityValue {
	values := make([]profileapi.AffinityValue, 0, len(weights))
	for v, w := range weights {
		values = append(values, profileapi.AffinityValue{Value: v, Weight: w})
	}
	slices.SortFunc(values, func(a, b profileapi.AffinityValue) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Value, b.Value))
	})
	return values[:min(len(values), maxAffinities)]
}

func purchased(touches []Touch) []profileapi.PurchasedItem {
	index := map[string]int{}
	lastOrder := map[string]string{}
	items := []profileapi.PurchasedItem{}
	for i := range touches {
		t := &touches[i]
		if t.Type != event.TypePurchase {
			continue
		}
		at := wire.TimeOf(time.UnixMilli(t.OccurredMs))
		k, ok := index[t.ItemID]
		if !ok {
			k = len(items)
			index[t.ItemID] = k
			items = append(items, profileapi.PurchasedItem{ItemID: t.ItemID, LastAt: at})
		}
		it := &items[k]
		it.Quantity += t.Quantity
		it.FirstAt = at
		if lastOrder[t.ItemID] == t.OrderID { // another line of the same order
			continue
		}
		lastOrder[t.ItemID] = t.OrderID
		it.Count++
		if len(it.Times) < maxPurchaseTimes {
			it.Times = append(it.Times, at)
		}
	}
	for i := range items {
		slices.Reverse(items[i].Times)
		if len(items[i].Times) == 1 {
			items[i].Times = nil // last_at says it; most items of a long history were bought once
		}
	}
	return items
}

func hidden(touches []Touch) []string {
	ids := []string{}
	seen := map[string]bool{}
	for i := range touches {
		if t := &touches[i]; t.Type == event.TypeNotInterested && !seen[t.ItemID] {
			seen[t.ItemID] = true
			ids = append(ids, t.ItemID)
		}
	}
	slices.Sort(ids)
	return ids
}
