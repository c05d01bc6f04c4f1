// Package storetest is the suite that the store passes on every database: Run and Visitors,
// called by the tests of package store once for SQLite and once for Postgres. A test sets up
// what it needs through the store itself and compares what the store then answers. Expected
// numbers follow from the few rows that a test adds. Moments are small numbers of milliseconds,
// for what matters is their order.
package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
)

// kind is one of the kinds of documents; the store treats all alike.
const kind = "scenario"

// anything is a check that refuses no version.
func anything(store.Document) error { return nil }

// Run tests a store; open returns an empty one, for each test another, since they run at the
// same time.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, test := range map[string]func(*testing.T, *store.Store){
		"versions": versions, "writers of one version": writers, "decisions": decisions, "counts": counts, "positions": positions,
		"who is left out":                   leftOut,
		"experiments":                       experiments,
		"replicas that add the same counts": replicas, "purge": purge, "arms that were folded": folded,
		"people who were forgotten": forgotten,
		"what counts once":          countedOnce, "figures per interval": perInterval,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// versions tests that each Put makes the next version, that a refusal of the check comes back
// as it is and stores nothing, and that lists and histories have the right ones of the right
// shop.
func versions(t *testing.T, s *store.Store) {
	ctx := t.Context()
	for n, body := range []string{"{}", `{"a":1}`, `{"a":2}`} {
		v, err := s.Put(ctx, "north", kind, store.Document{ID: "x", Author: "k", CreatedMs: int64(n), Body: []byte(body)}, 1, anything)
		if err != nil || v != int64(n+1) {
			t.Fatalf("put %d: version %d, %v", n, v, err)
		}
	}
	if _, err := s.Put(ctx, "north", kind, store.Document{ID: "x", Deleted: true, Body: []byte("{}")}, 1, func(d store.Document) error {
		if d.Version != 3 {
			t.Errorf("the check saw version %d", d.Version)
		}
		return errors.ErrUnsupported
	}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a refusal: %v", err)
	}
	// Only the newest version is listed; the refused one is not there.
	list, err := s.Documents(ctx, "north", kind)
	want := []store.Document{{ID: "x", Version: 3, Author: "k", CreatedMs: 2, Body: []byte(`{"a":2}`)}}
	if diff := cmp.Diff(want, list); err != nil || diff != "" {
		t.Error(err, diff)
	}
	history, err := s.History(ctx, "north", kind, "x", 3, 10)
	if err != nil || len(history) != 2 || history[0].Version != 2 {
		t.Errorf("history: %v %v", history, err)
	}
	if _, err := s.DocumentVersion(ctx, "south", kind, "x", 1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another shop's version: %v", err)
	}
}

