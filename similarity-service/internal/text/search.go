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

// Search returns the k items whose texts have most of the words of a query, best first, ties by lower id: the score is BM25's sum,
// divided by what an item would have that consists of the words alone. The query is read in a language, or, when that is unknown or "",
// in those of the items. A word also finds its translations, as far as they are likely; of a word and its translations an item has the
// one that says most. Cost O(postings of its words).
func (ix *Index) Search(query, tag string, k int) []Neighbour[string] {
	languages := []string{language.Code(tag)}
	if languages[0] == "" {
		languages = ix.languages()
	}
	asked := map[string]map[string]bool{} // word → languages that it was read in
	for _, l := range languages {
		for _, word := range ix.reader.analysers.Of(l).Terms(query, queryTerms) {
			if asked[word] == nil {
				asked[word] = map[string]bool{}
			}
			asked[word][l] = true
		}
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	var groups [][]entry
	for _, word := range slices.Sorted(maps.Keys(asked)) {
		if g := ix.group(word, asked[word]); len(g) > 0 {
			groups = append(groups, g)
		}
	}
	if len(groups) == 0 || k <= 0 {
		return nil
	}
	return ix.matching(groups, k)
}

// group returns a word that the index has, and its translations. The caller holds the lock.
func (ix *Index) group(word string, languages map[string]bool) []entry {
	var g []entry
	if at, ok := ix.vocabulary[word]; ok {
		g = append(g, entry{at, 1})
	}
	words := ix.words()
	if words.Len() == 0 {
		return g
	}
	for _, l := range slices.Sorted(maps.Keys(languages)) {
		for _, other := range ix.speaking() {
			for _, w := range words.Translate(word, l, other.String()) {
				if at, ok := ix.vocabulary[w.Text]; ok {
					g = append(g, entry{at, w.Probability})
				}
			}
		}
	}
	return ix.merged(g)
}

// matching returns the k items with the largest sums over groups. The caller holds the lock.
func (ix *Index) matching(groups [][]entry, k int) []Neighbour[string] {
	sc := ix.scratchs.Get().(*scratch)
	defer ix.scratchs.Put(sc)
	sc.fit(len(ix.names), len(ix.documents))
	most := 0.0
	for _, g := range groups {
		largest := 0.0
		for _, e := range g {
			sc.query[e.term] = e.weight
			largest = max(largest, e.weight*sc.idf.of(ix, e.term))
		}
		most += largest
		if len(g) == 1 {
			ix.addPostings(sc, g, math.MaxInt)
		} else {
			ix.addBest(sc, g)
		}
		for _, e := range g {
			sc.query[e.term] = 0
		}
	}
	out := make([]Neighbour[string], 0, len(sc.touched))
	for _, number := range sc.touched {
		if d := &ix.documents[number]; d.live {
			out = append(out, Neighbour[string]{d.id, sc.dot[number] / most})
		}
		sc.dot[number] = 0
	}
	sc.touched = sc.touched[:0]
	topk.Keep(&out, k, func(a, b Neighbour[string]) bool { return byScore(a, b) < 0 })
	slices.SortFunc(out, byScore)
	return out
}

// addBest adds for every document the largest product of a group's terms.
func (ix *Index) addBest(sc *scratch, group []entry) {
	best := map[int32]float64{}
	for _, e := range group {
		w := sc.query[e.term] * sc.idf.of(ix, e.term)
		for _, p := range ix.postings[e.term] {
			best[p.document] = max(best[p.document], w*float64(p.weight))
		}
	}
	for number, value := range best {
		if sc.dot[number] == 0 {
			sc.touched = append(sc.touched, number)
		}
		sc.dot[number] += value
	}
}

// languages returns those of the items, the most frequent first.
func (ix *Index) languages() []string {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	list := ix.speaking()
	names := make([]string, len(list))
	for n, c := range list {
		names[n] = c.String()
	}
	return names
}

// speaking is languages for a caller who holds the lock.
func (ix *Index) speaking() []code {
	var list []code
	for c, n := range ix.spoken {
		if n > 0 && float64(n) >= spoken*float64(len(ix.numbers)) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b code) int {
		return cmp.Or(cmp.Compare(ix.spoken[b], ix.spoken[a]), cmp.Compare(a.String(), b.String()))
	})
	return list[:min(len(list), languagesRead)]
}
