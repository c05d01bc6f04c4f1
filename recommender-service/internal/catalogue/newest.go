package catalogue

import (
	"cmp"
	"slices"
	"time"
)

const (
	// newestListed is the length of the list of newest items.
	newestListed = 500
	// newestEvery bounds how often that list is made again while the catalogue changes.
	newestEvery = 2 * time.Second
)

// newest are the items published last.
type newest struct {
	items []int32
	at    time.Time
	of    int64 // arrivals
	// sequence is the number of changes that the replica had seen.
	sequence int64
}

// Newest returns the items published last, the newest first, ties by item id, and the number of changes after which the replica said so.
// The list is at most two seconds older than the replica, beside the milliseconds that another caller needs to make it again: only the
// first list of all is waited for.
func (s *Shop) Newest() (items []int32, sequence int64) {
	have, now := s.newest.Load(), s.now()
	if have != nil && (s.current(have.of) || now.Sub(have.at) < newestEvery && now.After(have.at) && len(have.items) > 0) {
		return have.items, have.sequence
	}
	if have == nil {
		s.newestMu.Lock()
	} else if !s.newestMu.TryLock() {
		return have.items, have.sequence
	}
	defer s.newestMu.Unlock()
	if have = s.newest.Load(); have != nil && s.current(have.of) { // made while this caller waited
		return have.items, have.sequence
	}
	all, of, sequence := s.snapshot()
	made := &newest{items: newestOf(all), at: now, of: of, sequence: sequence}
	s.newest.Store(made)
	return made.items, sequence
}

// Newest returns the items published last as the view has them.
func (v *View) Newest() []int32 {
	all := make([]*Item, v.Len())
	for i := range all {
		all[i] = v.Item(int32(i))
	}
	return newestOf(all)
}

// current reports whether nothing has changed since a list was made that could be on it.
func (s *Shop) current(arrivals int64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return arrivals == s.arrivals
}

// snapshot copies the items, by index.
func (s *Shop) snapshot() (items []*Item, arrivals, sequence int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.items), s.arrivals, s.sequence
}

// newestOf returns the items published last, the newest first, ties by item id. It sorts whenever twice as many are held as are listed, so
// that it costs little beyond one look at each item.
func newestOf(items []*Item) []int32 {
	later := func(a, b *Item) int {
		return cmp.Or(cmp.Compare(b.PublishedMs, a.PublishedMs), cmp.Compare(a.ID, b.ID))
	}
	best := make([]*Item, 0, 2*newestListed)
	var last *Item // the last that is listed, once the list is full
	for _, it := range items {
		if it == nil || it.Status != Active || it.Head != it.Index || last != nil && later(it, last) > 0 {
			continue
		}
		if best = append(best, it); len(best) == cap(best) {
			slices.SortFunc(best, later)
			best = best[:newestListed]
			last = best[newestListed-1]
		}
	}
	slices.SortFunc(best, later)
	list := make([]int32, 0, newestListed)
	for _, it := range best[:min(len(best), newestListed)] {
		list = append(list, it.Index)
	}
	return list
}
