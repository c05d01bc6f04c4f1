package evaluate

import (
	"slices"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// TestScoutSpendsTheBudgetWhereAWinnerIsExpected: named points that rank everything right, nothing, or as EASE does.
func TestScoutSpendsTheBudgetWhereAWinnerIsExpected(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		budget float64
		asked  []string
		ndcg   func(ease float64) float64
		want   standing
		points func(n int) bool // that EASE gets
		twoHop bool
	}{
		"EASE leads: the two-hop family is not searched": {
			1, nil, func(e float64) float64 { return e * .8 }, easeAhead, func(n int) bool { return n >= easePoints }, false,
		},
		"EASE lags: it is not searched": {
			1, nil, func(e float64) float64 { return e * 1.3 }, easeBehind, func(n int) bool { return n == 0 }, true,
		},
		"neither leads by what a search gains: both are": {
			1, nil, func(e float64) float64 { return e * .9 }, easeNear, func(n int) bool { return n >= easePoints }, true,
		},
		"an inverse beyond the budget is not tried": {
			1e-6, nil, func(float64) float64 { return 0 }, notScouted, func(n int) bool { return n == 0 }, true,
		},
		"what is asked for by name is searched in any case": {
			1, []string{TwoHop, EASE}, func(float64) float64 { return 0 }, notScouted, func(n int) bool { return n > 0 }, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &dataset.Data{Relation: dataset.Similar, Train: randomMatrix(t, 60, 20, false)}
			held, err := newValidation(d, 1, 1000)
			if err != nil {
				t.Fatal(err)
			}
			o := Options{K: 5, Neighbours: 10, Seed: 1, BudgetSeconds: c.budget, Algorithms: c.asked}.withDefaults()
			s := newSearch(d, o)
			s.held = held
			ease, err := s.bestEASE(s.easeStart(), held.first(easeMaxCases))
			if err != nil {
				t.Fatal(err)
			}
			cases := slices.Repeat([]metrics.Accuracy{{NDCG: c.ndcg(ease.ndcg())}}, len(held.cases))
			s.found = []*candidate{
				{name: Cosine, scored: scored[member]{cases: cases}},
				{name: Popular, scored: scored[member]{cases: make([]metrics.Accuracy, len(held.cases))}},
			}
			if err := s.scout(); err != nil {
				t.Fatal(err)
			}
			if s.standing != c.want {
				t.Errorf("standing is %d, want %d", s.standing, c.want)
			}
			if n := s.easeEvaluations(); !c.points(n) {
				t.Errorf("EASE gets %d points", n)
			}
			hop, err := twoHopInReach(s)
			if err != nil || (hop != nil) != c.twoHop {
				t.Errorf("two hops: searched %t, want %t (%v)", hop != nil, c.twoHop, err)
			}
		})
	}
}

func TestClimbFindsAPeak(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values     []float64
		from       int
		all        bool
		want, most int // place, and how many are looked at
	}{
		"upwards":                        {[]float64{1, 2, 3, 2, 1}, 1, false, 2, 3},
		"downwards":                      {[]float64{1, 3, 2, 1, 0}, 3, false, 1, 5},
		"from the peak":                  {[]float64{1, 2, 3, 2, 1}, 2, false, 2, 3},
		"behind a valley, all looked at": {[]float64{2, 1, 0, 3, 1}, 0, true, 3, 5},
		"one place":                      {[]float64{1}, 0, false, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			best, calls := -1., 0
			at, err := climb(len(c.values), c.from, c.all, func(at int) (bool, error) {
				calls++
				better := c.values[at] > best
				best = max(best, c.values[at])
				return better, nil
			})
			if err != nil || at != c.want || calls > c.most {
				t.Errorf("place %d after %d calls, want %d after at most %d (%v)", at, calls, c.want, c.most, err)
			}
		})
	}
}
