package visitor

import (
	"hash/fnv"
	"math"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/visitorstate"
)

// update is one line of one event.
type update struct {
	event    *store.Event
	line     *event.Line
	weight   float32
	teaches  float32 // what the event weighs for models
	kind     uint8
	halfLife time.Duration
}

// on puts an update into a list of items, which stays ordered by the last event, the latest first; of equal times the later event comes
// first.
func (t update) on(items []visitorstate.Item) []visitorstate.Item {
	at := t.event.OccurredMs
	var it visitorstate.Item
	n := slices.IndexFunc(items, func(o visitorstate.Item) bool { return o.ID == t.line.ItemID })
	if n >= 0 {
		it = items[n]
	} else {
		it = visitorstate.Item{ID: t.line.ItemID, FirstMs: at, LastMs: at, Top: t.kind}
	}
	moves := n < 0 || at >= it.LastMs
	t.weigh(&it)
	t.cart(&it)
	t.orders(&it)
	t.opinion(&it)
	if !moves {
		items[n] = it
		return items
	}
	if n >= 0 {
		items = slices.Delete(items, n, n+1)
	}
	to := 0
	for to < len(items) && items[to].LastMs > at {
		to++
	}
	return slices.Insert(items, to, it)
}

// weigh adds the weight of an update. Sums are kept in float32, rounded at each one, so that it does not matter when a state was stored in
// between.
func (t update) weigh(it *visitorstate.Item) {
	at := t.event.OccurredMs
	if at >= it.LastMs {
		fade := visitorstate.Decay(at-it.LastMs, t.halfLife)
		it.Decayed = float32(float64(it.Decayed)*fade) + t.weight
		it.Disliked = float32(float64(it.Disliked) * fade)
		it.LastMs = at
	} else {
		it.Decayed += float32(float64(t.weight) * visitorstate.Decay(it.LastMs-at, t.halfLife))
		it.FirstMs = min(it.FirstMs, at)
	}
	it.Weight += t.teaches
	if strength := float32(math.Abs(float64(t.weight))); it.Count == 0 || strength > it.Strongest {
		it.Strongest, it.Top = strength, t.kind
	}
	it.Count++
	it.Types |= 1 << t.kind
}

// cart follows what is put into the cart, taken out and bought.
func (t update) cart(it *visitorstate.Item) {
	at := t.event.OccurredMs
	switch t.event.Type {
	case event.TypeAddToCart:
		it.Cart, it.CartMs = plus(it.Cart, t.line.Quantity), max(it.CartMs, at)
	case event.TypeRemoveFromCart:
		it.Cart = max(0, plus(it.Cart, -t.line.Quantity))
	case event.TypePurchase:
		if it.CartMs <= at { // what was put there after an order that arrives late stays
			it.Cart = 0
		}
	}
	if it.Cart == 0 {
		it.CartMs = 0
	}
}

// orders follows what is bought and given back.
func (t update) orders(it *visitorstate.Item) {
	switch t.event.Type {
	case event.TypePurchase:
		t.buy(it)
	case event.TypeRefund:
		t.refund(it)
	}
}

// buy adds a line of an order; several lines of one order are one purchase. The latest purchase comes first.
func (t update) buy(it *visitorstate.Item) {
	p := visitorstate.Purchase{AtMs: t.event.OccurredMs, Order: orderHash(t.event.OrderID), Quantity: plus(0, t.line.Quantity)}
	if p.Quantity <= 0 {
		return
	}
	bought := slices.Clone(it.Purchases) // an item is in two lists
	if n := slices.IndexFunc(bought, func(o visitorstate.Purchase) bool { return p.Order != 0 && o.Order == p.Order }); n >= 0 {
		bought[n].Quantity = plus(bought[n].Quantity, t.line.Quantity)
		it.Purchases = bought
		return
	}
	to := 0
	for to < len(bought) && bought[to].AtMs > p.AtMs {
		to++
	}
	bought = slices.Insert(bought, to, p)
	it.Purchases = bought[:min(len(bought), visitorstate.MaxPurchases)]
}

// refund takes back from the order that it names, else from the latest; a purchase of which nothing is left is none.
func (t update) refund(it *visitorstate.Item) {
	left := plus(0, t.line.Quantity)
	bought := slices.Clone(it.Purchases)
	order := orderHash(t.event.OrderID)
	for n := 0; n < len(bought) && left > 0; n++ {
		if order != 0 && bought[n].Order != order {
			continue
		}
		taken := min(left, bought[n].Quantity)
		bought[n].Quantity = plus(bought[n].Quantity, float64(-taken))
		left = plus(left, float64(-taken))
	}
	it.Purchases = slices.DeleteFunc(bought, func(p visitorstate.Purchase) bool { return p.Quantity <= 0 })
	if len(it.Purchases) == 0 {
		it.Purchases = nil
	}
}

// opinion follows what the visitor says of an item.
func (t update) opinion(it *visitorstate.Item) {
	switch t.event.Type {
	case event.TypeNotInterested:
		it.Hidden = true
		it.Disliked += float32(float64(t.weight) * visitorstate.Decay(it.LastMs-t.event.OccurredMs, t.halfLife))
	case event.TypeRate:
		if t.event.Value != nil && t.event.OccurredMs >= it.RatedMs {
			it.Rating, it.RatedMs = float32(*t.event.Value), t.event.OccurredMs
		}
	}
}

// plus adds to a quantity and rounds the sum to thousandths, so that what is added and taken away again leaves nothing, in whatever order:
// a running sum of plain floats leaves 6e-8 of 0.7 + 0.1 − 0.8, and an item that was given back in full would stay bought. Exact for sums
// up to 4,000 with three decimals, and up to 16 million in whole numbers.
func plus(quantity float32, more float64) float32 {
	return float32(math.Round((float64(quantity)+more)*1000) / 1000)
}

// orderHash stands for an order id; 0 for none.
func orderHash(id string) uint32 {
	if id == "" {
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte(id))
	return max(1, h.Sum32())
}
