// Package modeltest is the suite of tests that every model of neighbour lists passes, whatever its mathematics.
//
// It is imported by tests only. The entry is [Run]; [Random] and [Grouped] make data for other tests as well.
package modeltest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// BuildFunc builds a model of m. It must not change m, which is used again, and must be safe
// for concurrent use: the tests run in parallel.
type BuildFunc func(m *csr.Matrix, o neighbours.Options) (*neighbours.Lists, error)

// Run checks that build is deterministic whatever the number of workers, keeps the invariants of lists, follows its
// items when they are renumbered, and handles every degenerate matrix. Whether weights are
// right is for the examples of each model's own test.
func Run(t *testing.T, build BuildFunc) {
	t.Run("any number of workers gives the same bytes", func(t *testing.T) {
		t.Parallel()
		m := Random(400, 150, 1)
		want := must(t, build, m, neighbours.Options{K: 7, Workers: 1})
		for _, workers := range []int{1, 2, 5} {
			if diff := cmp.Diff(want, must(t, build, m, neighbours.Options{K: 7, Workers: workers})); diff != "" {
				t.Fatalf("%d workers: %s", workers, diff)
			}
		}
	})
	t.Run("items renumbered give lists renumbered", func(t *testing.T) { t.Parallel(); renumbered(t, build) })
	t.Run("a longer list starts with the shorter", func(t *testing.T) {
		t.Parallel()
		m := Random(100, 40, 2)
		short, long := must(t, build, m, neighbours.Options{K: 3}), must(t, build, m, neighbours.Options{K: 10})
		for i := range int32(m.Cols) {
			got, _ := short.Of(i)
			want, _ := long.Of(i)
			if diff := cmp.Diff(want[:min(3, len(want))], got); diff != "" {
				t.Fatalf("item %d: %s", i, diff)
			}
		}
	})
	t.Run("degenerate matrices", func(t *testing.T) { t.Parallel(); degenerate(t, build) })
	t.Run("equal items rank by index", func(t *testing.T) {
		t.Parallel()
		rows := [][]int32{{3, 1, 2, 0}, {0, 3, 2, 1}, {2, 1, 0, 3}}
		lists := must(t, build, fromRows(t, rows, 5), neighbours.Options{K: 2})
		for i := range int32(4) {
			items, _ := lists.Of(i)
			for p := 1; p < len(items); p++ {
				if items[p-1] > items[p] {
					t.Errorf("item %d: %v is not by index", i, items)
				}
			}
		}
	})
	t.Run("bad input is refused", func(t *testing.T) { t.Parallel(); refused(t, build) })
}

// must builds lists and ends the test when they are not built, are of another size than asked
// for, or break an invariant.
func must(t *testing.T, build BuildFunc, m *csr.Matrix, o neighbours.Options) *neighbours.Lists {
	t.Helper()
	lists, err := build(m, o)
	if err != nil {
		t.Fatal(err)
	}
	if lists.N() != m.Cols || lists.K != o.K {
		t.Fatalf("lists of %d items and %d neighbours, want %d and %d", lists.N(), lists.K, m.Cols, o.K)
	}
	if err := lists.Validate(); err != nil {
		t.Fatal(err)
	}
	return lists
}

// fromRows is the matrix of ones of rows of item indices.
func fromRows(t *testing.T, rows [][]int32, cols int) *csr.Matrix {
	t.Helper()
	m, err := csr.FromRows(rows, cols)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// renumbered compares weights by item, which stay up to rounding when the items get other indices.
func renumbered(t *testing.T, build BuildFunc) {
	const n = 30
	m := Random(120, n, 3)
	perm := rand.New(rand.NewPCG(1, 1)).Perm(n)
	moved := &csr.Matrix{Rows: m.Rows, Cols: n, RowPtr: m.RowPtr, ColIdx: make([]int32, m.NNZ())}
	for p, j := range m.ColIdx {
		moved.ColIdx[p] = int32(perm[j])
	}
	want, got := must(t, build, m, neighbours.Options{K: n}), must(t, build, moved, neighbours.Options{K: n})
	for i := range n {
		weights := map[int32]float32{}
		items, w := want.Of(int32(i))
		for p, j := range items {
			weights[int32(perm[j])] = w[p]
		}
		items, w = got.Of(int32(perm[i]))
		for p, j := range items {
			if d := math.Abs(float64(w[p] - weights[j])); d > 1e-4*(1+math.Abs(float64(w[p]))) {
				t.Errorf("pair %d→%d: weight %v, want %v", perm[i], j, w[p], weights[j])
			}
		}
	}
}

// degenerate builds models of matrices that leave nothing to compare, or nothing but equals; a
// division by zero would show as a weight that Validate refuses.
func degenerate(t *testing.T, build BuildFunc) {
	repeated := make([][]int32, 50)
	for u := range repeated {
		repeated[u] = []int32{1, 1, 0, 0, 1}
	}
	for name, c := range map[string]struct {
		rows [][]int32
		cols int
		want int // neighbours in all, −1 when the model may differ
	}{
		"no rows and no items":    {nil, 0, 0},
		"no rows":                 {nil, 3, 0},
		"rows without entries":    {[][]int32{{}, {}}, 2, 0},
		"one item":                {[][]int32{{0}, {0}}, 1, 0},
		"one user":                {[][]int32{{0, 1, 2}}, 3, -1},
		"only single entries":     {[][]int32{{0}, {1}, {2}}, 3, 0},
		"all rows are duplicates": {repeated, 2, -1},
		"items nobody has":        {[][]int32{{4, 2}, {2}}, 9, -1},
	} {
		t.Run(name, func(t *testing.T) {
			lists := must(t, build, fromRows(t, c.rows, c.cols), neighbours.Options{K: 4})
			if c.want >= 0 && lists.Entries() != c.want {
				t.Errorf("%d neighbours in all, want %d", lists.Entries(), c.want)
			}
		})
	}
}

// refused hands over values that are no numbers, and asks for lists of no length; all are to
// give an error.
func refused(t *testing.T, build BuildFunc) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		m := &csr.Matrix{Rows: 1, Cols: 2, RowPtr: []int{0, 2}, ColIdx: []int32{0, 1}, Val: []float32{1, bad}}
		if _, err := build(m, neighbours.Options{K: 1}); err == nil {
			t.Errorf("the value %v was taken", bad)
		}
	}
	if _, err := build(Random(5, 5, 1), neighbours.Options{K: 0}); err == nil {
		t.Error("lists of 0 neighbours were built")
	}
}
