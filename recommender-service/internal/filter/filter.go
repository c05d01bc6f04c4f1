// Package filter says which items may be shown: it tries checks on them in order, each of which has a name, so that it can also say why one
// may not. It knows what every item needs to be sold, and nothing of requests and rules. The main type is Checks.
package filter

import (
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// Check is one reason not to show an item.
type Check struct {
	Name string
	Drop func(*catalogue.Item) bool
	list marks // without Drop: what is on the list of this bit
	// A product with variants is dropped by what drops it itself, where the check is about the product, and by what leaves none of its
	// variants, where the check is about these. An item without variants is both.
	About About
}

// About says what of a product with variants a check looks at.
type About uint8

// What a check is about; the zero value is what most are about.
const (
	Variants About = iota
	Product
	Both
)

// Checks are those of one request against one view of the catalogue, for as long as that is good. They are tried in order, and the first
// that drops an item is the answer to "why not". They are not safe for concurrent use.
type Checks struct {
	view   *catalogue.View
	checks []Check
	marked *Table // one look tells all lists that an item is on; nil without lists
	lists  int    // so many bits are taken
	placed marks
	offers []*catalogue.Item
}

// usual is room for the checks of most requests.
const usual = 16

// New returns no checks yet. marked is an empty table for as long as they are in use.
func New(v *catalogue.View, marked *Table) *Checks {
	return &Checks{view: v, checks: make([]Check, 0, usual), marked: marked}
}

// Of returns checks without lists.
func Of(v *catalogue.View, list []Check) *Checks { return &Checks{view: v, checks: list} }

// First returns the name of the first check that drops the item; "" when it may be shown.
func (c *Checks) First(it *catalogue.Item) string {
	return c.firstBut(it, 0)
}

// FirstButPlaced is First of an item that may have its place in the answer.
func (c *Checks) FirstButPlaced(it *catalogue.Item) string { return c.firstBut(it, c.placed) }

// firstBut is First without the lists of some bits.
func (c *Checks) firstBut(it *catalogue.Item, without marks) string {
	on := c.marked.of(it.Index) &^ without
	if it.Family != nil {
		return c.firstOfFamily(it, on)
	}
	for n := range c.checks {
		if k := &c.checks[n]; k.drops(it, on) {
			return k.Name
		}
	}
	return ""
}

// firstOfFamily tries the checks on a product with variants: each leaves out the variants that it drops, and the first that leaves none
// drops the product.
func (c *Checks) firstOfFamily(it *catalogue.Item, on marks) string {
	c.offers = append(c.offers[:0], it.Family.Members...)
	for n := range c.checks {
		k := &c.checks[n]
		if (k.Drop == nil || k.About != Variants) && k.drops(it, on) {
			return k.Name
		}
		if k.Drop == nil || k.About == Product {
			continue
		}
		if c.offers = slices.DeleteFunc(c.offers, k.Drop); len(c.offers) == 0 {
			return k.Name
		}
	}
	return ""
}

// Offers returns the variants that no check drops of the product that was looked at last, until another one is. It must have variants.
func (c *Checks) Offers() []*catalogue.Item { return c.offers }

// drops reports whether a check drops an item; on are the lists that it is on.
func (k *Check) drops(it *catalogue.Item, on marks) bool {
	if k.Drop == nil {
		return k.list&on != 0
	}
	return k.Drop(it)
}

// Place notes that an item has its place in the answer.
func (c *Checks) Place(i int32) { c.marked.add(i, c.placed) }

// Add adds checks at the end.
func (c *Checks) Add(list ...Check) { c.checks = append(c.checks, list...) }

// AddPlaced adds the check that drops what has its place in the answer.
func (c *Checks) AddPlaced() { c.placed = c.add("placed") }

// AddList adds a check that drops n items and those recommended in their place; index returns the k-th, a negative number for one that does
// not count. marks have a bit for each list; a request needs ten at most.
func (c *Checks) AddList(name string, n int, index func(k int) int32) {
	if n == 0 {
		return
	}
	bit := c.add(name)
	for k := range n {
		if i := index(k); i >= 0 {
			c.marked.add(i, bit)
			c.marked.add(c.view.Head(i), bit)
		}
	}
}

// add adds a check for a new list and returns its bit.
func (c *Checks) add(name string) marks {
	bit := marks(1) << c.lists
	c.lists++
	c.checks = append(c.checks, Check{Name: name, list: bit})
	return bit
}

// All names every check that drops the item by itself; of a product with variants, else the one that leaves none of them after those before
// it.
func (c *Checks) All(it *catalogue.Item) []string {
	var names []string
	on := c.marked.of(it.Index) &^ c.placed
	for n := range c.checks {
		one := Checks{view: c.view, checks: c.checks[n : n+1], marked: c.marked}
		if k := &c.checks[n]; it.Family == nil && k.drops(it, on) || it.Family != nil && one.firstOfFamily(it, on) != "" {
			names = append(names, k.Name)
		}
	}
	if last := c.firstBut(it, c.placed); len(names) == 0 && last != "" {
		names = append(names, last)
	}
	return names
}

// Saleable lists what an item needs to be sold to somebody in a market, which may be nil: after the invariants, that it is sold there.
func Saleable(nowMs int64, market *api.Market) []Check {
	list := Invariants(nowMs)
	if market != nil {
		list = append(list, Check{Name: "market", About: Both, Drop: func(it *catalogue.Item) bool { return !it.SoldIn(market) }})
	}
	return list
}

// Invariants are what no configuration can switch off: an item is active, published, not
// expired and in stock. nowMs is in milliseconds since 1970.
func Invariants(nowMs int64) []Check {
	return []Check{
		{Name: "status", About: Both, Drop: func(it *catalogue.Item) bool { return it.Status != catalogue.Active }},
		{Name: "unpublished", About: Both, Drop: func(it *catalogue.Item) bool { return it.PublishedMs > nowMs }},
		{Name: "expired", About: Both, Drop: func(it *catalogue.Item) bool { return it.ExpiresMs != 0 && it.ExpiresMs <= nowMs }},
		{Name: "out_of_stock", About: Both, Drop: func(it *catalogue.Item) bool { return !it.Sellable }},
	}
}
