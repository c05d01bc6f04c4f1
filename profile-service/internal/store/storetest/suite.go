// Package storetest is the one suite that every store.Store must pass. An implementation's test calls Run with a way to open an empty
// store.
//
// Each test says in one or two comments what the ports promise that it holds the store to; the
// promises themselves are at the methods of package store. Expected rows are written as short
// texts, such as "4 stab/tab 4" for event 4 of session tab, so that a failure shows all that
// differs. suite.go has the list of tests, and what concerns events; the other files have a
// subject each.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// Open returns an empty store, which it closes when the test ends.
type Open func(t *testing.T) store.Store

// Run runs the suite, each test on a store of its own and all side by side. A test may count on
// the numbers of its events: the first event of an empty shop is 1.
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, store.Store){
		"append tells duplicates of events and orders": appendDuplicates,
		"append numbers in order of commit":            appendOrder,
		"append leaves out withheld subjects":          appendWithheld,
		"scan selects and orders":                      scanSelects,
		"a visitor's state follows the events":         visitorState,
		"history is bounded":                           history,
		"orders are sets of lines":                     orders,
		"a refund names what came back":                refunds,
		"an import is taken back exactly":              undo,
		"an undo goes on where it ended":               undoInterrupted,
		"an undone import gives back what was":         undoRows,
		"states are what the events give":              oracle,
		"statistics add up":                            statistics,
		"items keep one position per change":           items,
		"items have other names":                       otherNames,
		"items update is all or nothing":               itemsAtomic,
		"users keep consent for aliases":               users,
		"merge moves once and refuses cycles":          merge,
		"versions rise with every change":              versions,
		"erase and anonymize count rows":               erase,
		"robots are judged once and people decide":     robots,
		"retention removes old events only":            retention,
		"retention is that of each shop":               retentionByShop,
		"imports keep state and report":                imports,
		"what imports have left is found and removed":  traces,
		"shops do not meet":                            shops,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// shop is the one that tests work on; those of several shops name the others.
const shop = "north"

// base is the time of the first event: 2026-03-14 12:00 UTC, far from the bounds of its month.
const base = int64(1773489600000)

// newEvent returns an event of a subject, "u…" or "s…", with one line of the item "i" and the
// id; its time is n seconds behind base.
func newEvent(subject, id string, n int) store.NewEvent {
	return store.NewEvent{
		Event: store.Event{Subject: subject, EventID: id, Type: "view_item", OccurredMs: base + int64(n)*1000, ReceivedMs: base +
			int64(n)*1000,
			Lines: event.AppendLines(nil, []event.Line{{ItemID: "i" + id, Quantity: 1}})},
	}
}

// The usual outcomes.
const (
	accepted  = "accepted"
	duplicate = "duplicate"
)

// appendAll stores events in one call and says what became of each: "accepted", followed by the
// places of lines that were left out, or "duplicate".
func appendAll(t *testing.T, s store.Store, events ...store.NewEvent) []string {
	t.Helper()
	if err := s.Append(t.Context(), shop, events, nil); err != nil {
		t.Fatal(err)
	}
	outcomes := make([]string, len(events))
	for i, e := range events {
		outcomes[i] = accepted
		if e.Result.Duplicate {
			outcomes[i] = duplicate
		}
		for _, n := range e.Result.LeftOut {
			outcomes[i] += fmt.Sprint(" ", n)
		}
	}
	return outcomes
}

// scan returns "seq subject/session event_id" of the events of a query, whose zero UpTo and
// Limit stand for no bound.
func scan(t *testing.T, s store.Store, shop string, q store.ScanQuery) []string {
	t.Helper()
	if q.UpTo == 0 {
		q.UpTo = 1 << 40
	}
	if q.Limit == 0 {
		q.Limit = 1000
	}
	out := []string{}
	if err := s.Scan(t.Context(), shop, q, func(e *store.Event) bool {
		out = append(out, fmt.Sprintf("%d %s/%s %s", e.Seq, e.Subject, e.SessionID, e.EventID))
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// same compares values and goes on with the test where they differ.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

// appendDuplicates checks that ids are those of a person, whatever the time, within a call and after it;
// an order that is told a second time is a duplicate although its event id is new, and a
// purchase without an order id never is one.
func appendDuplicates(t *testing.T, s store.Store) {
	order := func(subject, id, order string) store.NewEvent {
		e := newEvent(subject, id, 1)
		e.Type, e.OrderID, e.Undated, e.Lines = event.TypePurchase, order, true, event.AppendLines(nil, []event.Line{{ItemID: "p"}})
		return e
	}
	far := newEvent("ua", "1", 0)
	far.OccurredMs -= 45 * 24 * 3600 * 1000 // a retry that was given another time, in another month
	// An id is told apart by its person and not by the time: a retry may have been given
	// another one.
	got := appendAll(
		t, s, newEvent("ua", "1", 0), newEvent("ua", "2", 0), newEvent("ua", "1", 1), newEvent("ub", "1", 0), order("ua", "o1", "7"),
		order("ua", "o2", "7"),
	)
	same(t, "first", []string{accepted, accepted, duplicate, accepted, accepted, duplicate}, got)
	got = appendAll(
		t, s, far, newEvent("ua", "3", 0), order("ua", "o3", "7"), order("ub", "o3", "7"), order("ub", "o4", ""), order("ub", "o5", ""),
	)
	same(t, "second", []string{duplicate, accepted, duplicate, accepted, accepted, accepted}, got)
	if n := len(scan(t, s, shop, store.ScanQuery{})); n != 8 {
		t.Errorf("%d events stored", n)
	}
}

// appendOrder has several writers append side by side while a reader follows: a number must not
// become visible before all below it are, or whoever reads on from the last one misses events
// for good.
func appendOrder(t *testing.T, s store.Store) {
	const writers, batches = 6, 20
	var wg sync.WaitGroup
	done := make(chan struct{})
	for w := range writers {
		wg.Go(func() {
			for b := range batches {
				events := []store.NewEvent{newEvent("u", fmt.Sprintf("%d-%d-a", w, b), 0), newEvent("u", fmt.Sprintf("%d-%d-b", w, b), 0)}
				if err := s.Append(context.Background(), shop, events, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() { wg.Wait(); close(done) }()
	// A reader that follows LastSeq must never find, behind it, an event that it has not read.
	seen, after := 0, int64(0)
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		default:
		}
		last, err := s.LastSeq(t.Context(), shop)
		if err != nil {
			t.Fatal(err)
		}
		if last > after {
			seen += len(scan(t, s, shop, store.ScanQuery{After: after, UpTo: last, Limit: 10_000}))
		}
		after = last
	}
	if seen != 2*writers*batches {
		t.Errorf("a reader that followed saw %d of %d events", seen, 2*writers*batches)
	}
}

// putUser stores a record without a look at the one before; version 0 deletes it.
func putUser(t *testing.T, s store.Store, id string, version int64, withheld bool) {
	t.Helper()
	err := s.UpdateUsers(t.Context(), shop, []string{id}, func(map[string]store.UserRow) ([]store.UserRow, error) {
		return []store.UserRow{{UserID: id, Version: version, CreatedMs: 1, UpdatedMs: 2, Withheld: withheld, Body: []byte(`{}`)}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// appendWithheld checks that an event of somebody who withholds consent is kept without a name, whether
// the event or the record says so, and its repeat is still known. Withdrawing later hides what
// is stored, giving again shows it. Number 1 is taken by the record.
func appendWithheld(t *testing.T, s store.Store) {
	// The first event withholds by itself, the second by its user's record; the third is
	// anybody's.
	e := newEvent("ua", "1", 0)
	e.Withheld, e.SessionID, e.OrderID, e.Rest = true, "tab", "o", []byte(`{"page":"/"}`)
	putUser(t, s, "b", 1, true)
	appendAll(t, s, e, newEvent("ub", "2", 0), newEvent("uc", "3", 0))
	same(t, "all", []string{"2 / 1", "3 / 2", "4 uc/ 3"}, scan(t, s, shop, store.ScanQuery{}))
	same(t, "with a subject", []string{"4 uc/ 3"}, scan(t, s, shop, store.ScanQuery{OnlyPeople: true}))
	same(t, "a retry", []string{duplicate}, appendAll(t, s, e))
	putUser(t, s, "c", 1, true)
	same(t, "withdrawn later", []string{}, scan(t, s, shop, store.ScanQuery{OnlyPeople: true}))
	putUser(t, s, "c", 2, false)
	same(t, "given again", []string{"4 uc/ 3"}, scan(t, s, shop, store.ScanQuery{OnlyPeople: true}))
}

// scanSelects tries each filter of a scan and its end by the reader.
func scanSelects(t *testing.T, s store.Store) {
	inSession := newEvent("ua", "2", 50*24*3600)
	inSession.SessionID = "tab"
	other := newEvent("ub", "3", 2)
	other.Type = "like"
	alone := newEvent("stab", "4", 3)
	alone.SessionID = "tab"
	appendAll(t, s, newEvent("ua", "1", 0), inSession, other, alone)
	for name, c := range map[string]struct {
		q    store.ScanQuery
		want []string
	}{
		"everything":  {store.ScanQuery{}, []string{"1 ua/ 1", "2 ua/tab 2", "3 ub/ 3", "4 stab/tab 4"}},
		"descending":  {store.ScanQuery{Descending: true, Limit: 2}, []string{"4 stab/tab 4", "3 ub/ 3"}},
		"range":       {store.ScanQuery{After: 1, UpTo: 3}, []string{"2 ua/tab 2", "3 ub/ 3"}},
		"time":        {store.ScanQuery{FromMs: base + 1, ToMs: base + 3000}, []string{"3 ub/ 3"}},
		"type":        {store.ScanQuery{Types: []string{"like", "share"}}, []string{"3 ub/ 3"}},
		"subject":     {store.ScanQuery{Subjects: []string{"ua"}}, []string{"1 ua/ 1", "2 ua/tab 2"}},
		"session":     {store.ScanQuery{SessionID: "tab"}, []string{"2 ua/tab 2", "4 stab/tab 4"}},
		"nobody":      {store.ScanQuery{Subjects: []string{"uz"}}, []string{}},
		"other bound": {store.ScanQuery{After: 4}, []string{}},
	} {
		same(t, name, c.want, scan(t, s, shop, c.q))
	}
	n := 0
	if err := s.Scan(t.Context(), shop, store.ScanQuery{UpTo: 9, Limit: 9}, func(*store.Event) bool { n++; return n < 2 }); err != nil ||
		n != 2 {
		t.Errorf("a scan that is stopped read %d, %v", n, err)
	}
}

// statistics checks that what a call is told to add and what becomes of its events are added up in the
// hour of arrival; lag is the sum of milliseconds between doing and arriving. A call may bring
// counts and no event.
func statistics(t *testing.T, s store.Store) {
	// The second round is one of repeats: they count as duplicates, and add nothing to the lag.
	hour := store.HourOf(base)
	late := newEvent("ua", "2", 0)
	late.ReceivedMs += 500
	for range 2 {
		if err := s.Append(t.Context(), shop, []store.NewEvent{newEvent("ua", "1", 0), late}, []store.Count{
			{HourMs: hour, Name: "rejected x", N: 2},
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Append(t.Context(), shop, nil, []store.Count{{HourMs: hour + 3600_000, Name: "rejected y", N: 1}}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Stats(t.Context(), shop, hour, hour+3600_000)
	if err != nil {
		t.Fatal(err)
	}
	same(
		t, "counts",
		[]store.Count{
			{HourMs: hour, Name: "accepted view_item", N: 2}, {HourMs: hour, Name: "duplicate", N: 2},
			{HourMs: hour, Name: "lag_ms", N: 500}, {HourMs: hour, Name: "rejected x", N: 4},
		},
		got,
	)
}

// retention goes by the time at which an event happened. A repeat finds nothing, and an event
// that is older than the bound is taken in all the same: what is too old is refused before it
// comes to the store.
func retention(t *testing.T, s store.Store) {
	// It was also received then: an import would have brought it later.
	old := newEvent("ua", "old", 0)
	old.OccurredMs -= 70 * 24 * 3600 * 1000
	old.ReceivedMs = old.OccurredMs
	appendAll(t, s, old, newEvent("ua", "1", 0))
	for _, want := range []int64{1, 0} {
		if n, err := s.Retain(t.Context(), shop, base-1000); err != nil || n != want {
			t.Errorf("removed %d, want %d, %v", n, want, err)
		}
	}
	same(t, "left", []string{"2 ua/ 1"}, scan(t, s, shop, store.ScanQuery{}))
	all, err := s.Shops(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "shops", []string{shop}, all)
	same(t, "an old event again", []string{accepted}, appendAll(t, s, newEvent("ub", "2", -80*24*3600)))
}

// imports checks that a state is replaced as a whole, but for the wish to cancel, which stays. Retention
// takes imports with their reports by the time at which they were started.
func imports(t *testing.T, s store.Store) {
	if _, err := s.Import(t.Context(), shop, "1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an import that is not there: %v", err)
	}
	put := func(r store.ImportRow) {
		t.Helper()
		if err := s.PutImport(t.Context(), shop, r); err != nil {
			t.Fatal(err)
		}
	}
	put(store.ImportRow{ImportID: "1", CreatedMs: 5, UpdatedMs: 6, Body: []byte(`{"a":1}`)})
	put(store.ImportRow{ImportID: "2", CreatedMs: 7, UpdatedMs: 7, Body: []byte(`{}`)})
	put(store.ImportRow{ImportID: "1", CreatedMs: 5, UpdatedMs: 8, Body: []byte(`{"a":2}`)})
	if err := s.CancelImport(t.Context(), shop, "1"); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Import(t.Context(), shop, "1"); err != nil || !got.Cancelled || string(got.Body) != `{"a":2}` {
		t.Errorf("a cancelled import is %+v, %v", got, err)
	}
	if err := s.TouchImport(t.Context(), shop, "1", 11); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Import(t.Context(), shop, "1"); err != nil || got.UpdatedMs != 11 || !got.Cancelled || string(got.Body) != `{"a":2}` {
		t.Errorf("an import whose process is there is %+v, %v", got, err)
	}
	put(store.ImportRow{ImportID: "1", CreatedMs: 5, UpdatedMs: 9, Body: []byte(`{"a":3}`)})
	// A process that did not hear of the cancellation has stored its state over it.
	first := store.ImportRow{ImportID: "1", CreatedMs: 5, UpdatedMs: 9, Cancelled: true, Body: []byte(`{"a":3}`)}
	got, err := s.Import(t.Context(), shop, "1")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "import", first, got)
	list, err := s.ListImports(t.Context(), shop, "2", 10)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "list", []store.ImportRow{first}, list)
	entries := []store.ImportError{{Number: 1, Body: []byte(`{"line":1}`)}, {Number: 2, Body: []byte(`{"line":2}`)}}
	if err := s.AddImportErrors(t.Context(), shop, "1", entries); err != nil {
		t.Fatal(err)
	}
	report, err := s.ImportErrors(t.Context(), shop, "1", 1, 10)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "report", entries[1:], report)
	if _, err := s.Retain(t.Context(), shop, 6); err != nil {
		t.Fatal(err)
	}
	if list, err := s.ListImports(t.Context(), shop, "", 10); err != nil || len(list) != 1 || list[0].ImportID != "2" {
		t.Errorf("behind their retention: %+v, %v", list, err)
	}
	if report, err := s.ImportErrors(t.Context(), shop, "1", 0, 10); err != nil || len(report) != 0 {
		t.Errorf("report behind its retention: %+v, %v", report, err)
	}
}

// shops does in one shop what must not touch the same ids in another: events, items, merges,
// erasures and retention.
func shops(t *testing.T, s store.Store) {
	appendAll(t, s, newEvent("ua", "1", 0))
	// Everything below is done in the south, with the ids of the north; what is compared at
	// last is that the north has lost nothing.
	south := []store.NewEvent{newEvent("ua", "1", 0)}
	if err := s.Append(t.Context(), "south", south, nil); err != nil || south[0].Result.Duplicate {
		t.Errorf("the same id in another shop: %+v, %v", south[0].Result, err)
	}
	// Events without consent are kept under nobody, who is no shop's.
	withheld := newEvent("uw", "w", 0)
	withheld.Withheld = true
	same(t, "without consent", []string{accepted, duplicate}, append(appendAll(t, s, withheld), appendAll(t, s, withheld)...))
	south = []store.NewEvent{withheld}
	if err := s.Append(t.Context(), "south", south, nil); err != nil || south[0].Result.Duplicate {
		t.Errorf("the same id without consent in another shop: %+v, %v", south[0].Result, err)
	}
	putItems(t, s, store.ItemRow{ItemID: "i", Version: 1, Body: []byte(`{}`)})
	if rows, err := s.ItemChanges(t.Context(), "south", 0, 10); err != nil || len(rows) != 0 {
		t.Errorf("south's feed: %v, %v", rows, err)
	}
	if _, err := s.Merge(t.Context(), "south", "ua", "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Erase(t.Context(), "south", "b", "", store.Receipt{ID: "r", Mode: "erase"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Retain(t.Context(), "south", base+1e6); err != nil {
		t.Fatal(err)
	}
	same(t, "north", []string{"1 ua/ 1", "2 / w"}, scan(t, s, shop, store.ScanQuery{}))
	same(t, "south", []string{}, scan(t, s, "south", store.ScanQuery{}))
}
