package rules

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// The actions of a rule. Filter and Hide say which items may be shown, Boost and Bury multiply
// scores, Pin gives an item a place, and LimitPer bounds how many items of one value a list
// has.
const (
	Filter   = "filter"
	Boost    = "boost"
	Bury     = "bury"
	Pin      = "pin"
	Hide     = "hide"
	LimitPer = "limit_per"
)

// CheckRules reports everything that is wrong with rules at pointer, also where two contradict
// each other: the same id, two pins of one place or item, a pin of what another hides. Pins
// that act at times or on conditions only are not compared, since both may never act at once.
func CheckRules(p *Problems, pointer string, list []api.Rule) {
	ids := map[string]int{}
	pins := map[string]int{}
	for n := range list {
		r, at := &list[n], pointer+"/"+strconv.Itoa(n)
		if first, taken := ids[r.RuleID]; taken {
			p.add(at+"/rule_id", "duplicate", "rule %d has the same id", first)
		}
		ids[r.RuleID] = n
		checkRule(p, at, r)
		if r.Action != Pin || r.Disabled || r.When != nil || !r.From.IsZero() || !r.Until.IsZero() {
			continue
		}
		for _, key := range []string{"item " + r.ItemID, "position " + strconv.Itoa(r.Position)} {
			if first, taken := pins[key]; taken {
				p.add(at, "contradiction", "%s already pins %s: a place holds one item and an item one place",
					named(list, first), key)
			}
			pins[key] = n
		}
		for m := range list {
			if h := &list[m]; h.Action == Hide && !h.Disabled && h.When == nil && names(Where(h), r.ItemID) {
				p.add(at, "contradiction", "%s hides the item that this rule pins", named(list, m))
			}
		}
	}
}

// named says which rule of a list is meant, by the id under which its author knows it.
func named(list []api.Rule, n int) string {
	if id := list[n].RuleID; id != "" {
		return "rule " + id
	}
	return "rule " + strconv.Itoa(n)
}

// names reports whether a condition is about one item by its id.
func names(c *api.Condition, id string) bool {
	return c != nil && c.Field == "item_id" && op(c) == "eq" && c.Value == id
}

// checkRule reports what is wrong with a rule at a pointer, whether it can act now or not: what its action needs and
// lacks, and what could never apply. Fields that the action does not read are let be, so that a form may send them all.
func checkRule(p *Problems, at string, r *api.Rule) {
	if r.Where != nil {
		Check(p, at+"/where", Items, r.Where)
	}
	if r.When != nil {
		Check(p, at+"/when", Audience, r.When)
	}
	if !r.From.IsZero() && !r.Until.IsZero() && !r.From.Before(r.Until.Time) {
		p.add(at+"/until", "contradiction", "until is not after from: the rule would never apply")
	}
	if r.ItemID != "" && r.Where != nil && r.Action != Pin {
		p.add(at+"/item_id", "contradiction", "item_id stands in place of where: send one of them")
	}
	need := func(ok bool, field, detail string) {
		if !ok {
			p.add(at+"/"+field, "required", "%s", detail)
		}
	}
	switch r.Action {
	case Filter:
		need(r.Where != nil, "where", "filter needs the items that it keeps")
	case Hide:
		need(Where(r) != nil, "where", "hide needs the items that it is about: where, or item_id for one")
	case Boost:
		need(r.Factor > 1, "factor", "boost needs a factor above 1; bury lowers scores")
	case Bury:
		need(r.Factor > 0 && r.Factor < 1, "factor", "bury needs a factor between 0 and 1; hide drops items")
	case Pin:
		need(r.ItemID != "", "item_id", "pin needs an item")
		need(r.Position > 0, "position", "pin needs a position from 1")
	case LimitPer:
		_, known := itemKind(r.Field)
		need(known, "field", "limit_per needs a field: category, brand or attributes.NAME")
		need(r.Max > 0, "max", "limit_per needs the most items of one value, from 1")
	default:
		p.add(at+"/action", "unknown_action", "%.20q is not an action: use filter, boost, bury, pin, hide or limit_per", r.Action)
	}
}

// Where returns the items that a rule is about: its condition, or the item that stands in place of one; nil for all.
func Where(r *api.Rule) *api.Condition {
	if r.Where == nil && r.ItemID != "" && r.Action != Pin {
		return &api.Condition{Field: "item_id", Value: r.ItemID}
	}
	return r.Where
}

// Active reports whether a rule applies now to an audience: From is its first moment, Until the
// first after it.
func Active(r *api.Rule, now time.Time, a Audiences) bool {
	if r.Disabled || !r.From.IsZero() && now.Before(r.From.Time) || !r.Until.IsZero() && !now.Before(r.Until.Time) {
		return false
	}
	return r.When == nil || Holds(r.When, a)
}

// Matching counts the products of the catalogue that a rule is about; one with variants when it
// is about one of them. It looks at every product, and so costs O(catalogue).
func Matching(r *api.Rule, v *catalogue.View, a Audiences, now time.Time) int {
	if r.Action == Pin {
		if i := v.Find(r.ItemID); i >= 0 && v.Item(i) != nil {
			return 1
		}
		return 0
	}
	where := Where(r)
	if where == nil {
		return Products(v)
	}
	match, n := Compile(where, v, a, now), 0
	v.Products(func(it *catalogue.Item) {
		if match(it) {
			n++
		}
	})
	return n
}

// Products counts what rules can be about: O(catalogue).
func Products(v *catalogue.View) (n int) {
	v.Products(func(*catalogue.Item) { n++ })
	return n
}

// What Effect says of a rule: it changes no list, or leaves every list empty.
const (
	NoEffect = "no_effect"
	HidesAll = "hides_all"
)

// Effect says of a rule that is about so many of all products what is odd about that, and how it is;
// "" for one that does something, and while there are no products. What a condition on the visitor or the page's item
// matches is not known before somebody asks.
func Effect(r *api.Rule, items, all int) (code, detail string) {
	if all == 0 || r.Where == nil || r.Action == Pin || r.Action == LimitPer || refers(r.Where) {
		return "", ""
	}
	switch {
	case items == 0 && r.Action == Filter:
		return HidesAll, "no item meets it, so that every list on which the rule acts is empty"
	case items == 0:
		return NoEffect, "no item meets it, so that the rule does nothing"
	case items == all && r.Action == Hide:
		return HidesAll, "all items meet it, so that every list on which the rule acts is empty"
	case items == all:
		return NoEffect, "all items meet it, so that the rule changes no list"
	}
	return "", ""
}

// refers reports whether a condition compares with a field of the visitor, the request or the page's item.
func refers(c *api.Condition) bool {
	if c == nil {
		return false
	}
	_, ref := reference(c.Value)
	part := func(o api.Condition) bool { return refers(&o) }
	return ref || slices.ContainsFunc(c.All, part) || slices.ContainsFunc(c.Any, part) || refers(c.Not)
}

// GroupOf returns the value by which limit_per counts an item, and whether it has one. Of a
// list, such as the categories of an item, it is the last, which is the narrowest.
func GroupOf(field string, it *catalogue.Item) (string, bool) {
	v, ok := productValue(field, it, time.Time{})
	if !ok {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, true
	case []string:
		return strings.Join(v[len(v)-1:], ""), len(v) > 0
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
