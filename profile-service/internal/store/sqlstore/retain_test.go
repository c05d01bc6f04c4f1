package sqlstore_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
)

// TestAnAppendWaitsForOneBatchOfRetention appends for as long as retention removes the report of an old import: with the whole report in
// one transaction, the only writing connection of SQLite would not be free before its end, and appends would see all of the report or
// nothing.
func TestAnAppendWaitsForOneBatchOfRetention(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)
	const entries = 20_000
	if err := s.PutImport(t.Context(), "north", store.ImportRow{
		ImportID: "1", CreatedMs: 5, UpdatedMs: 5, Body: []byte(`{}`),
	}); err != nil {
		t.Fatal(err)
	}
	report := make([]store.ImportError, entries)
	for i := range report {
		report[i] = store.ImportError{Number: int64(i + 1), Body: []byte(`{"line":1}`)}
	}
	if err := s.AddImportErrors(t.Context(), "north", "1", report); err != nil {
		t.Fatal(err)
	}
	left := func() (n int) {
		err := s.Traces(t.Context(), "north", nil, func(*store.Trace) error { n++; return nil })
		if err != nil {
			t.Error(err)
		}
		return n
	}
	done := make(chan error, 1)
	seen := map[int]bool{}
	var appending sync.WaitGroup
	begun := make(chan struct{})
	appending.Go(func() {
		for n := 0; ; n++ {
			e := store.NewEvent{
				Event: store.Event{Subject: "ua", EventID: fmt.Sprint(n), Type: "view_item", OccurredMs: march, ReceivedMs: march},
			}
			if err := s.Append(t.Context(), "north", []store.NewEvent{e}, nil); err != nil {
				t.Error(err)
				return
			}
			if n == 0 {
				close(begun)
			}
			rest := left()
			if seen[rest] = true; rest == 0 {
				return
			}
		}
	})
	<-begun
	go func() {
		_, err := s.Retain(t.Context(), "north", 6)
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	appending.Wait()
	delete(seen, entries)
	delete(seen, 0)
	if len(seen) == 0 {
		t.Errorf("no append came between the batches of %d entries", entries)
	}
}

// TestAnAppendWaitsForOnePartOfABlock appends for as long as retention empties a block of seqs: appends come between its parts.
func TestAnAppendWaitsForOnePartOfABlock(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)
	const old = 4000 // of the 4,096 of the block
	view := func(n int, at int64) store.NewEvent {
		return store.NewEvent{Event: store.Event{
			Subject: fmt.Sprint("u", n%50), EventID: fmt.Sprint(at, " ", n), Type: "view_item", OccurredMs: at, ReceivedMs: at,
		}}
	}
	var events []store.NewEvent
	for n := range old {
		events = append(events, view(n, march-1))
	}
	if err := s.Append(t.Context(), "north", events, nil); err != nil {
		t.Fatal(err)
	}
	left := func() (n int) {
		err := s.Scan(t.Context(), "north", store.ScanQuery{UpTo: old, Limit: old}, func(*store.Event) bool { n++; return true })
		if err != nil {
			t.Error(err)
		}
		return n
	}
	between := map[int]bool{}
	begun := make(chan struct{})
	var appending sync.WaitGroup
	appending.Go(func() {
		for n := 0; ; n++ {
			if err := s.Append(t.Context(), "north", []store.NewEvent{view(n, march)}, nil); err != nil {
				t.Error(err)
				return
			}
			if n == 0 {
				close(begun)
			}
			rest := left()
			if between[rest] = true; rest == 0 {
				return
			}
		}
	})
	<-begun
	if n, err := s.Retain(t.Context(), "north", march); err != nil || n != old {
		t.Errorf("%d removed, %v", n, err)
	}
	appending.Wait()
	delete(between, old)
	delete(between, 0)
	if len(between) == 0 {
		t.Errorf("no append came before the last of %d events was removed", old)
	}
	if n, err := s.Retain(t.Context(), "north", march); err != nil || n != 0 {
		t.Errorf("once more %d removed, %v", n, err)
	}
}
