package storetest

import (
	"math"
	"slices"
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// concerned returns which of the subjects have changed after seq.
func concerned(t *testing.T, s store.Store, after int64, subjects ...string) []string {
	t.Helper()
	found := map[int64]bool{}
	last, err := s.LastSeq(t.Context(), shop)
	if err == nil {
		err = s.Changed(t.Context(), shop, after, last, func(seq, subjectHash int64) {
			found[subjectHash] = true
			if seq <= after || seq > last {
				t.Errorf("a change with seq %d between %d and %d", seq, after, last)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(slices.Clone(subjects), func(subject string) bool { return !found[event.Hash(subject)] })
}

func changes(t *testing.T, s store.Store) {
	all := []string{"ua", "ub", "uc", "uanon", "stab"}
	inSession := newEvent("ub", "2", 0)
	inSession.SessionID = "tab"
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"an event", func() { appendAll(t, s, newEvent("ua", "1", 0)) }, []string{"ua"}},
		{"an event in a session", func() { appendAll(t, s, inSession) }, []string{"ub", "stab"}},
		{"a repeat", func() { appendAll(t, s, newEvent("ua", "1", 0)) }, []string{}},
		{"a record", func() { putUser(t, s, "c", 1, false) }, []string{"uc"}},
		{"a consent that is withdrawn", func() { putUser(t, s, "c", 2, true) }, []string{"uc"}},
		{"an event without consent", func() { appendAll(t, s, newEvent("uc", "3", 0)) }, []string{}},
		{"a merge", func() {
			if _, err := s.Merge(t.Context(), shop, "uanon", "a"); err != nil {
				t.Fatal(err)
			}
		}, []string{"ua", "uanon"}},
		{"a merge of a session", func() {
			if _, err := s.Merge(t.Context(), shop, "stab", "a"); err != nil {
				t.Fatal(err)
			}
		}, []string{"ua", "stab"}},
		{"an event of an alias", func() { appendAll(t, s, newEvent("uanon", "4", 0)) }, []string{"ua"}},
		{"an erasure", func() {
			if _, err := s.Erase(t.Context(), shop, "a", "", store.Receipt{ID: "r", Mode: "erase"}); err != nil {
				t.Fatal(err)
			}
		}, []string{"ua", "uanon", "stab"}},
	} {
		before, err := s.LastSeq(t.Context(), shop)
		if err != nil {
			t.Fatal(err)
		}
		step.do()
		same(t, step.name, step.want, concerned(t, s, before, all...))
	}
	if err := s.ForgetChanges(t.Context(), math.MaxInt64); err != nil {
		t.Fatal(err)
	}
	same(t, "events are not forgotten", []string{"ub", "stab"}, concerned(t, s, 0, all...))
}
