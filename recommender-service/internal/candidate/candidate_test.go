package candidate_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
)

const items = 40

func drawTerms(t *rapid.T) []candidate.Term {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) candidate.Term {
		row := &candidate.Row{Items: rapid.SliceOfNDistinct(rapid.Int32Range(0, items-1), 0, 15, rapid.ID[int32]).Draw(t, "items")}
		for range row.Items {
			row.Weights = append(row.Weights, rapid.Float32Range(-1, 5).Draw(t, "weight"))
		}
		return candidate.Term{Seed: candidate.Seed{Weight: rapid.Float64Range(-1, 1).Draw(t, "seed")}, Row: row}
	}), 0, 12).Draw(t, "terms")
}

// plain is the definition: Σ over terms of factor · weight, in the order of the terms, where a source's factors make its best item score
// weight.
func plain(terms []candidate.Term, weight float64, head func(int32) int32) map[int32]float64 {
	raw := map[int32]float64{}
	for _, t := range terms {
		for k, i := range t.Row.Items {
			raw[head(i)] += candidate.Product(t.Seed.Weight, t.Row.Weights[k])
		}
	}
	largest := 0.0
	for _, v := range raw {
		largest = max(largest, v)
	}
	score := map[int32]float64{}
	if largest <= candidate.Negligible {
		return score
	}
	for _, t := range terms {
		factor := weight / largest * t.Seed.Weight
		if factor == 0 {
			continue
		}
		for k, i := range t.Row.Items {
			score[head(i)] += candidate.Product(factor, t.Row.Weights[k])
		}
	}
	return score
}

func TestBlendIsTheDefinitionAndItsTraceAddsUp(t *testing.T) {
	t.Parallel()
	var b candidate.Blend
	family := func(i int32) int32 { return i / 2 * 2 } // every odd item is a variant of the one before it
	heads := make([]int32, items)
	for i := range heads {
		heads[i] = family(int32(i))
	}
	rapid.Check(t, func(t *rapid.T) {
		first, second := drawTerms(t), drawTerms(t)
		weight := rapid.Float64Range(.01, 3).Draw(t, "weight")
		b.Reset(items)
		b.Add(first, 1, heads)
		b.Add(second, weight, heads)
		one, two := plain(first, 1, family), plain(second, weight, family)
		targets, _ := b.Candidates()
		shares := b.Trace(targets, nil)
		for p, i := range targets {
			size := 1.0 // of what is added up: large contributions that cancel each other leave the rounding of large numbers
			for _, s := range shares[p] {
				size += math.Abs(s.Value)
			}
			if want := one[i] + two[i]; math.Abs(b.Score(i)-want) > 1e-9*size {
				t.Fatalf("item %d scores %v, want %v", i, b.Score(i), want)
			}
			sum := 0.0
			for _, s := range shares[p] {
				sum += s.Value
				if s.Value != candidate.Product(s.Term.Factor, s.Raw) {
					t.Fatalf("a share of item %d is not its product", i)
				}
			}
			if sum != b.Score(i) {
				t.Fatalf("the shares of item %d sum to %v, its score is %v", i, sum, b.Score(i))
			}
		}
		proposed := map[int32]bool{}
		for _, term := range append(first, second...) {
			for _, i := range term.Row.Items {
				proposed[family(i)] = true
			}
		}
		for i := range int32(items) {
			if b.Has(i) != proposed[i] {
				t.Fatalf("item %d: proposed %t", i, b.Has(i))
			}
		}
	})
}

func TestTheBestCandidateOfASourceScoresItsWeight(t *testing.T) {
	t.Parallel()
	var b candidate.Blend
	b.Reset(3)
	b.Add([]candidate.Term{{Seed: candidate.Seed{Weight: 2}, Row: &candidate.Row{Items: []int32{0, 1}, Weights: []float32{8, 4}}}}, .5, nil)
	if b.Score(0) != .5 || b.Score(1) != .25 || b.Has(2) {
		t.Errorf("got %v %v", b.Score(0), b.Score(1))
	}
}

// BenchmarkBlend: 50 seeds of 100 neighbours each over 100,000 items, blended and traced for 20 of them. The lists are far more than the
// processor's caches hold, as in a service.
func BenchmarkBlend(b *testing.B) {
	const catalogue, lists, seeds, neighbours = 100_000, 50_000, 50, 100
	random := rand.New(rand.NewPCG(1, 2))
	rows := make([]candidate.Row, lists)
	for r := range rows {
		for k := range neighbours {
			rows[r].Items = append(rows[r].Items, int32(random.IntN(catalogue)))
			rows[r].Weights = append(rows[r].Weights, 1/float32(k+1))
		}
	}
	terms := make([]candidate.Term, seeds)
	var blend candidate.Blend
	var shares [][]candidate.Contribution
	b.ReportAllocs()
	for b.Loop() {
		for s := range terms {
			terms[s] = candidate.Term{Seed: candidate.Seed{Weight: 1 / float64(s+1)}, Row: &rows[random.IntN(lists)]}
		}
		blend.Reset(catalogue)
		blend.Add(terms, 1, nil)
		best, _ := blend.Candidates()
		shares = blend.Trace(best[:20], shares)
	}
}

func TestABlendThatWasUsedOftenForgetsItsPast(t *testing.T) {
	t.Parallel()
	var b candidate.Blend
	terms := func(i int32) []candidate.Term {
		return []candidate.Term{{Seed: candidate.Seed{Weight: 1}, Row: &candidate.Row{Items: []int32{i}, Weights: []float32{1}}}}
	}
	for use := range int32(10_000) { // the count of uses starts again after 4,095
		b.Reset(items)
		b.Add(terms(use%items), 1, nil)
		for i := range int32(items) {
			if b.Has(i) != (i == use%items) {
				t.Fatalf("use %d: item %d is proposed: %t", use, i, b.Has(i))
			}
		}
	}
}
