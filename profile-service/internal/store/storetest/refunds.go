package storetest

import (
	"fmt"
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// refunds gives back a whole order without naming its items: the stored event names what is still bought of it, in the same call as the
// purchase or in a later one, once, and of no other order or person.
func refunds(t *testing.T, s store.Store) {
	refund := func(subject, order, id string, n int, items ...string) store.NewEvent {
		e := purchase(subject, order, n, items...)
		e.Type, e.EventID = event.TypeRefund, id
		return e
	}
	putImport(t, s, "x")
	appendAll(t, s, purchase("ua", "1", 0, "p", "q", "q"), purchase("ua", "2", 1, "p"), purchase("ub", "1", 2, "r"))
	appendAll(t, s, refund("ua", "1", "part", 3, "q"))
	for _, want := range []string{accepted, duplicate} {
		same(t, "the refund", []string{want}, appendAll(t, s, refund("ua", "1", "whole", 4)))
	}
	appendAll(
		t, s, refund("ua", "1", "again", 5), purchase("ua", "3", 6, "s"), refund("ua", "3", "at once", 7),
		refund("ua", "4", "of nothing", 8), refund("ub", "2", "of another", 9), imported(refund("uc", "1", "", 10), "import", "x"),
	)
	var got []string
	all := store.ScanQuery{Types: []string{event.TypeRefund}, UpTo: 1 << 40, Limit: 100}
	err := s.Scan(t.Context(), shop, all, func(e *store.Event) bool {
		lines, err := event.DecodeLines(nil, e.Lines)
		text := e.EventID + ":"
		for _, l := range lines {
			text += fmt.Sprintf(" %g %s", l.Quantity, l.ItemID)
		}
		got = append(got, text)
		return err == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same(
		t, "refunds", []string{"part: 1 q", "whole: 1 q 1 p", "again:", "at once: 1 s", "of nothing:", "of another:", "import:"}, got,
	)
}
