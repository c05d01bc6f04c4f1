package rank

import (
	"cmp"
	"math"
	"slices"

	"github.com/aisle-rec/aisle/shared/topk"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// Ranker ranks items, by a model with [Ranker.Rank], or by scores that the caller adds up: [Ranker.Mask], then [Ranker.Add] and
// [Ranker.Take]. It holds scratch memory and serves one goroutine.
type Ranker struct {
	acc     []float32 // length n, zero between calls
	touched []int32   // items that acc was added to, some of them twice
	masked  []int32   // length n; masked[j] == stamp: j is not ranked
	stamp   int32
	ranked  []scoredItem // reused, as items is
	items   []int32

	of    *neighbours.Lists // what lists reads
	lists *neighbours.Reader
}

// scoredItem is a candidate with its score.
type scoredItem struct {
	item  int32
	score float32
}

// NewRanker returns a ranker for n items.
func NewRanker(n int) *Ranker {
	return &Ranker{acc: make([]float32, n), masked: make([]int32, n)}
}

// Rank returns the k best items for the seeds, oldest first, without the items of exclude;
// values weigh the seeds (nil: all one). Only items with a score above 0 are ranked, so that
// there may be fewer than k. A session model takes neither values nor exclude. Ties go to the
// lower item index. The result is valid until the next call. Cost O(entries of the seeds'
// lists).
func (r *Ranker) Rank(m *Model, seeds []int32, values []float32, exclude []int32, k int) []int32 {
	r.Mask(exclude)
	if m.Sessions != nil {
		r.items = r.items[:0]
		for _, next := range m.Sessions.Recommend(seeds, k) {
			r.items = append(r.items, next.Item)
		}
		return r.items
	}
	if m.Lists == nil {
		return r.best(m.Prior, nil, k)
	}
	if r.of != m.Lists {
		r.of, r.lists = m.Lists, m.Lists.Reader()
	}
	for p, i := range seeds {
		s := Decay(m.SeedHalfLife, len(seeds)-1-p)
		if values != nil {
			s *= values[p]
		}
		items, weights := r.lists.Of(i)
		for q, j := range items {
			r.Add(j, s*weights[q])
		}
	}
	return r.Take(k)
}

// Decay is the weight of a seed with the given number of later seeds.
func Decay(halfLife float64, later int) float32 {
	if halfLife <= 0 {
		return 1
	}
	return float32(math.Exp2(-float64(later) / halfLife))
}

// Mask leaves items out of the next ranking, by a new stamp instead of clearing n flags.
func (r *Ranker) Mask(exclude []int32) {
	r.stamp++
	for _, j := range exclude {
		r.masked[j] = r.stamp
	}
}

// Add adds v to the score of j.
func (r *Ranker) Add(j int32, v float32) {
	if r.acc[j] == 0 {
		r.touched = append(r.touched, j)
	}
	r.acc[j] += v
}

// Take returns the k best items by the scores that were added, as Rank does, and clears these.
func (r *Ranker) Take(k int) []int32 {
	ranked := r.best(r.acc, r.touched, k)
	for _, j := range r.touched {
		r.acc[j] = 0
	}
	r.touched = r.touched[:0]
	return ranked
}

// Scores are those of all items, by item, for callers that set them directly: these take with [Ranker.TakeAll].
func (r *Ranker) Scores() []float32 { return r.acc }

// TakeAll is [Ranker.Take] after direct writes to Scores.
func (r *Ranker) TakeAll(k int) []int32 {
	ranked := r.best(r.acc, nil, k)
	clear(r.acc)
	r.touched = r.touched[:0]
	return ranked
}

// best returns the k items of largest score above zero among candidates (nil: all) that are not masked.
// It collects more than k and selects now and then, which is cheaper than a heap for short
// lists.
func (r *Ranker) best(score []float32, candidates []int32, k int) []int32 {
	r.ranked = r.ranked[:0]
	k = max(k, 1)
	worst := float32(0) // of k items that were kept before: what scores lower is not among the best
	offer := func(j int32) {
		s := score[j]
		if !(s > 0 && s >= worst) || r.masked[j] == r.stamp {
			return
		}
		if r.ranked = append(r.ranked, scoredItem{j, s}); len(r.ranked) == 2*k+rankerSlack {
			topk.Keep(&r.ranked, k, rankedBefore)
			worst = slices.MinFunc(r.ranked, func(a, b scoredItem) int { return cmp.Compare(a.score, b.score) }).score
		}
	}
	if candidates == nil {
		for j := range score {
			offer(int32(j))
		}
	}
	for _, j := range candidates {
		offer(j)
		r.masked[j] = r.stamp // an item whose sum passed through zero is listed twice
	}
	topk.Keep(&r.ranked, k, rankedBefore)
	slices.SortFunc(r.ranked, func(a, b scoredItem) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.item, b.item))
	})
	r.items = r.items[:0]
	for _, e := range r.ranked {
		r.items = append(r.items, e.item)
	}
	return r.items
}

// rankerSlack is how many items beside 2k are collected before the best k of them are selected: fewer select too often.
const rankerSlack = 64

// rankedBefore reports whether a ranks ahead of b: by the higher score, then by the lower item.
func rankedBefore(a, b scoredItem) bool {
	return a.score > b.score || a.score == b.score && a.item < b.item
}
