package store

import "slices"

// EventKey is what an event is recognised by.
type EventKey struct{ SubjectHash, EventHash int64 }

// KeySet are the distinct keys of a batch and the events that carry them.
type KeySet struct {
	SubjectHashes []int64 // one entry per distinct key, in key order
	EventHashes   []int64

	index map[EventKey]int // of the first event with the key; removed when the store holds it already
}

// NewKeySet collects the keys of events and marks those repeated within the batch as duplicates in outcomes.
func NewKeySet(events []NewEvent, outcomes []Outcome) *KeySet {
	s := &KeySet{index: make(map[EventKey]int, len(events))}
	keys := make([]EventKey, 0, len(events))
	for i := range events {
		k := EventKey{events[i].SubjectHash, events[i].EventHash}
		if _, seen := s.index[k]; seen {
			outcomes[i] = Duplicate
			continue
		}
		s.index[k] = i
		keys = append(keys, k)
	}
	// Neighbours in the index are written together.
	slices.SortFunc(keys, func(a, b EventKey) int {
		if a.SubjectHash != b.SubjectHash {
			if a.SubjectHash < b.SubjectHash {
				return -1
			}
			return 1
		}
		if a.EventHash < b.EventHash {
			return -1
		}
		return 1
	})
	s.SubjectHashes, s.EventHashes = make([]int64, len(keys)), make([]int64, len(keys))
	for i, k := range keys {
		s.SubjectHashes[i], s.EventHashes[i] = k.SubjectHash, k.EventHash
	}
	return s
}

// Stale notes that the store holds k already: its event is a duplicate.
func (s *KeySet) Stale(k EventKey, outcomes []Outcome) {
	outcomes[s.index[k]] = Duplicate
	delete(s.index, k)
}

// IsStale reports whether Stale was called with the i-th key.
func (s *KeySet) IsStale(i int) bool {
	_, fresh := s.index[EventKey{s.SubjectHashes[i], s.EventHashes[i]}]
	return !fresh
}

// Others calls Stale for every key that is not in fresh.
func (s *KeySet) Others(fresh map[EventKey]bool, outcomes []Outcome) {
	for i := range s.EventHashes {
		if k := (EventKey{s.SubjectHashes[i], s.EventHashes[i]}); !fresh[k] {
			s.Stale(k, outcomes)
		}
	}
}

// Subjects returns the distinct subjects of events.
func Subjects(events []NewEvent) []string {
	seen := make(map[string]bool, len(events))
	var out []string
	for i := range events {
		if s := events[i].Subject; s != "" && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
