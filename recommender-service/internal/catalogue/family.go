package catalogue

import (
	"cmp"
	"slices"
)

// Family is a product with its variants as they were at one moment. It is immutable.
type Family struct {
	Row     *Item   // the product's own row; nil when the catalogue has none
	Members []*Item // the variants by item id, at least one
	// Best stands for the family when nothing is known of who asks: the first that can be bought, else the first that is shown, else the
	// first.
	Best *Item
}

// Offered reports whether the item itself can be bought now.
func (it *Item) Offered() bool { return it.Status == Active && it.Sellable }

func (it *Item) shown() bool { return it.Status == Active }

// row returns an item as the feed has it; nil for a family without a row of its own.
func row(it *Item) *Item {
	if it != nil && it.Family != nil {
		return it.Family.Row
	}
	return it
}

// familyOf joins a product with its variants, at least one: it is shown when the product is and
// one of them is, can be bought when one of them can, and costs what the cheapest of these
// does. What the product does not say its best variant says. own is nil for a product without a
// row; members are sorted in place, and none of the given items is changed.
func familyOf(head int32, own *Item, members []*Item) *Item {
	slices.SortFunc(members, func(a, b *Item) int { return cmp.Compare(a.ID, b.ID) })
	f := &Family{Row: own, Members: members, Best: members[0]}
	for _, fits := range []func(*Item) bool{(*Item).Offered, (*Item).shown} {
		if n := slices.IndexFunc(members, fits); n >= 0 {
			f.Best = members[n]
			break
		}
	}
	base := own
	if base == nil {
		base = f.Best
	}
	it := *base
	it.Index, it.Head, it.Parent, it.Family = head, head, head, f
	if it.Category < 0 {
		it.Category, it.Levels, it.Paths = f.Best.Category, f.Best.Levels, f.Best.Paths
	}
	if it.Brand < 0 {
		it.Brand = f.Best.Brand
	}
	if own == nil {
		it.PublishedMs, it.ExpiresMs = f.published(), 0
	}
	if it.Status == Active && !slices.ContainsFunc(members, (*Item).shown) {
		it.Status = members[0].Status
	}
	it.Sellable = slices.ContainsFunc(members, (*Item).Offered)
	f.price(&it)
	return &it
}

// published returns when the first of the variants was published.
func (f *Family) published() int64 {
	first := f.Members[0].PublishedMs
	for _, m := range f.Members {
		first = min(first, m.PublishedMs)
	}
	return first
}

// price gives the family the price of its cheapest variant that can be bought, else of the cheapest that is shown, else its own.
func (f *Family) price(it *Item) {
	var cheapest *Item
	for _, m := range f.Members {
		if !m.Priced || m.Status != Active || it.Sellable && !m.Sellable {
			continue
		}
		if cheapest == nil || m.Price < cheapest.Price {
			cheapest = m
		}
	}
	if cheapest != nil {
		it.Price, it.Priced, it.Margin = cheapest.Price, true, cheapest.Margin
	}
}

// resolveHead finds the head of an index, and notes whose families are to be joined anew.
func (s *Shop) resolveHead(k int32) {
	head := s.headOf(k)
	it := s.items[k]
	own := row(it)
	if head == s.heads[k] && (own == nil || own.Head == head) {
		return
	}
	s.markChanged(s.heads[k], head)
	s.setHead(k, head)
	if own == nil || own.Head == head {
		return
	}
	s.leave(own)
	moved := *own
	moved.Head = head
	s.remember(k, it)
	s.items[k] = &moved
	s.join(&moved)
}

// headOf returns the item that is recommended in place of an index: of a variant its product, which may be named by an alias; of an alias
// the item that has it.
func (s *Shop) headOf(k int32) int32 {
	own := row(s.items[k])
	if own == nil {
		if owner := s.aliases.owner(s.ids[k]); owner >= 0 {
			return s.heads[owner]
		}
		return k
	}
	parent := own.Parent
	if parent != k && row(s.items[parent]) == nil {
		if owner := s.aliases.owner(s.ids[parent]); owner >= 0 && owner != k {
			return s.heads[owner]
		}
	}
	return parent
}

// setHead notes the item that is recommended in place of another, and counts: reheaded is 0 in
// a shop without variants, whose views then have no heads to look up.
func (s *Shop) setHead(k, head int32) {
	was := s.heads[k]
	if was == head {
		return
	}
	s.families++
	s.heads[k] = head
	if was == k {
		s.reheaded++
	} else if head == k {
		s.reheaded--
	}
}

// join and leave keep the lists of variants.
func (s *Shop) join(it *Item) {
	if it.Head != it.Index {
		s.variants[it.Head] = insertSorted(s.variants[it.Head], it.Index)
	}
	s.markChanged(it.Head)
}

func (s *Shop) leave(it *Item) {
	s.markChanged(it.Head)
	if it.Head != it.Index {
		removeSorted(s.variants, it.Head, it.Index)
	}
}

// resolveHeads resolves an index and what depends on it: the variants that name it, and what is named by its aliases.
func (s *Shop) resolveHeads(k int32, names ...[]string) {
	s.resolveHead(k)
	for _, child := range s.children[k] {
		s.resolveHead(child)
	}
	for _, list := range names {
		for _, name := range list {
			alias, ok := s.index[name]
			if !ok || alias == k || row(s.items[alias]) != nil {
				continue
			}
			s.resolveHead(alias)
			for _, child := range s.children[alias] {
				s.resolveHead(child)
			}
		}
	}
}

// markChanged notes that families are to be joined anew.
func (s *Shop) markChanged(heads ...int32) {
	for _, h := range heads {
		if !slices.Contains(s.changedFamilies, h) {
			s.changedFamilies = append(s.changedFamilies, h)
		}
	}
}

// derive joins the families that have changed.
func (s *Shop) derive() {
	for _, head := range s.changedFamilies {
		was := s.items[head]
		want := row(was)
		if variants := s.variants[head]; len(variants) > 0 && (want == nil || want.Head == head) {
			members := make([]*Item, len(variants))
			for n, i := range variants {
				members[n] = row(s.items[i])
			}
			want = familyOf(head, want, members)
		}
		if want == was {
			continue
		}
		s.remember(head, was)
		s.items[head] = want
		if was == nil || want == nil || was.PublishedMs != want.PublishedMs || was.Status != want.Status {
			s.arrivals++
		}
	}
	s.changedFamilies = s.changedFamilies[:0]
}

// insertSorted returns the list with a value, in order. It never changes the given one, which a
// reader may hold.
func insertSorted(list []int32, v int32) []int32 {
	at, ok := slices.BinarySearch(list, v)
	if ok {
		return list
	}
	return slices.Insert(slices.Clone(list), at, v)
}

// removeSorted takes a value out of one of many lists, and an empty list out of them.
func removeSorted(lists map[int32][]int32, key, v int32) {
	list := lists[key]
	at, ok := slices.BinarySearch(list, v)
	if !ok {
		return
	}
	if len(list) == 1 {
		delete(lists, key)
		return
	}
	lists[key] = slices.Delete(slices.Clone(list), at, at+1)
}
