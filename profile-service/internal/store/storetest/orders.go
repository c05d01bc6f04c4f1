package storetest

import (
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// purchase returns a purchase of an order without an event id, a line for each item; "a" and "a" are two equal lines.
func purchase(subject, order string, n int, items ...string) store.NewEvent {
	e := newEvent(subject, "", n)
	e.Type, e.OrderID, e.EventID = event.TypePurchase, order, ""
	lines := make([]event.Line, len(items))
	for i, item := range items {
		lines[i] = event.Line{ItemID: item, Quantity: 1}
	}
	e.Lines = event.AppendLines(nil, lines)
	return e
}

// undated returns an event that does not say when it happened.
func undated(e store.NewEvent) store.NewEvent {
	e.Undated = true
	return e
}

// imported returns an event that an import gave an id.
func imported(e store.NewEvent, id, importID string) store.NewEvent {
	e.EventID, e.Import = id, importID
	return e
}

// putImport stores imports, so that events and changes can belong to them.
func putImport(t *testing.T, s store.Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := s.PutImport(t.Context(), shop, store.ImportRow{
			ImportID: id, CreatedMs: base, UpdatedMs: base, Body: []byte(`{}`),
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// orders tells of the same orders again and again, in the ways in which shops do: the thank-you
// page that is loaded twice, the order system that knows the time, a second shipment, a file
// that is sent again with a row more. Each step builds on those before.
func orders(t *testing.T, s store.Store) {
	putImport(t, s, "x", "y")
	inCall := func(call int, e store.NewEvent) store.NewEvent { e.Call = call; return e }
	withID := func(e store.NewEvent, id string) store.NewEvent { e.EventID = id; return e }
	for _, step := range []struct {
		name   string
		events []store.NewEvent
		want   []string
	}{
		// A page says no time and is loaded again: equal lines are repeats, also under another
		// event id or within one call. A line that is new is stored, and only that.
		{"the thank-you page", []store.NewEvent{undated(purchase("ua", "1", 0, "p", "q"))}, []string{accepted}},
		{"is loaded again", []store.NewEvent{undated(purchase("ua", "1", 60, "p", "q"))}, []string{duplicate}},
		{
			"twice in one call", []store.NewEvent{undated(purchase("ua", "1b", 60, "p")), undated(purchase("ua", "1b", 60, "p"))},
			[]string{accepted, duplicate},
		},
		{
			"with other ids",
			[]store.NewEvent{withID(undated(purchase("ua", "1", 60, "p")), "z1"), withID(undated(purchase("ua", "1", 60, "p")), "z2")},
			[]string{duplicate, duplicate},
		},
		{"with a line more", []store.NewEvent{undated(purchase("ua", "1", 90, "p", "r", "q"))}, []string{accepted + " 0 2"}},
		// A time that one side did not give tells nothing apart.
		{"by the order system, which knows the time", []store.NewEvent{purchase("ua", "1", 2, "p", "q", "r")}, []string{duplicate}},
		{"another person's order", []store.NewEvent{undated(purchase("ub", "1", 0, "p"))}, []string{accepted}},
		{
			"no order", []store.NewEvent{undated(purchase("ub", "", 0, "p")), undated(purchase("ub", "", 0, "p"))},
			[]string{accepted, accepted},
		},
		// Within one event equal lines are pieces: a third one is new.
		{"equal lines of one event", []store.NewEvent{undated(purchase("ua", "2", 0, "p", "p"))}, []string{accepted}},
		{"again", []store.NewEvent{undated(purchase("ua", "2", 9, "p", "p"))}, []string{duplicate}},
		{"one more", []store.NewEvent{undated(purchase("ua", "2", 9, "p", "p", "p"))}, []string{accepted + " 0 1"}},
		{
			// A call with times is one telling: its equal rows are pieces, and the call again
			// is a repeat.
			"rows of one call", []store.NewEvent{purchase("ua", "3", 0, "p"), purchase("ua", "3", 0, "q"), purchase("ua", "3", 0, "p")},
			[]string{accepted, accepted, accepted},
		},
		{
			"the call again", []store.NewEvent{purchase("ua", "3", 0, "p"), purchase("ua", "3", 0, "q"), purchase("ua", "3", 0, "p")},
			[]string{duplicate, duplicate, duplicate},
		},
		{
			"two calls in one commit", []store.NewEvent{inCall(1, purchase("ua", "4", 0, "p")), inCall(2, purchase("ua", "4", 0, "p"))},
			[]string{accepted, duplicate},
		},
		// An hour later it is another piece of the same order.
		{"a second shipment", []store.NewEvent{purchase("ua", "4", 3600, "p")}, []string{accepted}},
		{
			// An import is one telling, however many calls it takes, and whoever repeats it
			// tells the same again.
			"an import", []store.NewEvent{imported(purchase("ua", "5", 0, "p"), "a", "x"), imported(purchase("ua", "5", 0, "p"), "b", "x")},
			[]string{accepted, accepted},
		},
		{"its next batch", []store.NewEvent{imported(purchase("ua", "5", 0, "p"), "c", "x")}, []string{accepted}},
		{
			"the same file again with a row more",
			[]store.NewEvent{
				imported(purchase("ua", "5", 0, "p"), "a", "y"), imported(purchase("ua", "5", 0, "p"), "b", "y"),
				imported(purchase("ua", "5", 0, "p"), "c", "y"), imported(purchase("ua", "5", 0, "p"), "d", "y"),
			},
			[]string{duplicate, duplicate, duplicate, accepted},
		},
		{
			// One piece is there from the shop's own event: the file tells of it first, and of
			// a further one then.
			"an order that the shop had told of",
			[]store.NewEvent{imported(purchase("ua", "4", 0, "p"), "e", "y"), imported(purchase("ua", "4", 0, "p"), "f", "y")},
			[]string{duplicate, accepted},
		},
	} {
		same(t, step.name, step.want, appendAll(t, s, step.events...))
	}
}
