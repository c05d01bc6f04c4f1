package text

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/similarity-service/internal/text/dictionary"
)

// Parallel says what there is to learn translations from.
type Parallel struct {
	Sum   uint64 // fingerprint of the items that have translations
	Pairs int    // of words of their titles in two languages: learning takes time in proportion to them
}

// taught is a dictionary with what it was learnt from.
type taught struct {
	words *dictionary.Dictionary
	from  Parallel
}

// spokenTitle is the title of a document in one of its languages.
type spokenTitle struct {
	language code
	words    []int32 // terms, sorted by name
}

// translate notes the titles of a live document, whose words are terms of the index. The caller holds the lock.
func (ix *Index) translate(number int32, titles []title) {
	if len(titles) == 0 {
		return
	}
	size := 0
	for _, t := range titles {
		size += len(t.words)
	}
	list, words := make([]spokenTitle, len(titles)), make([]int32, 0, size) // one object for all
	for n, t := range titles {
		from := len(words)
		for _, word := range t.words {
			words = append(words, ix.termNumber(word))
		}
		list[n] = spokenTitle{codeOf(t.language), words[from:len(words):len(words)]}
		if n > 0 {
			ix.spoken[list[n].language]++
		}
	}
	ix.translated[number] = list
	ix.parallel.Sum += ix.documents[number].sum
	ix.parallel.Pairs += pairsOf(list)
}

// untranslate forgets the titles of a document. The caller holds the lock.
func (ix *Index) untranslate(number int32) {
	list, ok := ix.translated[number]
	if !ok {
		return
	}
	for _, t := range list[1:] {
		ix.spoken[t.language]--
	}
	ix.parallel.Sum -= ix.documents[number].sum
	ix.parallel.Pairs -= pairsOf(list)
	delete(ix.translated, number)
}

// namedTitles gives the titles of a document back as words.
func namedTitles(list []spokenTitle, names []string) []title {
	titles := make([]title, len(list))
	for n, t := range list {
		titles[n] = title{t.language.String(), make([]string, len(t.words))}
		for w, at := range t.words {
			titles[n].words[w] = names[at]
		}
	}
	return titles
}

// pairsOf counts the pairs of words of each two languages.
func pairsOf(list []spokenTitle) (pairs int) {
	for n, a := range list {
		for _, b := range list[n+1:] {
			pairs += len(a.words) * len(b.words)
		}
	}
	return pairs
}

// Parallel says what translations could be learnt from now, and whether the dictionary is of that.
func (ix *Index) Parallel() (p Parallel, learnt bool) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	t := ix.dictionary.Load()
	return ix.parallel, t == nil && ix.parallel == Parallel{} || t != nil && t.from == ix.parallel
}

// LearnTranslations makes the dictionary anew from the titles of items that have translations. Searches and neighbours use it from then on.
// Reads and writes go on meanwhile. The cost is that of dictionary.Learn.
func (ix *Index) LearnTranslations() {
	items, from := ix.parallelTitles()
	ix.dictionary.Store(&taught{dictionary.Learn(items), from})
}

func (ix *Index) parallelTitles() ([]dictionary.Item, Parallel) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	items := make([]dictionary.Item, 0, len(ix.translated))
	for number, list := range ix.translated {
		item := dictionary.Item{Key: ix.documents[number].sum}
		for _, t := range namedTitles(list, ix.names) {
			item.Titles = append(item.Titles, dictionary.Title{Language: t.language, Words: t.words})
		}
		items = append(items, item)
	}
	return items, ix.parallel
}

// words returns the dictionary, nil when there is none.
func (ix *Index) words() *dictionary.Dictionary {
	if t := ix.dictionary.Load(); t != nil {
		return t.words
	}
	return nil
}

// abroad returns the terms of an item with what its words are in the other languages of the shop, sorted by name. A translated word weighs
// as the word does, times the probability of the translation. Without a dictionary the terms are returned as they are. The caller holds the
// lock.
func (ix *Index) abroad(terms []entry, own code) []entry {
	words := ix.words()
	if words.Len() == 0 {
		return terms
	}
	var more []entry
	for _, other := range ix.speaking() {
		if other == own {
			continue
		}
		for _, e := range terms {
			if strings.Contains(ix.names[e.term], "/") {
				continue
			}
			for _, w := range words.Translate(ix.names[e.term], own.String(), other.String()) {
				if at, ok := ix.vocabulary[w.Text]; ok {
					more = append(more, entry{at, e.weight * w.Probability})
				}
			}
		}
	}
	if len(more) == 0 {
		return terms
	}
	return ix.merged(append(more, terms...))
}

// merged sorts terms by name and keeps the largest weight of each.
func (ix *Index) merged(terms []entry) []entry {
	slices.SortFunc(terms, func(a, b entry) int {
		if a.term == b.term {
			return cmp.Compare(b.weight, a.weight)
		}
		return strings.Compare(ix.names[a.term], ix.names[b.term])
	})
	return slices.CompactFunc(terms, func(a, b entry) bool { return a.term == b.term })
}
