// Package topk keeps the k best scored items of a stream in a bounded heap.
//
// Equal scores are ordered by the lower item index, so that the same candidates give the same list in whatever order
// they arrive. The main type is [Heap]; it holds k entries, a push costs O(log k), and a push below the current
// threshold costs one comparison.
package topk

import (
	"math"
	"slices"
)

// Float is the set of score types a heap can order.
type Float interface{ ~float32 | ~float64 }

// Entry is one item, by its dense index, with its score.
type Entry[S Float] struct {
	Item  int32
	Score S
}

// Scored is the entry of a float32 heap, the form in which neighbour lists are scored.
type Scored = Entry[float32]

// Heap keeps the k best entries pushed so far. The zero value holds nothing; make one with [New].
type Heap[S Float] struct {
	k       int
	entries []Entry[S] // the worst kept entry is at index 0
}

// New returns an empty heap that keeps k entries; k ≤ 0 keeps none.
func New[S Float](k int) *Heap[S] {
	return &Heap[S]{k: max(k, 0), entries: make([]Entry[S], 0, min(max(k, 0), 4096))}
}

// Reset empties the heap and lets it keep k entries from now on. The memory is reused.
func (h *Heap[S]) Reset(k int) {
	h.k = max(k, 0)
	h.entries = h.entries[:0]
}

// Len is the number of entries held, at most k.
func (h *Heap[S]) Len() int { return len(h.entries) }

// Worst returns the lowest-ranked entry held; the heap must not be empty.
func (h *Heap[S]) Worst() Entry[S] { return h.entries[0] }

// Accepts reports whether a push of this entry would change the heap. A NaN score is never accepted.
func (h *Heap[S]) Accepts(item int32, score S) bool {
	if h.k == 0 || math.IsNaN(float64(score)) {
		return false
	}
	return len(h.entries) < h.k || Before(Entry[S]{item, score}, h.entries[0])
}

// Push offers one entry and reports whether it was kept.
func (h *Heap[S]) Push(item int32, score S) bool {
	if !h.Accepts(item, score) {
		return false
	}
	if len(h.entries) < h.k {
		h.entries = append(h.entries, Entry[S]{item, score})
		h.up(len(h.entries) - 1)
		return true
	}
	h.entries[0] = Entry[S]{item, score}
	h.down(0)
	return true
}

// AppendSorted appends the held entries to dst, best first, and returns it. The heap stays as it is.
func (h *Heap[S]) AppendSorted(dst []Entry[S]) []Entry[S] {
	start := len(dst)
	dst = append(dst, h.entries...)
	slices.SortFunc(dst[start:], func(x, y Entry[S]) int {
		if Before(x, y) {
			return -1
		}
		return 1
	})
	return dst
}

// Before reports whether x ranks ahead of y: by the higher score, then by the lower item index.
func Before[S Float](x, y Entry[S]) bool {
	if x.Score != y.Score {
		return x.Score > y.Score
	}
	return x.Item < y.Item
}

func (h *Heap[S]) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !Before(h.entries[parent], h.entries[i]) {
			return
		}
		h.entries[parent], h.entries[i] = h.entries[i], h.entries[parent]
		i = parent
	}
}

func (h *Heap[S]) down(i int) {
	for {
		worst, left := i, 2*i+1
		for c := left; c <= left+1 && c < len(h.entries); c++ {
			if Before(h.entries[worst], h.entries[c]) {
				worst = c
			}
		}
		if worst == i {
			return
		}
		h.entries[worst], h.entries[i] = h.entries[i], h.entries[worst]
		i = worst
	}
}
