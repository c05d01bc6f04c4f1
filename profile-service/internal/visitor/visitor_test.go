package visitor_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/visitorstate"
)

const halfLife = 30 * 24 * time.Hour

var at = time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC)

// days returns the epoch milliseconds of n days before at.
func days(n int) int64 { return at.AddDate(0, 0, -n).UnixMilli() }

// history numbers events in their order.
func history(events ...store.Event) []store.Event {
	for n := range events {
		events[n].Seq = int64(n + 1)
		events[n].EventID = fmt.Sprint("e", n+1)
	}
	return events
}

// did makes an event of user u; a line is an item with a quantity.
func did(eventType, order string, daysAgo int, lines ...event.Line) store.Event {
	return store.Event{Subject: "uu", Type: eventType, OrderID: order, OccurredMs: days(daysAgo), Lines: event.AppendLines(nil, lines)}
}

func one(id string) event.Line { return event.Line{ItemID: id, Quantity: 1} }

func of(id string, quantity float64) event.Line { return event.Line{ItemID: id, Quantity: quantity} }

func rated(daysAgo int, value float64, id string) store.Event {
	e := did("rate", "", daysAgo, one(id))
	e.Value = &value
	return e
}

func in(session string, e store.Event) store.Event {
	e.SessionID = session
	return e
}

func state(t testing.TB, events ...store.Event) *visitorstate.State {
	t.Helper()
	data, err := visitor.NewMover(profileapi.DefaultEventWeights(), halfLife).Move(nil, history(events...))
	if err != nil {
		t.Fatal(err)
	}
	s, err := visitorstate.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func item(t testing.TB, s *visitorstate.State, id string) visitorstate.Item {
	t.Helper()
	n := s.Find(id)
	if n < 0 {
		t.Fatalf("the state lacks %s: %+v", id, s.Items)
	}
	return s.Items[n]
}

func ids(items []visitorstate.Item) (list []string) {
	for _, it := range items {
		list = append(list, it.ID)
	}
	return list
}

func TestWeightsOfAKnownHistory(t *testing.T) {
	t.Parallel()
	s := state(t, did("purchase", "6", 60, one("lamp")), did("view_item_list", "", 30, one("shown")), did(
		"purchase", "7", 30, one("lamp"), one("new"),
	),
		did("view_item", "", 0, one("lamp")), did("not_interested", "", 0, one("chair")))
	if diff := cmp.Diff([]string{"chair", "lamp", "new"}, ids(s.Items)); diff != "" {
		t.Fatal(diff)
	}
	lamp := item(t, s, "lamp")
	approx := cmpopts.EquateApprox(0, 1e-6)
	// a purchase weighs 5 and is halved once by 30 and twice by 60 days, a view weighs 1
	if diff := cmp.Diff([]float64{11, 1 + 2.5 + 1.25}, []float64{float64(lamp.Weight), lamp.DecayedAt(at, halfLife)}, approx); diff != "" {
		t.Error(diff)
	}
	if s.Types[lamp.Top] != "purchase" || len(lamp.Purchases) != 2 || lamp.Purchases[0].AtMs != days(30) {
		t.Errorf("%+v, types %v", lamp, s.Types)
	}
	if chair := item(t, s, "chair"); !chair.Unwanted() || chair.Disliked != -2 {
		t.Errorf("%+v", chair)
	}
}

func TestWhatEventsMakeOfAnItem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		events           []store.Event
		bought, cart     float64
		orders           int
		unwanted, absent bool
	}{
		"put into the cart": {events: []store.Event{did("add_to_cart", "", 1, of("a", 2))}, cart: 2},
		"put there twice, taken out once": {
			events: []store.Event{
				did("add_to_cart", "", 2, one("a")), did("add_to_cart", "", 1, one("a")), did("remove_from_cart", "", 0, one("a")),
			},
			cart: 1,
		},
		"taken out": {
			events: []store.Event{did("add_to_cart", "", 2, one("a")), did("remove_from_cart", "", 0, of("a", 3))},
		},
		"bought": {
			events: []store.Event{did("add_to_cart", "", 2, of("a", 2)), did("purchase", "1", 1, of("a", 2))}, bought: 2, orders: 1,
		},
		"bought before it was in the cart": {
			events: []store.Event{did("add_to_cart", "", 1, one("a")), did("purchase", "1", 2, one("a"))}, bought: 1, orders: 1, cart: 1,
		},
		"two lines of an order": {
			events: []store.Event{did("purchase", "1", 1, one("a")), did("purchase", "1", 1, of("a", 2))}, bought: 3, orders: 1,
		},
		"two orders": {
			events: []store.Event{did("purchase", "1", 2, one("a")), did("purchase", "2", 1, one("a"))}, bought: 2, orders: 2,
		},
		"two purchases without an order": {
			events: []store.Event{did("purchase", "", 2, one("a")), did("purchase", "", 1, one("a"))}, bought: 2, orders: 2,
		},
		"given back": {events: []store.Event{did("purchase", "1", 2, of("a", 2)), did("refund", "1", 1, of("a", 2))}},
		"one of two given back": {
			events: []store.Event{did("purchase", "1", 2, of("a", 2)), did("refund", "1", 1, one("a"))}, bought: 1, orders: 1,
		},
		"given back from another order": {
			events: []store.Event{did("purchase", "1", 2, one("a")), did("purchase", "2", 2, one("a")), did("refund", "1", 1, of("a", 5))},
			bought: 1, orders: 1,
		},
		"given back without an order": {events: []store.Event{did("purchase", "1", 2, one("a")), did("refund", "", 1, one("a"))}},
		// a float32 that is only added to and taken from keeps 6e-8 of these
		"parts taken out together": {events: []store.Event{
			did("add_to_cart", "", 2, of("a", 0.7)), did("add_to_cart", "", 1, of("a", 0.1)), did("remove_from_cart", "", 0, of("a", 0.8)),
		}},
		"parts given back together": {
			events: []store.Event{did("purchase", "1", 2, of("a", 0.7), of("a", 0.1)), did("refund", "1", 1, of("a", 0.8))},
		},
		"given back in parts": {events: []store.Event{
			did("purchase", "1", 2, of("a", 0.8)), did("refund", "1", 1, of("a", 0.7)), did("refund", "1", 0, of("a", 0.1)),
		}},
		"the whole order given back": {events: []store.Event{did("purchase", "1", 3, of("a", 2), one("b")), did("refund", "1", 1)}},
		"rated low":                  {events: []store.Event{rated(1, 2, "a")}, unwanted: true},
		"rated":                      {events: []store.Event{rated(1, 3, "a")}},
		"rated better since":         {events: []store.Event{rated(2, 1, "a"), rated(1, 4, "a")}},
		"rated better before":        {events: []store.Event{rated(1, 1, "a"), rated(2, 4, "a")}, unwanted: true},
		"only shown in a list":       {events: []store.Event{did("view_item_list", "", 1, one("a"))}, absent: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := state(t, c.events...)
			if c.absent {
				if s.Find("a") >= 0 || s.Seq != 1 {
					t.Errorf("%+v", s)
				}
				return
			}
			a := item(t, s, "a")
			if a.Quantity() != c.bought || len(a.Purchases) != c.orders || float64(a.Cart) != c.cart || a.Unwanted() != c.unwanted {
				t.Errorf(
					"bought %v in %d orders, %v in the cart, unwanted %v; want %+v", a.Quantity(), len(a.Purchases), a.Cart, a.Unwanted(),
					c,
				)
			}
		})
	}
}

