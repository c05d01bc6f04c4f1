// Package bundles finds sets of two to four items that are bought as a set: their orders are many, and more than chance would make. It
// knows items by number and orders as rows of a matrix. The main function is Mine.
package bundles

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
)

const (
	// leastOrders and leastShare are how many orders a set needs at least: so many, and this share of all.
	leastOrders = 3
	leastShare  = 2e-4
	// evidence is the log-likelihood ratio from which an item belongs to the rest of a set: chance alone goes beyond it once in a thousand.
	evidence = 10.83
	// leastConfidence is the share of the orders of a set that must hold another item for it to join.
	leastConfidence = .1
	// longestOrder is the number of products beyond which an order is a stockist's, who buys everything with everything: it does not count.
	longestOrder = 100
	largestSet   = 4
	// pairsExtended is how many of an item's best pairs are made larger, perSize how many sets of a size are kept for an item.
	pairsExtended = 5
	perSize       = 3
	// most is how many sets are kept at all, those bought most beyond chance first.
	most = 20_000
)

// Bundle is a set of items that are bought together.
type Bundle struct {
	Items    []int32 // in order of number
	Supports []int   // of each item: the number of orders that hold it
	Support  int     // the number of orders that hold all of them
	// Lift is how many times more orders that is than would hold all of them if each were bought without regard to the others.
	Lift float64
}

// score ranks sets: how many orders hold one, times how far beyond chance that is.
func (b *Bundle) score() float64 { return float64(b.Support) * math.Log(b.Lift) }

// Mine finds the sets of the orders, the rows of a matrix whose columns are products, best first, and returns how many orders it looked at.
// It costs O(Σ n²) for orders of n products.
func Mine(ctx context.Context, orders *csr.Matrix) (list []Bundle, looked int, err error) {
	m := newMiner(orders)
	seen := map[[largestSet]int32]bool{}
	var found []Bundle
	for i := range int32(orders.Cols) {
		if i%1024 == 0 && ctx.Err() != nil {
			return nil, m.n, context.Cause(ctx)
		}
		for _, b := range m.around(i) {
			if key := keyOf(b.Items); !seen[key] {
				seen[key] = true
				found = append(found, b)
			}
		}
	}
	slices.SortFunc(found, better)
	return found[:min(len(found), most)], m.n, nil
}

func keyOf(items []int32) (key [largestSet]int32) {
	for n := range key {
		key[n] = -1
	}
	copy(key[:], items)
	return key
}

// miner counts what is bought with a set.
type miner struct {
	orders *csr.Matrix // rows are orders
	of     *csr.Matrix // rows are products, columns orders
	n      int         // orders
	least  int
	counts []int32 // by product, all 0 between uses
}

func newMiner(orders *csr.Matrix) *miner {
	var short []int32
	for n := range orders.Rows {
		if orders.RowPtr[n+1]-orders.RowPtr[n] <= longestOrder {
			short = append(short, int32(n))
		}
	}
	orders = orders.Only(short)
	return &miner{
		orders: orders, of: orders.Transpose(), n: len(short), counts: make([]int32, orders.Cols),
		least: max(leastOrders, int(math.Ceil(leastShare*float64(len(short))))),
	}
}

// around returns the sets to keep for a product.
func (m *miner) around(i int32) []Bundle {
	with := m.ordersOf(i)
	if len(with) < m.least {
		return nil
	}
	pairs := m.joined(m.single(i), with)
	kept := slices.Clone(pairs[:min(len(pairs), perSize)])
	larger := make([][]Bundle, largestSet+1)
	for _, set := range pairs[:min(len(pairs), pairsExtended)] {
		with := m.ordersOf(set.Items...)
		for len(set.Items) < largestSet {
			next := m.joined(set, with)
			if len(next) == 0 {
				break
			}
			set = next[0]
			larger[len(set.Items)] = append(larger[len(set.Items)], set)
			with = m.ordersOf(set.Items...)
		}
	}
	for _, sets := range larger {
		slices.SortFunc(sets, better)
		kept = append(kept, sets[:min(len(sets), perSize)]...)
	}
	return kept
}

func better(a, b Bundle) int {
	return cmp.Or(cmp.Compare(b.score(), a.score()), slices.Compare(a.Items, b.Items))
}

func (m *miner) support(i int32) int { return m.of.RowPtr[i+1] - m.of.RowPtr[i] }

func (m *miner) single(i int32) Bundle {
	return Bundle{Items: []int32{i}, Supports: []int{m.support(i)}, Support: m.support(i), Lift: 1}
}

// ordersOf lists the orders that hold all of some products.
func (m *miner) ordersOf(items ...int32) []int32 {
	with, _ := m.of.Row(int(items[0]))
	for _, i := range items[1:] {
		other, _ := m.of.Row(int(i))
		with = intersection(with, other)
	}
	return with
}

// intersection returns what two ascending lists have in common.
func intersection(a, b []int32) []int32 {
	common := make([]int32, 0, min(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			common = append(common, a[0])
			a, b = a[1:], b[1:]
		}
	}
	return common
}

// joined returns the set with one more product each, of those that belong to it, best first. with are the orders of the set.
func (m *miner) joined(set Bundle, with []int32) []Bundle {
	var touched []int32
	for _, order := range with {
		items, _ := m.orders.Row(int(order))
		for _, j := range items {
			if m.counts[j] == 0 {
				touched = append(touched, j)
			}
			m.counts[j]++
		}
	}
	var list []Bundle
	for _, j := range touched {
		together := int(m.counts[j])
		m.counts[j] = 0
		if together < m.least || slices.Contains(set.Items, j) || !m.belongs(together, len(with), m.support(j)) {
			continue
		}
		list = append(list, m.with(set, j, together))
	}
	slices.SortFunc(list, better)
	return list
}

// belongs reports whether a product is in so many orders of a set that chance does not explain it.
func (m *miner) belongs(together, set, item int) bool {
	expected := float64(set) * float64(item) / float64(m.n)
	return float64(together) > expected && float64(together) >= leastConfidence*float64(min(set, item)) &&
		logLikelihoodRatio(together, set, item, m.n) >= evidence
}

// with adds a product to a set.
func (m *miner) with(set Bundle, j int32, together int) Bundle {
	at, _ := slices.BinarySearch(set.Items, j)
	b := Bundle{
		Items: slices.Insert(slices.Clone(set.Items), at, j), Supports: slices.Insert(slices.Clone(set.Supports), at, m.support(j)),
		Support: together,
	}
	b.Lift = float64(together)
	for n, s := range b.Supports {
		b.Lift /= float64(s)
		if n > 0 {
			b.Lift *= float64(m.n)
		}
	}
	return b
}

// logLikelihoodRatio is Dunning's G² of two events that happen in a and b of n orders, and together in both.
func logLikelihoodRatio(both, a, b, n int) float64 {
	g := 0.0
	for _, cell := range [...][3]int{{both, a, b}, {a - both, a, n - b}, {b - both, n - a, b}, {n - a - b + both, n - a, n - b}} {
		if k := float64(cell[0]); k > 0 {
			g += k * math.Log(k*float64(n)/(float64(cell[1])*float64(cell[2])))
		}
	}
	return 2 * g
}
