// Package neighbours builds the neighbour lists of items from a user × item matrix.
//
// A list holds for one source item i the k items j of largest |w(i→j)|, with signed weights. The score of item j for a
// visitor is the sum over the visitor's items i of s_i·w(i→j), so that each score is a sum of contributions of seeds.
// The package has the two-hop asymmetric family (cosine, RP3beta and the linear part of GF-CF are points of it); closed-form
// models of other packages give the same [Lists]. The main types are [Graph], the interactions seen from both sides, and [Lists].
package neighbours

import (
	"fmt"
	"math"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/mmap"
)

// Lists holds the neighbours of n items, at most K each, in flat arrays with a stride of K. The list of an item is
// ordered by falling |weight|, ties by the lower item index. Memory: 8·K bytes per list, 12·K with counts.
type Lists struct {
	K   int
	Len []int32 // entries of each list; its length is the number of items
	// Place says where the lists of some of the items are, of those that have one; nil when all have, in their order.
	Place  []int32
	Items  []int32   // item i has Items[Start(i) : Start(i)+Len[i]]
	Weight []float32 // parallel to Items
	Counts []float32 // parallel co-counts, only when asked for in Options.KeepCounts

	// Arena is where the arrays lie, and those of what is made of the lists; nil is ordinary memory.
	Arena *mmap.Arena
}

// NewLists returns empty lists for n items of at most k neighbours.
func NewLists(n, k int) *Lists { return NewListsIn(nil, n, k) }

// NewListsIn returns empty lists whose arrays come from arena.
func NewListsIn(arena *mmap.Arena, n, k int) *Lists {
	return &Lists{
		K: k, Len: make([]int32, n), Items: mmap.Make[int32](arena, n*k), Weight: mmap.Make[float32](arena, n*k), Arena: arena,
	}
}

// newListsOf returns empty lists that have room for those of some of n items.
func newListsOf(rows []int32, n int, o Options) *Lists {
	l := NewListsIn(o.Arena, len(rows), o.K)
	l.Len, l.Place = make([]int32, n), make([]int32, n)
	for place, i := range rows {
		l.Place[i] = int32(place)
	}
	return l
}

// Start is the index at which the list of item i begins in Items, Weight and Counts.
func (l *Lists) Start(i int32) int {
	if l.Place != nil {
		i = l.Place[i]
	}
	return int(i) * l.K
}

// N is the number of source items.
func (l *Lists) N() int { return len(l.Len) }

// Of returns the neighbours and weights of item i. The slices may not be changed.
func (l *Lists) Of(i int32) ([]int32, []float32) {
	from := l.Start(i)
	to := from + int(l.Len[i])
	return l.Items[from:to], l.Weight[from:to]
}

// Reader reads lists in any order, for one goroutine, without making those that lie in files resident.
type Reader struct {
	lists  *Lists
	items  mmap.Reader[int32]
	weight mmap.Reader[float32]
}

// Reader returns a reader of l, whose arrays may not be replaced afterwards.
func (l *Lists) Reader() *Reader {
	return &Reader{lists: l, items: mmap.NewReader(l.Arena, l.Items), weight: mmap.NewReader(l.Arena, l.Weight)}
}

// Of returns what [Lists.Of] does, valid until the next call.
func (r *Reader) Of(i int32) ([]int32, []float32) {
	from := r.lists.Start(i)
	to := from + int(r.lists.Len[i])
	return r.items.Part(from, to), r.weight.Part(from, to)
}

// Clone returns a deep copy, so that lists being served are never written to.
func (l *Lists) Clone() *Lists {
	return &Lists{
		K: l.K, Len: slices.Clone(l.Len), Place: slices.Clone(l.Place), Items: slices.Clone(l.Items), Weight: slices.Clone(l.Weight),
		Counts: slices.Clone(l.Counts),
	}
}

// Entries is the number of stored neighbours.
func (l *Lists) Entries() int {
	sum := 0
	for _, n := range l.Len {
		sum += int(n)
	}
	return sum
}

// Scaled returns lists with the weights w(i→j)·source[i]·target[j]; see [Lists.Mapped].
func (l *Lists) Scaled(source, target []float64) *Lists {
	return l.Mapped(func(i int32, p int, w float32) float32 {
		return float32(float64(w) * source[i] * target[l.Items[l.Start(i)+p]])
	})
}

// Mapped returns lists in which the weight at place p of item i is weight(i, p, old), each list in the order of its new
// weights. Neighbours whose weight becomes 0 are dropped. Counts are not kept. weight is called from several goroutines.
// l has the lists of all items.
func (l *Lists) Mapped(weight func(i int32, p int, old float32) float32) *Lists {
	out := NewListsIn(l.Arena, l.N(), l.K)
	l.mapTo(out, weight)
	return out
}

// Reweigh is Mapped in place, for lists that nobody else reads.
func (l *Lists) Reweigh(weight func(i int32, p int, old float32) float32) {
	l.Counts = nil
	l.mapTo(l, weight)
}

func (l *Lists) mapTo(out *Lists, weight func(i int32, p int, old float32) float32) {
	// Nothing stops it, hence no error.
	_ = Blocks(l.N(), Options{}, func() func(int) {
		sel := &Selector{}
		var kept []int32
		var mapped []float32
		return func(n int) {
			i := int32(n)
			items, weights := l.Of(i)
			kept, mapped = append(kept[:0], items...), mapped[:0]
			for p, w := range weights {
				mapped = append(mapped, weight(i, p, w))
			}
			sel.Select(out, i, kept, mapped)
		}
	})
}

// Validate reports the first broken invariant: an unknown item, an item in its own list or twice in a list, a weight
// that is NaN, infinite or zero, or a list out of order.
func (l *Lists) Validate() error {
	n := l.N()
	seen := make([]int, n)
	for i := range n {
		if l.Len[i] < 0 || int(l.Len[i]) > l.K {
			return fmt.Errorf("item %d has %d neighbours, want 0…%d", i, l.Len[i], l.K)
		}
		items, weights := l.Of(int32(i))
		for p, j := range items {
			w := float64(weights[p])
			switch {
			case j < 0 || int(j) >= n:
				return fmt.Errorf("item %d: neighbour %d lies outside 0…%d", i, j, n-1)
			case int(j) == i:
				return fmt.Errorf("item %d is its own neighbour", i)
			case seen[j] == i+1:
				return fmt.Errorf("item %d has neighbour %d twice", i, j)
			case math.IsNaN(w) || math.IsInf(w, 0) || w == 0:
				return fmt.Errorf("item %d, neighbour %d: the weight is %v, want a finite number other than 0", i, j, w)
			case p > 0 && math.Abs(w) > math.Abs(float64(weights[p-1])):
				return fmt.Errorf("item %d, neighbour %d: the list is not ordered by the size of its weights", i, j)
			}
			seen[j] = i + 1
		}
	}
	return nil
}
