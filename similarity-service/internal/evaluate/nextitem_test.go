package evaluate

import "testing"

func TestTheSessionSearchSpendsByWhatAPointCosts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		budget     float64
		clicks     int
		low, above int
	}{
		"a small shop has many evaluations for any budget":     {1, 10_000, manyEvaluations, manyEvaluations + 1},
		"a budget of a recompute does not cut a million short": {60, 900_000, 90, 110},
		"a larger budget buys more":                            {200, 900_000, 150, 170},
		"huge data have few":                                   {60, 50_000_000, fewEvaluations, fewEvaluations + 1},
		"there is an end":                                      {1e6, 1000, mostEvaluations, mostEvaluations + 1},
	} {
		if n := sessionEvaluations(c.budget, c.clicks); n < c.low || n >= c.above {
			t.Errorf("%s: %d evaluations, want %d to %d", name, n, c.low, c.above-1)
		}
	}
}
