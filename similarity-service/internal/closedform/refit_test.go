package closedform_test

import (
	"math"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

func TestRefitPassesTheCommonSuite(t *testing.T) {
	t.Parallel()
	modeltest.Run(t, func(m *csr.Matrix, o neighbours.Options) (*neighbours.Lists, error) {
		g, err := neighbours.NewGraph(m, nil)
		if err != nil {
			return nil, err
		}
		// With room for all neighbours nothing is cut: then refitting must change nothing, so lists of every length agree.
		wide := o
		wide.K = max(m.Cols, o.K)
		if o.K < 1 {
			wide.K = o.K
		}
		full, err := closedform.EASE(g, 3, wide)
		if err != nil {
			return nil, err
		}
		gram, err := closedform.Gram(g, o)
		if err != nil {
			return nil, err
		}
		if full, err = closedform.Refit(full, gram, 3, o); err != nil {
			return nil, err
		}
		cut := neighbours.NewLists(m.Cols, o.K)
		var sel neighbours.Selector
		for i := range int32(m.Cols) {
			items, weights := full.Of(i)
			sel.Select(cut, i, items, weights)
		}
		return cut, nil
	})
}

// At the solution the gradient of the ridge loss is zero on the support: G_S,j = (G_SS + λI)·b_S.
func TestRefitSolvesTheRestrictedRegression(t *testing.T) {
	t.Parallel()
	const lambda = 4.
	m := modeltest.Random(400, 60, 11)
	g, err := neighbours.NewGraph(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	gram, err := closedform.Gram(g, neighbours.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cut, err := closedform.EASE(g, lambda, neighbours.Options{K: 8})
	if err != nil {
		t.Fatal(err)
	}
	lists, err := closedform.Refit(cut, gram, lambda, neighbours.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	n := m.Cols
	b := make([]float64, n*n)
	for i := range n {
		items, weights := lists.Of(int32(i))
		for p, j := range items {
			b[i*n+int(j)] = float64(weights[p])
		}
	}
	for j := range n {
		for i := range n {
			if b[i*n+j] == 0 {
				continue
			}
			sum := lambda * b[i*n+j]
			for k := range n {
				sum += float64(gram.At(i, k)) * b[k*n+j]
			}
			if d := math.Abs(sum - float64(gram.At(i, j))); d > .02*(1+math.Abs(float64(gram.At(i, j)))) {
				t.Errorf("gradient of b[%d,%d] is %v, want 0", i, j, d)
			}
		}
	}
}
