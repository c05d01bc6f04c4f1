package sqlstore_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// followed is a store with a standby, and what the store says of it.
type followed struct {
	*sqlstore.Store
	standby *testenv.Standby
	log     bytes.Buffer
	views   int
}

func follow(t *testing.T) *followed {
	t.Helper()
	standby := testenv.PostgresStandby(t)
	f := &followed{Store: storetest.At(t, standby.Primary), standby: standby}
	if err := f.UseStandby(standby.URL, slog.New(slog.NewTextHandler(&f.log, nil))); err != nil {
		t.Fatal(err)
	}
	return f
}

// view has n events acknowledged.
func (f *followed) view(t *testing.T, n int) {
	t.Helper()
	var events []store.NewEvent
	for range n {
		f.views++
		events = append(events, store.NewEvent{Event: store.Event{
			Subject: "ua", EventID: fmt.Sprint(f.views), Type: "view_item", OccurredMs: march, ReceivedMs: march,
			Lines: event.AppendLines(nil, []event.Line{{ItemID: "lamp", Quantity: 1}}),
		}})
	}
	if err := f.Append(t.Context(), "north", events, nil); err != nil {
		t.Fatal(err)
	}
}

// await waits until the standby has all of them.
func (f *followed) await(t *testing.T) {
	t.Helper()
	if !f.AwaitStandby(t.Context()) {
		t.Fatalf("the standby is not used: %s", f.log.String())
	}
}

// read returns the ids of all events, read in pages, each after a call of before.
func (f *followed) read(t *testing.T, page int, before func(place int)) (ids []string) {
	t.Helper()
	last, err := f.LastSeq(t.Context(), "north")
	if err != nil {
		t.Fatal(err)
	}
	q := store.ScanQuery{UpTo: last, Limit: page, OnlyPeople: true, Standby: true}
	for n := page; n == page; {
		n = 0
		before(len(ids))
		err := f.Scan(t.Context(), "north", q, func(e *store.Event) bool {
			n++
			q.After = e.Seq
			ids = append(ids, strings.Clone(e.EventID))
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// all are the ids of the events that were acknowledged.
func (f *followed) all() (ids []string) {
	for n := range f.views {
		ids = append(ids, fmt.Sprint(n+1))
	}
	return ids
}

// TestAStandbyHasWhatWasAcknowledged reads from the standby right after each acknowledgement.
func TestAStandbyHasWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	f := follow(t)
	for range 50 {
		f.view(t, 3)
		f.await(t)
		if got := f.read(t, 7, func(int) {}); !slices.Equal(got, f.all()) {
			t.Fatalf("read %v of %d events", got, f.views)
		}
	}
	if f.log.Len() > 0 {
		t.Errorf("read from the primary: %s", f.log.String())
	}
}

// TestALateStandbyIsNotRead reads while the standby takes nothing over, and after it is gone.
func TestALateStandbyIsNotRead(t *testing.T) {
	t.Parallel()
	f := follow(t)
	f.view(t, 3)
	f.await(t)
	f.standby.Pause(t)
	f.view(t, 1)
	if f.AwaitStandby(t.Context()) || !strings.Contains(f.log.String(), "behind") {
		t.Errorf("a standby that takes nothing over is used: %s", f.log.String())
	}
	f.standby.Kill()
	if f.AwaitStandby(t.Context()) || !strings.Contains(f.log.String(), "ask the standby") {
		t.Errorf("a standby that is gone is used: %s", f.log.String())
	}
}

// TestAStandbyMayGoAtAnyTime kills the standby between two pages of a stream.
func TestAStandbyMayGoAtAnyTime(t *testing.T) {
	t.Parallel()
	f := follow(t)
	f.view(t, 100)
	f.await(t)
	got := f.read(t, 10, func(place int) {
		if place == 50 {
			f.standby.Kill()
		}
	})
	if !slices.Equal(got, f.all()) {
		t.Errorf("read %v", got)
	}
	if strings.Count(f.log.String(), "the rest of a stream is read from the primary") != 1 {
		t.Errorf("five pages were left, and the log should tell once that the standby failed: %s", f.log.String())
	}
	if f.AwaitStandby(t.Context()) {
		t.Error("a standby that has just failed is used for the next stream")
	}
}

// TestOnlyACopyIsAStandby names other databases as the standby.
func TestOnlyACopyIsAStandby(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	for name, c := range map[string]struct{ url, want string }{
		"itself":  {url, "it is no standby"},
		"another": {testenv.Postgres(t), "it is no copy of this database"},
		"nothing": {"postgres://postgres@127.0.0.1:1/none", "ask the standby"},
	} {
		t.Run(name, func(t *testing.T) {
			s := storetest.At(t, url)
			var log bytes.Buffer
			if err := s.UseStandby(c.url, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
				t.Fatal(err)
			}
			if s.AwaitStandby(t.Context()) || !strings.Contains(log.String(), c.want) {
				t.Errorf("want %q: %s", c.want, log.String())
			}
		})
	}
}
