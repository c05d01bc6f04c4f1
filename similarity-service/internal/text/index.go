package text

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// compactAfter and compactShare say when dead items are cleared away: more than that many, and more than one in
	// compactShare.
	compactAfter = 1000
	compactShare = 4
)

// Index holds the terms of the items that have some. Reads may run at once with each other and wait for writes. It costs about 30 bytes per
// distinct term of an item, plus the vocabulary.
type Index struct {
	options Options
	reader  *reader

	mu         sync.RWMutex
	documents  []document // by number; replaced and deleted ones stay as dead until the next compaction
	numbers    map[string]int32
	texts      uint64                  // sum of the live documents' sums
	spoken     map[code]int            // live documents by language, also of translations
	translated map[int32][]spokenTitle // titles of the live documents that have translations, by document
	parallel   Parallel                // of those
	vocabulary map[string]int32
	names      []string    // by term
	postings   [][]posting // by term, including dead documents
	frequency  []int32     // by term: live documents with it
	blocks     blocks      // of the documents' ids and terms, and of the names
	scratchs   sync.Pool
	dictionary atomic.Pointer[taught] // from the translations, by LearnTranslations
	learnt     atomic.Pointer[learnt] // from the attributes, when somebody asked
}

type document struct {
	id       string
	sum      uint64  // of the item's texts
	terms    []entry // sorted by the term's name
	norm     float64 // of the weights without inverse document frequency
	language code
	live     bool
}

type entry struct {
	term   int32
	weight float64
}

type posting struct {
	document int32
	weight   float32
}

// NewIndex returns an empty index.
func NewIndex(o Options) (*Index, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("text index options: %w", err)
	}
	ix := &Index{
		options: o, reader: newReader(o), numbers: map[string]int32{}, vocabulary: map[string]int32{}, spoken: map[code]int{},
		translated: map[int32][]spokenTitle{},
	}
	ix.scratchs.New = func() any { return &scratch{} }
	return ix, nil
}

// Len returns the number of items that have texts.
func (ix *Index) Len() int {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return len(ix.numbers)
}

// Has reports whether an item is in the index.
func (ix *Index) Has(id string) bool {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	_, ok := ix.numbers[id]
	return ok
}

// Language returns the language an item was read in, empty when it is unknown.
func (ix *Index) Language(id string) string {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if n, ok := ix.numbers[id]; ok {
		return ix.documents[n].language.String()
	}
	return ""
}

// Texts is a fingerprint of the texts of all items and of the dictionary that was learnt from them. It depends on nothing else, so that
// indexes of the same items have the same one.
func (ix *Index) Texts() uint64 {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return ix.texts + ix.words().Fingerprint()
}

// Upsert adds the item or replaces the one with its id. The next query sees it. An item without a word is not held: nothing is like it,
// and the rarity of terms is told among items that have some. Cost O(terms), or O(length) when the texts are those it had.
func (ix *Index) Upsert(item Item) {
	sum := item.sum()
	if ix.has(item.ID, sum) {
		return
	}
	read := ix.reader.analyse(item)
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.remove(item.ID)
	if len(read.terms) > 0 {
		ix.insert(item.ID, sum, codeOf(read.language), read.terms)
		ix.translate(ix.numbers[item.ID], read.titles)
	}
	ix.compact()
}

func (ix *Index) has(id string, sum uint64) bool {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	number, ok := ix.numbers[id]
	return ok && ix.documents[number].sum == sum
}

// Delete removes the item and reports whether it was there.
func (ix *Index) Delete(id string) bool {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	found := ix.remove(id)
	ix.compact()
	return found
}

// insert adds a document and its postings; ix.mu is held for writing. Numbers are never given twice: what is removed leaves
// a hole until compact. The norm is √Σ w², over terms in the order in which they came, so that equal texts have equal
// norms. Cost O(terms).
func (ix *Index) insert(id string, sum uint64, language code, terms []term) {
	number := int32(len(ix.documents))
	ix.texts += sum
	ix.spoken[language]++
	// The id may be part of a large request body; a copy does not keep that alive.
	d := document{id: ix.blocks.copy(id), sum: sum, language: language, live: true, terms: ix.blocks.take(len(terms))}
	for n, t := range terms {
		at := ix.termNumber(t.name)
		d.terms[n] = entry{at, t.weight}
		d.norm += t.weight * t.weight
		ix.postings[at] = append(ix.postings[at], posting{number, float32(t.weight)})
		ix.frequency[at]++
	}
	d.norm = math.Sqrt(d.norm)
	ix.documents = append(ix.documents, d)
	ix.numbers[d.id] = number
}

func (ix *Index) termNumber(name string) int32 {
	if at, ok := ix.vocabulary[name]; ok {
		return at
	}
	at := int32(len(ix.names))
	name = ix.blocks.copy(name)
	ix.vocabulary[name] = at
	ix.names = append(ix.names, name)
	ix.postings = append(ix.postings, nil)
	ix.frequency = append(ix.frequency, 0)
	return at
}

func (ix *Index) remove(id string) bool {
	number, ok := ix.numbers[id]
	if !ok {
		return false
	}
	d := &ix.documents[number]
	for _, e := range d.terms {
		ix.frequency[e.term]--
	}
	ix.texts -= d.sum
	ix.spoken[d.language]--
	ix.untranslate(number)
	d.live, d.terms = false, nil
	delete(ix.numbers, id)
	return true
}

// compact rebuilds the index without dead items when there are many, which costs O(1) per earlier update.
func (ix *Index) compact() {
	dead := len(ix.documents) - len(ix.numbers)
	if dead <= compactAfter || dead*compactShare < len(ix.documents) {
		return
	}
	old, names, translated := ix.documents, ix.names, ix.translated
	ix.documents, ix.names, ix.postings, ix.frequency = nil, nil, nil, nil
	ix.texts, ix.blocks, ix.parallel, ix.translated = 0, blocks{}, Parallel{}, map[int32][]spokenTitle{}
	clear(ix.spoken)
	ix.numbers, ix.vocabulary = make(map[string]int32, len(ix.numbers)), map[string]int32{}
	var terms []term
	for number, d := range old {
		if !d.live {
			continue
		}
		terms = terms[:0]
		for _, e := range d.terms {
			terms = append(terms, term{names[e.term], e.weight})
		}
		ix.insert(d.id, d.sum, d.language, terms)
		ix.translate(ix.numbers[d.id], namedTitles(translated[int32(number)], names))
	}
	for n := range ix.postings {
		ix.postings[n] = slices.Clip(ix.postings[n])
	}
}

// idfCache remembers inverse document frequencies of rare terms, since logarithms would be most of a query's cost.
type idfCache struct {
	items int // for which known holds
	known [4096]float64
}

// of returns the inverse document frequency ln(1 + (N − n + ½)/(n + ½)) of a term in n of N items; it is positive.
func (r *idfCache) of(ix *Index, term int32) float64 {
	n := ix.frequency[term]
	if int(n) >= len(r.known) {
		return inverseFrequency(float64(n), float64(len(ix.numbers)))
	}
	if r.items != len(ix.numbers) {
		*r = idfCache{items: len(ix.numbers)}
	}
	if r.known[n] == 0 {
		r.known[n] = inverseFrequency(float64(n), float64(r.items))
	}
	return r.known[n]
}

func inverseFrequency(n, all float64) float64 { return math.Log(1 + (all-n+.5)/(n+.5)) }