// writers tests that of several who make the first version at once one wins, and the others are
// told so, by the check or by the store.
func writers(t *testing.T, s *store.Store) {
	var group sync.WaitGroup
	var won, lost atomic.Int32
	for n := range 8 {
		group.Go(func() {
			_, err := s.Put(t.Context(), "north", kind, store.Document{
				ID: "x", Body: []byte(fmt.Sprint(n)),
			}, 1, func(d store.Document) error {
				if d.Version != 0 {
					return store.ErrVersion
				}
				return nil
			})
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, store.ErrVersion):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 || lost.Load() != 7 {
		t.Errorf("%d writers won, %d lost", won.Load(), lost.Load())
	}
}

// decisions tests that a list can be stored twice, and that a decision is its shop's alone.
func decisions(t *testing.T, s *store.Store) {
	ctx := t.Context()
	list := []store.Decision{
		{Shop: "north", ID: "a", AtMs: 1, Person: "p", Body: []byte("{}")}, {Shop: "north", ID: "b", AtMs: 5, Body: []byte("{}")},
	}
	for range 2 {
		if err := s.AddDecisions(ctx, list); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Decision(ctx, "north", "a")
	if diff := cmp.Diff(list[0], got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := s.Decision(ctx, "south", "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another shop's decision: %v", err)
	}
}

// counts tests that counts are added up, that sums take the hours of an interval without its
// end, and that of several clicks the latest stays, in whatever order they come.
func counts(t *testing.T, s *store.Store) {
	ctx := t.Context()
	hour := store.HourKey{Shop: "north", Scenario: "home", Metric: "clicks", HourMs: 3600_000}
	later := hour
	later.HourMs *= 2
	c := store.Counts{
		Hours: map[store.HourKey]float64{hour: 2, later: 5},
		Items: map[store.ItemKey]int64{
			{Shop: "north", Scenario: "home", ItemID: "a"}: 1, {Shop: "north", Scenario: "home", ItemID: "b"}: 1,
		},
		Clicks: []store.Click{{Shop: "north", Visitor: "v", ItemID: "a", RecommendationID: "new", AtMs: 9}},
	}
	for range 2 {
		if err := s.AddCounts(ctx, c, nil); err != nil {
			t.Fatal(err)
		}
	}
	sums, err := s.Sums(ctx, "north", 0, later.HourMs)
	if diff := cmp.Diff([]store.Sum{{Scenario: "home", Metric: "clicks", Value: 4}}, sums); err != nil || diff != "" {
		t.Error(err, diff)
	}
	shown, err := s.Shown(ctx, "north", 0, 1)
	if diff := cmp.Diff(map[string]int{"home": 2}, shown); err != nil || diff != "" {
		t.Error(err, diff)
	}
	// Clicks that come late, and two of them at once, must not take the place of a later one.
	c = store.Counts{Clicks: []store.Click{
		{Shop: "north", Visitor: "v", ItemID: "a", RecommendationID: "older", AtMs: 4},
		{Shop: "north", Visitor: "v", ItemID: "a", RecommendationID: "old", AtMs: 3},
	}}
	if err := s.AddCounts(ctx, c, nil); err != nil {
		t.Fatal(err)
	}
	if click, err := s.LastClick(ctx, "north", "v", "a"); err != nil || click.RecommendationID != "new" {
		t.Errorf("the last click is %+v, %v", click, err)
	}
}

// positions tests that counts and position move together: from a position that has moved
// nothing is added.
func positions(t *testing.T, s *store.Store) {
	ctx := t.Context()
	hour := store.HourKey{Shop: "north", Metric: "clicks"}
	c := store.Counts{Hours: map[store.HourKey]float64{hour: 1}}
	for _, p := range []store.Position{{From: "", To: "5"}, {From: "5", To: "7"}} {
		p.Shop, p.Name = "north", "feed"
		if err := s.AddCounts(ctx, c, &p); err != nil {
			t.Fatal(err)
		}
		// The same again, as after a commit whose answer was lost.
		if err := s.AddCounts(ctx, c, &p); !errors.Is(err, store.ErrMoved) {
			t.Errorf("moved twice from %q: %v", p.From, err)
		}
	}
	at, err := s.PositionOf(ctx, "north", "feed")
	sums, _ := s.Sums(ctx, "north", 0, 1)
	if err != nil || at != "7" || len(sums) != 1 || sums[0].Value != 2 {
		t.Errorf("position %q, %v, sums %v", at, err, sums)
	}
}

// leftOut turns a visitor, who is the only one of an arm, out and back.
func leftOut(t *testing.T, s *store.Store) {
	ctx := t.Context()
	hour := store.HourKey{Shop: "north", Metric: "clicks"}
	brought := store.Counts{
		Hours: map[store.HourKey]float64{hour: 2},
		Visitors: map[store.VisitorKey]store.VisitorCount{
			{Shop: "north", Experiment: "x", Arm: "a", Visitor: "u/eve"}: {FirstMs: 5, Clicks: 2}},
		Lines: map[store.LineKey]store.Line{
			{Shop: "north", OrderID: "o", ItemID: "i", Visitor: "u/eve"}: {RecommendationID: "r", Quantity: 1, Revenue: 3}},
	}
	if err := s.AddCounts(ctx, brought, &store.Position{Shop: "north", Name: "feed", To: "5"}); err != nil {
		t.Fatal(err)
	}
	// look compares what is stored of her: in how many arms she counts, the clicks of the hour,
	// the revenue of the line.
	look := func(what string, visitors int64, clicks, revenue float64) {
		t.Helper()
		sums, err := s.Sums(ctx, "north", 0, 1)
		lines, errLines := s.OrderLines(ctx, "north", "o")
		arms, errArms := s.ArmsOf(ctx, "north", "u/eve")
		if err := errors.Join(err, errLines, errArms); err != nil || sums[0].Value != clicks ||
			lines[0].Revenue != revenue || int64(len(arms)) != visitors {
			t.Errorf("%s: %v, sums %v, lines %v, arms %v", what, err, sums, lines, arms)
		}
	}
	out := store.LeftOut{Visitor: "u/eve", Out: true, Seq: 5, Taken: brought}
	// Somebody else has counted in between: nothing of this may be stored.
	if err := s.Turn(ctx, "north", out, brought.Negative(),
		&store.Position{Shop: "north", Name: "feed", From: "4", To: "5/1"}); !errors.Is(err, store.ErrMoved) {
		t.Errorf("from a position that has moved: %v", err)
	}
	look("before", 1, 2, 3)
	if err := s.Turn(ctx, "north", out, brought.Negative(),
		&store.Position{Shop: "north", Name: "feed", From: "5", To: "5/1"}); err != nil {
		t.Fatal(err)
	}
	look("left out", 0, 0, 0)
	if err := s.Turn(ctx, "north", out, brought.Negative(),
		&store.Position{Shop: "north", Name: "feed", From: "5/1", To: "5/2"}); !errors.Is(err, store.ErrMoved) {
		t.Errorf("left out twice: %v", err)
	}
	known, err := s.LeftOut(ctx, "north", []string{"u/ann", "u/eve"})
	if diff := cmp.Diff(map[string]store.LeftOut{"u/eve": out}, known); err != nil || diff != "" {
		t.Error(err, diff)
	}
	back := store.LeftOut{Visitor: "u/eve", TrustedMs: 9, Seq: 5}
	if err := s.Turn(ctx, "north", back, known["u/eve"].Taken,
		&store.Position{Shop: "north", Name: "feed", From: "5/1", To: "5/2"}); err != nil {
		t.Fatal(err)
	}
	look("back", 1, 2, 3)
	if _, err := s.Forget(ctx, "north", "eve", "u/eve"); err != nil {
		t.Fatal(err)
	}
	if known, err = s.LeftOut(ctx, "north", []string{"u/eve"}); err != nil || len(known) != 0 {
		t.Errorf("of a person who was forgotten: %v, %v", known, err)
	}
}

// experiments tests the totals of an arm: sums over visitors, how many of them did something,
// and the sum of the squares of revenue, of each visitor's sum: 10² + 4² = 116.
func experiments(t *testing.T, s *store.Store) {
	ctx := t.Context()
	visitor := func(name string, v store.VisitorCount) store.Counts {
		return store.Counts{Visitors: map[store.VisitorKey]store.VisitorCount{{Shop: "north", Experiment: "x", Arm: "a", Visitor: name}: v}}
	}
	for _, c := range []store.Counts{
		visitor("u", store.VisitorCount{FirstMs: 1, Impressions: 5, Clicks: 1}),
		visitor("u", store.VisitorCount{FirstMs: 9, Orders: 1, Revenue: 10}),
		visitor("w", store.VisitorCount{Impressions: 2, Revenue: 4}),
	} {
		if err := s.AddCounts(ctx, c, nil); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.ExperimentTotals(ctx, "north", "x")
	want := []store.ArmTotals{
		{Arm: "a", Visitors: 2, Impressions: 7, Clicks: 1, Clickers: 1, Orders: 1, Buyers: 1, Revenue: 14, RevenueSquares: 116},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// replicas adds the same counts from many writers at once: none may wait for another that waits
// for it, and nothing may be lost. Go's maps give each writer another order of rows, which the
// store has to undo.
func replicas(t *testing.T, s *store.Store) {
	const writers, rounds, keys = 6, 4, 150
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range rounds {
				c := store.Counts{
					Hours: map[store.HourKey]float64{}, Items: map[store.ItemKey]int64{},
					Visitors: map[store.VisitorKey]store.VisitorCount{},
				}
				for n := range keys {
					c.Hours[store.HourKey{Shop: "north", Scenario: "home", Metric: fmt.Sprint(n)}] = 1
					c.Items[store.ItemKey{Shop: "north", Scenario: "home", ItemID: fmt.Sprint(n)}] = 1
					c.Visitors[store.VisitorKey{
						Shop: "north", Experiment: "x", Arm: "a", Visitor: fmt.Sprint(n),
					}] = store.VisitorCount{Impressions: 1}
				}
				if err := s.AddCounts(t.Context(), c, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	sums, err := s.Sums(t.Context(), "north", 0, 1)
	if err != nil || len(sums) != keys {
		t.Fatalf("%d sums, %v", len(sums), err)
	}
	for _, sum := range sums {
		if sum.Value != writers*rounds {
			t.Errorf("%s was counted %g times", sum.Metric, sum.Value)
		}
	}
	totals, err := s.ExperimentTotals(t.Context(), "north", "x")
	if err != nil || len(totals) != 1 || totals[0].Impressions != writers*rounds*keys {
		t.Errorf("totals %+v, %v", totals, err)
	}
}
