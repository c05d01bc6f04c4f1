package catalogue

import "slices"

// aliases are further names of items: SKU, handle, GTIN, the platform's number. Of several items with the same one, the one with the
// smallest id has it.
type aliases struct {
	owners map[string]int32
	shared map[string][]int32 // all items with the alias, where there are several
	ids    *[]string          // of indices
}

// owner returns the item that an alias finds; None when it is nobody's.
func (a *aliases) owner(name string) int32 {
	if i, ok := a.owners[name]; ok {
		return i
	}
	return None
}

// add gives an item a name; that it has it already changes nothing. The caller holds the write
// lock, as for remove.
func (a *aliases) add(name string, i int32) {
	have, taken := a.owners[name]
	switch {
	case !taken:
		a.owners[name] = i
	case have != i:
		if len(a.shared[name]) == 0 {
			a.shared[name] = []int32{have}
		}
		a.shared[name] = append(a.shared[name], i)
		a.owners[name] = a.first(a.shared[name])
	}
}

// remove takes a name from an item; of those that are left the first has it.
func (a *aliases) remove(name string, i int32) {
	list := slices.DeleteFunc(a.shared[name], func(o int32) bool { return o == i })
	switch {
	case len(list) > 0:
		a.owners[name] = a.first(list)
		if a.shared[name] = list; len(list) == 1 {
			delete(a.shared, name)
		}
	case a.owner(name) == i:
		delete(a.owners, name)
	}
}

// first is the index with the smallest id: it does not depend on the order in which the feed
// named the items.
func (a *aliases) first(list []int32) int32 {
	first := list[0]
	for _, i := range list[1:] {
		if (*a.ids)[i] < (*a.ids)[first] {
			first = i
		}
	}
	return first
}

// aliasesOf lists the further names of an item, each once. Its GTIN is one of them.
func aliasesOf(it *Item) []string {
	if it == nil {
		return nil
	}
	more := it.Source.rare
	if len(more.aliases) == 0 && more.gtin == "" {
		return nil
	}
	list := make([]string, 0, len(more.aliases)+1)
	for _, name := range more.aliases {
		if name != "" && name != it.ID && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	if more.gtin != "" && more.gtin != it.ID && !slices.Contains(list, more.gtin) {
		list = append(list, more.gtin)
	}
	return list
}
