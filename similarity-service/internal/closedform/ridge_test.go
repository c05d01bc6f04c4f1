package closedform_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// gfcf returns the graph of m at a = −1 and its co-counts as lists of at most k.
func gfcf(m *csr.Matrix, k int) (*neighbours.Graph, *neighbours.Lists, error) {
	g, err := neighbours.NewGraph(m, nil)
	if err != nil {
		return nil, nil, err
	}
	g = g.WithUserExponent(-1)
	lists, err := neighbours.Build(
		g, neighbours.TwoHop{UserExponent: -1, SourceExponent: .5, TargetExponent: .5}.Similarity(g), neighbours.Options{K: k},
	)
	return g, lists, err
}

func TestRidgePassesTheCommonSuite(t *testing.T) {
	t.Parallel()
	modeltest.Run(t, func(m *csr.Matrix, o neighbours.Options) (*neighbours.Lists, error) {
		g, support, err := gfcf(m, max(m.Cols, 1)) // lists of every length have the same support
		if err != nil {
			return nil, err
		}
		return closedform.Ridge(g, support, 2, o)
	})
}

// The oracle is a dense solve in float64 for every target, with the sources that list it as unknowns.
func TestRidgeEqualsTheDenseSolution(t *testing.T) {
	t.Parallel()
	const lambda = 1.5
	for _, k := range []int{60, 7} {
		m := modeltest.Random(300, 60, 12)
		g, support, err := gfcf(m, k)
		if err != nil {
			t.Fatal(err)
		}
		lists, err := closedform.Ridge(g, support, lambda, neighbours.Options{K: k, Workers: 3})
		if err != nil {
			t.Fatal(err)
		}
		var gram mat.Dense
		r := normalised(g)
		gram.Mul(r.T(), r)
		for j := range int32(m.Cols) {
			var sources []int32
			for i := range int32(m.Cols) {
				if _, ok := weightOf(support, i, j); ok {
					sources = append(sources, i)
				}
			}
			for p, want := range denseRidge(t, &gram, sources, j, lambda) {
				got, _ := weightOf(lists, sources[p], j)
				if d := math.Abs(float64(got) - want); d > 2e-3*math.Abs(want)+1e-5 {
					t.Errorf("k=%d: b[%d,%d] = %v, want %v", k, sources[p], j, got, want)
				}
			}
		}
	}
}

func denseRidge(t *testing.T, gram *mat.Dense, sources []int32, j int32, lambda float64) []float64 {
	t.Helper()
	s := len(sources)
	if s == 0 {
		return nil
	}
	a, right := mat.NewDense(s, s, nil), mat.NewVecDense(s, nil)
	for p, i := range sources {
		for q, k := range sources {
			a.Set(p, q, gram.At(int(i), int(k)))
		}
		a.Set(p, p, a.At(p, p)+lambda)
		right.SetVec(p, gram.At(int(i), int(j)))
	}
	var b mat.VecDense
	if err := b.SolveVec(a, right); err != nil {
		t.Fatal(err)
	}
	return b.RawVector().Data
}

func weightOf(l *neighbours.Lists, i, j int32) (float32, bool) {
	items, weights := l.Of(i)
	for p, item := range items {
		if item == j {
			return weights[p], true
		}
	}
	return 0, false
}

func TestRidgeRefusesBadInput(t *testing.T) {
	t.Parallel()
	g, support, err := gfcf(modeltest.Random(9, 5, 1), 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, lambda := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := closedform.Ridge(g, support, lambda, neighbours.Options{K: 1}); err == nil {
			t.Errorf("λ = %v was taken", lambda)
		}
	}
	if _, err := closedform.Ridge(g, neighbours.NewLists(4, 2), 1, neighbours.Options{K: 1}); err == nil {
		t.Error("a support of other items was taken")
	}
}
