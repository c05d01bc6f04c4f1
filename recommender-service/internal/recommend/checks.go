package recommend

import (
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// check is one reason not to show an item. The checks are tried in order, and the first that drops an item is the answer to "why not".
type check struct {
	name string
	drop func(*catalogue.Item) bool // nil: what is on the list of this bit
	list marks
	// A product with variants is dropped by what drops it itself, where the check is about the product, and by what leaves none of its
	// variants, where the check is about these. An item without variants is both.
	about about
}

// about says what of a product with variants a check looks at.
type about uint8

const (
	variants about = iota
	product
	both
)

// checker holds the checks of one request against one view of the catalogue.
type checker struct {
	view   *catalogue.View
	checks []check
	marked *markTable // one look tells all lists that an item is on
	lists  int        // so many bits are taken
	placed marks
	offers []*catalogue.Item // of the last product with variants that was looked at: those that no check drops
}

// first returns the name of the first check that drops the item; "" when it may be shown.
func (c *checker) first(it *catalogue.Item) string {
	return c.firstBut(it, 0)
}

// firstBut is first without the lists of some bits.
func (c *checker) firstBut(it *catalogue.Item, without marks) string {
	on := c.marked.of(it.Index) &^ without
	if it.Family != nil {
		return c.firstOfFamily(it, on)
	}
	for n := range c.checks {
		if k := &c.checks[n]; k.drops(it, on) {
			return k.name
		}
	}
	return ""
}

// firstOfFamily tries the checks on a product with variants: each leaves out the variants that it drops, and the first that leaves none
// drops the product.
func (c *checker) firstOfFamily(it *catalogue.Item, on marks) string {
	c.offers = append(c.offers[:0], it.Family.Members...)
	for n := range c.checks {
		k := &c.checks[n]
		if (k.drop == nil || k.about != variants) && k.drops(it, on) {
			return k.name
		}
		if k.drop == nil || k.about == product {
			continue
		}
		if c.offers = slices.DeleteFunc(c.offers, k.drop); len(c.offers) == 0 {
			return k.name
		}
	}
	return ""
}

// drops reports whether a check drops an item; on are the lists that it is on.
func (k *check) drops(it *catalogue.Item, on marks) bool {
	if k.drop == nil {
		return k.list&on != 0
	}
	return k.drop(it)
}

// place notes that an item has its place in the answer.
func (c *checker) place(i int32) { c.marked.add(i, c.placed) }

// list adds a check that drops n items and those recommended in their place; index returns the
// k-th, a negative number for one that does not count. marks have a bit for each list; a
// request needs ten at most.
func (c *checker) list(name string, n int, index func(k int) int32) {
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
func (c *checker) add(name string) marks {
	bit := marks(1) << c.lists
	c.lists++
	c.checks = append(c.checks, check{name: name, list: bit})
	return bit
}

// usualChecks is room for the checks of most requests.
const usualChecks = 16

// newChecker lists the checks of a request: lists of items first, which cost one look at the
// table, then conditions, then what an item needs to be sold. What was picked before counts as
// placed. It is good for as long as the view is.
func newChecker(r *run, v *catalogue.View) *checker {
	c := &checker{view: v, checks: make([]check, 0, usualChecks), marked: r.scratch.table()}
	c.addLists(r)
	c.checks = append(c.checks, r.conditions(v)...)
	c.checks = append(c.checks, r.saleable()...)
	if !r.before.Empty() {
		c.checks = append(c.checks, check{
			name: "shown_before", about: product, drop: func(it *catalogue.Item) bool { return r.before.Has(v.ID(it.Index)) },
		})
	}
	c.placed = c.add("placed")
	for n := range r.picks {
		c.place(r.picks[n].index)
	}
	return c
}

// addLists adds the checks for items that the request, the visitor or the page names.
func (c *checker) addLists(r *run) {
	ids := func(name string, list []string) {
		c.list(name, len(list), func(k int) int32 { return c.view.Find(list[k]) })
	}
	history := func(name string, want func(*visitor.HistoryItem) bool) {
		c.list(name, len(r.visitor.History), func(k int) int32 {
			t := &r.visitor.History[k]
			if !want(t) {
				return catalogue.None
			}
			return found(c.view, t.Item, t.ItemID)
		})
	}
	ids("context", r.req.ContextItems)
	ids("cart", r.cart)
	ids("excluded", r.req.ExcludeItems)
	ids("elsewhere", r.taken)
	ids("not_interested", r.visitor.Hidden)
	if r.scenario.Seen == "exclude" {
		history("seen", func(*visitor.HistoryItem) bool { return true })
	}
	bought := func(k int) int32 {
		b := &r.visitor.Purchased[k]
		return found(c.view, b.Item, b.ItemID)
	}
	if !r.scenario.AllowPurchased {
		c.list("purchased", len(r.visitor.Purchased), bought)
	}
	types := slices.Concat(r.scenario.ExcludeEventTypes, r.req.ExcludeEventTypes)
	if len(types) > 0 {
		history("event_types", func(t *visitor.HistoryItem) bool {
			return r.visitor.Did(t, types...)
		})
	}
	if slices.Contains(types, "purchase") { // also what was bought so long ago that the history has lost it
		c.list("event_types", len(r.visitor.Purchased), bought)
	}
}

// found returns the index of a visitor's item: the one that it had when the visitor was read, or the one that it has got since.
func found(v *catalogue.View, index int32, id string) int32 {
	if index >= 0 {
		return index
	}
	return v.Find(id)
}

// conditions lists the filters of the request, the scenario and its rules, and what rules hide.
// All are about variants: a product stays while one of its variants meets them.
func (r *run) conditions(v *catalogue.View) []check {
	var list []check
	keep := func(name string, c *api.Condition) {
		if c != nil {
			match := rules.Compile(c, v, r.audience(), r.now)
			list = append(list, check{name: name, drop: func(it *catalogue.Item) bool { return !match(it) }})
		}
	}
	keep("filter", r.req.Filter)
	keep("scenario_filter", r.scenario.Filter)
	for _, rule := range r.rules {
		if rule.Action != rules.Filter && rule.Action != rules.Hide || !rules.Active(rule.Rule, r.now, r.audience()) {
			continue
		}
		if rule.Action == rules.Filter {
			keep(rule.name, rule.Where)
			continue
		}
		list = append(list, check{name: rule.name, drop: rules.Compile(rules.Where(rule.Rule), v, r.audience(), r.now)})
	}
	return list
}

// saleable lists what an item needs to be sold to the visitor.
func (r *run) saleable() []check {
	list := invariants(r.now.UnixMilli())
	if r.req.Market != nil {
		list = append(list, check{name: "market", about: both, drop: func(it *catalogue.Item) bool { return !it.SoldIn(r.req.Market) }})
	}
	return list
}

// invariants are what no configuration can switch off: an item is active, published, not
// expired and in stock. nowMs is in milliseconds since 1970.
func invariants(nowMs int64) []check {
	return []check{
		{name: "status", about: both, drop: func(it *catalogue.Item) bool { return it.Status != catalogue.Active }},
		{name: "unpublished", about: both, drop: func(it *catalogue.Item) bool { return it.PublishedMs > nowMs }},
		{name: "expired", about: both, drop: func(it *catalogue.Item) bool { return it.ExpiresMs != 0 && it.ExpiresMs <= nowMs }},
		{name: "out_of_stock", about: both, drop: func(it *catalogue.Item) bool { return !it.Sellable }},
	}
}
