package storetest

import (
	"fmt"
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// traces looks for what imports have left of a user through more entries than are read at once, and has retention remove the rest.
func traces(t *testing.T, s store.Store) {
	const entries = 2500
	if err := s.PutImport(t.Context(), shop, store.ImportRow{ImportID: "1", CreatedMs: 5, UpdatedMs: 5, Body: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	report := make([]store.ImportError, entries)
	for i := range report {
		report[i] = store.ImportError{Number: int64(i + 1), Body: fmt.Appendf(nil, `{"line":%d}`, i+1)}
	}
	if err := s.AddImportErrors(t.Context(), shop, "1", report); err != nil {
		t.Fatal(err)
	}
	putUser(t, s, "a", 1, false)
	for _, id := range []string{"a", "b"} {
		err := s.UpdateUsers(store.DuringImport(t.Context(), "1"), shop, []string{id},
			func(map[string]store.UserRow) ([]store.UserRow, error) {
				return []store.UserRow{{UserID: id, Version: 2, Body: []byte(`{}`)}}, nil
			})
		if err != nil {
			t.Fatal(err)
		}
	}
	session := newEvent("ua", "1", 0)
	session.SessionID = "tab"
	appendAll(t, s, session)
	if _, err := s.Merge(t.Context(), shop, "sold", "a"); err != nil {
		t.Fatal(err)
	}
	// The session tab is one in which the user was seen, sold one that was merged into him.
	for subject, want := range map[string][]string{"ua": {"sold", "stab", "ua"}, "unobody": {"unobody"}} {
		got, err := s.Subjects(t.Context(), shop, subject)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "subjects", want, got)
	}
	// find returns the traces that pick chooses, and how many there are of each kind.
	find := func(pick func(*store.Trace) bool) (found []store.Trace, kinds map[string]int) {
		t.Helper()
		kinds = map[string]int{}
		err := s.Traces(t.Context(), shop, []string{"a"}, func(trace *store.Trace) error {
			if kinds[trace.Kind]++; trace.CreatedMs != 5 || trace.ImportID != "1" {
				t.Errorf("trace %+v", trace)
			}
			if pick(trace) {
				found = append(found, *trace)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return found, kinds
	}
	some, kinds := find(func(trace *store.Trace) bool { return trace.Kind == store.TraceChange || trace.Number%2 == 0 })
	same(t, "found", map[string]int{store.TraceError: entries, store.TraceChange: 1}, kinds)
	for range 2 { // a repeat does nothing
		if err := s.EraseTraces(t.Context(), shop, some); err != nil {
			t.Fatal(err)
		}
		_, kinds = find(func(*store.Trace) bool { return true })
		same(t, "left", map[string]int{store.TraceError: entries / 2}, kinds)
	}
	if _, err := s.Retain(t.Context(), shop, 6); err != nil {
		t.Fatal(err)
	}
	if _, kinds = find(func(*store.Trace) bool { return true }); len(kinds) != 0 {
		t.Errorf("behind the retention: %v", kinds)
	}
	// Also what was changed for others goes with the import: nothing could tell any more how old it is.
	if err := s.Traces(t.Context(), shop, []string{"b"}, func(trace *store.Trace) error {
		t.Errorf("behind the retention: %+v", trace)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
