package tune

import (
	"fmt"
	"math"
	"slices"

	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// coarse are the weights that the search tries first, against 1 for the first source: at 50 the first source only breaks ties.
var coarse = [...]float64{0, .01, .03, .1, .2, .5, 1, 2, 5, 15, 50}

// fine are factors to a weight that was good, tried in two rounds of narrowing.
var fine = [...][2]float64{{.7, 1.4}, {.85, 1.2}}

// maxSweeps bounds the passes over the coordinates; a scenario with two sources needs one.
const maxSweeps = 3

// Trial is one setting of the weights, in the order of the scenario's sources, and its NDCG@20 on the questions of the search.
type Trial struct {
	Weights []float64 `json:"weights"`
	NDCG    float64   `json:"ndcg@20"`
}

// search looks for the weights of n sources with the highest value: one weight at a time over a coarse grid, then in narrowing steps around
// the best, until a sweep changes nothing. Only ratios matter for a blend, so that the first weight stays 1. It begins at start, and of
// equal values keeps the one tried first: a weight that makes no difference stays as it is. values is asked for several settings at a time,
// about 15 per source and sweep, and for none twice.
func search(start []float64, values func(weights [][]float64) ([]float64, error)) (best Trial, all []Trial, err error) {
	tried := map[string]bool{}
	try := func(list ...[]float64) error {
		list = slices.DeleteFunc(list, func(weights []float64) bool {
			key := fmt.Sprint(weights)
			before := tried[key]
			tried[key] = true
			return before
		})
		if len(list) == 0 {
			return nil
		}
		got, err := values(list)
		if err != nil {
			return err
		}
		for n, v := range got {
			t := Trial{list[n], v}
			all = append(all, t)
			if best.Weights == nil || v > best.NDCG {
				best = t
			}
		}
		return nil
	}
	if err := try(start); err != nil {
		return best, all, err
	}
	for range maxSweeps {
		before := best
		for source := 1; source < len(start); source++ {
			for _, candidates := range candidates() {
				var list [][]float64
				for _, w := range candidates(best.Weights[source]) {
					weights := slices.Clone(best.Weights)
					weights[source] = w
					list = append(list, weights)
				}
				if err := try(list...); err != nil {
					return best, all, err
				}
			}
		}
		if len(start) <= 2 || slices.Equal(before.Weights, best.Weights) {
			break
		}
	}
	return best, all, nil
}

// candidates lists the steps of one coordinate: each gives weights to try from the best one so far.
func candidates() []func(at float64) []float64 {
	steps := []func(float64) []float64{func(float64) []float64 { return coarse[:] }}
	for _, factors := range fine {
		steps = append(steps, func(at float64) []float64 {
			if at == 0 {
				return nil
			}
			return []float64{tidy(at * factors[0]), tidy(at * factors[1])}
		})
	}
	return steps
}

// tidy rounds to two significant digits, which is finer than questions can tell.
func tidy(w float64) float64 {
	if w <= 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(w))-1)
	digits := math.Round(w / unit)
	if unit < 1 {
		return digits / math.Round(1/unit) // exact decimals where there are some
	}
	return digits * unit
}

// relative returns the weights of sources against that of the first, which must be positive.
func relative(sources []api.Source) []float64 {
	weights := make([]float64, len(sources))
	for n, s := range sources {
		weights[n] = s.Weight / sources[0].Weight
	}
	return weights
}

// weighted returns the sources with other weights, on the scale that the first source has,
// rounded as people write weights. The given sources are not changed.
func weighted(sources []api.Source, weights []float64) []api.Source {
	out := slices.Clone(sources)
	for n := range out {
		out[n].Weight = min(maxWeight, tidy(weights[n]*sources[0].Weight))
	}
	return out
}

// maxWeight is the largest weight that a scenario may have.
const maxWeight = 1000
