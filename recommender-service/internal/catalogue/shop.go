package catalogue

import (
	"math"
	"math/big"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

const (
	// changesAtOnce is how many changes are put in while readers wait: a fraction of a millisecond.
	changesAtOnce = 50
	// undoLength is how many changes can be undone to see the catalogue as it was.
	undoLength = 200_000
)

// Shop is the replica of one shop. It is safe for concurrent use.
type Shop struct {
	Name string
	now  func() time.Time

	present View // what Read shows

	// mu guards what follows it, as far as stale. Readers hold it while they rank; writers hold it
	// for changesAtOnce changes.
	mu              sync.RWMutex
	index           map[string]int32
	ids             []string
	items           []*Item           // by index; nil for an item that the catalogue lacks
	heads           []int32           // by index: the item recommended in place of each
	reheaded        int               // so many of them are another item
	families        int64             // how often heads has changed
	variants        map[int32][]int32 // by head: the items that are recommended as it, beside itself
	children        map[int32][]int32 // by index: the items that name it as their product
	changedFamilies []int32           // heads whose families are to be joined anew
	aliases         aliases
	names           names
	count           int
	prices          mean
	margins         mean
	// attributes counts the items that have each attribute.
	attributes map[string]int
	undo       []change // a ring: change n is at n % undoLength
	sequence   int64    // number of changes applied
	changedMs  int64    // when an item was last changed or deleted
	arrivals   int64    // number of changes that the newest items may differ by

	stale    map[string]struct{} // items that the feed, begun again, has not named yet
	interner *interner           // of the goroutine that applies changes

	stateMu sync.Mutex
	state   State
	begun   time.Time // when following it began

	newestMu sync.Mutex // held while the list is made
	newest   atomic.Pointer[newest]
}

// change is what an item was before a change.
type change struct {
	index  int32
	before *Item
}

// newShop returns an empty replica, which nothing follows yet.
func newShop(name string, now func() time.Time) *Shop {
	s := &Shop{
		Name: name, now: now, index: map[string]int32{}, variants: map[int32][]int32{}, children: map[int32][]int32{},
		attributes: map[string]int{}, interner: newInterner(),
		aliases: aliases{owners: map[string]int32{}, shared: map[string][]int32{}},
		names:   names{numbers: map[nameKey]int32{}, paths: map[int32]path{}},
	}
	s.present.s, s.aliases.ids = s, &s.ids
	return s
}

// intern returns the index of an item id, which it keeps for the life of the process. The caller holds the write lock.
func (s *Shop) intern(id string) int32 {
	i, ok := s.index[id]
	if !ok {
		i = int32(len(s.ids))
		s.index[id] = i
		s.ids = append(s.ids, id)
		s.items = append(s.items, nil)
		s.heads = append(s.heads, i)
		s.setHead(i, s.headOf(i))
	}
	return i
}

// Intern appends the indices of item ids to out, numbering those that are new. Only ids of models belong here: what a caller of the API
// names is looked up, never numbered.
func (s *Shop) Intern(out []int32, ids []string) []int32 {
	s.mu.RLock()
	for _, id := range ids {
		i, ok := s.index[id]
		if !ok {
			break
		}
		out = append(out, i)
	}
	s.mu.RUnlock()
	if rest := ids[len(out):]; len(rest) > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, id := range rest {
			out = append(out, s.intern(id))
		}
	}
	return out
}

// apply puts a page of changes into the replica, a few at a time, between which readers go first: a page ends anywhere, and means nothing
// as a whole. One goroutine calls it at a time.
func (s *Shop) apply(changes []profileapi.ItemChange) {
	records, before := make([]*record, changesAtOnce), make([]*Source, changesAtOnce)
	for some := range slices.Chunk(changes, changesAtOnce) {
		s.sources(some, before)
		for n := range some {
			records[n] = nil
			if some[n].Item != nil {
				records[n] = s.interner.compact(some[n].Item, before[n])
			}
		}
		s.put(some, records)
	}
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	s.state.AsOf = s.now()
}

// sources looks up what the replica says of the items that are changed; nil for those it lacks.
func (s *Shop) sources(changes []profileapi.ItemChange, before []*Source) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for n := range changes {
		before[n] = nil
		if i, ok := s.index[changes[n].ItemID]; ok {
			if own := row(s.items[i]); own != nil {
				before[n] = own.Source
			}
		}
	}
}

