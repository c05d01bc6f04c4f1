package recommend

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

// queue gives candidates best first, ties by item id, and sorts no more of them than are asked for: the best few are selected in O(n) and
// sorted, then the next few.
type queue struct {
	all    []scored // from next on: first the sorted ones, then the rest, none of which goes before a sorted one
	next   int
	sorted int
	chunk  int
	view   *catalogue.View
	// fetched keeps the compiler from leaving out what only fetches items.
	fetched int32
}

// reset empties the queue, keeps its memory, and takes the view that tells ids.
func (q *queue) reset(v *catalogue.View) { *q = queue{all: q.all[:0], chunk: firstChunk, view: v} }

func (q *queue) add(i int32, score float64) { q.all = append(q.all, scored{i, score}) }

// len is how many candidates have not been given.
func (q *queue) len() int { return len(q.all) - q.next }

// pop returns the next candidate; ok is false when there is none.
func (q *queue) pop() (item int32, score float64, ok bool) {
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
func (q *queue) sortMore() {
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
func (q *queue) fetch(list []scored) {
	for _, c := range list {
		if it := q.view.Item(c.item); it != nil {
			q.fetched += it.Index + int32(len(it.Levels)) // an item lies on two cache lines
		}
	}
}

// before reports whether a goes before b. No two candidates are the same item.
func (q *queue) before(a, b scored) bool {
	if a.score != b.score {
		return a.score > b.score
	}
	return q.view.ID(a.item) < q.view.ID(b.item)
}
