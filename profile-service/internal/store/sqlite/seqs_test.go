package sqlite_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlite"
	"github.com/aisle-rec/aisle/shared/testenv"
)

func open(t *testing.T, url string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func migrated(t *testing.T) string {
	t.Helper()
	url := testenv.SQLite(t)
	if err := migrations.Up(t.Context(), migrations.Profile, url); err != nil {
		t.Fatal(err)
	}
	return url
}

func view(id string) store.NewEvent {
	return store.NewEvent{Event: store.Event{Subject: "uann", EventID: id, Type: "view_item", OccurredMs: 1, ReceivedMs: 1}, EventHash: event.Hash(id), SubjectHash: event.Hash("uann")}
}

// TestTheLastSeqIsTheFiles compares, after every kind of write, what is remembered with what a store that was opened anew reads.
func TestTheLastSeqIsTheFiles(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	s := open(t, url)
	defer func() { s.Close() }()
	refused := errors.New("refused")
	want := int64(0)
	for _, step := range []struct {
		name   string
		do     func() error
		raises int64
	}{
		{name: "events", raises: 2, do: func() error {
			_, err := s.Append(t.Context(), "north", []store.NewEvent{view("1"), view("2")}, nil)
			return err
		}},
		{name: "another shop's event", do: func() error {
			_, err := s.Append(t.Context(), "south", []store.NewEvent{view("1")}, nil)
			return err
		}},
		{name: "a user", raises: 1, do: func() error {
			return s.UpdateUsers(t.Context(), "north", []string{"ann"}, func(map[string]store.UserRow) ([]store.UserRow, error) {
				return []store.UserRow{{UserID: "ann", Version: 1, Body: []byte("{}")}}, nil
			})
		}},
		{name: "a user that is refused", do: func() error {
			err := s.UpdateUsers(t.Context(), "north", []string{"ann"}, func(map[string]store.UserRow) ([]store.UserRow, error) { return nil, refused })
			if !errors.Is(err, refused) {
				t.Errorf("error %v", err)
			}
			return nil
		}},
		{name: "a caller that has gone", do: func() error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := s.Append(ctx, "north", []store.NewEvent{view("3")}, nil); err == nil {
				t.Error("stored")
			}
			return nil
		}},
		{name: "a caller that goes before the commit", do: func() error {
			ctx, cancel := context.WithCancel(t.Context())
			err := s.UpdateUsers(ctx, "north", []string{"ann"}, func(map[string]store.UserRow) ([]store.UserRow, error) { cancel(); return nil, ctx.Err() })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			return nil
		}},
		{name: "a merge", raises: 1, do: func() error { _, err := s.Merge(t.Context(), "north", "sold", "ann"); return err }},
		{name: "an erasure", raises: 1, do: func() error {
			_, err := s.Erase(t.Context(), "north", "ann", "", store.Receipt{ID: "r", Mode: "erase"})
			return err
		}},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		want += step.raises
		remembered, err := s.LastSeq(t.Context(), "north")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, url)
		if _, known := s.KnownSeq("north"); known {
			t.Fatal("a store that was just opened claims to know a seq")
		}
		stored, err := s.LastSeq(t.Context(), "north")
		if err != nil || stored != want || remembered != want {
			t.Errorf("after %s: %d remembered, %d stored instead of %d, %v", step.name, remembered, stored, want, err)
		}
	}
}

// TestTheLastSeqNeverLags has writers that compare what they were acknowledged with what is known at that moment, while others write.
func TestTheLastSeqNeverLags(t *testing.T) {
	t.Parallel()
	s := open(t, migrated(t))
	t.Cleanup(func() { s.Close() })
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := range 50 {
				events := make([]store.NewEvent, 1+rand.IntN(3))
				for i := range events {
					events[i] = view(strconv.Itoa(w) + "." + strconv.Itoa(n) + "." + strconv.Itoa(i))
				}
				if _, err := s.Append(t.Context(), "north", events, nil); err != nil {
					t.Error(err)
					return
				}
				known, err := s.LastSeq(t.Context(), "north")
				if err != nil || known < events[len(events)-1].Seq {
					t.Errorf("seq %d is stored and %d is known, %v", events[len(events)-1].Seq, known, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestAFileHasOneOwner(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	first := open(t, url)
	if second, err := sqlite.Open(t.Context(), url); err == nil || !strings.Contains(err.Error(), "in use") {
		if err == nil {
			second.Close()
		}
		t.Errorf("opened twice: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, url).Close(); err != nil {
		t.Error(err)
	}
}
