// Package idmap turns the string ids of users and items into dense int32 indices and back.
//
// Indices are given in the order of first appearance. The matrices of this service hold only indices; the ids are
// looked up again at the border. The main type is [Map]. It is not safe for concurrent writes.
package idmap

import (
	"fmt"
	"math"
	"strings"
)

// Map is a two-way table between ids and the indices 0…Len−1. The zero value is empty and ready.
type Map struct {
	index map[string]int32
	ids   []string
}

// New returns a map that holds the given ids at the indices of their positions. An id given twice is an error.
func New(ids []string) (*Map, error) {
	m := &Map{index: make(map[string]int32, len(ids)), ids: make([]string, 0, len(ids))}
	for i, id := range ids {
		if at, err := m.Add(id); err != nil {
			return nil, err
		} else if int(at) != i {
			return nil, fmt.Errorf("id %q is given at positions %d and %d: ids must be distinct", id, at, i)
		}
	}
	return m, nil
}

// Add returns the index of id, giving it the next free one when it is new. It fails only beyond 2³¹−1 ids.
func (m *Map) Add(id string) (int32, error) {
	if at, ok := m.index[id]; ok {
		return at, nil
	}
	if len(m.ids) == math.MaxInt32 {
		return 0, fmt.Errorf("more than %d distinct ids", math.MaxInt32)
	}
	if m.index == nil {
		m.index = make(map[string]int32)
	}
	at := int32(len(m.ids))
	m.index[id] = at
	m.ids = append(m.ids, id)
	return at, nil
}

// Index returns the index of id and whether it is known.
func (m *Map) Index(id string) (int32, bool) {
	at, ok := m.index[id]
	return at, ok
}

// ID returns the id at index i, which must lie in 0…Len−1.
func (m *Map) ID(i int32) string { return m.ids[i] }

// Len is the number of ids.
func (m *Map) Len() int { return len(m.ids) }

// IDs returns all ids by index. The caller must not change the slice.
func (m *Map) IDs() []string { return m.ids }

// Copies returns copies of ids that share one text, which is one object to the garbage collector instead of one per id. The text stays
// as long as any of them.
func Copies(ids []string) []string {
	var all strings.Builder
	for _, id := range ids {
		all.WriteString(id)
	}
	text := all.String()
	copies := make([]string, len(ids))
	for i, id := range ids {
		copies[i], text = text[:len(id)], text[len(id):]
	}
	return copies
}
