package recommend

import "github.com/aisle-rec/aisle/recommender-service/internal/catalogue"

// queue gives candidates best first, ties by item id, and sorts no more of them than are asked for: building costs O(n), each pop O(log n).
type queue struct {
	items  []int32
	scores []float64
	view   *catalogue.View
}

func (q *queue) reset(v *catalogue.View) { q.items, q.scores, q.view = q.items[:0], q.scores[:0], v }

func (q *queue) add(i int32, score float64) {
	q.items, q.scores = append(q.items, i), append(q.scores, score)
}

func (q *queue) len() int { return len(q.items) }

func (q *queue) build() {
	for n := len(q.items)/2 - 1; n >= 0; n-- {
		q.down(n)
	}
}

func (q *queue) pop() (int32, float64) {
	i, score := q.items[0], q.scores[0]
	last := len(q.items) - 1
	q.items[0], q.scores[0] = q.items[last], q.scores[last]
	q.items, q.scores = q.items[:last], q.scores[:last]
	q.down(0)
	return i, score
}

// before reports whether place a of the heap goes before place b.
func (q *queue) before(a, b int) bool {
	if q.scores[a] != q.scores[b] {
		return q.scores[a] > q.scores[b]
	}
	return q.view.ID(q.items[a]) < q.view.ID(q.items[b])
}

func (q *queue) down(n int) {
	for {
		child := 2*n + 1
		if child >= len(q.items) {
			return
		}
		if child+1 < len(q.items) && q.before(child+1, child) {
			child++
		}
		if !q.before(child, n) {
			return
		}
		q.items[n], q.items[child] = q.items[child], q.items[n]
		q.scores[n], q.scores[child] = q.scores[child], q.scores[n]
		n = child
	}
}
