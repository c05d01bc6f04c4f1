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
