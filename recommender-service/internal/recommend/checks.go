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
	if it := v.Item(i); it != nil {
		s[it.Head] = struct{}{}
	}
}

func newSet(v *catalogue.View, ids []string) set {
	s := make(set, len(ids))
	for _, id := range ids {
		s.add(v, id)
	}
	return s
}

// newChecker lists the checks of a request. What was picked before counts as placed.
func newChecker(r *run, v *catalogue.View) *checker {
	c := &checker{}
	list := func(name string, ids []string) {
		if s := newSet(v, ids); len(s) > 0 {
			c.checks = append(c.checks, check{name, s.has})
		}
	}
	list("context", r.req.ContextItems)
	list("cart", r.cart)
	list("excluded", r.req.ExcludeItems)
	list("elsewhere", r.taken)
	if r.scenario.Seen == "exclude" {
		list("seen", touchedIDs(r.visitor.History, func(t *visitor.Touched) bool { return t.Weight != 0 }))
	}
	if !r.scenario.AllowPurchased {
		ids := make([]string, len(r.visitor.Purchased))
		for n := range r.visitor.Purchased {
			ids[n] = r.visitor.Purchased[n].ItemID
		}
		list("purchased", ids)
	}
	if types := slices.Concat(r.scenario.ExcludeEventTypes, r.req.ExcludeEventTypes); len(types) > 0 {
		list("event_types", touchedIDs(r.visitor.History, func(t *visitor.Touched) bool {
			return slices.ContainsFunc(t.Types, func(have string) bool { return slices.Contains(types, have) })
		}))
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
	taken := make(set, len(r.picks))
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

func touchedIDs(list []visitor.Touched, want func(*visitor.Touched) bool) []string {
	var ids []string
	for n := range list {
		if want(&list[n]) {
			ids = append(ids, list[n].ItemID)
		}
	}
	return ids
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