func TestPresentSessionOfAUser(t *testing.T) {
	t.Parallel()
	s := state(t, in(
		"s1", did("view_item", "", 9, one("old")),
	), in("s2", did("view_item", "", 2, one("a"))), in("s2", did("view_item", "", 1, one("b"))),
		in("s1", did("view_item", "", 8, one("late"))), did("view_item", "", 0, one("elsewhere")))
	if diff := cmp.Diff([]string{"b", "a"}, ids(s.Session)); diff != "" || s.SessionID != "s2" {
		t.Errorf("session %s: %s", s.SessionID, diff)
	}
	if diff := cmp.Diff([]string{"elsewhere", "b", "a", "late", "old"}, ids(s.Items)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsBoughtOutlivesWhatWasOnlyLookedAt(t *testing.T) {
	t.Parallel()
	events := []store.Event{did("purchase", "1", 300, one("bought")), did("view_item", "", 299, one("viewed"))}
	for n := range visitorstate.MaxItems {
		events = append(events, did("view_item", "", 200, one(fmt.Sprint("i", n))), did("purchase", "", 200, one(fmt.Sprint("b", n))))
	}
	s := state(t, events...)
	if len(s.Items) != 2*visitorstate.MaxItems+1 || s.Find("bought") < 0 || s.Find("viewed") >= 0 {
		t.Errorf("%d items, bought at %d, viewed at %d", len(s.Items), s.Find("bought"), s.Find("viewed"))
	}
	events = events[:0]
	for n := range visitorstate.MaxKept + 5 {
		events = append(events, did("purchase", "", 200, one(fmt.Sprint("b", n))))
	}
	if s := state(t, events...); len(s.Items) != visitorstate.MaxKept || s.Find("b4") >= 0 || s.Find("b5") < 0 {
		t.Errorf("%d items bought", len(s.Items))
	}
}

// drawEvents draws what a visitor may do, in any order of time.
func drawEvents(t *rapid.T) []store.Event {
	kinds := []string{
		"view_item", "add_to_cart", "remove_from_cart", "purchase", "refund", "rate", "not_interested", "view_item_list", "like",
	}
	var events []store.Event
	for range rapid.IntRange(0, 30).Draw(t, "events") {
		var lines []event.Line
		for range rapid.IntRange(1, 3).Draw(t, "lines") {
			lines = append(
				lines, of(fmt.Sprint("i", rapid.IntRange(0, 8).Draw(t, "item")), float64(rapid.IntRange(1, 3).Draw(t, "quantity"))),
			)
		}
		e := did(
			rapid.SampledFrom(kinds).Draw(t, "type"), rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "order"),
			rapid.IntRange(0, 90).Draw(t, "days"), lines...,
		)
		e.SessionID = rapid.SampledFrom([]string{"", "s1", "s2"}).Draw(t, "session")
		if e.Type == "rate" {
			v := float64(rapid.IntRange(1, 5).Draw(t, "rating"))
			e.Value = &v
		}
		events = append(events, e)
	}
	return history(events...)
}

func TestMovedEventByEventIsMadeFromAll(t *testing.T) {
	t.Parallel()
	m := visitor.NewMover(profileapi.DefaultEventWeights(), halfLife)
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t)
		whole, err := m.Move(nil, events)
		if err != nil {
			t.Fatal(err)
		}
		var moved []byte
		for from := 0; from < len(events); {
			to := rapid.IntRange(from+1, len(events)).Draw(t, "to")
			if moved, err = m.Move(moved, events[:to]); err != nil { // those before from are passed over
				t.Fatal(err)
			}
			from = to
		}
		if len(events) == 0 {
			moved = whole
		}
		a, errA := visitorstate.Decode(whole)
		b, errB := visitorstate.Decode(moved)
		if diff := cmp.Diff(a, b); errA != nil || errB != nil || diff != "" {
			t.Fatal(errA, errB, diff)
		}
		if len(events) > 0 && !m.Fits(a) {
			t.Fatal("a state does not fit the weights that it was made with")
		}
	})
}

