package replica

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

// replica holds the items of a shop. Items share their category paths, and the ids that a page of the feed brings share one text: to
// the garbage collector a catalogue of a hundred thousand items is a few thousand objects.
type replica struct {
	mu       sync.RWMutex
	items    map[string]int32 // item id → number of its category path
	paths    pathTable
	families families
	hidden   map[string]bool // items that are hidden or archived
	soldOut  map[string]bool
	revision uint64 // raised by every change of what items there are and of where they stand

	synced   chan struct{} // closed after the first full read
	place    atomic.Value  // string: in the feed, behind the last page that was applied
	rounds   atomic.Int64  // how often there was nothing left to read
	once     sync.Once
	followed atomic.Bool  // Run reads the feed
	behind   atomic.Int64 // since when the feed is not followed, in Unix milliseconds; 0 while it is
}

func newReplica() *replica { return &replica{items: map[string]int32{}, synced: make(chan struct{})} }

// description is what describes a family now; no item when nothing of it is left.
type description struct {
	family string
	item   *profileapi.Item
}

// apply takes over changes of the feed and returns the families that are described otherwise than before, in order. It gives ids that are
// new a text of their own, also within changes.
func (r *replica) apply(changes []profileapi.ItemChange) []description {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.copyNewIDs(changes)
	var told []description
	for _, change := range changes {
		id := change.ItemID
		before, known := r.families.of(id), false
		if _, known = r.items[id]; change.Item == nil {
			r.remove(id)
		} else {
			r.put(id, change.Item)
		}
		family, _ := r.family(id)
		if known && (change.Item == nil || family != before) && r.gone(before) {
			told = append(told, description{family: before})
		}
		if change.Item != nil && r.head(family) == id {
			told = append(told, description{family, change.Item})
		}
		for _, alias := range r.families.named[id] {
			if len(r.families.variants[alias]) > 0 && r.variantsJoin(alias, id) { // they stood for themselves until their product came
				told = append(told, description{family: alias})
			}
		}
	}
	return told
}

// put takes over an item.
func (r *replica) put(id string, item *profileapi.Item) {
	now := r.paths.take(item.CategoryPath)
	before, known := r.items[id]
	if known {
		r.paths.release(before)
	}
	if !known || now != before {
		r.items[id] = now
		r.revision++
	}
	if r.families.put(id, item.ParentID, aliasesOf(item)) {
		r.revision++
	}
	r.hidden = mark(r.hidden, id, item.Status == profileapi.ItemHidden || item.Status == profileapi.ItemArchived)
	r.soldOut = mark(r.soldOut, id, soldOut(item.Stock))
}

// aliasesOf lists the further ids of an item; its GTIN is one.
func aliasesOf(item *profileapi.Item) []string {
	if item.GTIN == "" || slices.Contains(item.Aliases, item.GTIN) {
		return item.Aliases
	}
	return append(slices.Clone(item.Aliases), item.GTIN)
}

func soldOut(s *profileapi.Stock) bool {
	return s != nil && (s.Status == profileapi.OutOfStock || s.Status == profileapi.InStock && s.Quantity != nil && *s.Quantity <= 0)
}

// mark puts an id into a set or takes it out.
func mark(m map[string]bool, id string, on bool) map[string]bool {
	if !on {
		delete(m, id)
		return m
	}
	return set(m, id, true)
}

// gone reports whether a family has neither a product nor variants.
func (r *replica) gone(family string) bool {
	return !r.product(family) && len(r.families.variants[family]) == 0
}

// copyNewIDs copies no other ids, so that items that stay for years do not keep the ids of every update that they were part of.
func (r *replica) copyNewIDs(changes []profileapi.ItemChange) {
	var places []int
	var ids []string
	for at, change := range changes {
		if _, known := r.items[change.ItemID]; !known && change.Item != nil {
			places, ids = append(places, at), append(ids, change.ItemID)
		}
	}
	for n, id := range idmap.Copies(ids) {
		changes[places[n]].ItemID = id
	}
}

func (r *replica) remove(id string) {
	path, known := r.items[id]
	if !known {
		return
	}
	delete(r.items, id)
	delete(r.hidden, id)
	delete(r.soldOut, id)
	r.paths.release(path)
	r.families.remove(id)
	r.revision++
}

// empty forgets all items and returns their families.
func (r *replica) empty() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[string]bool{}
	var gone []string
	for id := range r.items {
		if family := r.families.of(id); !seen[family] {
			seen[family] = true
			gone = append(gone, family)
		}
	}
	r.items, r.paths, r.families, r.hidden, r.soldOut = map[string]int32{}, pathTable{}, families{}, nil, nil
	r.revision++
	return gone
}

// pathTable numbers category paths. A path that no item has any more is dropped and its number given to the next new one, so that
// the table never holds more paths than items had at some time. The zero value is empty and ready.
type pathTable struct {
	numbers map[string]int32 // by the parts, each closed by a zero byte
	paths   []path
	free    []int32 // numbers of dropped paths
	key     []byte  // room for the key that is looked for
}

type path struct {
	names []string // of the category and those above it, narrowest first; never changed, as callers hold them
	key   string
	items int
}

// take returns the number of a path and counts one more item with it.
func (t *pathTable) take(parts []string) int32 {
	t.key = t.key[:0]
	for _, part := range parts {
		t.key = append(append(t.key, part...), 0)
	}
	number, ok := t.numbers[string(t.key)]
	if !ok {
		number = t.add(path{names: categories(parts), key: string(t.key)})
	}
	t.paths[number].items++
	return number
}

func (t *pathTable) add(p path) int32 {
	if t.numbers == nil {
		t.numbers = map[string]int32{}
	}
	number := int32(len(t.paths))
	if last := len(t.free) - 1; last >= 0 {
		number, t.free = t.free[last], t.free[:last]
		t.paths[number] = p
	} else {
		t.paths = append(t.paths, p)
	}
	t.numbers[p.key] = number
	return number
}

// release counts one item less with a path.
func (t *pathTable) release(number int32) {
	p := &t.paths[number]
	if p.items--; p.items > 0 {
		return
	}
	delete(t.numbers, p.key)
	*p = path{}
	t.free = append(t.free, number)
}

// categories returns the names of a category and those above it, narrowest first: "Home > Lighting", "Home".
func categories(path []string) []string {
	var names []string
	name := strings.Join(path, categorySeparator)
	for n := len(path); n > 0; n-- {
		names = append(names, name)
		name = strings.TrimSuffix(name[:len(name)-len(path[n-1])], categorySeparator)
	}
	return names
}
