package closedform_test

import (
	"math"
	"runtime"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// normalised is R̃ as a dense matrix.
func normalised(g *neighbours.Graph) *mat.Dense {
	m := g.Users()
	dense := mat.NewDense(m.Rows, m.Cols, nil)
	for u := range m.Rows {
		items, val := m.Row(u)
		for p, j := range items {
			x := 1.0
			if val != nil {
				x = float64(val[p])
			}
			dense.Set(u, int(j), math.Sqrt(g.RowWeight(int32(u)))*x/math.Sqrt(g.Degree()[j]))
		}
	}
	return dense
}

// The oracle is Gonum's dense SVD: the projection V·Vᵀ does not depend on the signs of the vectors.
func TestLowRankEqualsTheDenseSVD(t *testing.T) {
	t.Parallel()
	// Three blocks of items that never meet: their leading vectors stand well apart from the rest.
	m := blocks(t)
	g, err := neighbours.NewGraph(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	g = g.WithUserExponent(-1)
	l, err := closedform.NewLowRank(g, 3, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	var svd mat.SVD
	if !svd.Factorize(normalised(g), mat.SVDThin) {
		t.Fatal("no dense SVD")
	}
	var v mat.Dense
	svd.VTo(&v)
	for k, s := range svd.Values(nil)[:3] {
		if math.Abs(s*s-l.Values[k]) > 1e-3 {
			t.Errorf("squared singular value %d is %v, want %v", k, l.Values[k], s*s)
		}
	}
	for i := range m.Cols {
		for j := range m.Cols {
			want := 0.0
			for k := range 3 {
				want += v.At(i, k) * v.At(j, k)
			}
			if got := float64(l.Term(int32(i), int32(j))); math.Abs(got-want) > 2e-3 {
				t.Errorf("term of %d and %d is %v, want %v", i, j, got, want)
			}
		}
	}
}

func blocks(t *testing.T) *csr.Matrix {
	t.Helper()
	var rows [][]int32
	for u := range 90 {
		block := int32(u % 3)
		var row []int32
		for p := range int32(5) {
			if (u/3+int(p))%5 != 0 {
				row = append(row, block*5+p)
			}
		}
		rows = append(rows, row)
	}
	m, err := csr.FromRows(rows, 15)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLowRankIsReproducible(t *testing.T) {
	t.Parallel()
	g, err := neighbours.NewGraph(modeltest.Random(80, 40, 3), nil)
	if err != nil {
		t.Fatal(err)
	}
	one, err := closedform.NewLowRank(g, 6, 9, nil)
	if err != nil {
		t.Fatal(err)
	}
	two, err := closedform.NewLowRank(g, 6, 9, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range one.Vectors {
		if v != two.Vectors[i] {
			t.Fatalf("element %d is %v and %v", i, v, two.Vectors[i])
		}
	}
}

func TestLowRankWithoutARowIsCloseToRebuilding(t *testing.T) {
	t.Parallel()
	m := blocks(t)
	g, err := neighbours.NewGraph(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := closedform.NewLowRank(g, 3, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	// A row that lies within the leading space is explained by all others as well: without its entry the term shrinks,
	// by about the row's share of 1 in 24 interactions of the item.
	items, _ := m.Row(0)
	own := l.Own(0, nil)
	before := l.Term(items[0], items[1])
	after := l.TermWithout(items[0], items[1], 0, 1, own)
	if share := float64((before - after) / before); share < .01 || share > .1 {
		t.Errorf("one of 24 rows makes %.3f of the term", share)
	}
}

// What the search for vectors holds must not grow with the rows of a shop, of which there are many more than items.
func TestLowRankHoldsNothingPerRow(t *testing.T) { // not parallel: it counts what the whole process allocates
	const rows, rank = 100_000, 16
	histories := make([][]int32, rows)
	for u := range histories {
		histories[u] = []int32{int32(u % 50), int32(50 + u%47)}
	}
	m, err := csr.FromRows(histories, 100)
	if err != nil {
		t.Fatal(err)
	}
	g, err := neighbours.NewGraph(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := closedform.NewLowRank(g, rank, 1, nil); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if each := float64(after.TotalAlloc-before.TotalAlloc) / rows; each > 4 {
		t.Errorf("%.1f bytes allocated per row, want next to nothing", each)
	}
}
