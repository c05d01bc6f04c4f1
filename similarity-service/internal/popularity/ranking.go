package popularity

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/topk"
)

// wholeShop is the name of the list over all categories, whose number is 0.
const wholeShop = ""

// places are the families of items and the categories of families, as the catalogue had them at a revision.
type places struct {
	revision uint64
	names    map[string]int32 // numbers of categories; never changed, as rankings hold it too
	family   []int32          // by item: the number of its family, −1 when the catalogue lacks it
	heads    []string         // by family: the item that stands for it; only ever appended to, as rankings hold it too
	numbers  map[string]int32 // of families, by head
	starts   []int32          // family n is in list[starts[n]:starts[n+1]]
	list     []int32
}

// follow brings the places up to the catalogue and to the items that were added at the end of ids. It reports whether the catalogue
// has changed. Cost O(1) when nothing has, O(new items) when only they have.
func (p *places) follow(catalogue Catalogue, shop string, ids []string) (changed bool) {
	// Asked for before the items: whatever changes meanwhile is found again next time.
	revision := catalogue.Revision(shop)
	if changed = p.names == nil || revision != p.revision; changed {
		*p = places{
			revision: revision, names: map[string]int32{wholeShop: 0}, numbers: map[string]int32{},
			family: p.family[:0], starts: append(p.starts[:0], 0), list: p.list[:0],
		}
	}
	added := ids[len(p.family):]
	if len(added) == 0 {
		return changed
	}
	p.names = maps.Clone(p.names)
	for _, id := range added {
		head, categories, known := catalogue.FamilyOf(shop, id)
		if !known {
			p.family = append(p.family, -1)
			continue
		}
		number, have := p.numbers[head]
		if !have {
			number = p.addFamily(head, categories)
		}
		p.family = append(p.family, number)
	}
	return changed
}

func (p *places) addFamily(head string, categories []string) int32 {
	number := int32(len(p.heads))
	p.numbers[head] = number
	p.heads = append(p.heads, head)
	p.list = append(p.list, p.names[wholeShop])
	for _, name := range categories {
		p.list = append(p.list, p.number(name))
	}
	p.starts = append(p.starts, int32(len(p.list)))
	return number
}

// summed adds up the sums of the items of each family, in the order of the items.
func (p *places) summed(sums []float64) []float64 {
	out := make([]float64, len(p.heads))
	for item, sum := range sums {
		if f := p.family[item]; f >= 0 {
			out[f] += sum
		}
	}
	return out
}

// best returns the item that did most for each family, ties by id, where the item that stands for it did not do all.
func (p *places) best(sums []float64, ids []string) map[int32]string {
	best, alone := make([]int32, len(p.heads)), make([]bool, len(p.heads))
	for f := range best {
		best[f], alone[f] = -1, true
	}
	for item, sum := range sums {
		f := p.family[item]
		if f < 0 || sum <= 0 {
			continue
		}
		have := best[f]
		alone[f] = alone[f] && have < 0 && ids[item] == p.heads[f]
		if have < 0 || sum > sums[have] || sum == sums[have] && ids[item] < ids[have] {
			best[f] = int32(item)
		}
	}
	named := map[int32]string{}
	for f, item := range best {
		if item >= 0 && !alone[f] {
			named[int32(f)] = ids[item]
		}
	}
	return named
}

func (p *places) number(name string) int32 {
	number, ok := p.names[name]
	if !ok {
		number = int32(len(p.names))
		p.names[name] = number
	}
	return number
}

// of returns the numbers of the categories of a family.
func (p *places) of(item int) []int32 { return p.list[p.starts[item]:p.starts[item+1]] }

// ranking holds lists that do not change any more.
type ranking struct {
	ids        []string         // heads of families, by their number
	categories map[string]int32 // numbers of categories
	windows    []rankedWindow
}

// rankedWindow holds the lists of a window one after the other: category c has entries[starts[c]:starts[c+1]].
type rankedWindow struct {
	best    map[int32]string // by family: the variant that did most for it, of those that have any
	window  similarityapi.PopularWindow
	starts  []int32
	entries []entry
}

// entry is a family in a list, with the sum of its weights before they fade.
type entry struct {
	sum  float64
	item int32
}

// newRanking makes the lists of a counter. Cost O(items·categories of an item) to sort them into categories and to select the best of
// each, and O(n·log n) to sort these n.
func newRanking(c *counter) *ranking {
	r := &ranking{ids: c.places.heads, categories: c.places.names}
	before := func(a, b entry) bool { return a.sum > b.sum || a.sum == b.sum && r.ids[a.item] < r.ids[b.item] }
	var room []entry
	for w, window := range c.windows {
		var from []int32
		from, room = c.places.sorted(c.places.summed(c.sums[w]), room)
		ranked := rankedWindow{window: window.PopularWindow, best: c.places.best(c.sums[w], c.ids), starts: make([]int32, 1, len(from))}
		size := 0
		for n := range from[1:] {
			size += min(int(from[n+1]-from[n]), listed)
		}
		ranked.entries = make([]entry, 0, size)
		for n := range from[1:] {
			best := room[from[n]:from[n+1]]
			topk.Keep(&best, listed, before)
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

// sorted groups the families of positive sum by category: category c has entries[from[c]:from[c+1]], in the order of the families. The
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

// has reports whether a window is counted.
func (l *lists) has(window similarityapi.PopularWindow) bool {
	return slices.ContainsFunc(l.windows, func(r rankedWindow) bool { return r.window == window })
}

// items returns a whole list as it is now.
func (l *lists) items(window similarityapi.PopularWindow, category string) []similarityapi.Neighbour {
	c, ok := l.categories[category]
	w := slices.IndexFunc(l.windows, func(r rankedWindow) bool { return r.window == window })
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
		items = append(items, similarityapi.Neighbour{ItemID: l.ids[e.item], Score: e.sum * l.fades[w], VariantID: ranked.best[e.item]})
	}
	// Sums that lie next to each other can fade to the same score, and the same scores go by id.
	slices.SortFunc(items, func(a, b similarityapi.Neighbour) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.ItemID, b.ItemID))
	})
	return items
}
