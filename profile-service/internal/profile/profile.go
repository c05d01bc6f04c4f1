// Package profile shows what recommending needs to know of a visitor, as the API has it, from the visitor's state: recent items,
// affinities, purchases, the cart and unwanted items. compute is pure; Reader reads the state.
//
// profile.go computes, reader.go reads and joins states, state.go is the form for services,
// facts.go what items are, and tag.go how long an answer holds.
package profile

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/visitorstate"
	"github.com/aisle-rec/aisle/shared/wire"
)

// maxAffinities is how many values each list of affinities has at most.
const maxAffinities = 50

// options say how a state becomes a profile.
type options struct {
	At        time.Time
	HalfLife  time.Duration // of affinities and decayed weights; the one that the state was made with
	Limit     int           // of Recent and of Session
	SessionID string        // which Session shows; "" for none
}

// compute fills in Recent, Session, Affinity, Purchased, Cart and Hidden. facts hold the items that are in the catalogue: another item
// counts in every list but the affinities. Cost O(items).
func compute(p *profileapi.Profile, s *visitorstate.State, facts map[string]store.ItemFacts, o options) {
	p.Recent, p.Session = recent(s, s.Items, o), []profileapi.ProfileItem{}
	if o.SessionID != "" && s.SessionID == o.SessionID {
		p.Session = recent(s, s.Session, o)
	}
	p.Affinity = affinity(s, facts, o)
	p.Purchased, p.Cart, p.Hidden = purchased(s), cart(s), hidden(s)
}

// timeOf is a time of a state, which are epoch milliseconds.
func timeOf(ms int64) wire.Time { return wire.TimeOf(time.UnixMilli(ms)) }

// recent is the first items of a list of a state, the latest first, with weights as of o.At.
func recent(s *visitorstate.State, items []visitorstate.Item, o options) []profileapi.ProfileItem {
	list := make([]profileapi.ProfileItem, min(len(items), o.Limit))
	for n := range list {
		it := &items[n]
		types := s.TypesOf(it)
		slices.Sort(types)
		list[n] = profileapi.ProfileItem{
			ItemID: it.ID, Type: s.Types[it.Top], Types: types, Weight: float64(it.Weight), Decayed: it.DecayedAt(o.At, o.HalfLife),
			Count:   int(it.Count),
			FirstAt: timeOf(it.FirstMs), LastAt: timeOf(it.LastMs), AgeHours: max(0, o.At.Sub(time.UnixMilli(it.LastMs))).Hours(),
		}
	}
	return list
}

// affinity sums decayed weights per category (every level of its path), brand and price band. not_interested counts on the narrowest
// category only: it speaks of the item, not of everything around it.
func affinity(s *visitorstate.State, facts map[string]store.ItemFacts, o options) profileapi.Affinity {
	categories, brands, bands := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for n := range s.Items {
		it := &s.Items[n]
		f, known := facts[it.ID]
		if !known {
			continue
		}
		fade := visitorstate.Decay(o.At.UnixMilli()-it.LastMs, o.HalfLife)
		disliked := float64(it.Disliked) * fade
		liked := float64(it.Decayed)*fade - disliked
		var path []string
		if f.Category != "" {
			path = strings.Split(f.Category, store.CategorySeparator)
		}
		if disliked != 0 && path != nil {
			categories[profileapi.CategoryValue(path)] += disliked
		}
		if liked == 0 {
			continue
		}
		for n := range path {
			categories[profileapi.CategoryValue(path[:n+1])] += liked
		}
		if f.Brand != "" {
			brands[f.Brand] += liked
		}
		if f.Price != nil {
			bands[profileapi.PriceBand(*f.Price)] += liked
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

// purchased is what was bought, the latest first, with every time of what was bought more than
// once, in ascending order.
func purchased(s *visitorstate.State) []profileapi.PurchasedItem {
	items := []profileapi.PurchasedItem{}
	for n := range s.Items {
		bought := s.Items[n].Purchases
		if len(bought) == 0 {
			continue
		}
		last := len(bought) - 1
		it := profileapi.PurchasedItem{
			ItemID: s.Items[n].ID, Count: len(bought), Quantity: s.Items[n].Quantity(), FirstAt: timeOf(bought[last].AtMs),
			LastAt: timeOf(bought[0].AtMs),
		}
		for k := last; k >= 0 && last > 0; k-- { // last_at says it of one; most items of a long history were bought once
			it.Times = append(it.Times, timeOf(bought[k].AtMs))
		}
		items = append(items, it)
	}
	slices.SortStableFunc(items, func(a, b profileapi.PurchasedItem) int { return b.LastAt.Compare(a.LastAt.Time) })
	return items
}

// cart is what lies in the cart, the latest first.
func cart(s *visitorstate.State) []profileapi.CartItem {
	items := []profileapi.CartItem{}
	for n := range s.Items {
		if it := &s.Items[n]; it.Cart > 0 {
			items = append(items, profileapi.CartItem{ItemID: it.ID, Quantity: float64(it.Cart), LastAt: timeOf(it.CartMs)})
		}
	}
	slices.SortStableFunc(items, func(a, b profileapi.CartItem) int { return b.LastAt.Compare(a.LastAt.Time) })
	return items
}

// hidden is the ids of unwanted items, in ascending order.
func hidden(s *visitorstate.State) []string {
	ids := []string{}
	for n := range s.Items {
		if s.Items[n].Unwanted() {
			ids = append(ids, s.Items[n].ID)
		}
	}
	slices.Sort(ids)
	return ids
}
