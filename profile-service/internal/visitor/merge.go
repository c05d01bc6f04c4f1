package visitor

import (
	"cmp"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/shared/visitorstate"
)

// Merge returns what is known of a visitor who has two states, that of a user and that of a session which is not merged into the user yet.
// The items of the session are its present ones. Neither state is changed.
func Merge(user, session *visitorstate.State, sessionID string, halfLife time.Duration) *visitorstate.State {
	s := &visitorstate.State{
		Seq: max(user.Seq, session.Seq), LastEvent: user.LastEvent, Weights: max(user.Weights, session.Weights), SessionID: sessionID,
	}
	if session.Seq > user.Seq {
		s.LastEvent = session.LastEvent
	}
	s.Types = slices.Clone(user.Types)
	s.Items = slices.Clone(user.Items)
	if user.SessionID == sessionID {
		s.Session = slices.Clone(user.Session)
	}
	renamed := make([]uint8, len(session.Types))
	for k, name := range session.Types {
		renamed[k] = typeIndex(s, name)
	}
	for n := range session.Items {
		it := renamedTypes(session.Items[n], renamed)
		s.Items, s.Session = joined(s.Items, it, halfLife), joined(s.Session, it, halfLife)
	}
	latest := func(a, b visitorstate.Item) int { return cmp.Compare(b.LastMs, a.LastMs) }
	slices.SortStableFunc(s.Items, latest)
	slices.SortStableFunc(s.Session, latest)
	s.Items, s.Session = bounded(s.Items, visitorstate.MaxItems), bounded(s.Session, maxSession)
	return s
}

// renamedTypes returns an item whose types are numbered anew.
func renamedTypes(it visitorstate.Item, renamed []uint8) visitorstate.Item {
	var types uint32
	for k, to := range renamed {
		if it.Types&(1<<k) != 0 {
			types |= 1 << to
		}
	}
	it.Types = types
	if int(it.Top) < len(renamed) {
		it.Top = renamed[it.Top]
	}
	return it
}

// joined adds an item to a list, or to the entry of the same item.
func joined(items []visitorstate.Item, it visitorstate.Item, halfLife time.Duration) []visitorstate.Item {
	n := slices.IndexFunc(items, func(o visitorstate.Item) bool { return o.ID == it.ID })
	if n < 0 {
		return append(items, it)
	}
	items[n] = join(items[n], it, halfLife)
	return items
}

// join sums up two entries of one item.
func join(a, b visitorstate.Item, halfLife time.Duration) visitorstate.Item {
	if b.LastMs > a.LastMs {
		a, b = b, a
	}
	fade := visitorstate.Decay(a.LastMs-b.LastMs, halfLife)
	a.Decayed += float32(float64(b.Decayed) * fade)
	a.Disliked += float32(float64(b.Disliked) * fade)
	a.Weight += b.Weight
	a.Count += b.Count
	a.Types |= b.Types
	a.FirstMs = min(a.FirstMs, b.FirstMs)
	if b.Strongest > a.Strongest {
		a.Strongest, a.Top = b.Strongest, b.Top
	}
	a.Cart, a.CartMs = plus(a.Cart, float64(b.Cart)), max(a.CartMs, b.CartMs)
	a.Hidden = a.Hidden || b.Hidden
	if b.RatedMs > a.RatedMs {
		a.Rating, a.RatedMs = b.Rating, b.RatedMs
	}
	a.Purchases = mergedPurchases(a.Purchases, b.Purchases)
	return a
}

// mergedPurchases joins two lists, the latest first; an order that is in both is one.
func mergedPurchases(a, b []visitorstate.Purchase) []visitorstate.Purchase {
	if len(b) == 0 {
		return a
	}
	all := slices.Clone(a)
	for _, p := range b {
		if n := slices.IndexFunc(all, func(o visitorstate.Purchase) bool { return p.Order != 0 && o.Order == p.Order }); n >= 0 {
			all[n].Quantity = max(all[n].Quantity, p.Quantity)
			continue
		}
		all = append(all, p)
	}
	slices.SortStableFunc(all, func(x, y visitorstate.Purchase) int { return cmp.Compare(y.AtMs, x.AtMs) })
	return all[:min(len(all), visitorstate.MaxPurchases)]
}
