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
	drop func(*catalogue.Item) bool
}

// checker holds the checks of one request against one view of the catalogue.
type checker struct {
	checks []check
	placed func(*catalogue.Item)
}

// first returns the name of the first check that drops the item; "" when it may be shown.
func (c *checker) first(it *catalogue.Item) string {
	for n := range c.checks {
		if c.checks[n].drop(it) {
			return c.checks[n].name
		}
	}
	return ""
}

// set is a small set of items by index.
type set map[int32]struct{}

func (s set) has(it *catalogue.Item) bool { _, ok := s[it.Index]; return ok }

// add puts the item of an id and the one recommended in its place into the set.
func (s set) add(v *catalogue.View, id string) {
	i := v.Find(id)
	if i < 0 {
		return
	}
	s[i] = struct{}{}
	s[v.Head(i)] = struct{}{}
}

// usualChecks is room for the checks of most requests.
const usualChecks = 16

// newChecker lists the checks of a request. What was picked before counts as placed.
func newChecker(r *run, v *catalogue.View) *checker {
	c := &checker{checks: make([]check, 0, usualChecks)}
	listed := func(name string, add func(set)) {
		s := r.scratch.set()
		if add(s); len(s) > 0 {
			c.checks = append(c.checks, check{name, s.has})
		}
	}
	list := func(name string, ids []string) {
		if len(ids) > 0 {
			listed(name, func(s set) {
				for _, id := range ids {
					s.add(v, id)
				}
			})
		}
	}
	touched := func(name string, want func(*visitor.Touched) bool) {
		listed(name, func(s set) {
			for n := range r.visitor.History {
				if t := &r.visitor.History[n]; want(t) {
					s.add(v, t.ItemID)
				}
			}
		})
	}
	list("context", r.req.ContextItems)
	list("cart", r.cart)
	list("excluded", r.req.ExcludeItems)
	list("elsewhere", r.taken)
	if r.scenario.Seen == "exclude" {
		touched("seen", func(t *visitor.Touched) bool { return t.Weight != 0 })
	}
	if !r.scenario.AllowPurchased {
		listed("purchased", func(s set) {
			for n := range r.visitor.Purchased {
				s.add(v, r.visitor.Purchased[n].ItemID)
			}
		})
	}
	if types := slices.Concat(r.scenario.ExcludeEventTypes, r.req.ExcludeEventTypes); len(types) > 0 {
		touched("event_types", func(t *visitor.Touched) bool {
			return slices.ContainsFunc(t.Types, func(have string) bool { return slices.Contains(types, have) })
		})
	}
	list("not_interested", r.visitor.Hidden)
	c.checks = append(c.checks, r.conditions(v)...)
	c.checks = append(c.checks, invariants(r.now.UnixMilli(), v)...)
	if r.req.Market != nil {
		c.checks = append(c.checks, check{"market", func(it *catalogue.Item) bool { return !it.SoldIn(r.req.Market) }})
	}
	if len(r.before.items) > 0 {
		c.checks = append(c.checks, check{"shown_before", func(it *catalogue.Item) bool { return r.before.has(it.ID) }})
	}
	taken := r.scratch.set()
	for n := range r.picks {
		taken[r.picks[n].index] = struct{}{}
	}
	c.checks = append(c.checks, check{"placed", taken.has})
	c.placed = func(it *catalogue.Item) { taken[it.Index] = struct{}{} }
	return c
}

// conditions lists the filters of the request, the scenario and its rules, and what rules hide.
func (r *run) conditions(v *catalogue.View) []check {
	var list []check
	keep := func(name string, c *api.Condition) {
		if c != nil {
			match := rules.Compile(c, v, r.audience(), r.now)
			list = append(list, check{name, func(it *catalogue.Item) bool { return !match(it) }})
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
		list = append(list, check{"rule:" + rule.RuleID, rules.Compile(rule.Where, v, r.audience(), r.now)})
	}
	return list
}

// invariants are what no configuration can switch off.
func invariants(nowMs int64, v *catalogue.View) []check {
	return []check{
		{"status", func(it *catalogue.Item) bool { return it.Status != catalogue.Active }},
		{"unpublished", func(it *catalogue.Item) bool { return it.PublishedMs > nowMs }},
		{"expired", func(it *catalogue.Item) bool { return it.ExpiresMs != 0 && it.ExpiresMs <= nowMs }},
		{"out_of_stock", func(it *catalogue.Item) bool { return !familySellable(v, it) }},
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
