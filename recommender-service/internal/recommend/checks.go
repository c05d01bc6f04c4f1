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
}

// checker holds the checks of one request against one view of the catalogue.
type checker struct {
	view   *catalogue.View
	checks []check
	marked *markTable // one look tells all lists that an item is on
	lists  int        // so many bits are taken
	placed marks
}

// first returns the name of the first check that drops the item; "" when it may be shown.
func (c *checker) first(it *catalogue.Item) string {
	on := c.marked.of(it.Index)
	for n := range c.checks {
		if k := &c.checks[n]; k.drops(it, on) {
			return k.name
		}
	}
	return ""
}

func (k *check) drops(it *catalogue.Item, on marks) bool {
	if k.drop == nil {
		return k.list&on != 0
	}
	return k.drop(it)
}

// place notes that an item has its place in the answer.
func (c *checker) place(i int32) { c.marked.add(i, c.placed) }

// list adds a check that drops n items and those recommended in their place; index returns the k-th, a negative number for one that does not count.
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

// add adds a check for a new list.
func (c *checker) add(name string) marks {
	bit := marks(1) << c.lists
	c.lists++
	c.checks = append(c.checks, check{name: name, list: bit})
	return bit
}

// usualChecks is room for the checks of most requests.
const usualChecks = 16

// newChecker lists the checks of a request. What was picked before counts as placed.
func newChecker(r *run, v *catalogue.View) *checker {
	c := &checker{view: v, checks: make([]check, 0, usualChecks), marked: r.scratch.table()}
	c.addLists(r)
	c.checks = append(c.checks, r.conditions(v)...)
	c.checks = append(c.checks, invariants(r.now.UnixMilli(), v)...)
	if r.req.Market != nil {
		c.checks = append(c.checks, check{name: "market", drop: func(it *catalogue.Item) bool { return !it.SoldIn(r.req.Market) }})
	}
	if len(r.before.items) > 0 {
		c.checks = append(c.checks, check{name: "shown_before", drop: func(it *catalogue.Item) bool { return r.before.has(it.ID) }})
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
	history := func(name string, want func(*visitor.Touched) bool) {
		c.list(name, len(r.visitor.History), func(k int) int32 {
			t := &r.visitor.History[k]
			switch {
			case !want(t):
				return catalogue.None
			case t.Item >= 0:
				return t.Item
			}
			return c.view.Find(t.ItemID)
		})
	}
	ids("context", r.req.ContextItems)
	ids("cart", r.cart)
	ids("excluded", r.req.ExcludeItems)
	ids("elsewhere", r.taken)
	if r.scenario.Seen == "exclude" {
		history("seen", func(t *visitor.Touched) bool { return t.Weight != 0 })
	}
	if !r.scenario.AllowPurchased {
		c.list("purchased", len(r.visitor.Purchased), func(k int) int32 { return c.view.Find(r.visitor.Purchased[k].ItemID) })
	}
	if types := slices.Concat(r.scenario.ExcludeEventTypes, r.req.ExcludeEventTypes); len(types) > 0 {
		history("event_types", func(t *visitor.Touched) bool {
			return slices.ContainsFunc(t.Types, func(have string) bool { return slices.Contains(types, have) })
		})
	}
	ids("not_interested", r.visitor.Hidden)
}

// conditions lists the filters of the request, the scenario and its rules, and what rules hide.
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
	for n := range r.scenario.Rules {
		rule := &r.scenario.Rules[n]
		if rule.Action != rules.Filter && rule.Action != rules.Hide || !rules.Active(rule, r.now, r.audience()) {
			continue
		}
		if rule.Action == rules.Filter {
			keep("rule:"+rule.RuleID, rule.Where)
			continue
		}
		list = append(list, check{name: "rule:" + rule.RuleID, drop: rules.Compile(rule.Where, v, r.audience(), r.now)})
	}
	return list
}

// invariants are what no configuration can switch off.
func invariants(nowMs int64, v *catalogue.View) []check {
	return []check{
		{name: "status", drop: func(it *catalogue.Item) bool { return it.Status != catalogue.Active }},
		{name: "unpublished", drop: func(it *catalogue.Item) bool { return it.PublishedMs > nowMs }},
		{name: "expired", drop: func(it *catalogue.Item) bool { return it.ExpiresMs != 0 && it.ExpiresMs <= nowMs }},
		{name: "out_of_stock", drop: func(it *catalogue.Item) bool { return !familySellable(v, it) }},
	}
}

// familySellable reports whether the item itself or, when it has variants, one of them can be bought.
func familySellable(v *catalogue.View, it *catalogue.Item) bool {
	if !it.Sellable {
		return false
	}
	variants := v.Variants(it.Index)
	if len(variants) == 0 {
		return true
	}
	return slices.ContainsFunc(variants, func(i int32) bool {
		variant := v.Item(i)
		return variant != nil && variant.Sellable && variant.Status == catalogue.Active
	})
}
