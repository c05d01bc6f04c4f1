package evaluate

import (
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
)

func TestTheBudgetGoesWhereAWinnerIsExpected(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ease, hop float64
		points    func(n int) bool // that EASE gets
		twoHop    bool
	}{
		"EASE leads: the two-hop family is not searched": {.5, .4, func(n int) bool { return n >= easePoints }, false},
		"EASE lags: it is not searched":                  {.4, .5, func(n int) bool { return n == 0 }, true},
		"neither leads by what a search gains":           {.45, .5, func(n int) bool { return n >= easePoints }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := scouting(t, 1, nil)
			s.verdict = compareScouts(c.ease, c.hop)
			if n := s.easeEvaluations(); !c.points(n) {
				t.Errorf("EASE gets %d points", n)
			}
			s.o.Pinned = Pinned{TwoHop: {}} // what was found stands
			hop, err := twoHopInReach(s)
			if err != nil || (hop != nil) != c.twoHop {
				t.Errorf("two hops: searched %t, want %t (%v)", hop != nil, c.twoHop, err)
			}
		})
	}
}

func TestScoutLooksOnlyWhereTheBudgetHasToBeShared(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		budget float64
		asked  []string
		looked bool
	}{
		"both are looked at":                                {1, nil, true},
		"an inverse beyond the budget is not tried":         {1e-6, nil, false},
		"what is asked for by name is searched in any case": {1, []string{TwoHop, EASE}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := scouting(t, c.budget, c.asked)
			if err := s.scout(); err != nil {
				t.Fatal(err)
			}
			if looked := s.verdict != notScouted; looked != c.looked || (s.scouted != nil) != looked {
				t.Errorf("standing is %d, want one: %t", s.verdict, c.looked)
			}
		})
	}
}

// scouting is a search that has not begun.
func scouting(t *testing.T, budget float64, asked []string) *search {
	t.Helper()
	d := &dataset.Data{Relation: dataset.Similar, Train: modeltest.Random(60, 20, 3)}
	s := newSearch(d, Options{K: 5, Neighbours: 10, Seed: 1, BudgetSeconds: budget, Algorithms: asked}.withDefaults())
	var err error
	if s.heldOut, err = validation.New(d, 1, 1000); err != nil {
		t.Fatal(err)
	}
	return s
}
