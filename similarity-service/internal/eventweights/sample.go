// Package eventweights learns what an event of each type is worth: how much more a visitor who viewed, put into the cart or bought an item
// wants its neighbours than one who did not.
//
// While a recompute reads interactions, a Sample keeps those of some visitors with their types. Once neighbour lists of the part before the
// cut are built, Fit compares, for each of these visitors, items that he came to after the cut with items that he did not come to, half of
// which his history leads to as well. The score of item j is Σ over the types t of β_t · Σ over his events of type t
// of w(i→j), that of a recommendation when events of type t weigh β_t, and β is the choice under which the items that
// he came to score higher most surely (pairwise logistic regression, as BPR; Rendle et al., 2009). One half of the
// visitors teaches, the other says how good the weights are.
package eventweights

import (
	"hash/fnv"
	"slices"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// sampled is how many interactions a sample keeps at most, 24 bytes each.
const sampled = 1 << 20

// event is an interaction of a sampled visitor.
type event struct {
	subject uint64 // hash of the visitor
	item    int32  // of Sample.items
	at      uint32 // Unix seconds
	kind    uint8  // of Sample.types
}

// Sample keeps the interactions of some visitors: all of them as long as they are few enough, then of every second visitor, every fourth
// and so on. It is not safe for concurrent use.
type Sample struct {
	events []event
	share  uint64 // the visitors whose hash has none of these bits
	types  []string
	kinds  map[string]uint8
	items  []string
	number map[string]int32
	limit  int
}

// NewSample returns an empty sample.
func NewSample() *Sample {
	return &Sample{kinds: map[string]uint8{}, number: map[string]int32{}, limit: sampled}
}

// Add looks at one block and keeps nothing of its memory.
func (s *Sample) Add(b *profileapi.InteractionBlock) {
	hashes := make([]uint64, len(b.Users))
	for n, id := range b.Users {
		h := fnv.New64a()
		h.Write([]byte(id))
		hashes[n] = h.Sum64() * 0x9e3779b97f4a7c15 >> 1 // the low bits of FNV-1a say little
	}
	for p := range b.Len() {
		if b.User[p] < 0 || b.Type[p] < 0 || hashes[b.User[p]]&s.share != 0 {
			continue
		}
		kind, ok := s.kind(b.Types[b.Type[p]])
		if !ok {
			continue
		}
		s.events = append(s.events, event{hashes[b.User[p]], s.item(b.Items[b.Item[p]]), uint32(b.OccurredAt[p] / 1000), kind})
		if len(s.events) == s.limit {
			s.halve()
		}
	}
}

// halve leaves out every second visitor that is left, and the items that nobody else has met.
func (s *Sample) halve() {
	s.share = s.share<<1 | 1
	s.events = slices.DeleteFunc(s.events, func(e event) bool { return e.subject&s.share != 0 })
	known := s.items
	s.items, s.number = nil, map[string]int32{}
	for n := range s.events {
		s.events[n].item = s.item(known[s.events[n].item])
	}
}

// kind numbers a type; more than 255 are not told apart.
func (s *Sample) kind(name string) (uint8, bool) {
	k, ok := s.kinds[name]
	if !ok && len(s.types) < 255 {
		name = string([]byte(name))
		k, ok = uint8(len(s.types)), true
		s.kinds[name], s.types = k, append(s.types, name)
	}
	return k, ok
}

func (s *Sample) item(id string) int32 {
	n, ok := s.number[id]
	if !ok {
		id = string([]byte(id))
		n = int32(len(s.items))
		s.number[id], s.items = n, append(s.items, id)
	}
	return n
}
