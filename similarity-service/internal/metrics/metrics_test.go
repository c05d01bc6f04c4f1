package metrics_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

func ExampleMeasure() {
	relevant := map[int32]bool{4: true, 9: true}
	a := metrics.Measure([]int32{4, 1, 2}, func(i int32) bool { return relevant[i] }, 2, 3, false)
	fmt.Printf("recall %.2f, MRR %.2f\n", a.Recall, a.MRR)
	// Output: recall 0.50, MRR 1.00
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	set := func(items ...int32) func(int32) bool {
		return func(i int32) bool {
			for _, j := range items {
				if i == j {
					return true
				}
			}
			return false
		}
	}
	third := 1 / math.Log2(3)
	cases := []struct {
		name     string
		ranked   []int32
		is       func(int32) bool
		relevant int
		k        int
		capped   bool
		want     metrics.Accuracy
	}{
		{"perfect list", []int32{1, 2}, set(1, 2), 2, 2, false, metrics.Accuracy{Recall: 1, NDCG: 1, HR: 1, MRR: 1, MAP: 1, Precision: 1}},
		{
			"second place", []int32{5, 1}, set(1), 1, 2, false,
			metrics.Accuracy{Recall: 1, NDCG: third, HR: 1, MRR: .5, MAP: .5, Precision: .5},
		},
		{
			"more relevant than places", []int32{1}, set(1, 2, 3), 3, 1, false,
			metrics.Accuracy{Recall: 1. / 3, NDCG: 1, HR: 1, MRR: 1, MAP: 1, Precision: 1},
		},
		{"capped recall", []int32{1}, set(1, 2, 3), 3, 1, true, metrics.Accuracy{Recall: 1, NDCG: 1, HR: 1, MRR: 1, MAP: 1, Precision: 1}},
		// Hits at the places 1 and 3: (1/1 + 2/3) / 2, and two of four places.
		{"two hits", []int32{1, 5, 2, 6}, set(1, 2), 2, 4, false, metrics.Accuracy{
			Recall: 1, NDCG: 1.5 / (1 + third), HR: 1, MRR: 1, MAP: 5. / 6, Precision: .5,
		}},
		{"hit beyond k", []int32{5, 1}, set(1), 1, 1, false, metrics.Accuracy{}},
		{"empty list", nil, set(1), 1, 20, false, metrics.Accuracy{}},
		{"nothing relevant", []int32{1}, set(), 0, 20, false, metrics.Accuracy{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := metrics.Measure(c.ranked, c.is, c.relevant, c.k, c.capped)
			if diff := cmp.Diff(c.want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	c := metrics.NewCollector(2, 2, metrics.Catalogue{
		Popularity: []float64{3, 1, 0, 0}, New: []bool{false, true, true, false}, Likeness: func(i, j int32) float64 { return .25 },
	})
	c.Record(0, metrics.Accuracy{Recall: 1}, []int32{0, 1})
	c.Record(1, metrics.Accuracy{Recall: 0}, []int32{0})
	s := c.Summary()
	// Shares with one added to each count: 4/8 and 2/8, so 1, 2 and 1 bits. Items are listed 0, 0, 1 and 2 times:
	// (1·1 + 3·2) / (4·3). One of the three places has an item that is new; the one pair is alike by a quarter.
	diversity, fresh := .75, 1./3
	want := metrics.Summary{
		Accuracy: metrics.Accuracy{Recall: .5}, Coverage: .5, Novelty: 4. / 3, PopularityBias: (.875 + .625 + .875) / 3,
		Gini: 7. / 12, Diversity: &diversity, NewItems: &fresh,
	}
	if diff := cmp.Diff(want, s, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Fatal(diff)
	}
}

func TestBootstrap(t *testing.T) {
	t.Parallel()
	t.Run("covers the mean and shrinks with more cases", func(t *testing.T) {
		t.Parallel()
		width := func(n int) float64 {
			rng := rand.New(rand.NewPCG(1, 2))
			values := make([]float64, n)
			for i := range values {
				values[i] = float64(i % 2)
			}
			in := metrics.Bootstrap(values, 500, .95, rng)
			if in.Low > .5 || in.High < .5 {
				t.Errorf("n=%d: %v does not hold the mean .5", n, in)
			}
			return in.High - in.Low
		}
		// The normal approximation gives 2·1.96·.5/√n: .196 and .0196.
		if w := width(100); math.Abs(w-.196) > .03 {
			t.Errorf("width at n=100 is %.3f, want about .196", w)
		}
		if w := width(10000); math.Abs(w-.0196) > .003 {
			t.Errorf("width at n=10000 is %.4f, want about .0196", w)
		}
	})
	t.Run("same seed, same interval", func(t *testing.T) {
		t.Parallel()
		values := []float64{0, .2, .9, 1, .4}
		a := metrics.Bootstrap(values, 100, .95, rand.New(rand.NewPCG(7, 7)))
		b := metrics.Bootstrap(values, 100, .95, rand.New(rand.NewPCG(7, 7)))
		if a != b {
			t.Fatalf("%v and %v", a, b)
		}
	})
	t.Run("no cases", func(t *testing.T) {
		t.Parallel()
		if got := metrics.Bootstrap(nil, 100, .95, rand.New(rand.NewPCG(7, 7))); got != (metrics.Interval{}) {
			t.Fatal(got)
		}
	})
}
