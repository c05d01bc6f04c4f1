package maintenance_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/recommender-service/internal/experiment"
	"github.com/aisle-rec/aisle/recommender-service/internal/maintenance"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/testenv"
)

const day = 24 * time.Hour

func now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func ago(d time.Duration) int64 { return now().Add(-d).UnixMilli() }

func open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), testenv.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func keeper(s maintenance.Store) *maintenance.Cleaner {
	return &maintenance.Cleaner{Store: s, KeepDecisions: 7 * day, KeepClicks: 3 * day, Logger: slog.New(slog.DiscardHandler), Now: now}
}

// put stores a version of an experiment.
func put(t *testing.T, s *store.Store, id, status string, atMs int64, deleted bool) {
	t.Helper()
	d := store.Document{ID: id, CreatedMs: atMs, Deleted: deleted, Body: []byte(`{"status":"` + status + `"}`)}
	if _, err := s.Put(t.Context(), "north", experiment.Kind, d, 1, func(store.Document) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsPastItsRetentionGoes(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	put(t, s, "running", experiment.Running, ago(300*day), false)
	put(t, s, "just", experiment.Stopped, ago(89*day), false)
	put(t, s, "long", experiment.Stopped, ago(91*day), false)
	put(t, s, "again", experiment.Stopped, ago(200*day), false)
	put(t, s, "again", experiment.Running, ago(100*day), false)
	put(t, s, "gone", experiment.Stopped, ago(91*day), true)
	put(t, s, "going", experiment.Running, ago(89*day), true)
	c := store.Counts{Visitors: map[store.VisitorKey]store.VisitorCount{}, Items: map[store.ItemKey]int64{}}
	for _, id := range []string{"running", "just", "long", "again", "gone", "going", "invented"} {
		c.Visitors[store.VisitorKey{Shop: "north", Experiment: id, Arm: "a", Visitor: "u/ann"}] = store.VisitorCount{
			FirstMs: ago(300 * day), Clicks: 2,
		}
	}
	for item, age := range map[string]time.Duration{"old": 401 * day, "kept": 399 * day} {
		c.Items[store.ItemKey{Shop: "north", Scenario: "home", ItemID: item, DayMs: ago(age)}] = 1
	}
	c.Clicks = []store.Click{
		{Shop: "north", Visitor: "u/ann", ItemID: "old", AtMs: ago(4 * day)},
		{Shop: "north", Visitor: "u/ann", ItemID: "kept", AtMs: ago(2 * day)},
	}
	if err := s.AddCounts(ctx, c, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.AddDecisions(ctx, []store.Decision{
		{Shop: "north", ID: "old", AtMs: ago(8 * day), Body: []byte("{}")},
		{Shop: "north", ID: "kept", AtMs: ago(6 * day), Body: []byte("{}")},
	}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := keeper(s).Once(ctx); err != nil {
			t.Fatal(err)
		}
	}
	arms, err := s.VisitedArms(ctx)
	var left []string
	for _, k := range arms {
		left = append(left, k.Experiment)
	}
	if diff := cmp.Diff([]string{"again", "going", "just", "running"}, left); err != nil || diff != "" {
		t.Errorf("visitors are left of: %v %s", err, diff)
	}
	for id, want := range map[string]int{"long": 1, "running": 1, "gone": 0, "invented": 0} {
		if totals, err := s.ExperimentTotals(ctx, "north", id); err != nil || len(totals) != want || want == 1 &&
			(totals[0].Visitors != 1 || totals[0].Clicks != 2) {
			t.Errorf("results of %s: %+v, %v", id, totals, err)
		}
	}
	if shown, err := s.Shown(ctx, "north", 0, now().UnixMilli()); err != nil || shown["home"] != 1 {
		t.Errorf("items shown: %v, %v", shown, err)
	}
	for id, want := range map[string]error{"old": store.ErrNotFound, "kept": nil} {
		_, errDecision := s.Decision(ctx, "north", id)
		_, errClick := s.LastClick(ctx, "north", "u/ann", id)
		if !errors.Is(errDecision, want) || !errors.Is(errClick, want) {
			t.Errorf("%s: decision %v, click %v", id, errDecision, errClick)
		}
	}
}

// watched tells when a purge is through.
type watched struct {
	*store.Store
	purged chan struct{}
}

func (w *watched) Purge(ctx context.Context, o store.Oldest) error {
	err := w.Store.Purge(ctx, o)
	w.purged <- struct{}{}
	return err
}

func TestTheFirstPurgeDoesNotWaitForTheTicker(t *testing.T) {
	t.Parallel()
	w := &watched{open(t), make(chan struct{}, 1)}
	if err := w.AddDecisions(t.Context(), []store.Decision{
		{Shop: "north", ID: "old", AtMs: ago(8 * day), Body: []byte("{}")},
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		keeper(w).Run(ctx)
	}()
	select {
	case <-w.purged:
	case <-time.After(time.Minute):
		t.Fatal("nothing was purged in the first minute")
	}
	cancel()
	<-done
	if _, err := w.Decision(t.Context(), "north", "old"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the old decision: %v", err)
	}
}
