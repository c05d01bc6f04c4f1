package rerank

import (
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/topk"
)

// firstChunk is how many candidates are sorted at first, enough for most lists; each further chunk is twice as long.
const firstChunk = 128

// scored is a candidate with its final score.
type scored struct {
	item  int32
	score float64
}

// Queue gives candidates best first, ties by item id, and sorts no more of them than are asked for: the best few are selected in O(n) and
// sorted, then the next few. The zero value must be reset before its first use.
type Queue struct {
	all    []scored // from next on: first the sorted ones, then the rest, none of which goes before a sorted one
	next   int
	sorted int
	chunk  int
	view   *catalogue.View
	// fetched keeps the compiler from leaving out what only fetches items.
	fetched int32
}

// Reset empties the queue, keeps its memory, and takes the view that tells ids.
func (q *Queue) Reset(v *catalogue.View) { *q = Queue{all: q.all[:0], chunk: firstChunk, view: v} }

// Add queues a candidate, which must not be queued already.
func (q *Queue) Add(i int32, score float64) { q.all = append(q.all, scored{i, score}) }

// Len is how many candidates have not been given.
func (q *Queue) Len() int { return len(q.all) - q.next }

// Pop returns the next candidate; ok is false when there is none.
func (q *Queue) Pop() (item int32, score float64, ok bool) {
	if q.next == q.sorted {
		q.sortMore()
	}
	if q.next == len(q.all) {
		return 0, 0, false
	}
	c := q.all[q.next]
	q.next++
	return c.item, c.score, true
}

// sortMore sorts the next chunk: O(rest) to select it, O(chunk · log chunk) to sort it.
func (q *Queue) sortMore() {
	rest := q.all[q.sorted:]
	n := min(q.chunk, len(rest))
	topk.Select(rest, n, q.before)
	slices.SortFunc(rest[:n], func(a, b scored) int {
		if q.before(a, b) {
			return -1
		}
		return 1
	})
	q.fetch(rest[:n])
	q.sorted += n
	q.chunk *= 2
}

// fetch reads the items of candidates: many are fetched from memory at once when nothing waits for them.
func (q *Queue) fetch(list []scored) {
	for _, c := range list {
		if it := q.view.Item(c.item); it != nil {
			q.fetched += it.Index + int32(len(it.Levels)) // an item lies on two cache lines
		}
	}
}

// before reports whether a goes before b. No two candidates are the same item.
func (q *Queue) before(a, b scored) bool {
	if a.score != b.score {
		return a.score > b.score
	}
	return q.view.ID(a.item) < q.view.ID(b.item)
}
