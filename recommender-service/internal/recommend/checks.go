package recommend

import (
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/filter"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// newChecks lists the checks of a request: lists of items first, which cost one look at the table, then conditions, then what an item needs
// to be sold. What was picked before counts as placed.
func newChecks(r *run, v *catalogue.View) *filter.Checks {
	c := filter.New(v, r.scratch.table())
	r.addLists(c, v)
	c.Add(r.conditions(v)...)
	c.Add(r.saleable()...)
	if !r.before.Empty() {
		c.Add(filter.Check{
			Name: "shown_before", About: filter.Product, Drop: func(it *catalogue.Item) bool { return r.before.Has(v.ID(it.Index)) },
		})
	}
	c.AddPlaced()
	for n := range r.picks {
		c.Place(r.picks[n].index)
	}
	return c
}

// saleable lists what an item needs to be sold to the visitor.
func (r *run) saleable() []filter.Check { return filter.Saleable(r.now.UnixMilli(), r.req.Market) }

// addLists adds the checks for items that the request, the visitor or the page names.
func (r *run) addLists(c *filter.Checks, v *catalogue.View) {
	ids := func(name string, list []string) {
		c.AddList(name, len(list), func(k int) int32 { return v.Find(list[k]) })
	}
	history := func(name string, want func(*visitor.HistoryItem) bool) {
		c.AddList(name, len(r.visitor.History), func(k int) int32 {
			t := &r.visitor.History[k]
			if !want(t) {
				return catalogue.None
			}
			return v.Index(t.Item, t.ItemID)
		})
	}
	ids("context", r.req.ContextItems)
	ids("cart", r.cart)
	ids("excluded", r.req.ExcludeItems)
	c.AddList("elsewhere", len(r.taken), func(k int) int32 {
		i := v.Find(r.taken[k])
		if r.ofHistory(v, i) {
			return catalogue.None
		}
		return i
	})
	ids("not_interested", r.visitor.Hidden)
	if r.scenario.Seen == "exclude" {
		history("seen", func(*visitor.HistoryItem) bool { return true })
	}
	bought := func(k int) int32 {
		b := &r.visitor.Purchased[k]
		return v.Index(b.Item, b.ItemID)
	}
	if !r.scenario.AllowPurchased {
		c.AddList("purchased", len(r.visitor.Purchased), bought)
	}
	types := slices.Concat(r.scenario.ExcludeEventTypes, r.req.ExcludeEventTypes)
	if len(types) > 0 {
		history("event_types", func(t *visitor.HistoryItem) bool {
			return r.visitor.Did(t, types...)
		})
	}
	if slices.Contains(types, "purchase") { // also what was bought so long ago that the history has lost it
		c.AddList("event_types", len(r.visitor.Purchased), bought)
	}
}

// ofHistory reports whether the placement shows what the visitor looked at and the item is of that: he looks for it there, wherever else
// on the page it stands.
func (r *run) ofHistory(v *catalogue.View, item int32) bool {
	shown := func(s api.Source) bool { return s.Kind == api.SourceRecentlyViewed }
	seen := func(t visitor.HistoryItem) bool { return v.Index(t.Item, t.ItemID) == item }
	return slices.ContainsFunc(r.scenario.Sources, shown) && slices.ContainsFunc(r.visitor.History, seen)
}

// conditions lists the filters of the request, the scenario and its rules, and what rules hide.
// All are about variants: a product stays while one of its variants meets them.
func (r *run) conditions(v *catalogue.View) []filter.Check {
	var list []filter.Check
	keep := func(name string, c *api.Condition) {
		if c != nil {
			match := rules.Compile(c, v, r.audience(), r.now)
			list = append(list, filter.Check{Name: name, Drop: func(it *catalogue.Item) bool { return !match(it) }})
		}
	}
	keep("filter", r.req.Filter)
	keep("scenario_filter", r.scenario.Filter)
	for _, rule := range r.rules {
		if rule.Action != rules.Filter && rule.Action != rules.Hide || !rules.Active(rule.Rule, r.now, r.audience()) {
			continue
		}
		if rule.Action == rules.Filter {
			keep(rule.Name, rule.Where)
			continue
		}
		list = append(list, filter.Check{Name: rule.Name, Drop: rules.Compile(rules.Where(rule.Rule), v, r.audience(), r.now)})
	}
	return list
}
