package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	itemsPerTaste = 500 // items of one category that the same people like
	tastesEach    = 2   // tastes of a visitor
	elsewhere     = .15 // share of events outside the visitor's tastes
	days          = 25  // age of the oldest event
	// The popularity of the n-th item of a taste is as 1 / (zipfShift + n)^zipfSlope.
	zipfSlope, zipfShift = 1.1, 8
)

// earlier are the events that visitors of each group have when the measurements begin, and shares how many of each cycle visitors are in
// the group.
var (
	earlier = [...]int{0, 5, 50, 500}
	shares  = [len(earlier)]int{8, 6, 5, 1}
)

const cycle = 20 // the sum of shares

// groupOf returns the group of the n-th visitor.
func groupOf(n int) int {
	place := n % cycle
	for g, share := range shares {
		if place -= share; place < 0 {
			return g
		}
	}
	panic("the shares do not sum to a cycle")
}

// shop is a made-up catalogue with visitors: items belong to tastes, visitors have two of them, and popularity is as uneven as in real
// shops. Every part but the clicks is a function of its number alone.
type shop struct {
	items, tastes int
	now           time.Time
	bought        [][]string // item ids by visitor
}

// newShop returns a shop of so many items, of which history and click then make events.
func newShop(items int) *shop {
	return &shop{items: items, tastes: max(1, items/itemsPerTaste), now: time.Now()}
}

// itemID and visitorID are the ids of the n-th.
func itemID(n int) string    { return fmt.Sprintf("item-%06d", n) }
func visitorID(n int) string { return fmt.Sprintf("visitor-%06d", n) }

// random returns the source of draws for the n-th thing of a kind.
func random(kind, n int) *rand.Rand { return rand.New(rand.NewPCG(uint64(kind), uint64(n))) }

const (
	kindItem = iota + 1
	kindVisitor
	kindOrder
	kindArrival
)

// item returns the n-th item. Its taste is n modulo the number of tastes and its place in the taste's order of popularity the quotient.
func (s *shop) item(n int) profileapi.Item {
	r := random(kindItem, n)
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	taste := n % s.tastes
	price, status := 1+float64(r.IntN(20000))/100, profileapi.InStock
	if r.Float64() < .05 {
		status = profileapi.OutOfStock
	}
	return profileapi.Item{
		ItemID: itemID(n), Brand: fmt.Sprintf("brand %d", (taste*7+r.IntN(12))%300), Price: &price, Currency: "EUR",
		Stock: &profileapi.Stock{Status: status},
		Title: fmt.Sprintf(
			"%s %s of kind %d number %d", pick("black", "white", "oak", "grey", "navy", "rose"), pick("wood", "cotton", "steel", "glass"),
			taste, n/s.tastes,
		),
		CategoryPath: []string{
			fmt.Sprintf("department %d", taste%5), fmt.Sprintf("kind %d", taste), fmt.Sprintf("shelf %d of %d", r.IntN(5), taste),
		},
	}
}

// draw returns an item that a visitor with these tastes comes across.
func (s *shop) draw(r *rand.Rand, tastes []int) int {
	taste := tastes[r.IntN(len(tastes))]
	if r.Float64() < elsewhere {
		taste = r.IntN(s.tastes)
	}
	place := rand.NewZipf(r, zipfSlope, zipfShift, uint64(max(1, s.items/s.tastes)-1)).Uint64()
	return (int(place)*s.tastes + taste) % s.items
}

// likes draws the tastes of a visitor.
func (s *shop) likes(r *rand.Rand) []int {
	out := make([]int, tastesEach)
	for n := range out {
		out[n] = r.IntN(s.tastes)
	}
	return out
}

// click returns an item that the n-th visitor comes across now.
func (s *shop) click(n int) int {
	return s.draw(rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), s.likes(random(kindVisitor, n)))
}

// happened is an event before the measurements.
type happened struct {
	visitor, item int32
	minutes       int32 // before now
	kind          uint8 // index in kinds
}

var kinds = [...]string{"view_item", "add_to_cart", "add_to_wishlist", "purchase"}

const purchase = uint8(len(kinds) - 1)

// history returns the events of so many visitors in random order, and notes what they buy.
func (s *shop) history(visitors int) []happened {
	var out []happened
	s.bought = make([][]string, visitors)
	for n := range visitors {
		r := random(kindVisitor, n)
		tastes := s.likes(r)
		for range earlier[groupOf(n)] {
			e := happened{visitor: int32(n), item: int32(s.draw(r, tastes)), minutes: 60 + r.Int32N(days*24*60)}
			switch x := r.Float64(); {
			case x < .15:
				e.kind = purchase
				s.bought[n] = append(s.bought[n], itemID(int(e.item)))
			case x < .35:
				e.kind = 1 + uint8(r.IntN(2))
			}
			out = append(out, e)
		}
	}
	random(kindOrder, 0).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// event is what is posted of an event before the measurements.
func (s *shop) event(e happened) profileapi.Event {
	return profileapi.Event{
		Type: kinds[e.kind], UserID: visitorID(int(e.visitor)), ItemID: itemID(int(e.item)),
		OccurredAt: wire.TimeOf(s.now.Add(-time.Duration(e.minutes) * time.Minute)),
	}
}

// visitors says who comes next: in turn somebody whom the process has not been asked for since its start, and somebody whom it has.
type visitors struct {
	mu    sync.Mutex
	count int
	turn  int
	next  [len(earlier)]int   // the first visitor of each group who has not come, counted within the group
	came  [len(earlier)][]int // since the start
}

// draw returns a visitor of the groups from..to, and whether he is new to the process. When all
// of a group have come, only known ones are left.
func (v *visitors) draw(from, to int) (n int, fresh bool) {
	group := groupOf(rand.IntN(cycle))
	for group < from || group > to {
		group = groupOf(rand.IntN(cycle))
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.turn++
	first := 0 // visitor of the group in a cycle
	for _, share := range shares[:group] {
		first += share
	}
	k := v.next[group]
	n = k/shares[group]*cycle + first + k%shares[group]
	came := &v.came[group]
	if len(*came) > 0 && (v.turn%2 == 0 || n >= v.count) {
		return (*came)[rand.IntN(len(*came))], false
	}
	v.next[group]++
	*came = append(*came, n)
	return n, true
}

// forget is for a process that has just started.
func (v *visitors) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.next, v.came = [len(earlier)]int{}, [len(earlier)][]int{}
}

// has reports whether the visitor bought the item.
func (s *shop) has(visitor int, item string) bool { return slices.Contains(s.bought[visitor], item) }
