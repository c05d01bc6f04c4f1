package closedform_test

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

func ExampleEASE() {
	m, _ := csr.FromRows([][]int32{{0, 1}, {0, 1}, {2}}, 3)
	g, _ := neighbours.NewGraph(m, nil)
	lists, _ := closedform.EASE(g, 1, neighbours.Options{K: 2})
	items, weights := lists.Of(0)
	fmt.Printf("%v %.3f\n", items, weights)
	// Output: [1] [0.667]
}

func TestEASEPassesTheCommonSuite(t *testing.T) {
	t.Parallel()
	modeltest.Run(t, func(m *csr.Matrix, o neighbours.Options) (*neighbours.Lists, error) {
		g, err := neighbours.NewGraph(m, nil)
		if err != nil {
			return nil, err
		}
		return closedform.EASE(g, 3, o)
	})
}

// The oracle is the formula B = −P/diag(P) with Gonum's Cholesky in float64.
func TestEASEEqualsTheFormula(t *testing.T) {
	t.Parallel()
	const lambda = 5.
	m := modeltest.Random(300, 80, 9)
	g, err := neighbours.NewGraph(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	g = g.WithUserExponent(-.5)
	lists, err := closedform.EASE(g, lambda, neighbours.Options{K: m.Cols})
	if err != nil {
		t.Fatal(err)
	}
	want := plainEASE(t, m, g, lambda)
	for i := range m.Cols {
		items, weights := lists.Of(int32(i))
		for p, j := range items {
			if d := math.Abs(float64(weights[p]) - want.At(i, int(j))); d > 1e-5 {
				t.Errorf("B[%d,%d] = %v, want %v", i, j, weights[p], want.At(i, int(j)))
			}
		}
	}
}

func plainEASE(t *testing.T, m *csr.Matrix, g *neighbours.Graph, lambda float64) *mat.Dense {
	t.Helper()
	n := m.Cols
	gram := mat.NewSymDense(n, nil)
	for u := range m.Rows {
		items, _ := m.Row(u)
		for _, i := range items {
			for _, j := range items {
				if i <= j {
					gram.SetSym(int(i), int(j), gram.At(int(i), int(j))+g.RowWeight(int32(u)))
				}
			}
		}
	}
	for i := range n {
		gram.SetSym(i, i, gram.At(i, i)+lambda)
	}
	var factor mat.Cholesky
	if !factor.Factorize(gram) {
		t.Fatal("not positive definite")
	}
	var p mat.SymDense
	if err := factor.InverseTo(&p); err != nil {
		t.Fatal(err)
	}
	b := mat.NewDense(n, n, nil)
	for i := range n {
		for j := range n {
			if i != j {
				b.Set(i, j, -p.At(i, j)/p.At(j, j))
			}
		}
	}
	return b
}

func TestEASERefusesBadRidges(t *testing.T) {
	t.Parallel()
	g, err := neighbours.NewGraph(modeltest.Random(5, 5, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, lambda := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := closedform.EASE(g, lambda, neighbours.Options{K: 1}); err == nil {
			t.Errorf("λ = %v was taken", lambda)
		}
	}
}
