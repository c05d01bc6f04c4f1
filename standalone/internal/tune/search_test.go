package tune

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// each makes of a value the function that search asks.
func each(value func(weights []float64) (float64, error)) func([][]float64) ([]float64, error) {
	return func(list [][]float64) ([]float64, error) {
		var values []float64
		for _, weights := range list {
			v, err := value(weights)
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
		return values, nil
	}
}

func TestSearchFindsTheTopOfSmoothHills(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		top := rapid.SliceOfN(rapid.Float64Range(.02, 20), 1, 3).Draw(t, "top")
		start := append([]float64{1}, rapid.SliceOfN(rapid.SampledFrom([]float64{0, .05, .5, 3}), len(top), len(top)).Draw(t, "start")...)
		best, all, err := search(start, each(func(w []float64) (float64, error) {
			v := 0.0
			for n, want := range top {
				v -= math.Abs(math.Log((w[n+1] + 1e-3) / (want + 1e-3)))
			}
			return v, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		for n, want := range top {
			// The coarse grid steps by at most 3⅓, and the narrowing that follows leaves at most a fifth.
			if ratio := best.Weights[n+1] / want; ratio > 1.35 || ratio < 1/1.35 {
				t.Errorf("weight %d is %v, the top is at %v", n+1, best.Weights[n+1], want)
			}
		}
		for _, one := range all {
			if one.NDCG > best.NDCG {
				t.Errorf("%v was tried and is better than %v", one, best)
			}
			if one.Weights[0] != 1 {
				t.Errorf("the first weight became %v", one.Weights[0])
			}
		}
	})
}

func TestSearchKeepsAWeightThatMakesNoDifference(t *testing.T) {
	t.Parallel()
	start := []float64{1, .37, .2}
	best, _, err := search(start, each(func(w []float64) (float64, error) { return -math.Abs(w[2] - 5), nil }))
	if err != nil || best.Weights[1] != .37 || best.Weights[2] != 5 {
		t.Errorf("found %v, %v", best.Weights, err)
	}
}

func TestSearchAsksForNothingTwiceAndStopsAtAnError(t *testing.T) {
	t.Parallel()
	var asked [][]float64
	broken := errors.New("broken")
	_, _, err := search([]float64{1, 1, 1}, each(func(w []float64) (float64, error) {
		if slices.ContainsFunc(asked, func(o []float64) bool { return slices.Equal(o, w) }) {
			t.Errorf("%v was asked for twice", w)
		}
		asked = append(asked, slices.Clone(w))
		if len(asked) == 40 {
			return 0, broken
		}
		return float64(len(asked)), nil // every trial is better: the search goes on
	}))
	if len(asked) != 40 || !errors.Is(err, broken) {
		t.Errorf("%d trials, error %v", len(asked), err)
	}
}

func TestWeightsKeepTheScaleOfTheFirstSource(t *testing.T) {
	t.Parallel()
	sources := []api.Source{{Kind: "cart", Weight: 20}, {Kind: "history", Weight: 5}}
	if diff := cmp.Diff([]float64{1, .25}, relative(sources)); diff != "" {
		t.Error(diff)
	}
	want := []api.Source{{Kind: "cart", Weight: 20}, {Kind: "history", Weight: 3}}
	if diff := cmp.Diff(want, weighted(sources, []float64{1, .15})); diff != "" {
		t.Error(diff)
	}
	for w, want := range map[float64]float64{
		0: 0, .0123: .012, .07 * 1.4: .098, 1: 1, 1.44: 1.4, 5 * 1.2: 6, 50 * 1.4 * 1.2: 84, 123: 120,
	} {
		if got := tidy(w); got != want {
			t.Errorf("%v is tidied to %v, want %v", w, got, want)
		}
	}
}

// plainNDCG follows the definition: gains of relevant items by rank over the same for the ideal list.
func plainNDCG(shown, targets []string) float64 {
	dcg := func(list []string) float64 {
		sum := 0.0
		for rank := 1; rank <= len(list) && rank <= 20; rank++ {
			for _, t := range targets {
				if t == list[rank-1] {
					sum += 1 / math.Log2(float64(rank)+1)
				}
			}
		}
		return sum
	}
	return dcg(shown) / dcg(targets)
}

func TestScore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		item := rapid.StringMatching("[a-h][a-h]")
		shown := rapid.SliceOfNDistinct(item, 0, 25, rapid.ID[string]).Draw(t, "shown")
		targets := rapid.SliceOfNDistinct(item, 1, 30, rapid.ID[string]).Draw(t, "targets")
		f := score(shown, targets)
		hits := 0
		for _, id := range shown[:min(len(shown), 20)] {
			if slices.Contains(targets, id) {
				hits++
			}
		}
		if math.Abs(f.NDCG-plainNDCG(shown, targets)) > 1e-12 || (f.HR == 1) != (hits > 0) ||
			f.Recall != float64(hits)/float64(min(len(targets), 20)) {
			t.Errorf("%v for %v: %+v, %d hits", shown, targets, f, hits)
		}
	})
}

func TestGain(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	from, to := make([]Figures, 400), make([]Figures, 400)
	for n := range from {
		noise := rng.NormFloat64()
		from[n].NDCG, to[n].NDCG = noise, noise+.05+.1*rng.NormFloat64() // far apart as pairs, not by themselves
	}
	g := gain(from, to, rng)
	// The standard error of the mean difference is .1/√400 = .005; the interval is twice 1.96 of it wide.
	if g.Low <= 0 || math.Abs(g.High-g.Low-2*1.96*.005) > .004 || g.Low > g.Value || g.High < g.Value {
		t.Errorf("gain %+v", g)
	}
	if none := gain(from, from, rng); none != (Interval{}) {
		t.Errorf("the same answers gain %+v", none)
	}
}
