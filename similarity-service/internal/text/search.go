package text

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/aisle-rec/aisle/shared/topk"
	"github.com/aisle-rec/aisle/similarity-service/internal/text/language"
)

const (
	// queryTerms is how many words of a query are read.
	queryTerms = 32
	// spoken is the share of the items in a language from which a query is read in it.
	spoken = .05
	// languagesRead is in how many languages a query is read at most.
	languagesRead = 4
)

// Search returns the k items whose texts have most of the words of a query, best first, ties by lower id: the score is BM25's sum, divided
// by what an item would have that consists of the words alone. The query is read in a language, or, when that is unknown or "", in those of
// the items. Cost O(postings of its words).
func (ix *Index) Search(query, tag string, k int) []Neighbour[string] {
	languages := []string{language.Code(tag)}
	if languages[0] == "" {
		languages = ix.languages()
	}
	words := map[string]bool{}
	for _, l := range languages {
		for _, word := range ix.reader.analysers.Of(l).Terms(query, queryTerms) {
			words[word] = true
		}
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	var terms []entry
	for _, word := range slices.Sorted(maps.Keys(words)) {
		if at, ok := ix.vocabulary[word]; ok {
			terms = append(terms, entry{at, 1})
		}
	}
	if len(terms) == 0 || k <= 0 {
		return nil
	}
	return ix.matching(terms, k)
}

// matching returns the k items with the largest sums over terms. The caller holds the lock.
func (ix *Index) matching(terms []entry, k int) []Neighbour[string] {
	sc := ix.scratchs.Get().(*scratch)
	defer ix.scratchs.Put(sc)
	sc.fit(len(ix.names), len(ix.documents))
	most := 0.0
	for _, e := range terms {
		sc.query[e.term] = 1
		most += sc.idf.of(ix, e.term)
	}
	ix.addPostings(sc, terms, math.MaxInt)
	out := make([]Neighbour[string], 0, len(sc.touched))
	for _, number := range sc.touched {
		if d := &ix.documents[number]; d.live {
			out = append(out, Neighbour[string]{d.id, sc.dot[number] / most})
		}
		sc.dot[number] = 0
	}
	sc.touched = sc.touched[:0]
	for _, e := range terms {
		sc.query[e.term] = 0
	}
	topk.Keep(&out, k, func(a, b Neighbour[string]) bool { return byScore(a, b) < 0 })
	slices.SortFunc(out, byScore)
	return out
}

// languages returns those of the items, the most frequent first.
func (ix *Index) languages() []string {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	var list []code
	for c, n := range ix.spoken {
		if float64(n) >= spoken*float64(len(ix.numbers)) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b code) int {
		return cmp.Or(cmp.Compare(ix.spoken[b], ix.spoken[a]), cmp.Compare(a.String(), b.String()))
	})
	names := make([]string, 0, languagesRead)
	for _, c := range list[:min(len(list), languagesRead)] {
		names = append(names, c.String())
	}
	return names
}
