package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/visitorstate"
)

// undo takes back one of two imports between whose events others came. Its events, its lines of
// orders and its part of the statistics go, states are as if they had never been, and what it
// had told of can come again.
func undo(t *testing.T, s store.Store) {
	putImport(t, s, "x", "y")
	appendAll(t, s, newEvent("ua", "1", 0), purchase("ua", "7", 1, "p"))
	// What is stored before the import is what has to be there after it, with the events of
	// others that came between its own.
	want, stats := scan(t, s, shop, store.ScanQuery{}), statsOf(t, s)
	for n := range 3 {
		appendAll(
			t, s, imported(newEvent("ua", "", n), fmt.Sprint("x", n), "x"), newEvent("ub", fmt.Sprint("b", n), n),
			imported(newEvent("uc", "", n), fmt.Sprint("c", n), "x"),
		)
	}
	appendAll(
		t, s, imported(purchase("ua", "7", 1, "p"), "p1", "x"), imported(purchase("ua", "7", 1, "q"), "p2", "x"),
		imported(newEvent("ua", "", 0), "y1", "y"),
	)
	same(t, "before", []string{"ua i q p i1"}, held(t, s, "a", ""))
	// Six events and the purchase of q: that of p told nothing new and was not stored.
	for _, want := range []store.Undone{{Events: 7}, {}} {
		undone, err := s.UndoImport(t.Context(), shop, "x")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "undone", want, undone)
	}
	same(t, "the user", []string{"ua p i i1"}, held(t, s, "a", ""))
	same(t, "who came with it", []string{}, held(t, s, "c", ""))
	if _, err := s.UndoImport(t.Context(), shop, "y"); err != nil {
		t.Fatal(err)
	}
	same(t, "events", append(want, "4 ub/ b0", "7 ub/ b1", "10 ub/ b2"), scan(t, s, shop, store.ScanQuery{}))
	same(t, "statistics", stats+3, statsOf(t, s))
	same(
		t, "its lines are free again", []string{accepted, duplicate},
		appendAll(t, s, purchase("ua", "7", 1, "q"), purchase("ua", "7", 1, "p")),
	)
	putImport(t, s, "z")
	same(t, "the file again", []string{accepted}, appendAll(t, s, imported(newEvent("ua", "", 0), "x0", "z")))
	if _, err := s.UndoImport(t.Context(), shop, "none"); err == nil {
		t.Error("an import that is not there was undone")
	}
}

// leaving is a context that ends after a number of looks at it, as a process may between two transactions.
type leaving struct {
	context.Context
	looks int
}

func (l *leaving) Err() error {
	if l.looks--; l.looks < 0 {
		return context.Canceled
	}
	return nil
}

// undoInterrupted stops between two transactions: what is gone is out of the state by then, and
// a repeat removes the rest.
func undoInterrupted(t *testing.T, s store.Store) {
	putImport(t, s, "x")
	appendAll(t, s, newEvent("ua", "before", 0))
	const events = 4500 // three transactions
	for from := 0; from < events; from += 500 {
		batch := make([]store.NewEvent, 500)
		for n := range batch {
			batch[n] = imported(newEvent("ua", "", n), fmt.Sprint(from+n), "x")
		}
		appendAll(t, s, batch...)
	}
	first, err := s.UndoImport(&leaving{Context: t.Context(), looks: 1}, shop, "x")
	if !errors.Is(err, context.Canceled) || first.Events == 0 || first.Events == events {
		t.Fatalf("interrupted: %+v, %v", first, err)
	}
	same(t, "the state meanwhile", 2, len(strings.Fields(held(t, s, "a", "")[0]))-1) // i and ibefore
	rest, err := s.UndoImport(t.Context(), shop, "x")
	if err != nil || first.Events+rest.Events != events {
		t.Errorf("the rest: %+v behind %+v, %v", rest, first, err)
	}
	same(t, "left", []string{"1 ua/ before"}, scan(t, s, shop, store.ScanQuery{}))
	same(t, "state", []string{"ua ibefore"}, held(t, s, "a", ""))
}

// statsOf returns how many events the statistics count.
func statsOf(t *testing.T, s store.Store) int64 {
	t.Helper()
	counts, err := s.Stats(t.Context(), shop, 0, 2*base)
	if err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	for _, c := range counts {
		if c.Name != store.StatDuplicate && c.Name != store.StatLagMs {
			n += c.N
		}
	}
	return n
}

