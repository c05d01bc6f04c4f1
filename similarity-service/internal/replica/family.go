package replica

import (
	"slices"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// families joins items: a product and its variants are one family, named by the id that the variants give as parent_id, whether an item of
// that id exists or not; every other item is a family of its own. Only what has variants or aliases takes memory.
type families struct {
	parents  map[string]string   // variant → family
	variants map[string][]string // family → its variants, sorted
	named    map[string][]string // item → its aliases
	aliases  map[string][]string // alias → the items that have it, sorted
}

// put notes the parent and the aliases of an item and reports whether they were others before.
func (f *families) put(id, parent string, aliases []string) (changed bool) {
	if parent == id {
		parent = ""
	}
	if f.parents[id] == parent && slices.Equal(f.named[id], aliases) {
		return false
	}
	f.remove(id)
	if parent != "" {
		f.parents = set(f.parents, id, parent)
		f.variants = set(f.variants, parent, with(f.variants[parent], id))
	}
	if len(aliases) > 0 {
		f.named = set(f.named, id, slices.Clone(aliases))
		for _, alias := range aliases {
			f.aliases = set(f.aliases, alias, with(f.aliases[alias], id))
		}
	}
	return true
}

// remove forgets an item.
func (f *families) remove(id string) {
	if parent, ok := f.parents[id]; ok {
		delete(f.parents, id)
		without(f.variants, parent, id)
	}
	for _, alias := range f.named[id] {
		without(f.aliases, alias, id)
	}
	delete(f.named, id)
}

// of returns the family that an item names.
func (f *families) of(id string) string {
	if parent, ok := f.parents[id]; ok {
		return parent
	}
	return id
}

func set[V any](m map[string]V, key string, value V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[key] = value
	return m
}

// with returns a sorted list with an id in it.
func with(list []string, id string) []string {
	at, found := slices.BinarySearch(list, id)
	if found {
		return list
	}
	return slices.Insert(slices.Clone(list), at, id)
}

// without takes an id out of the list under a key, and the key out when nothing is left.
func without(m map[string][]string, key, id string) {
	list := slices.DeleteFunc(slices.Clone(m[key]), func(o string) bool { return o == id })
	if len(list) == 0 {
		delete(m, key)
		return
	}
	m[key] = list
}

// item returns the item that an id or an alias names; an id of an item wins over an alias, of several items with an alias the first.
func (r *replica) item(id string) (string, bool) {
	if _, ok := r.items[id]; ok {
		return id, true
	}
	if list := r.families.aliases[id]; len(list) > 0 {
		return list[0], true
	}
	return "", false
}

// family returns the family that an id, an alias or the name of a family stands for.
func (r *replica) family(id string) (string, bool) {
	item, ok := r.item(id)
	if !ok {
		_, ok = r.families.variants[id]
		return id, ok
	}
	family := r.families.of(item)
	if _, exists := r.items[family]; !exists {
		if owners := r.families.aliases[family]; len(owners) > 0 { // the parent is named by its SKU or handle
			family = r.families.of(owners[0])
		}
	}
	return family, true
}

// variants returns the variants of a family, also those that name their product by one of its aliases.
func (r *replica) variants(family string) []string {
	list := r.families.variants[family]
	for _, alias := range r.families.named[family] {
		if r.variantsJoin(alias, family) {
			list = slices.Concat(list, r.families.variants[alias])
		}
	}
	return list
}

// product reports whether a family has a product of its name: an item that is not itself a variant of another.
func (r *replica) product(family string) bool {
	_, exists := r.items[family]
	_, variant := r.families.parents[family]
	return exists && !variant
}

// variantsJoin reports whether the variants that name an alias as their parent belong to an item.
func (r *replica) variantsJoin(alias, id string) bool {
	_, exists := r.items[alias]
	return !exists && r.families.aliases[alias][0] == id
}

// head returns the item that stands for a family: the product, else the first of its variants.
func (r *replica) head(family string) string {
	if r.product(family) {
		return family
	}
	if list := r.variants(family); len(list) > 0 {
		return list[0]
	}
	return family
}

// offered reports whether anything of a family can be bought: its product is shown, if it has a row, and one of its variants is shown and
// in stock.
func (r *replica) offered(family string) bool {
	variants := r.variants(family)
	product := r.product(family)
	if len(variants) == 0 {
		return product && !r.hidden[family] && !r.soldOut[family]
	}
	return !(product && r.hidden[family]) && slices.ContainsFunc(variants, func(id string) bool { return !r.hidden[id] && !r.soldOut[id] })
}

// Family returns the name of the family that an item, also one named by an alias, belongs to, and whether the catalogue knows it.
func (c *Catalogue) Family(shop, itemID string) (family string, known bool) {
	r := c.replica(shop)
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.family(itemID)
}

// Whole reports whether the catalogue of a shop has been read once, so that what is not in it is not in the shop's.
func (c *Catalogue) Whole(shop string) bool {
	select {
	case <-c.replica(shop).synced:
		return true
	default:
		return false
	}
}

// Name names families in a list by the items that stand for them, and what did most for them by the variant that it is.
func (c *Catalogue) Name(shop string, list []similarityapi.Neighbour) {
	r := c.replica(shop)
	r.mu.RLock()
	defer r.mu.RUnlock()
	for n := range list {
		if list[n].VariantID != "" {
			list[n].VariantID = r.variant(list[n].VariantID)
		}
		if len(r.families.variants) > 0 {
			list[n].ItemID = r.head(list[n].ItemID)
		}
	}
}

// Heads returns the items that stand for families.
func (c *Catalogue) Heads(shop string, families []string) []string {
	r := c.replica(shop)
	r.mu.RLock()
	defer r.mu.RUnlock()
	heads := make([]string, len(families))
	for n, family := range families {
		heads[n] = r.head(family)
	}
	return heads
}

// variant returns the variant that an id or an alias names; "" for what is none.
func (r *replica) variant(id string) string {
	item, _ := r.item(id)
	if _, ok := r.families.parents[item]; !ok {
		return ""
	}
	return item
}

// Offer says of each item or family in a list whether anything of it can be bought now.
func (c *Catalogue) Offer(shop string, list []similarityapi.Neighbour) {
	r := c.replica(shop)
	r.mu.RLock()
	defer r.mu.RUnlock()
	for n := range list {
		family, _ := r.family(list[n].ItemID)
		available := r.offered(family)
		list[n].Available = &available
	}
}

// FamilyOf returns the item that stands for an item's family, the family's category names, narrowest first, and whether the catalogue knows
// it. The names must not be changed.
func (c *Catalogue) FamilyOf(shop, itemID string) (head string, categories []string, known bool) {
	r := c.replica(shop)
	r.mu.RLock()
	defer r.mu.RUnlock()
	family, known := r.family(itemID)
	if !known {
		return "", nil, false
	}
	head = r.head(family)
	return head, r.paths.paths[r.items[head]].names, true
}
