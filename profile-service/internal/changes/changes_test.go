package changes_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/profile-service/internal/changes"
	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
)

var ids struct {
	sync.Mutex
	n int
}

// post appends an event of each subject and returns the last seq.
func post(t *testing.T, s store.Store, shop string, subjects ...string) int64 {
	t.Helper()
	events := make([]store.NewEvent, len(subjects))
	ids.Lock()
	for i, subject := range subjects {
		ids.n++
		id := strconv.Itoa(ids.n)
		events[i] = store.NewEvent{Event: store.Event{Subject: subject, EventID: id, Type: "view_item", OccurredMs: 1, ReceivedMs: 1}, EventHash: event.Hash(id), SubjectHash: event.Hash(subject)}
	}
	ids.Unlock()
	if _, err := s.Append(t.Context(), shop, events, nil); err != nil {
		t.Fatal(err)
	}
	last, err := s.LastSeq(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	return last
}

func TestAChangeIsNeverMissedAndOthersRarelyCount(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)
	now := time.Unix(0, 0)
	log := changes.NewLog(s, func() time.Time { return now })
	last := map[string]int64{}
	seq := post(t, s, "north", "u0")
	since := func(t rapid.TB, after int64, subject string) bool {
		changed, err := log.Since(context.Background(), "north", after, []int64{event.Hash(subject)})
		if err != nil {
			t.Fatal(err)
		}
		return changed
	}
	since(t, seq-1, "u0") // from here on the log is kept
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 4).Draw(rt, "events")
		for range n {
			subject := "u" + strconv.Itoa(rapid.IntRange(0, 9).Draw(rt, "visitor"))
			seq = post(t, s, "north", subject)
			last[subject] = seq
		}
		post(t, s, "south", "u1")
		now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(rt, "seconds")) * time.Second)
		after := seq - int64(rapid.IntRange(0, 6).Draw(rt, "back"))
		if after < 1 {
			return
		}
		for v := range 10 {
			subject := "u" + strconv.Itoa(v)
			if log.Unchanged("north", after, []int64{event.Hash(subject)}) && last[subject] > after {
				rt.Fatalf("%s is said not to have changed after %d, its last change is %d", subject, after, last[subject])
			}
			if got, want := since(rt, after, subject), last[subject] > after; got != want {
				rt.Fatalf("%s changed after %d: %t, its last change is %d", subject, after, got, last[subject])
			}
			if got, want := log.Unchanged("north", after, []int64{event.Hash(subject)}), last[subject] <= after; got != want {
				rt.Fatalf("%s surely unchanged after %d: %t, its last change is %d", subject, after, got, last[subject])
			}
		}
	})
	now = now.Add(time.Hour)
	post(t, s, "north", "u1")
	if !since(t, seq, "u2") {
		t.Error("after a long silence the log claims to know what happened in it")
	}
}

func TestALargeTailCountsForEverybody(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)
	log := changes.NewLog(s, time.Now)
	first := post(t, s, "north", "u1")
	if _, err := log.Since(t.Context(), "north", first-1, nil); err != nil {
		t.Fatal(err)
	}
	for range 51 {
		subjects := make([]string, 1000)
		for i := range subjects {
			subjects[i] = "uimported"
		}
		post(t, s, "north", subjects...)
	}
	if changed, err := log.Since(t.Context(), "north", first, []int64{event.Hash("u1")}); err != nil || !changed {
		t.Errorf("changed: %t, %v", changed, err)
	}
	last := post(t, s, "north", "u2")
	for subject, want := range map[string]bool{"u1": false, "u2": true} {
		if changed, err := log.Since(t.Context(), "north", last-1, []int64{event.Hash(subject)}); err != nil || changed != want {
			t.Errorf("%s changed: %t, %v", subject, changed, err)
		}
	}
}
