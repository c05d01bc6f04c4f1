package storetest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/visitorstate"
)

const dayMs = int64(24 * 3600 * 1000)

// year is what forty visitors of a shop, some of them as sessions beside users, did in a year, more than one block of it: looks and orders
// of one or two parts, in no order of time. The same each time, by a fixed seed; every event
// has an id, and its arrival is 250 ms behind it.
func year() (events []store.NewEvent) {
	rng := rand.New(rand.NewPCG(7, 1))
	for n := range 6000 {
		subject := fmt.Sprint("u", rng.IntN(40))
		e := newEvent(subject, fmt.Sprint("id", n), 0)
		if rng.IntN(5) == 0 {
			e = purchase(subject, fmt.Sprint("order", rng.IntN(600)), 0, fmt.Sprint("i", rng.IntN(9)))
			e.EventID = fmt.Sprint("id", n)
		}
		if rng.IntN(3) == 0 {
			e.SessionID = fmt.Sprint("tab", rng.IntN(60))
		}
		e.OccurredMs = base - int64(rng.IntN(365))*dayMs - int64(rng.IntN(1000))
		e.ReceivedMs = e.OccurredMs + 250
		events = append(events, e)
	}
	return events
}

// retentionByShop has two shops do the same, and one of them keep it for a shorter time. What that one knows is what a
// third shop knows that was only told what is left. More than 4096 must go, since the SQL
// stores remove them in blocks of as many numbers. What was drawn is counted first, so that the
// test cannot pass on events of which none goes.
func retentionByShop(t *testing.T, s store.Store) {
	const long, brief, fresh = "long", "brief", "fresh"
	before := base - 60*dayMs
	tell := func(shop string, events []store.NewEvent) []store.NewEvent {
		t.Helper()
		if err := s.Append(t.Context(), shop, events, nil); err != nil {
			t.Fatal(err)
		}
		return events
	}
	var left []store.NewEvent
	tell(long, year())
	stored := tell(brief, year())
	// Repeats are stored nowhere and go nowhere.
	removed, refused := int64(0), 0
	for n, e := range year() {
		switch {
		case stored[n].Result.Duplicate:
			refused++
		case e.OccurredMs < before:
			removed++
		default:
			left = append(left, e)
		}
	}
	if removed < 4096 || len(left) < 500 {
		t.Fatalf("%d events are to go, %d to stay, %d were repeats", removed, len(left), refused)
	}
	// The third shop is told exactly what the second one still has.
	tell(fresh, left)
	all := ids(t, s, long)

	for _, want := range []int64{removed, 0} {
		if n, err := s.Retain(t.Context(), brief, before); err != nil || n != want {
			t.Fatalf("removed %d, want %d, %v", n, want, err)
		}
	}
	same(t, "the shop that keeps events longer", all, ids(t, s, long))
	same(t, "events that are left", ids(t, s, fresh), ids(t, s, brief))
	for n := range 40 {
		same(t, fmt.Sprint("visitor ", n), stateOf(t, s, fresh, fmt.Sprint(n), ""), stateOf(t, s, brief, fmt.Sprint(n), ""))
	}
	for n := range 60 {
		same(t, fmt.Sprint("session ", n), stateOf(t, s, fresh, "", fmt.Sprint("tab", n)), stateOf(t, s, brief, "", fmt.Sprint("tab", n)))
	}
	// What is left is known by its id and its order, what is gone is not; what comes late goes with the next look.
	repeats, gone := map[string][]int{}, map[string]int64{}
	for _, shop := range []string{fresh, brief} {
		for n, e := range tell(shop, year()[:2000]) {
			if e.Result.Duplicate {
				repeats[shop] = append(repeats[shop], n)
			}
		}
		n, err := s.Retain(t.Context(), shop, before)
		if err != nil {
			t.Fatal(err)
		}
		gone[shop] = n
	}
	same(t, "repeats", repeats[fresh], repeats[brief])
	same(t, "events that came late and went", gone[fresh], gone[brief])
	if len(repeats[brief]) < 100 || gone[brief] < 1000 {
		t.Errorf("%d repeats, %d late events", len(repeats[brief]), gone[brief])
	}
	same(t, "events that are left at last", ids(t, s, fresh), ids(t, s, brief))
}

// ids lists the events of a shop as they are stored, without their numbers. As texts, they can
// be compared between shops.
func ids(t *testing.T, s store.Store, shop string) (list []string) {
	t.Helper()
	err := s.Scan(t.Context(), shop, store.ScanQuery{UpTo: 1 << 40, Limit: 1 << 20}, func(e *store.Event) bool {
		list = append(list, fmt.Sprintf("%s/%s %s %s %s %d", e.Subject, e.SessionID, e.EventID, e.Type, e.OrderID, e.OccurredMs))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// stateOf returns the states of a visitor without the numbers of their events, which differ
// between shops that were told of them differently.
func stateOf(t *testing.T, s store.Store, shop, user, session string) (list []string) {
	t.Helper()
	v, err := s.Visitor(t.Context(), shop, user, session)
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range v.States {
		decoded, err := visitorstate.Decode(state.Data)
		if err != nil {
			t.Fatal(err)
		}
		decoded.Seq = 0
		list = append(list, fmt.Sprintf("%+v", decoded))
	}
	return list
}
