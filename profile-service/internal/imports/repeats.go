package imports

// repeatWindow is how many rows a repeats remembers at least.
const repeatWindow = 500_000

// repeats counts how often a row occurred in a file. It remembers the last 500,000 to 1,000,000 distinct rows, 16 bytes each: a row that
// comes again after more others than that counts as its first occurrence, and is stored as a duplicate.
type repeats struct {
	recent, older map[uint64]uint32
}

func newRepeats() *repeats { return &repeats{recent: map[uint64]uint32{}} }

// next returns which occurrence of the row this is, from 1. hash is of the row's content. Two
// maps take turns, so that forgetting the oldest costs nothing for each row.
func (r *repeats) next(hash uint64) int {
	n, ok := r.recent[hash]
	if !ok {
		n = r.older[hash]
	}
	r.recent[hash] = n + 1
	if len(r.recent) >= repeatWindow {
		r.recent, r.older = make(map[uint64]uint32, repeatWindow), r.recent
	}
	return int(n) + 1
}