// undoRows checks that an item that was new is deleted, one that was there is as before under a new
// version, and one that somebody has changed since is kept. An import that changed what another
// had changed can be undone before it. Consent comes back with the record.
func undoRows(t *testing.T, s store.Store) {
	putImport(t, s, "x", "y")
	put := func(importID, id, title string) {
		t.Helper()
		err := s.UpdateItems(store.DuringImport(t.Context(), importID), shop, []string{id}, func(
			present map[string]store.ItemRow,
		) ([]store.ItemRow, error) {
			return []store.ItemRow{
				{ItemID: id, Version: present[id].Version + 1, Status: "active", Body: []byte(`{"title":"` + title + `"}`)},
			}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	user := func(importID, id, body string) {
		t.Helper()
		err := s.UpdateUsers(store.DuringImport(t.Context(), importID), shop, []string{id}, func(
			present map[string]store.UserRow,
		) ([]store.UserRow, error) {
			return []store.UserRow{{UserID: id, Version: present[id].Version + 1, Withheld: body == `{}`, Body: []byte(body)}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put("", "old", "before")
	put("", "mine", "before")
	user("", "a", `{"consent":{"personalization":false}}`)
	// Import x changes all of them; then somebody changes one of them, and import y another.
	for _, id := range []string{"old", "new", "mine", "both"} {
		put("x", id, "x")
	}
	user("x", "a", `{"locale":"de"}`)
	user("x", "b", `{"locale":"de"}`)
	put("", "mine", "somebody")
	put("y", "both", "y")
	if got, err := s.UndoImport(t.Context(), shop, "y"); err != nil || got != (store.Undone{Items: 1}) {
		t.Errorf("undone %+v, %v", got, err)
	}
	// "both" is what x made of it again, so that x can take it back; "mine" is somebody's.
	for _, want := range []store.Undone{{Items: 3, Users: 2, Kept: 1}, {}} {
		if got, err := s.UndoImport(t.Context(), shop, "x"); err != nil || got != want {
			t.Errorf("undone %+v, %v; want %+v", got, err, want)
		}
	}
	rows, err := s.Items(t.Context(), shop, []string{"old", "new", "mine", "both"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for id, r := range rows {
		got[id] = fmt.Sprintf("%d %t %s", r.Version, r.Deleted, r.Body)
	}
	same(
		t, "items",
		map[string]string{
			"old": `3 false {"title":"before"}`, "new": `2 true {}`, "mine": `3 false {"title":"somebody"}`, "both": `4 true {}`,
		},
		got,
	)
	same(t, "feed", 4, len(feed(t, s, 0)))
	users, err := s.Users(t.Context(), shop, []string{"a", "b"})
	if err != nil || len(users) != 1 || string(users["a"].Body) != `{"consent":{"personalization":false}}` {
		t.Errorf("users %+v, %v", users, err)
	}
	if !read(t, s, "a", "").Withheld {
		t.Error("the consent that was withheld before is given")
	}
}

// drawEvent draws an event of one of a few visitors, of any time, half of them in an import.
// Few visitors, orders and items make repeats and collisions frequent.
func drawEvent(t *rapid.T, n int) store.NewEvent {
	types := []string{
		"view_item", event.TypeAddToCart, event.TypeRemoveFromCart, event.TypePurchase, event.TypeRefund, event.TypeNotInterested,
		event.TypeRate,
	}
	e := newEvent(
		rapid.SampledFrom([]string{"ua", "ub", "stab"}).Draw(t, "subject"), fmt.Sprint(n), rapid.IntRange(-90*24*3600, 0).Draw(t, "time"),
	)
	e.Type = rapid.SampledFrom(types).Draw(t, "type")
	e.SessionID = rapid.SampledFrom([]string{"", "tab", "other"}).Draw(t, "session")
	if e.Subject == "stab" {
		e.SessionID = "tab"
	}
	if e.Type == event.TypeRate {
		rating := float64(rapid.IntRange(1, 5).Draw(t, "rating"))
		e.Value = &rating
	}
	if e.Type == event.TypePurchase || e.Type == event.TypeRefund {
		e.OrderID = rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "order")
	}
	var lines []event.Line
	least := 1
	if e.Type == event.TypeRefund && e.OrderID != "" {
		least = 0 // the whole order
	}
	for range rapid.IntRange(least, 3).Draw(t, "lines") {
		lines = append(lines, event.Line{
			ItemID:   rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "item"),
			Quantity: float64(rapid.IntRange(1, 2).Draw(t, "quantity")),
		})
	}
	e.Lines = event.AppendLines(nil, lines)
	if rapid.Bool().Draw(t, "imported") {
		e.Import = "x"
	}
	return e
}

// oracle appends, merges and undoes at random, and after each step compares each kept state
// with one that is made from the events, bit for bit. The runs share a store, where the numbers
// of events rise from one to the next.
func oracle(t *testing.T, s store.Store) {
	mover := visitor.NewMover(profileapi.DefaultEventWeights(), HalfLife)
	number := 0
	rapid.Check(t, func(rt *rapid.T) {
		for _, id := range []string{"a", "b"} { // a run begins with nothing
			if _, err := s.Erase(t.Context(), shop, id, "", store.Receipt{ID: fmt.Sprint("r", number, id), Mode: "erase"}); err != nil {
				rt.Fatal(err)
			}
		}
		if err := s.PutImport(t.Context(), shop, store.ImportRow{ImportID: "x", Body: []byte(`{}`)}); err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			number++
			var err error
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0:
				_, err = s.UndoImport(t.Context(), shop, "x")
			case 1:
				_, err = s.Merge(t.Context(), shop, "stab", "a")
			default:
				var events []store.NewEvent
				for n := range rapid.IntRange(1, 5).Draw(rt, "events") {
					events = append(events, drawEvent(rt, number*10+n))
				}
				err = s.Append(t.Context(), shop, events, nil)
			}
			if err != nil {
				rt.Fatal(err)
			}
			compareStates(t, rt, s, mover)
		}
	})
}

// compareStates makes the states from the history as it is stored, by the same rules.
func compareStates(t *testing.T, rt *rapid.T, s store.Store, mover *visitor.Mover) {
	for _, who := range [][2]string{{"a", "tab"}, {"b", ""}} {
		v, err := s.Visitor(t.Context(), shop, who[0], who[1])
		if err != nil {
			rt.Fatal(err)
		}
		for _, kept := range v.States {
			var made []byte
			if err := s.History(t.Context(), shop, store.HistoryQuery{Subjects: []string{kept.Subject}}, func(page []store.Event) error {
				made, err = mover.Move(made, page)
				return err
			}); err != nil {
				rt.Fatal(err)
			}
			if string(made) == string(kept.Data) {
				continue
			}
			want, errWant := visitorstate.Decode(made)
			got, errGot := visitorstate.Decode(kept.Data)
			rt.Fatalf("%s: %v %v %s", kept.Subject, errWant, errGot, cmp.Diff(want, got))
		}
	}
}
