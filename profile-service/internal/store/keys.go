package store

import "slices"

// EventKey is what an event is recognised by.
type EventKey struct{ SubjectHash, EventHash int64 }

// KeySet are the distinct keys of a batch and the events that carry them.
type KeySet struct {
	SubjectHashes []int64 // one entry per distinct key, in key order
	EventHashes   []int64

	index map[EventKey]int // of the first event with the key; removed when the store finds the key fresh
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

// Fresh notes that the store did not hold k before.
func (s *KeySet) Fresh(k EventKey) { delete(s.index, k) }

// MarkStale marks the events whose keys were not fresh as duplicates.
func (s *KeySet) MarkStale(outcomes []Outcome) {
	for _, i := range s.index {
		outcomes[i] = Duplicate
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

// SessionPairs returns the distinct (session, subject) pairs of accepted events whose subject is not the session itself.
func SessionPairs(events []NewEvent, outcomes []Outcome) [][2]string {
	var out [][2]string
	seen := map[[2]string]bool{}
	for i := range events {
		e := &events[i]
		if outcomes[i] == Duplicate || e.SessionID == "" || e.Subject == "" || e.Subject[0] == 's' {
			continue
		}
		if p := [2]string{e.SessionID, e.Subject}; !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}
