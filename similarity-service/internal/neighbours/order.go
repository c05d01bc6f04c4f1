package neighbours

import (
	"math"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
)

// Order says how much it tells which items of a history came near each other, and which of them first. What a visitor takes next follows
// from what came just before more than from what came long ago or afterwards. The zero value takes a history for a set.
type Order struct {
	Direction float64 // share by which a pair weighs less when its target came before its source: 0 both alike, 1 such pairs say nothing
	Nearness  float64 // a pair whose entries are d ≥ 1 steps apart weighs d^−Nearness
}

// order weighs the pairs of entries of a row by their distance in steps. Entries that came at the same time are no step apart.
type order struct {
	after, before []float32 // by distance, for targets that came after their sources and before them
	together      csr.Marks // entries that came at the same time as the one before them in their row
}

// WithOrder returns a graph that shares all but the weights of pairs; rows hold their entries in the order in which they came, but for
// those marked as together with the entry before them. Cost O(m).
func (g *Graph) WithOrder(o Order, together csr.Marks) *Graph {
	h := *g
	if h.order = nil; o == (Order{}) {
		return &h
	}
	longest := 0
	for u := range g.users.Rows {
		longest = max(longest, g.users.RowPtr[u+1]-g.users.RowPtr[u])
	}
	h.order = &order{after: make([]float32, longest+1), before: make([]float32, longest+1), together: together}
	h.order.after[0], h.order.before[0] = 1, 1
	for d := 1; d <= longest; d++ {
		w := math.Pow(float64(d), -o.Nearness)
		h.order.after[d], h.order.before[d] = float32(w), float32((1-o.Direction)*w)
	}
	return &h
}

// Steps returns how many steps each entry of row u is after the first, in dst's memory where it fits; nil when the order tells nothing.
func (g *Graph) Steps(u int32, dst []int32) []int32 {
	if g.order == nil {
		return nil
	}
	from, to := g.users.RowPtr[u], g.users.RowPtr[u+1]
	dst = slices.Grow(dst[:0], to-from)
	step := int32(0)
	for p := from; p < to; p++ {
		if p > from && !g.order.together.Has(p) {
			step++
		}
		dst = append(dst, step)
	}
	return dst
}

// Apart is what a pair weighs whose source and target are at these steps of a row, of a graph with an order.
func (g *Graph) Apart(source, target int32) float32 {
	if target >= source {
		return g.order.after[target-source]
	}
	return g.order.before[source-target]
}

// weigh writes to dst what each entry of row u weighs beside its own value, seen from the entry at a place of the row: 0 for that one.
// Entries before the first of the result weigh nothing.
func (o *order) weigh(users *csr.Matrix, u int32, at int, dst []float32) (first int, weights []float32) {
	from := users.RowPtr[u]
	n := users.RowPtr[u+1] - from
	dst = slices.Grow(dst[:0], n)[:n]
	dst[at] = 0
	for q, d := at+1, 0; q < n; q++ {
		if !o.together.Has(from + q) {
			d++
		}
		dst[q] = o.after[d]
	}
	first = at
	for d := 0; first > 0; first-- {
		if !o.together.Has(from + first) {
			d++
		}
		if o.before[d] == 0 {
			break
		}
		dst[first-1] = o.before[d]
	}
	if users.Val != nil {
		for q, x := range users.Val[from+first : from+n] {
			dst[first+q] *= x
		}
	}
	return first, dst
}

// InOrder multiplies each weight of l by the share of the pair's co-count that g's order leaves of it, so that lists that know no order,
// of g's rows, gain one.
func (l *Lists) InOrder(g *Graph, o Options) error {
	plain := g.WithOrder(Order{}, nil)
	o.Rows = nil
	return Blocks(l.N(), o, func() func(int) {
		inOrder, all := newCounter(g), newCounter(plain)
		sel := &Selector{}
		var kept []int32
		var mapped []float32
		return func(n int) {
			i := int32(n)
			items, weights := l.Of(i)
			inOrder.count(i)
			all.count(i)
			kept, mapped = append(kept[:0], items...), append(mapped[:0], weights...)
			for p, j := range kept {
				if c := all.acc[j]; c != 0 {
					mapped[p] *= inOrder.acc[j] / c
				}
			}
			sel.Select(l, i, kept, mapped)
		}
	})
}

// counter holds the co-counts of one item at a time.
type counter struct {
	g       *Graph
	acc     []float32
	touched []int32
	room    []float32
}

func newCounter(g *Graph) *counter { return &counter{g: g, acc: make([]float32, g.Items())} }

// count replaces the co-counts by those of item i.
func (c *counter) count(i int32) {
	for _, j := range c.touched {
		c.acc[j] = 0
	}
	c.touched = c.g.accumulate(i, c.acc, c.touched[:0], &c.room)
}
