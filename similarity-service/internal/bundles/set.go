package bundles

import (
	"slices"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Set is what was found in the orders of a shop, by the ids of products, best first.
type Set struct {
	Orders int           `json:"orders"` // that were looked at
	List   []NamedBundle `json:"list"`
}

// NamedBundle is a Bundle by the ids of its items.
type NamedBundle struct {
	Items    []string `json:"items"`
	Supports []int    `json:"supports"`
	Support  int      `json:"support"`
	Lift     float64  `json:"lift"`
}

// Named names the items of bundles.
func Named(list []Bundle, orders int, id func(int32) string) *Set {
	s := &Set{Orders: orders, List: make([]NamedBundle, len(list))}
	for n, b := range list {
		named := NamedBundle{Supports: b.Supports, Support: b.Support, Lift: b.Lift}
		for _, i := range b.Items {
			named.Items = append(named.Items, id(i))
		}
		s.List[n] = named
	}
	return s
}

// Index finds the bundles of an item.
type Index struct {
	set Set
	of  map[string][]int32 // by item, places in the list
}

// NewIndex returns an index of a set, which it keeps.
func NewIndex(s Set) *Index {
	x := &Index{set: s, of: map[string][]int32{}}
	for n := range s.List {
		for _, item := range s.List[n].Items {
			x.of[item] = append(x.of[item], int32(n))
		}
	}
	return x
}

// Orders returns how many orders were looked at.
func (x *Index) Orders() int { return x.set.Orders }

// With returns up to limit bundles that hold one of the items, those of the first item first; the best of all when there are no items.
func (x *Index) With(items []string, limit int) []similarityapi.Bundle {
	list := []similarityapi.Bundle{}
	if len(items) == 0 {
		for n := range x.set.List[:min(limit, len(x.set.List))] {
			list = append(list, x.set.List[n].about(""))
		}
		return list
	}
	taken := map[int32]bool{}
	for _, item := range items {
		for _, n := range x.of[item] {
			if len(list) == limit {
				return list
			}
			if !taken[n] {
				taken[n] = true
				list = append(list, x.set.List[n].about(item))
			}
		}
	}
	return list
}

// about returns the bundle as one about an item; "" for the item whose orders hold the whole bundle most often.
func (b *NamedBundle) about(item string) similarityapi.Bundle {
	of := slices.Min(b.Supports)
	if n := slices.Index(b.Items, item); n >= 0 {
		of = b.Supports[n]
	}
	return similarityapi.Bundle{ItemIDs: b.Items, Support: b.Support, Confidence: float64(b.Support) / float64(of), Lift: b.Lift}
}