// put puts changes into the replica: the item is taken out of all counts and lists, put in as
// it is, and then the families that it is or was in are joined anew. records has the compact
// form of each change, nil for a deletion.
func (s *Shop) put(changes []profileapi.ItemChange, records []*record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range changes {
		c := &changes[n]
		delete(s.stale, c.ItemID)
		index := s.intern(c.ItemID)
		before := row(s.items[index])
		s.forget(before)
		s.remember(index, s.items[index])
		s.items[index] = nil
		s.markChanged(index)
		var it *Item
		if c.Item == nil {
			s.changedMs = max(s.changedMs, s.now().UnixMilli())
			s.arrivals++
		} else {
			it = s.flatten(index, records[n], c.Item)
			s.items[index] = it
			it.Head = s.headOf(index)
			s.note(it)
			s.changedMs = max(s.changedMs, it.UpdatedMs)
			if before == nil || before.PublishedMs != it.PublishedMs || before.Status != it.Status || before.Parent != it.Parent {
				s.arrivals++
			}
		}
		s.resolveHeads(index, aliasesOf(before), aliasesOf(it))
	}
	s.derive()
}

// note takes an item into the counts.
func (s *Shop) note(it *Item) {
	s.count++
	s.prices.add(it.Price, 1)
	s.margins.add(it.Margin, 1)
	s.join(it)
	if it.Parent != it.Index {
		s.children[it.Parent] = insertSorted(s.children[it.Parent], it.Index)
	}
	for _, name := range aliasesOf(it) {
		s.aliases.add(name, it.Index)
	}
	for _, name := range it.Source.attributes {
		s.attributes[name]++
	}
}

// forget takes an item out of the counts.
func (s *Shop) forget(it *Item) {
	if it == nil {
		return
	}
	s.count--
	s.prices.add(it.Price, -1)
	s.margins.add(it.Margin, -1)
	s.leave(it)
	if it.Parent != it.Index {
		removeSorted(s.children, it.Parent, it.Index)
	}
	for _, name := range aliasesOf(it) {
		s.aliases.remove(name, it.Index)
	}
	for _, name := range it.Source.attributes {
		if s.attributes[name]--; s.attributes[name] == 0 {
			delete(s.attributes, name)
		}
	}
}

// remember notes what an item was, in a ring: of a catalogue that changes much the oldest
// changes are lost.
func (s *Shop) remember(index int32, before *Item) {
	c := change{index, before}
	if len(s.undo) < undoLength {
		s.undo = append(s.undo, c)
	} else {
		s.undo[s.sequence%undoLength] = c
	}
	s.sequence++
}

// Knows reports whether the replica can still be seen as it was after the given number of changes.
func (s *Shop) Knows(sequence int64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return sequence <= s.sequence && s.sequence-sequence <= int64(len(s.undo))
}

// ChangedSince reports whether any item was changed or deleted after a moment. Deletions are known only since the process started.
func (s *Shop) ChangedSince(at time.Time) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.changedMs > at.UnixMilli()
}

// View is the replica during a Read.
type View struct {
	s    *Shop
	past map[int32]*Item // items that were different at the moment that is looked at; nil for the present
}

// Read shows the replica to f, which must neither block nor keep the view. Changes wait until it returns.
func (s *Shop) Read(f func(*View)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f(&s.present)
}

// ReadAt shows the replica as it was after the given number of changes. It reports false,
// without calling f, when the changes since are no longer known. Items and heads are those of
// then; ids, aliases and means are those of the present. Cost O(changes since).
func (s *Shop) ReadAt(sequence int64, f func(*View)) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if sequence > s.sequence || s.sequence-sequence > int64(len(s.undo)) {
		return false
	}
	past := map[int32]*Item{}
	for n := s.sequence - 1; n >= sequence; n-- {
		c := s.undo[n%undoLength]
		past[c.index] = c.before
	}
	f(&View{s: s, past: past})
	return true
}

// Len returns the number of indices; every index is below it.
func (v *View) Len() int { return len(v.s.items) }

// Count returns the number of items that the catalogue has.
func (v *View) Count() int { return v.s.count }

// Families returns a number that changes whenever another item than before is recommended in place of one.
func (v *View) Families() int64 { return v.s.families }

// Sequence returns the number of changes that the replica has seen.
func (v *View) Sequence() int64 { return v.s.sequence }

// Item returns an item by index; nil when the catalogue lacks it.
func (v *View) Item(i int32) *Item {
	if len(v.past) > 0 {
		if it, ok := v.past[i]; ok {
			return it
		}
	}
	return v.s.items[i]
}

// Row returns an item by index as the catalogue says it, without what its variants add; nil when the catalogue lacks it.
func (v *View) Row(i int32) *Item { return row(v.Item(i)) }

