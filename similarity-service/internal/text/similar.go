package text

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/topk"
)

// Neighbour is a similar item. Scores of an Index are cosines in (0, 1].
type Neighbour[ID cmp.Ordered] struct {
	ID    ID      `json:"id"`
	Score float64 `json:"score"`
}

// byScore sorts best first, ties by lower id.
func byScore[ID cmp.Ordered](a, b Neighbour[ID]) int {
	if a.Score != b.Score {
		return cmp.Compare(b.Score, a.Score)
	}
	return cmp.Compare(a.ID, b.ID)
}

// TermWeight is the part of a cosine that one term brings.
type TermWeight struct {
	Term   string  `json:"term"`
	Weight float64 `json:"weight"`
}

// scratch is the working memory of one query.
type scratch struct {
	query   []float64 // per term: weight times IDF in the query
	dot     []float64 // per document
	touched []int32
	found   []candidate
	idf     idfCache
}

type candidate struct {
	document int32
	score    float64
	sum      uint64 // of the document
}

func (sc *scratch) fit(terms, documents int) {
	if len(sc.query) < terms {
		sc.query = make([]float64, terms+terms/4)
	}
	if len(sc.dot) < documents {
		sc.dot = make([]float64, documents+documents/4)
	}
}

// Similar returns the k items most similar to the item, best first, ties by lower id; none when the item is unknown or
// has no terms.
func (ix *Index) Similar(id string, k int) []Neighbour[string] {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	number, ok := ix.numbers[id]
	if !ok || k <= 0 {
		return nil
	}
	d := &ix.documents[number]
	return ix.nearest(d.terms, d.language, number, 0, k)
}

// SimilarTo returns the k items most similar to one that need not be in the index; an item of the same id is left out.
func (ix *Index) SimilarTo(item Item, k int) []Neighbour[string] {
	read := ix.reader.analyse(item)
	terms := read.terms
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if k <= 0 {
		return nil
	}
	known := make([]entry, 0, len(terms))
	var rest float64 // squared length of what no item of the index has
	for _, t := range terms {
		if at, ok := ix.vocabulary[t.name]; ok {
			known = append(known, entry{at, t.weight})
			continue
		}
		w := t.weight * inverseFrequency(0, float64(len(ix.numbers)))
		rest += w * w
	}
	self, ok := ix.numbers[item.ID]
	if !ok {
		self = -1
	}
	return ix.nearest(known, codeOf(read.language), self, rest, k)
}

// SharedTerms returns the terms two items share, those that are translations of the first item's words among them, strongest first, ties by
// name; their weights sum to the cosine of the items up to rounding.
func (ix *Index) SharedTerms(a, b string) []TermWeight {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	na, okA := ix.numbers[a]
	nb, okB := ix.numbers[b]
	if !okA || !okB {
		return nil
	}
	weights, rare := map[int32]float64{}, &idfCache{}
	for _, e := range ix.abroad(ix.documents[na].terms, ix.documents[na].language) {
		weights[e.term] = e.weight * rare.of(ix, e.term)
	}
	length := ix.length(rare, ix.documents[na].terms, 0) * ix.length(rare, ix.documents[nb].terms, 0)
	var out []TermWeight
	for _, e := range ix.documents[nb].terms {
		if w := weights[e.term]; w > 0 {
			out = append(out, TermWeight{ix.names[e.term], w * e.weight * rare.of(ix, e.term) / length})
		}
	}
	slices.SortFunc(out, func(a, b TermWeight) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), strings.Compare(a.Term, b.Term))
	})
	return out
}

// length is the Euclidean length of the item's vector; rest is added to its square.
func (ix *Index) length(rare *idfCache, terms []entry, rest float64) float64 {
	for _, e := range terms {
		w := e.weight * rare.of(ix, e.term)
		rest += w * w
	}
	return math.Sqrt(rest)
}

// nearest gathers candidates from the postings and compares the best of them exactly. Terms are always summed in the
// order of their names, so that scores do not depend on how the index came about. Translations of the item's words add to the scores of
// items in other languages and do not make the item's vector longer: items in its own language score as without them.
// Cost O(MaxPostings + max(Candidates, 4k)·terms).
func (ix *Index) nearest(terms []entry, own code, self int32, rest float64, k int) []Neighbour[string] {
	sc := ix.scratchs.Get().(*scratch)
	defer ix.scratchs.Put(sc)
	sc.fit(len(ix.names), len(ix.documents))
	rare, query := &sc.idf, ix.abroad(terms, own)
	for _, e := range query {
		sc.query[e.term] = e.weight * rare.of(ix, e.term)
	}
	length := ix.length(rare, terms, rest)
	ix.addPostings(sc, query, ix.options.MaxPostings)
	found := ix.candidates(sc, self, max(ix.options.Candidates, 4*k))
	out := make([]Neighbour[string], 0, len(found))
	for _, c := range found {
		d := &ix.documents[c.document]
		var dot, square float64
		for _, e := range d.terms {
			w := e.weight * rare.of(ix, e.term)
			square += w * w
			dot += sc.query[e.term] * w
		}
		out = append(out, Neighbour[string]{d.id, min(1, dot/(length*math.Sqrt(square)))})
	}
	for _, e := range query {
		sc.query[e.term] = 0
	}
	slices.SortFunc(out, byScore)
	return out[:min(len(out), k)]
}

// addPostings adds up the products of the rarest terms within a bound of postings.
func (ix *Index) addPostings(sc *scratch, query []entry, left int) {
	rarest := slices.Clone(query)
	slices.SortStableFunc(rarest, func(a, b entry) int { return cmp.Compare(ix.frequency[a.term], ix.frequency[b.term]) })
	for _, e := range rarest {
		// Live items are counted, not postings, so that the choice does not depend on dead ones.
		if int(ix.frequency[e.term]) > left {
			continue
		}
		left -= int(ix.frequency[e.term])
		w := sc.query[e.term] * sc.idf.of(ix, e.term)
		for _, p := range ix.postings[e.term] {
			if sc.dot[p.document] == 0 {
				sc.touched = append(sc.touched, p.document)
			}
			sc.dot[p.document] += w * float64(p.weight)
		}
	}
}

// candidates returns the limit best live documents by the gathered products over their length, in any order, and clears the
// products. Ties go by the documents' sums, which are as good as ids to make the choice the same everywhere, and at hand.
func (ix *Index) candidates(sc *scratch, self int32, limit int) []candidate {
	sc.found = sc.found[:0]
	for _, number := range sc.touched {
		if d := &ix.documents[number]; d.live && number != self {
			sc.found = append(sc.found, candidate{number, sc.dot[number] / d.norm, d.sum})
		}
		sc.dot[number] = 0
	}
	sc.touched = sc.touched[:0]
	topk.Keep(&sc.found, limit, func(a, b candidate) bool {
		return a.score > b.score || a.score == b.score && a.sum < b.sum
	})
	return sc.found
}
