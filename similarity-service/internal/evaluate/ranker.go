// Package evaluate chooses a model for a data set and measures it.
//
// Parameters and families compete on a held-out part of the training data; the test part is scored once, for the model
// that won there and for the baselines, popularity and cosine. Users' histories are validated "leave-own-out": co-counts are
// built once from all training data, and for each sampled user a fifth of the history is hidden and the user's own share
// is subtracted from the counts it touched, so that nothing is thinned and nothing leaks. Baskets are validated on the
// last ones of the training part. The entry is [Run].
//
// Read run.go first: Run holds out, searches and scores, and Options says with what. family.go
// has the table of families and what each has to know; a family is one file or two (twohop.go
// and twohopsearch.go, ease*.go, ridge*.go, lowrank.go, nextitem.go, popular.go) and shares
// weighing.go, how rows and seeds weigh. validation.go draws the cases, casescratch.go and
// easescores.go take a case's own share out of the counts, apart.go judges what has no such
// form. pattern.go is the search itself, scout.go says where the budget goes. recipe.go is how
// a winner is stored and built again, elsewhere.go how other processes do parts, study.go runs
// a competition several times.
package evaluate

import (
	"cmp"
	"math"
	"slices"

	"github.com/aisle-rec/aisle/shared/topk"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// ranker ranks items by a model. It holds scratch memory and serves one goroutine.
type ranker struct {
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

// newRanker returns a ranker for n items.
func newRanker(n int) *ranker {
	return &ranker{acc: make([]float32, n), masked: make([]int32, n)}
}

// Rank returns the k best items for the seeds, oldest first, without the items of exclude;
// values weigh the seeds (nil: all one). Only items with a score above 0 are ranked, so that
// there may be fewer than k. A session model takes neither values nor exclude. Ties go to the
// lower item index. The result is valid until the next call. Cost O(entries of the seeds'
// lists).
func (r *ranker) Rank(m *Trained, seeds []int32, values []float32, exclude []int32, k int) []int32 {
	r.mask(exclude)
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
		s := decay(m.SeedHalfLife, len(seeds)-1-p)
		if values != nil {
			s *= values[p]
		}
		items, weights := r.lists.Of(i)
		for q, j := range items {
			r.add(j, s*weights[q])
		}
	}
	return r.take(k)
}

// decay is the weight of a seed with the given number of later seeds.
func decay(halfLife float64, later int) float32 {
	if halfLife <= 0 {
		return 1
	}
	return float32(math.Exp2(-float64(later) / halfLife))
}

// mask leaves items out of the next ranking, by a new stamp instead of clearing n flags.
func (r *ranker) mask(exclude []int32) {
	r.stamp++
	for _, j := range exclude {
		r.masked[j] = r.stamp
	}
}

// add adds v to the score of j.
func (r *ranker) add(j int32, v float32) {
	if r.acc[j] == 0 {
		r.touched = append(r.touched, j)
	}
	r.acc[j] += v
}

// take ranks what was added and clears it.
func (r *ranker) take(k int) []int32 {
	ranked := r.best(r.acc, r.touched, k)
	for _, j := range r.touched {
		r.acc[j] = 0
	}
	r.touched = r.touched[:0]
	return ranked
}

// takeAll is take after direct writes to acc.
func (r *ranker) takeAll(k int) []int32 {
	ranked := r.best(r.acc, nil, k)
	clear(r.acc)
	r.touched = r.touched[:0]
	return ranked
}

// best returns the k items of largest score above zero among candidates (nil: all) that are not masked.
// It collects more than k and selects now and then, which is cheaper than a heap for short
// lists.
func (r *ranker) best(score []float32, candidates []int32, k int) []int32 {
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