// Find returns the index of an item by its id, else by the id of a family without a row of its own, else by an alias; None for what has
// never been heard of.
func (v *View) Find(id string) int32 {
	i, known := v.s.index[id]
	if known && v.Item(i) != nil {
		return i
	}
	if owner := v.s.aliases.owner(id); owner >= 0 {
		return owner
	}
	if known {
		return i
	}
	return None
}

// Index returns the index of an item that may have had one before, else a negative number: that one, or the one that it has got since.
func (v *View) Index(before int32, id string) int32 {
	if before >= 0 {
		return before
	}
	return v.Find(id)
}

// ID returns the id of an index.
func (v *View) ID(i int32) string { return v.s.ids[i] }

// Heads maps every index to the item that is recommended in its place; nil maps each to itself. Nobody changes it.
func (v *View) Heads() []int32 {
	if len(v.past) == 0 {
		if v.s.reheaded == 0 {
			return nil
		}
		return v.s.heads
	}
	heads := slices.Clone(v.s.heads)
	for i, it := range v.past {
		heads[i] = i
		if it != nil {
			heads[i] = it.Head
		}
	}
	return heads
}

// Head returns the index of the item that is recommended in place of one.
func (v *View) Head(i int32) int32 {
	if it, ok := v.past[i]; ok && it != nil {
		return it.Head
	} else if ok {
		return i
	}
	return v.s.heads[i]
}

// Category returns the number of a category path joined by " > "; None when no item was ever in it.
func (v *View) Category(path string) int32 { return v.s.names.find(categoryName, path) }

// Brand returns the number of a brand; None when no item was ever of it.
func (v *View) Brand(name string) int32 { return v.s.names.find(brandName, name) }

// BrandLike and CategoryLike return a name that there is and that one was probably meant to be; "" for none.
func (v *View) BrandLike(name string) string { return v.s.names.like(brandName, name) }

// CategoryLike is BrandLike for category paths.
func (v *View) CategoryLike(path string) string { return v.s.names.like(categoryName, path) }

// Name returns the text of a category or brand number.
func (v *View) Name(n int32) string { return v.s.names.texts[n] }

// HasAttribute reports whether any item has the attribute.
func (v *View) HasAttribute(name string) bool { return v.s.attributes[name] > 0 }

// Items calls f for every item of the catalogue as it says it, in order of index.
func (v *View) Items(f func(*Item)) {
	for i := range v.s.items {
		if it := v.Row(int32(i)); it != nil {
			f(it)
		}
	}
}

// Products calls f for everything that can be recommended, in order of index: items without variants, and families.
func (v *View) Products(f func(*Item)) {
	for i := range v.s.items {
		if it := v.Item(int32(i)); it != nil && it.Head == it.Index {
			f(it)
		}
	}
}

// State is how far the replica has come.
type State struct {
	Synced    bool      // it has been whole at least once
	Following bool      // the feed answers
	AsOf      time.Time // it holds every change up to then
}

// State returns how fresh the replica is. A replica that follows the feed is told of a change at once, so it is as fresh as the moment.
func (s *Shop) State() State {
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	st := s.state
	if st.Following && st.Synced {
		st.AsOf = s.now()
	}
	return st
}

// mean is the mean of positive values that come and go. The sum is exact, in units of a ten-thousandth, so that it is what the values that
// are left say however many have come and gone.
type mean struct {
	sum   big.Int
	count int
}

// meanUnits are how many units of the sum make 1, and largestMeant is what a larger value counts as.
const (
	meanUnits    = 1e4
	largestMeant = 1e14
)

// add takes in a value n times; a negative n takes it out. Values of 0 and below are none.
func (m *mean) add(v float64, n int) {
	if v > 0 {
		units := big.NewInt(int64(math.Round(min(v, largestMeant) * meanUnits)))
		m.sum.Add(&m.sum, units.Mul(units, big.NewInt(int64(n))))
		m.count += n
	}
}

// value is the mean; 0 of nothing.
func (m *mean) value() float64 {
	if m.count == 0 {
		return 0
	}
	sum, _ := new(big.Float).SetInt(&m.sum).Float64()
	return sum / meanUnits / float64(m.count)
}

// MeanPrice returns the mean of the prices that are known; 0 when none is.
func (v *View) MeanPrice() float64 { return v.s.prices.value() }

// MeanMargin returns the mean of the positive margins that are known; 0 when none is.
func (v *View) MeanMargin() float64 { return v.s.margins.value() }
