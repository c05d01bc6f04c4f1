package recommend

import (
	"github.com/aisle-rec/aisle/recommender-service/internal/affinity"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/factor"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
)

// factors lists what changes base scores, in the order in which it is applied: the objective, the price bands that the visitor
// prefers, rules in their order, rotation.
func (r *run) factors(v *catalogue.View) factor.List {
	var list factor.List
	if f, ok := r.objective(v); ok {
		list = append(list, f)
	}
	if r.scenario.PriceBand > 0 {
		if r.bands == nil {
			r.bands = affinity.Bands(v, r.visitor.History)
		}
		if len(r.bands) > 0 {
			list = append(list, factor.PriceBand(r.scenario.PriceBand, r.bands))
		}
	}
	for _, rule := range r.rules {
		if rule.Action != rules.Boost && rule.Action != rules.Bury || !rules.Active(rule.Rule, r.now, r.audience()) {
			continue
		}
		var match func(*catalogue.Item) bool
		if where := rules.Where(rule.Rule); where != nil {
			match = rules.Compile(where, v, r.audience(), r.now)
		}
		list = append(list, factor.Rule(rule.Name, rule.Factor, match))
	}
	if strength := r.rotationStrength(); strength > 0 && len(r.shown) > 0 {
		if f, ok := factor.Rotation(v, r.shown, strength, r.now); ok {
			list = append(list, f)
		}
	}
	return list
}

// rotationStrength is between 0 and 1; a request may set it, also to 0.
func (r *run) rotationStrength() float64 {
	if r.req.Rotation != nil {
		return *r.req.Rotation
	}
	return r.scenario.Rotation
}

// pin puts pinned items into their places, unless they may not be sold or the visitor does not want them.
func (r *run) pin() {
	for _, rule := range r.rules {
		if rule.Action == rules.Pin && rules.Active(rule.Rule, r.now, r.audience()) && rule.Position <= r.limit() {
			r.pinItem(rule)
		}
	}
}

// pinItem puts one pinned item into its place, and what was there and behind it one place down; what falls off the end is gone. An item
// that the list has already is moved and keeps its score and contributions. A variant stands for its product, which is sold as that
// variant. Each pin looks at the list as the pins before left it: of two pins to one place the later rule has it.
func (r *run) pinItem(rule rules.Named) {
	r.read(func(v *catalogue.View) {
		i := v.Find(rule.ItemID)
		if i < 0 || v.Item(i) == nil {
			return
		}
		variant := int32(0)
		if head := v.Head(i); head != i && v.Item(head) != nil {
			i, variant = head, i+1
		}
		if newChecks(r, v).FirstButPlaced(v.Item(i)) != "" {
			return
		}
		pinned := pick{index: i, tier: "pinned"}
		kept := make([]pick, 0, len(r.picks)+1)
		for _, p := range r.picks {
			if p.index == i {
				pinned = p
				continue
			}
			kept = append(kept, p)
		}
		pinned.ruleName = rule.Name
		pinned.variant, pinned.reason, pinned.rule = variant, "pinned", rule.RuleID
		at := min(rule.Position-1, len(kept))
		kept = append(kept[:at], append([]pick{pinned}, kept[at:]...)...)
		r.picks = kept[:min(len(kept), r.limit())]
	})
}
