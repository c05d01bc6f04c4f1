package filter

// marks are the lists that an item is on, a bit for each.
type marks uint32

// Table holds the marks of items by index. It is an open-addressed hash table with linear probing that is cleared and used again: every
// candidate is looked up in it, most of them in vain. It must be cleared before its first use.
type Table struct {
	slots []slot // a power of two of them, at least twice as many as items
	used  int
}

type slot struct {
	item int32 // the index plus 1; 0 for an empty slot
	on   marks
}

// leastSlots is the size of a new table, in slots: room for 128 items, which few requests exceed. It must be a power of two.
const leastSlots = 256

// Clear empties the table and keeps its memory.
func (t *Table) Clear() {
	if t.slots == nil {
		t.slots = make([]slot, leastSlots)
	}
	clear(t.slots)
	t.used = 0
}

// of returns the marks of an item; none when there is no table.
func (t *Table) of(i int32) marks {
	if t == nil {
		return 0
	}
	return t.slots[t.find(i)].on
}

// add marks an item; marks that it has stay. It may allocate, when the table is half full.
func (t *Table) add(i int32, on marks) {
	s := &t.slots[t.find(i)]
	if s.item == 0 {
		if t.used++; 2*t.used > len(t.slots) {
			t.grow()
			s = &t.slots[t.find(i)]
		}
		s.item = i + 1
	}
	s.on |= on
}

// find returns the slot of an item, or the empty one that it would take.
func (t *Table) find(i int32) uint32 {
	last := uint32(len(t.slots) - 1)
	const spread = 0x9e3779b1 // 2³² divided by the golden ratio (Knuth 1973): neighbouring numbers land far apart
	at := uint32(i) * spread >> 7 & last
	for t.slots[at].item != 0 && t.slots[at].item != i+1 {
		at = (at + 1) & last
	}
	return at
}

func (t *Table) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.item != 0 {
			t.slots[t.find(s.item-1)] = s
		}
	}
}
