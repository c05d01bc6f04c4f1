package neighbours

import (
	"fmt"
	"math"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
)

// Graph is an m×n interaction matrix seen from both sides, with the weight of each row (user, basket or session).
// It is read only after building and may be shared by goroutines.
type Graph struct {
	users, items *csr.Matrix // m×n and its transpose
	rowBase      []float64   // weight of a row before its size counts, nil for ones
	rowMass      []float64   // d_u
	rowWeight    []float32   // rowBase·d_u^a
	degree       []float64   // d_i: mass of item i, rows weighted by rowBase
	order        *order      // how pairs of a row weigh, nil for all alike
}

// NewGraph returns the graph of m. Each row weighs rowBase[u] (nil: one), for instance a decay by age, which must be
// finite and not negative. The user exponent a starts at 0; see [Graph.WithUserExponent]. Cost O(nnz).
func NewGraph(m *csr.Matrix, rowBase []float64) (*Graph, error) {
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("check interactions: %w", err)
	}
	if rowBase != nil && len(rowBase) != m.Rows {
		return nil, fmt.Errorf("%d row weights for %d rows", len(rowBase), m.Rows)
	}
	for u, w := range rowBase {
		if math.IsNaN(w) || math.IsInf(w, 0) || w < 0 {
			return nil, fmt.Errorf("row %d: the row weight is %v, want a finite number that is not negative", u, w)
		}
	}
	g := &Graph{users: m, items: m.Transpose(), rowBase: rowBase, rowMass: m.RowMass()}
	g.degree = make([]float64, m.Cols)
	for u := range m.Rows {
		idx, val := m.Row(u)
		base := g.base(u)
		for p, j := range idx {
			x := 1.0
			if val != nil {
				x = math.Abs(float64(val[p]))
			}
			g.degree[j] += base * x
		}
	}
	return g.WithUserExponent(0), nil
}

// WithUserExponent returns a graph that shares all but the row weights, which become rowBase·d_u^a with d_u the mass
// of row u: a < 0 damps large histories. Rows without mass weigh nothing. Cost O(m).
func (g *Graph) WithUserExponent(a float64) *Graph {
	h := *g
	h.rowWeight = make([]float32, len(g.rowMass))
	for u, d := range g.rowMass {
		if d > 0 {
			h.rowWeight[u] = float32(g.base(u) * math.Pow(d, a))
		}
	}
	return &h
}

// Items is the number of items n.
func (g *Graph) Items() int { return g.users.Cols }

// Users returns the m×n matrix the graph was built from.
func (g *Graph) Users() *csr.Matrix { return g.users }

// Degree is d_i, the weighted number of interactions of each item. It may not be changed.
func (g *Graph) Degree() []float64 { return g.degree }

// RowWeight is the weight of row u in co-counts, rowBase·d_u^a.
func (g *Graph) RowWeight(u int32) float64 { return float64(g.rowWeight[u]) }

// RowBase is the weight of row u in degrees.
func (g *Graph) RowBase(u int32) float64 { return g.base(int(u)) }

// PairUpdates is Σ_u d_u², the number of additions that a build of all rows makes; its cost grows with this.
func (g *Graph) PairUpdates() int {
	sum := 0
	for u := range g.users.Rows {
		d := g.users.RowPtr[u+1] - g.users.RowPtr[u]
		sum += d * d
	}
	return sum
}

func (g *Graph) base(u int) float64 {
	if g.rowBase == nil {
		return 1
	}
	return g.rowBase[u]
}

// accumulate adds Σ_u w_u·x_ui·x_uj into acc[j] for every j that shares a row with item i, in the order of u, and
// appends those j to touched. acc has length n and must be zero; the caller clears it through touched. An item whose
// sum passes through zero may be appended twice. room is scratch memory that is kept for the next call. Cost: one addition per pair.
func (g *Graph) accumulate(i int32, acc []float32, touched []int32, room *[]float32) []int32 {
	rows, own := g.items.Row(int(i))
	n := len(touched)
	for p, u := range rows {
		w := g.rowWeight[u]
		if own != nil {
			w *= own[p]
		}
		cols, val := g.users.Row(int(u))
		if g.order != nil {
			first := 0
			first, *room = g.order.weigh(g.users, u, slices.Index(cols, i), *room)
			cols, val = cols[first:], (*room)[first:]
		}
		if cap(touched) < n+len(cols) {
			touched = append(touched[:n], make([]int32, n+len(cols))...)
		}
		fresh := touched[n : n+len(cols)]
		if val == nil {
			n += addOnes(acc, cols, w, fresh)
		} else {
			n += addValues(acc, cols, val, w, fresh)
		}
	}
	return touched[:n]
}

// addOnes adds w at every column and writes the columns that were zero to fresh, whose number it returns. Every column
// is written and the place moves on only after a fresh one: whether an item was seen before is a coin toss that a
// processor's branch prediction loses.
func addOnes(acc []float32, cols []int32, w float32, fresh []int32) int {
	n := 0
	for _, j := range cols {
		a := acc[j]
		acc[j] = a + w
		fresh[n] = j
		step := 0
		if a == 0 {
			step = 1
		}
		n += step
	}
	return n
}

// addValues is addOnes for the terms w·val.
func addValues(acc []float32, cols []int32, val []float32, w float32, fresh []int32) int {
	n := 0
	for q, j := range cols {
		a := acc[j]
		acc[j] = a + w*val[q]
		fresh[n] = j
		step := 0
		if a == 0 {
			step = 1
		}
		n += step
	}
	return n
}
