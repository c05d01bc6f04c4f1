package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	recent        = 50  // distinct items of each user's history
	itemsPerTaste = 500 // items of one category that the same people like
	tastesEach    = 2   // tastes of a user
	departments   = 20
	shelves       = 5 // narrowest categories of a category
	brands        = 900
	elsewhere     = .15 // share of events outside the user's tastes
	days          = 25  // age of the oldest event
	sessionEvents = 5
	// The popularity of the n-th item of a taste is as 1 / (zipfShift + n)^zipfSlope.
	zipfSlope, zipfShift = 1.1, 8
)

// shop is a made-up catalogue with visitors: items belong to tastes, users have a few tastes, and both are as uneven as in real shops. Every part is
// a function of its number alone.
type shop struct {
	items, users, crowd int
	tastes, touched     int
	now                 time.Time
}

func newShop(o *options) *shop {
	return &shop{items: o.items, users: o.users, crowd: o.crowd, tastes: max(1, o.items/itemsPerTaste), touched: o.touched, now: time.Now()}
}

func itemID(n int) string { return fmt.Sprintf("item-%06d", n) }
func userID(n int) string { return fmt.Sprintf("user-%06d", n) }

// random returns the source of draws for the n-th thing of a kind.
func random(kind, n int) *rand.Rand { return rand.New(rand.NewPCG(uint64(kind), uint64(n))) }

const (
	kindItem = iota + 1
	kindUser
	kindEvent
	kindBrand
	kindSeries
	kindDepartment
	kindTaste
	kindShelf
)

// word is a name of its own for the n-th thing of a kind, up to 60^2 of them.
func word(kind, n int) string {
	const first, vowels, last = "bdfgklmnprst", "aeiou", "nrslmtkx"
	out := []byte{first[kind%len(first)], vowels[kind%len(vowels)]}
	for range 2 {
		out = append(out, first[n%12], vowels[n/12%5])
		n /= 60
	}
	return string(append(out, last[kind%len(last)]))
}

// item returns the n-th item. Its taste is n modulo the number of tastes and its place in the taste's order of popularity the quotient.
func (s *shop) item(n int) profileapi.Item {
	r := random(kindItem, n)
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	taste := n % s.tastes
	shelf := r.IntN(shelves)
	colour := pick("black", "white", "oak", "walnut", "grey", "navy", "olive", "rose", "brass", "copper")
	material := pick("wood", "cotton", "steel", "wool", "glass", "leather", "linen", "ceramic")
	brand := word(kindBrand, (taste*7+r.IntN(12))%brands)
	price := math.Round(100*math.Exp(3.3+.8*r.NormFloat64())) / 100
	stock, quantity := profileapi.InStock, float64(1+r.IntN(200))
	if r.Float64() < .05 {
		stock, quantity = profileapi.OutOfStock, 0
	}
	return profileapi.Item{
		ItemID: itemID(n), Brand: brand, Price: &price, Currency: "EUR",
		Title:        fmt.Sprintf("%s %s %s %s %s", brand, word(kindSeries, n/s.tastes), colour, material, word(kindShelf, taste*shelves+shelf)),
		CategoryPath: []string{word(kindDepartment, taste%departments), word(kindTaste, taste), word(kindShelf, taste*shelves+shelf)},
		Stock:        &profileapi.Stock{Status: stock, Quantity: &quantity},
		Tags:         []string{"season-" + pick("spring", "summer", "autumn", "winter")},
		Attributes:   map[string]any{"colour": colour, "material": material, "weight_kg": math.Round(r.Float64()*100) / 10, "sustainable": r.IntN(4) == 0},
	}
}

// places draws places in the order of popularity of a taste.
func (s *shop) places(r *rand.Rand) *rand.Zipf {
	return rand.NewZipf(r, zipfSlope, zipfShift, uint64(max(1, min(s.touched, s.items/s.tastes))-1))
}

// draw returns an item that a user with these tastes comes across.
func (s *shop) draw(r *rand.Rand, tastes []int, place *rand.Zipf) int {
	taste := tastes[r.IntN(len(tastes))]
	if r.Float64() < elsewhere {
		taste = r.IntN(s.tastes)
	}
	return (int(place.Uint64())*s.tastes + taste) % s.items
}

// likes returns the tastes of a user, the popular ones more often.
func (s *shop) likes(r *rand.Rand) []int {
	out := make([]int, tastesEach)
	popular := rand.NewZipf(r, zipfSlope, float64(s.tastes)/4+1, uint64(s.tastes-1))
	for n := range out {
		out[n] = int(popular.Uint64())
	}
	return out
}

// events returns the history of the n-th user: events on 50 different items in short sessions.
func (s *shop) events(n int) []profileapi.Event {
	r := random(kindUser, n)
	tastes := s.likes(r)
	place := s.places(r)
	seen := make(map[int]bool, recent)
	out := make([]profileapi.Event, 0, recent)
	var at time.Time
	for len(out) < recent {
		item := s.draw(r, tastes, place)
		if seen[item] {
			continue
		}
		seen[item] = true
		if len(out)%sessionEvents == 0 {
			at = s.now.Add(-time.Hour - time.Duration(r.Float64()*days*24*float64(time.Hour)))
		}
		at = at.Add(time.Duration(20+r.IntN(200)) * time.Second)
		out = append(out, s.event(r, n, item, at, fmt.Sprintf("%d-%d", n, len(out))))
	}
	return out
}

func (s *shop) event(r *rand.Rand, user, item int, at time.Time, id string) profileapi.Event {
	kind := "view_item"
	switch x := r.Float64(); {
	case x < .05:
		kind = "purchase"
	case x < .10:
		kind = "add_to_wishlist"
	case x < .25:
		kind = "add_to_cart"
	}
	return profileapi.Event{EventID: id, Type: kind, UserID: userID(user), ItemID: itemID(item), OccurredAt: wire.TimeOf(at)}
}

// click is a view of an item that the user comes across now. It has no id and no time, so that it can be posted any number of times.
func (s *shop) click(n, user int) profileapi.Event {
	r := random(kindEvent, n)
	place := s.places(r)
	return profileapi.Event{Type: "view_item", UserID: userID(user), ItemID: itemID(s.draw(r, s.likes(random(kindUser, user)), place))}
}

// request is what every measured request asks, but for the user.
func (s *shop) request(user int) recommenderapi.Request {
	diversity := .3
	return recommenderapi.Request{
		Scenario: "home.for_you", UserID: userID(user), Limit: 20, Diversity: &diversity, Explain: "reasons", Fields: []string{"title", "price"}, DeadlineMS: 5000,
		Filter: &recommenderapi.Condition{Field: "price", Op: "lt", Value: 80},
	}
}
