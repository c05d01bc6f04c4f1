package popularity

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/selection"
)

// wholeShop is the name of the list over all categories, whose number is 0.
const wholeShop = ""

// places are the categories of items, as the catalogue had them at a revision.
type places struct {
	revision uint64
	names    map[string]int32 // numbers of categories; never changed, as rankings hold it too
	starts   []int32          // item n is in list[starts[n]:starts[n+1]], in none when the catalogue lacks it
	list     []int32
}

// follow brings the places up to the catalogue and to the items that were added at the end of ids. It reports whether the catalogue
// has changed. Cost O(1) when nothing has, O(new items) when only they have.
func (p *places) follow(catalogue Catalogue, shop string, ids []string) (changed bool) {
	// Asked for before the items: whatever changes meanwhile is found again next time.
	revision := catalogue.Revision(shop)
	if changed = p.names == nil || revision != p.revision; changed {
		*p = places{revision: revision, names: map[string]int32{wholeShop: 0}, starts: append(p.starts[:0], 0), list: p.list[:0]}
	}
	added := ids[len(p.starts)-1:]
	if len(added) == 0 {
		return changed
	}
	p.names = maps.Clone(p.names)
	for _, id := range added {
		if names, known := catalogue.CategoriesOf(shop, id); known {
			p.list = append(p.list, p.names[wholeShop])
			for _, name := range names {
				p.list = append(p.list, p.number(name))
			}
		}
		p.starts = append(p.starts, int32(len(p.list)))
	}
	return changed
}

func (p *places) number(name string) int32 {
	number, ok := p.names[name]
	if !ok {
		number = int32(len(p.names))
		p.names[name] = number
	}
	return number
}

// of returns the numbers of the categories of an item.
func (p *places) of(item int) []int32 { return p.list[p.starts[item]:p.starts[item+1]] }

// ranking holds lists that do not change any more.
type ranking struct {
	ids        []string         // by item number
	categories map[string]int32 // numbers of categories
	windows    []rankedWindow
}

// rankedWindow holds the lists of a window one after the other: category c has entries[starts[c]:starts[c+1]].
type rankedWindow struct {
	name    string
	starts  []int32
	entries []entry
}

// entry is an item in a list, with the sum of its weights before they fade.
type entry struct {
	sum  float64
	item int32
}

// newRanking makes the lists of a counter. Cost O(items·categories of an item) to sort them into categories and to select the best of
// each, and O(n·log n) to sort these n.
func newRanking(c *counter) *ranking {
	r := &ranking{ids: c.ids, categories: c.places.names}
	before := func(a, b entry) bool { return a.sum > b.sum || a.sum == b.sum && r.ids[a.item] < r.ids[b.item] }
	var room []entry
	for w, window := range c.windows {
		var from []int32
		from, room = c.places.sorted(c.sums[w], room)
		ranked := rankedWindow{name: window.Name, starts: make([]int32, 1, len(from))}
		size := 0
		for n := range from[1:] {
			size += min(int(from[n+1]-from[n]), listed)
		}
		ranked.entries = make([]entry, 0, size)
		for n := range from[1:] {
			best := room[from[n]:from[n+1]]
			selection.KeepTop(&best, listed, before)
			slices.SortFunc(best, func(a, b entry) int {
				if before(a, b) {
					return -1
				}
				return 1 // no item is twice in a list
			})
			ranked.entries = append(ranked.entries, best...)
			ranked.starts = append(ranked.starts, int32(len(ranked.entries)))
		}
		r.windows = append(r.windows, ranked)
	}
	return r
}

// sorted groups the items of positive sum by category: category c has entries[from[c]:from[c+1]], in the order of the items. The
// entries take the place of room.
func (p *places) sorted(sums []float64, room []entry) (from []int32, entries []entry) {
	from = make([]int32, len(p.names)+2) // two ahead while counting, one ahead while filling
	for item, sum := range sums {
		if sum > 0 {
			for _, c := range p.of(item) {
				from[c+2]++
			}
		}
	}
	for c := range from[1:] {
		from[c+1] += from[c]
	}
	all := int(from[len(from)-1])
	entries = slices.Grow(room[:0], all)[:all]
	for item, sum := range sums {
		if sum > 0 {
			for _, c := range p.of(item) {
				entries[from[c+1]] = entry{sum, int32(item)}
				from[c+1]++
			}
		}
	}
	return from[:len(p.names)+1], entries
}

// items returns a whole list as it is now.
func (l *lists) items(window, category string) []similarityapi.Neighbour {
	c, ok := l.categories[category]
	w := slices.IndexFunc(l.windows, func(r rankedWindow) bool { return r.name == window })
	if !ok || w < 0 {
		return nil
	}
	ranked := &l.windows[w]
	entries := ranked.entries[ranked.starts[c]:ranked.starts[c+1]]
	if len(entries) == 0 {
		return nil
	}
	items := make([]similarityapi.Neighbour, 0, len(entries))
	for _, e := range entries {
		items = append(items, similarityapi.Neighbour{ItemID: l.ids[e.item], Score: e.sum * l.fades[w]})
	}
	// Sums that lie next to each other can fade to the same score, and the same scores go by id.
	slices.SortFunc(items, func(a, b similarityapi.Neighbour) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.ItemID, b.ItemID))
	})
	return items
}
