package text

import "strings"

const (
	// firstBlock and largestBlock are the sizes of blocks, in entries and in bytes of text. Each is twice as large as the one before.
	firstBlock   = 1 << 8
	largestBlock = 1 << 16
)

// blocks hold what the documents and the vocabulary of an index are made of in few large objects, where one for each document and word
// would be most of the objects that the garbage collector finds in a process. What a document leaves behind stays until the index is
// compacted. The zero value is empty and ready.
type blocks struct {
	entries []entry          // the rest of the last block is its capacity
	text    *strings.Builder // never grows, so that what was taken from it stays where it is
}

// take returns room for n entries.
func (b *blocks) take(n int) []entry {
	from := len(b.entries)
	if cap(b.entries)-from < n {
		b.entries, from = make([]entry, 0, max(n, blockAfter(cap(b.entries)))), 0
	}
	b.entries = b.entries[:from+n]
	return b.entries[from : from+n : from+n]
}

// copy returns a copy of a text.
func (b *blocks) copy(text string) string {
	if b.text == nil || b.text.Cap()-b.text.Len() < len(text) {
		size := firstBlock
		if b.text != nil {
			size = blockAfter(b.text.Cap())
		}
		b.text = &strings.Builder{}
		b.text.Grow(max(size, len(text)))
	}
	from := b.text.Len()
	b.text.WriteString(text)
	return b.text.String()[from:]
}

func blockAfter(size int) int { return min(max(2*size, firstBlock), largestBlock) }
