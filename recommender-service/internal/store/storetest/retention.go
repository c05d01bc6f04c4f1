package storetest

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
)

// add adds counts without a position, and ends the test when that fails.
func add(t *testing.T, s *store.Store, c store.Counts) {
	t.Helper()
	if err := s.AddCounts(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
}

// took is what a visitor did in an arm, as counts.
func took(shop, experiment, arm, visitor string, v store.VisitorCount) store.Counts {
	return store.Counts{
		Visitors: map[store.VisitorKey]store.VisitorCount{{Shop: shop, Experiment: experiment, Arm: arm, Visitor: visitor}: v},
	}
}

// totals reads the totals of an experiment, in order of arm.
func totals(t *testing.T, s *store.Store, shop, experiment string) []store.ArmTotals {
	t.Helper()
	list, err := s.ExperimentTotals(t.Context(), shop, experiment)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// purge tests that rows of exactly the named moment stay and older ones go, in every shop:
// decisions by time, clicks by time, items by day.
func purge(t *testing.T, s *store.Store) {
	ctx := t.Context()
	if err := s.AddDecisions(ctx, []store.Decision{
		{Shop: "north", ID: "a", AtMs: 4, Body: []byte("{}")}, {Shop: "north", ID: "b", AtMs: 5, Body: []byte("{}")},
	}); err != nil {
		t.Fatal(err)
	}
	add(t, s, store.Counts{
		Clicks: []store.Click{{Shop: "north", Visitor: "v", ItemID: "x", AtMs: 3}, {Shop: "north", Visitor: "v", ItemID: "y", AtMs: 2}},
		Items: map[store.ItemKey]int64{
			{Shop: "north", Scenario: "home", ItemID: "old", DayMs: 6}: 1, {Shop: "north", Scenario: "home", ItemID: "a", DayMs: 7}: 1,
			{Shop: "south", Scenario: "home", ItemID: "old", DayMs: 6}: 1,
		},
	})
	// Each moment is that of the younger of two rows.
	if err := s.Purge(ctx, store.Oldest{DecisionsMs: 5, ClicksMs: 3, ItemsMs: 7}); err != nil {
		t.Fatal(err)
	}
	_, errX := s.LastClick(ctx, "north", "v", "x")
	_, errY := s.LastClick(ctx, "north", "v", "y")
	if errX != nil || !errors.Is(errY, store.ErrNotFound) {
		t.Errorf("clicks: %v, %v", errX, errY)
	}
	_, errA := s.Decision(ctx, "north", "a")
	_, errB := s.Decision(ctx, "north", "b")
	if !errors.Is(errA, store.ErrNotFound) || errB != nil {
		t.Errorf("decisions: %v, %v", errA, errB)
	}
	for shop, want := range map[string]map[string]int{"north": {"home": 1}, "south": {}} {
		shown, err := s.Shown(ctx, shop, 0, 100)
		if diff := cmp.Diff(want, shown); err != nil || diff != "" {
			t.Errorf("items of %s: %v %s", shop, err, diff)
		}
	}
}

// folded tests that an arm has the same totals after its visitors were replaced by them,
// whoever does it at once and however often, that visitors who come later are added, and that
// an arm that is dropped takes both with it.
func folded(t *testing.T, s *store.Store) {
	ctx := t.Context()
	add(t, s, took("north", "x", "a", "u", store.VisitorCount{Impressions: 5, Clicks: 1}))
	add(t, s, took("north", "x", "a", "w", store.VisitorCount{Impressions: 2, Orders: 2, Revenue: 4}))
	add(t, s, took("north", "x", "b", "z", store.VisitorCount{Impressions: 1}))
	add(t, s, took("south", "y", "a", "u", store.VisitorCount{Impressions: 7}))
	arms, err := s.VisitedArms(ctx)
	if diff := cmp.Diff(
		[]store.ArmKey{
			{Shop: "north", Experiment: "x", Arm: "a"}, {Shop: "north", Experiment: "x", Arm: "b"},
			{Shop: "south", Experiment: "y", Arm: "a"},
		},
		arms,
	); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	// What four replicas do at once must leave the sums as they are.
	before := totals(t, s, "north", "x")
	var group sync.WaitGroup
	for range 4 { // as replicas do
		group.Go(func() {
			if err := s.FoldVisitors(ctx, arms[0]); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if diff := cmp.Diff(before, totals(t, s, "north", "x")); diff != "" {
		t.Error("folding changed the totals", diff)
	}
	if left, err := s.VisitedArms(ctx); err != nil || len(left) != 2 || left[0] != arms[1] {
		t.Errorf("visitors are left of %v, %v", left, err)
	}
	// A visitor who comes after the folding counts beside the totals: 4² + 3² = 25.
	add(t, s, took("north", "x", "a", "late", store.VisitorCount{Clicks: 3, Revenue: 3}))
	want := store.ArmTotals{
		Arm: "a", Visitors: 3, Impressions: 7, Clicks: 4, Clickers: 2, Orders: 2, Buyers: 1, Revenue: 7, RevenueSquares: 25,
	}
	if diff := cmp.Diff(want, totals(t, s, "north", "x")[0]); diff != "" {
		t.Error(diff)
	}
	for _, k := range arms[:2] {
		if err := s.DropArm(ctx, k); err != nil {
			t.Fatal(err)
		}
	}
	if list := totals(t, s, "north", "x"); len(list) != 0 || len(totals(t, s, "south", "y")) != 1 {
		t.Errorf("of arms that were dropped %v is left", list)
	}
}

// forgotten tests that a person's rows go, and nobody else's: neither those of another person
// of the shop nor those of the same id in another shop.
func forgotten(t *testing.T, s *store.Store) {
	ctx := t.Context()
	if err := s.AddDecisions(ctx, []store.Decision{
		{Shop: "north", ID: "a", Person: "ann", Body: []byte("{}")}, {Shop: "north", ID: "b", Person: "bob", Body: []byte("{}")},
		{Shop: "south", ID: "c", Person: "ann", Body: []byte("{}")},
	}); err != nil {
		t.Fatal(err)
	}
	for _, shop := range []string{"north", "south"} {
		for _, visitor := range []string{"u/ann", "u/bob"} {
			c := took(shop, "x", "a", visitor, store.VisitorCount{Impressions: 1})
			c.Clicks = []store.Click{
				{Shop: shop, Visitor: visitor, ItemID: "i", AtMs: 1}, {Shop: shop, Visitor: visitor, ItemID: "j", AtMs: 1},
			}
			add(t, s, c)
			add(t, s, took(shop, "y", "b", visitor, store.VisitorCount{Impressions: 1}))
		}
	}
	for _, want := range []store.Forgotten{{Decisions: 1, Clicks: 2, Visitors: 2}, {}} { // a repeat finds nothing
		got, err := s.Forget(ctx, "north", "ann", "u/ann")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
	}
	_, errA := s.Decision(ctx, "north", "a")
	_, errB := s.Decision(ctx, "north", "b")
	_, errC := s.Decision(ctx, "south", "c")
	if !errors.Is(errA, store.ErrNotFound) || errB != nil || errC != nil {
		t.Errorf("decisions: %v, %v, %v", errA, errB, errC)
	}
	_, errAnn := s.LastClick(ctx, "north", "u/ann", "i")
	_, errBob := s.LastClick(ctx, "north", "u/bob", "i")
	if !errors.Is(errAnn, store.ErrNotFound) || errBob != nil {
		t.Errorf("clicks: %v, %v", errAnn, errBob)
	}
	for _, experiment := range []string{"x", "y"} {
		if north, south := totals(t, s, "north", experiment), totals(t, s, "south", experiment); north[0].Visitors != 1 ||
			south[0].Visitors != 2 {
			t.Errorf("visitors of %s: %v and %v", experiment, north, south)
		}
	}
}

// hashed is the visitor u/Zoë of the experiment x of the shop north as both databases have to store her.
const hashed = "e4e8bffcf98f6844be415d71635dfae8"

// Visitors tests what is stored of visitors: a hash that is the same each time, another in each
// experiment and shop, and no id. column returns the values of a column of a table, since no
// method of the store gives them.
func Visitors(t *testing.T, s *store.Store, column func(table, column string) []string) {
	t.Helper()
	// The same visitor twice is one row, whose hash is that of migration 0002 and of every
	// replica.
	add(t, s, took("north", "x", "a", "u/Zoë", store.VisitorCount{Impressions: 1}))
	add(t, s, took("north", "x", "a", "u/Zoë", store.VisitorCount{Impressions: 1}))
	if diff := cmp.Diff([]string{hashed}, column("experiment_visitors", "visitor")); diff != "" {
		t.Error(diff)
	}
	add(t, s, took("north", "y", "a", "u/Zoë", store.VisitorCount{Impressions: 1}))
	add(t, s, took("south", "x", "a", "u/Zoë", store.VisitorCount{Impressions: 1}))
	seen := map[string]bool{}
	for _, v := range column("experiment_visitors", "visitor") {
		if seen[v] || strings.Contains(v, "Zo") {
			t.Errorf("%q is stored", v)
		}
		seen[v] = true
	}
}

// countedOnce tests what counts once and the lines of orders: a repeat is none, a line is added
// to, lists come in their order, and both go with time and with the person.
func countedOnce(t *testing.T, s *store.Store) {
	ctx := t.Context()
	key := func(shop, visitor, item string) store.CountedKey {
		return store.CountedKey{Shop: shop, Scope: "rec", Visitor: visitor, Kind: "click", ItemID: item}
	}
	line := store.LineKey{Shop: "north", OrderID: "O1", ItemID: "lamp", Visitor: "u/ann"}
	other := store.LineKey{Shop: "north", OrderID: "O2", ItemID: "lamp", Visitor: "u/ann"}
	add(t, s, store.Counts{
		Counted: map[store.CountedKey]int64{
			key("north", "u/ann", "b"): 5, key("north", "u/ann", "a"): 5, key("north", "u/bob", "c"): 4, key("south", "u/ann", "d"): 5,
		},
		Lines: map[store.LineKey]store.Line{
			line:  {RecommendationID: "rec", Currency: "EUR", Quantity: 2, Revenue: 10, AtMs: 5},
			other: {RecommendationID: "rec", Currency: "EUR", Quantity: 1, Revenue: 5, AtMs: 6},
		},
	})
	add(t, s, store.Counts{
		Counted: map[store.CountedKey]int64{key("north", "u/ann", "a"): 9}, // a repeat is none
		Lines:   map[store.LineKey]store.Line{line: {RecommendationID: "rec", Currency: "EUR", Quantity: -1, Revenue: -5, AtMs: 7}},
	})
	have := func(visitor string) []string {
		list, err := s.Counted(ctx, "north", "rec", visitor, "click")
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if diff := cmp.Diff([]string{"a", "b"}, have("u/ann")); diff != "" {
		t.Error(diff)
	}
	first := store.StoredLine{LineKey: line, Line: store.Line{RecommendationID: "rec", Currency: "EUR", Quantity: 1, Revenue: 5, AtMs: 5}}
	second := store.StoredLine{LineKey: other, Line: store.Line{RecommendationID: "rec", Currency: "EUR", Quantity: 1, Revenue: 5, AtMs: 6}}
	order, err := s.OrderLines(ctx, "north", "O1")
	if diff := cmp.Diff([]store.StoredLine{first}, order); err != nil || diff != "" {
		t.Error(err, diff)
	}
	bought, err := s.BoughtLines(ctx, "north", "u/ann", "lamp")
	if diff := cmp.Diff([]store.StoredLine{second, first}, bought); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if err := s.Purge(ctx, store.Oldest{ClicksMs: 5, LinesMs: 6}); err != nil {
		t.Fatal(err)
	}
	if order, err = s.OrderLines(ctx, "north", "O1"); err != nil || len(order) != 0 || len(have("u/bob")) != 0 || len(have("u/ann")) != 2 {
		t.Errorf("after the purge: %v %v, %v, %v", order, err, have("u/bob"), have("u/ann"))
	}
	if _, err := s.Forget(ctx, "north", "ann", "u/ann"); err != nil {
		t.Fatal(err)
	}
	if bought, err = s.BoughtLines(ctx, "north", "u/ann", "lamp"); err != nil || len(bought) != 0 || len(have("u/ann")) != 0 {
		t.Errorf("of a forgotten person: %v %v, %v", bought, err, have("u/ann"))
	}
}

// perInterval tests that hours are added up per day, those before the first and from the end on
// left out.
func perInterval(t *testing.T, s *store.Store) {
	const hour, day = 3_600_000, 24 * 3_600_000
	at := func(ms int64) store.HourKey {
		return store.HourKey{Shop: "north", Scenario: "home", Metric: "clicks", HourMs: ms}
	}
	add(t, s, store.Counts{Hours: map[store.HourKey]float64{at(0): 1, at(day - hour): 2, at(day): 4, at(3 * day): 8}})
	got, err := s.SumsPer(t.Context(), "north", hour, 3*day, day)
	want := []store.Sum{{AtMs: 0, Scenario: "home", Metric: "clicks", Value: 2}, {AtMs: day, Scenario: "home", Metric: "clicks", Value: 4}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
