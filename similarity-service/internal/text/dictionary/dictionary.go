// Package dictionary learns which words of two languages mean the same from the titles that items have in both, and translates words by
// it. There are no word lists: a shop's dictionary holds the words of its own catalogue. The package knows no items. The main type is
// Dictionary.
package dictionary

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strings"
)

const (
	// least is how many titles must have both words: one alone may be chance.
	least = 2
	// likely is the least probability of a translation, and back that of the way back.
	likely, back = .2, .1
	// translations is how many a word has at most.
	translations = 3
	// pairsRead bounds the pairs of words that are read of two languages, and so the time that learning takes.
	pairsRead = 200_000
)

// Title is what an item is called in one of its languages: stems, sorted, without repeats.
type Title struct {
	Language string
	Words    []string
}

// Item is what an item is called in all of its languages, in any order. Key, such as a hash of its id, decides about it when there are too
// many items to read all.
type Item struct {
	Key    uint64
	Titles []Title
}

// Word is a translation of a word.
type Word struct {
	Text        string
	Probability float64 // that the word is translated so, above .2
}

// Dictionary holds translations of words. Nil is an empty one. It is safe for concurrent use.
type Dictionary struct {
	words map[from][]Word
	sum   uint64
}

type from struct{ language, word, into string }

// Learn makes the dictionary of items. Equal sets of items make equal dictionaries, whatever their order. Of each two languages at most
// 200,000 pairs of words are read: a third of a second per two languages.
//
// Words are aligned by IBM's model 1 (Brown et al.: The Mathematics of Statistical Machine Translation, 1993, §4.1–4.2) in both
// directions; a translation is kept when it is likely in both and when at least two titles have it. Words that both languages share, such
// as names, align with themselves and are no entries.
func Learn(items []Item) *Dictionary {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b Item) int { return cmp.Compare(a.Key, b.Key) })
	parallel := map[[2]string][]pair{}
	read := map[[2]string]int{}
	for _, item := range items {
		titles := slices.Clone(item.Titles)
		slices.SortFunc(titles, func(a, b Title) int { return strings.Compare(a.Language, b.Language) })
		for n, a := range titles {
			for _, b := range titles[n+1:] {
				both, size := [2]string{a.Language, b.Language}, len(a.Words)*len(b.Words)
				if a.Language != b.Language && size > 0 && read[both]+size <= pairsRead {
					read[both] += size
					parallel[both] = append(parallel[both], pair{a.Words, b.Words})
				}
			}
		}
	}
	d := &Dictionary{words: map[from][]Word{}}
	for both, pairs := range parallel {
		d.add(both[0], both[1], align(pairs))
	}
	d.sum = d.fingerprint()
	return d
}

// add keeps what two languages have in common, both ways.
func (d *Dictionary) add(a, b string, found []aligned) {
	shared := map[string]bool{}
	for _, f := range found {
		if f.source == f.target && f.forth >= likely && f.back >= likely {
			shared[f.source] = true
		}
	}
	for _, f := range found {
		if f.titles < least || f.source == f.target || shared[f.source] || shared[f.target] {
			continue
		}
		if f.forth >= likely && f.back >= back {
			key := from{a, f.source, b}
			d.words[key] = append(d.words[key], Word{f.target, f.forth})
		}
		if f.back >= likely && f.forth >= back {
			key := from{b, f.target, a}
			d.words[key] = append(d.words[key], Word{f.source, f.back})
		}
	}
	for key, list := range d.words {
		slices.SortFunc(list, func(a, b Word) int {
			return cmp.Or(cmp.Compare(b.Probability, a.Probability), strings.Compare(a.Text, b.Text))
		})
		d.words[key] = list[:min(len(list), translations)]
	}
}

// Translate returns what a word of a language is in another, the likeliest first, at most three; none when nothing is known.
func (d *Dictionary) Translate(word, language, into string) []Word {
	if d == nil {
		return nil
	}
	return d.words[from{language, word, into}]
}

// Len returns the number of words that have translations, each way counted for itself.
func (d *Dictionary) Len() int {
	if d == nil {
		return 0
	}
	return len(d.words)
}

// Fingerprint is the same for equal dictionaries, and 0 for an empty one.
func (d *Dictionary) Fingerprint() uint64 {
	if d == nil {
		return 0
	}
	return d.sum
}

func (d *Dictionary) fingerprint() (sum uint64) {
	for key, list := range d.words {
		h := fnv.New64a()
		for _, text := range []string{key.language, key.word, key.into} {
			h.Write([]byte(text + "\x00"))
		}
		for _, w := range list {
			h.Write(binary.LittleEndian.AppendUint64([]byte(w.Text+"\x00"), uint64(1e6*w.Probability)))
		}
		sum += h.Sum64()
	}
	return sum
}
