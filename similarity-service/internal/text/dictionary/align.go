package dictionary

import (
	"slices"
	"strings"
)

// rounds is how often the probabilities are estimated anew; more changes little on titles.
const rounds = 8

// pair is a title in two languages.
type pair struct{ source, target []string }

// aligned is how likely two words are translations of each other.
type aligned struct {
	source, target string
	titles         int     // that have both
	forth, back    float64 // p(target|source), p(source|target), 0 to 1
}

// lexicon numbers words.
type lexicon struct {
	numbers map[string]int32
	words   []string
}

func (l *lexicon) number(word string) int32 {
	n, ok := l.numbers[word]
	if !ok {
		n = int32(len(l.words))
		l.numbers[word] = n
		l.words = append(l.words, word)
	}
	return n
}

// aligner estimates both directions over the same cells: pairs of words that some title has.
type aligner struct {
	source, target lexicon
	cells          map[[2]int32]int32
	words          [][2]int32 // of a cell
	titles         []int      // with a cell
	sentences      []sentence
}

// sentence is a pair of titles: cells by source, then target.
type sentence struct {
	cells            []int32
	sources, targets int
}

// align estimates how likely the words of pairs are translations of each other, sorted by the words. Cost O(rounds·Σ|source|·|target|).
func align(pairs []pair) []aligned {
	a := &aligner{source: lexicon{numbers: map[string]int32{}}, target: lexicon{numbers: map[string]int32{}}, cells: map[[2]int32]int32{}}
	for _, p := range pairs {
		a.read(p)
	}
	forth, back := a.estimate(false), a.estimate(true)
	out := make([]aligned, len(a.words))
	for c, w := range a.words {
		out[c] = aligned{a.source.words[w[0]], a.target.words[w[1]], a.titles[c], forth[c], back[c]}
	}
	slices.SortFunc(out, func(a, b aligned) int {
		if c := strings.Compare(a.source, b.source); c != 0 {
			return c
		}
		return strings.Compare(a.target, b.target)
	})
	return out
}

// read notes a pair of titles: every source word may stand for every target word until estimate says otherwise. A cell is
// a pair of words, numbered in order of appearance, so that sums are made in the same order each time. Memory grows with
// the distinct pairs of words, and by 4 bytes for each pair of each title.
func (a *aligner) read(p pair) {
	s := sentence{sources: len(p.source), targets: len(p.target)}
	for _, source := range p.source {
		for _, target := range p.target {
			words := [2]int32{a.source.number(source), a.target.number(target)}
			c, ok := a.cells[words]
			if !ok {
				c = int32(len(a.words))
				a.cells[words] = c
				a.words, a.titles = append(a.words, words), append(a.titles, 0)
			}
			a.titles[c]++
			s.cells = append(s.cells, c)
		}
	}
	a.sentences = append(a.sentences, s)
}

// estimate returns p(target|source) of every cell, or p(source|target) when turned.
func (a *aligner) estimate(turned bool) []float64 {
	given := len(a.source.words)
	side := 0
	if turned {
		given, side = len(a.target.words), 1
	}
	p, counts, totals := make([]float64, len(a.words)), make([]float64, len(a.words)), make([]float64, given)
	for c := range p { // words that are the same are likely to mean the same
		p[c] = 1
		if a.source.words[a.words[c][0]] == a.target.words[a.words[c][1]] {
			p[c] = 10
		}
	}
	for range rounds {
		clear(counts)
		clear(totals)
		for n := range a.sentences {
			a.expect(&a.sentences[n], turned, p, counts)
		}
		for c, n := range counts {
			totals[a.words[c][side]] += n
		}
		for c := range p {
			p[c] = counts[c] / totals[a.words[c][side]]
		}
	}
	return p
}

// expect adds the expected counts of a sentence: each word that is explained shares out 1 among those that may explain it.
func (a *aligner) expect(s *sentence, turned bool, p, counts []float64) {
	explained, explaining := s.targets, s.sources
	if turned {
		explained, explaining = explaining, explained
	}
	at := func(e, g int) int32 {
		if turned {
			return s.cells[e*s.targets+g]
		}
		return s.cells[g*s.targets+e]
	}
	for e := range explained {
		sum := 0.0
		for g := range explaining {
			sum += p[at(e, g)]
		}
		for g := range explaining {
			if c := at(e, g); sum > 0 {
				counts[c] += p[c] / sum
			}
		}
	}
}