func TestOtherWeightsDoNotFit(t *testing.T) {
	t.Parallel()
	s := state(t, did("view_item", "", 1, one("a")))
	other := profileapi.DefaultEventWeights()
	other["view_item"] = 2
	if visitor.NewMover(other, halfLife).Fits(s) || visitor.NewMover(profileapi.DefaultEventWeights(), 2*halfLife).Fits(s) {
		t.Error("a state fits weights or a half-life that it was not made with")
	}
}

func TestMergedStatesKnowWhatBothKnow(t *testing.T) {
	t.Parallel()
	user := state(t, did("purchase", "1", 40, one("lamp")), did("view_item", "", 10, one("chair")))
	session := state(t, did("add_to_cart", "", 1, one("table")), did("view_item", "", 0, one("lamp")))
	s := visitor.Merge(user, session, "s", halfLife)
	if diff := cmp.Diff([]string{"lamp", "table", "chair"}, ids(s.Items)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"lamp", "table"}, ids(s.Session)); diff != "" {
		t.Error(diff)
	}
	lamp := item(t, s, "lamp")
	whole := state(t, did("purchase", "1", 40, one("lamp")), did("view_item", "", 0, one("lamp")))
	want := item(t, whole, "lamp")
	if lamp.Count != 2 || lamp.Quantity() != 1 || lamp.Weight != want.Weight || lamp.Decayed != want.Decayed ||
		s.Types[lamp.Top] != "purchase" {
		t.Errorf("%+v, want %+v", lamp, want)
	}
	if item(t, s, "table").Cart != 1 || len(user.Items) != 2 {
		t.Error("the cart of the session is lost, or the state of the user was changed")
	}
}

// BenchmarkMove measures one more event of a visitor with 133, as in a visit.
func BenchmarkMove(b *testing.B) {
	var events []store.Event
	for n := range 133 {
		events = append(events, did("purchase", "", 133-n, one(fmt.Sprint("item", n))))
	}
	m := visitor.NewMover(profileapi.DefaultEventWeights(), halfLife)
	before, err := m.Move(nil, history(events...))
	if err != nil {
		b.Fatal(err)
	}
	next := did("view_item", "", 0, one("item7"))
	next.Seq = 1000
	for b.Loop() {
		if _, err := m.Move(before, []store.Event{next}); err != nil {
			b.Fatal(err)
		}
	}
}
