package candidate

import "slices"

// Ranking is what is kept of a blend: its best candidates in their order, with the scores and contributions that the blend has given them. It is
// immutable and safe for concurrent use. It holds up to 65,536 terms.
type Ranking struct {
	// Terms are those of the blend, in its order. Their rows may be missing.
	Terms  []Term
	total  int
	items  []int32
	scores []float64
	// The contributions to the p-th item are those from starts[p] to starts[p+1]: each has a term, by number, and the weight in its row.
	starts  []int32
	terms   []uint16
	weights []float32
	named   []int32 // the candidates that the terms named; nil when those are the items themselves
}

// Keep returns a ranking that begins with the given items, the best of the blend's total candidates with a positive score. It has copies of the terms, without the rows
// of those that drop says so of: rows are large, and others see to it that they are bounded. Cost O(Σ row lengths).
func (b *Blend) Keep(items []int32, total int, drop func(*Term) bool) *Ranking {
	r := &Ranking{Terms: slices.Concat(b.added...), total: total, items: slices.Clone(items), scores: make([]float64, len(items)), starts: make([]int32, len(items)+1)}
	for p, i := range items {
		r.scores[p] = b.Score(i)
	}
	variants := false
	b.eachPart(items, func(p, _ int, t *Term, k int) {
		r.starts[p+1]++
		variants = variants || t.Row.Items[k] != items[p]
	})
	for p := range items {
		r.starts[p+1] += r.starts[p]
	}
	count := r.starts[len(items)]
	r.terms, r.weights = make([]uint16, count), make([]float32, count)
	if variants {
		r.named = make([]int32, count)
	}
	next := slices.Clone(r.starts)
	b.eachPart(items, func(p, n int, t *Term, k int) {
		r.terms[next[p]], r.weights[next[p]] = uint16(n), t.Row.Weights[k]
		if variants {
			r.named[next[p]] = t.Row.Items[k]
		}
		next[p]++
	})
	for t := range r.Terms {
		if drop(&r.Terms[t]) {
			r.Terms[t].Row = nil
		}
	}
	return r
}

// Candidates returns the kept items, best first, and beside it their scores.
func (r *Ranking) Candidates() ([]int32, []float64) { return r.items, r.scores }

// Len returns how many candidates are kept.
func (r *Ranking) Len() int { return len(r.items) }

// Rest returns how many candidates with a positive score are not kept. None of them goes before a kept one.
func (r *Ranking) Rest() int { return r.total - len(r.items) }

// Score returns the score of a kept item.
func (r *Ranking) Score(i int32) float64 { return r.scores[slices.Index(r.items, i)] }

// Trace returns the contributions to each of a few kept items, as that of the blend does.
func (r *Ranking) Trace(items []int32, into [][]Share) [][]Share {
	into = emptied(into, len(items))
	for n, i := range items {
		p := slices.Index(r.items, i)
		for k := r.starts[p]; k < r.starts[p+1]; k++ {
			t, named := &r.Terms[r.terms[k]], i
			if r.named != nil {
				named = r.named[k]
			}
			into[n] = append(into[n], Share{t, named, Product(t.Factor, r.weights[k]), r.weights[k]})
		}
	}
	return into
}

// Bytes is about what the ranking takes in memory, without the rows of its terms.
func (r *Ranking) Bytes() int {
	const ranking, term, item, part, index = 250, 96, 16, 6, 4
	return ranking + term*len(r.Terms) + item*len(r.items) + part*len(r.terms) + index*len(r.named)
}
