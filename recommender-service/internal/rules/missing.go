package rules

import (
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// Absent finds what rules and filters name and a shop does not have: brands, categories, items,
// attributes and scenarios. It is no mistake, for a shop may prepare a rule for what is to
// come, but it often is one. What it finds is in Problems.
type Absent struct {
	View     *catalogue.View
	Scenario func(id string) bool
	Most     int // so many values are named at most; 0 for all
	Problems Problems
}

// Rules looks at rules at pointer, and names fields that their actions do not use.
func (a *Absent) Rules(pointer string, list []api.Rule) {
	for n := range list {
		a.Rule(pointer+"/"+strconv.Itoa(n), &list[n])
	}
}

// Rule looks at one rule: at its conditions, its item, and the fields that its action does not
// read.
func (a *Absent) Rule(pointer string, r *api.Rule) {
	a.Condition(pointer+"/where", r.Where)
	a.Condition(pointer+"/when", r.When)
	if r.ItemID != "" {
		a.Item(pointer+"/item_id", r.ItemID)
	}
	if r.Action == LimitPer {
		a.attribute(pointer+"/field", r.Field)
	}
	for _, f := range [...]struct {
		name string
		set  bool
		of   string
	}{
		{"factor", r.Factor != 0, Boost + " " + Bury}, {"position", r.Position != 0, Pin}, {"field", r.Field != "", LimitPer},
		{"max", r.Max != 0, LimitPer},
		{"item_id", r.ItemID != "", Pin + " " + Hide + " " + Boost + " " + Bury},
		{"where", r.Where != nil, Filter + " " + Boost + " " + Bury + " " + Hide},
	} {
		if f.set && !strings.Contains(" "+f.of+" ", " "+r.Action+" ") {
			a.Problems.add(pointer+"/"+f.name, "unused_field", "%s does not use %s", r.Action, f.name)
		}
	}
}

// Condition looks at a condition, which may be nil, and all its parts.
func (a *Absent) Condition(pointer string, c *api.Condition) {
	if c == nil {
		return
	}
	for n := range c.All {
		a.Condition(pointer+"/all/"+strconv.Itoa(n), &c.All[n])
	}
	for n := range c.Any {
		a.Condition(pointer+"/any/"+strconv.Itoa(n), &c.Any[n])
	}
	a.Condition(pointer+"/not", c.Not)
	field := strings.TrimPrefix(c.Field, "seed.")
	a.attribute(pointer+"/field", field)
	list, isList := c.Value.([]any)
	if !isList {
		a.value(pointer+"/value", field, op(c), c.Value)
	}
	for n, v := range list {
		a.value(pointer+"/value/"+strconv.Itoa(n), field, op(c), v)
	}
}

// attribute reports a field that is an attribute which no item has.
func (a *Absent) attribute(pointer, field string) {
	if name, ok := strings.CutPrefix(field, catalogue.AttributePrefix); ok && a.stocked() && !a.View.HasAttribute(name) {
		a.Problems.add(pointer, "absent_field", "no item of the catalogue has the attribute %q", name)
	}
}

// stocked reports whether there is a catalogue to compare with.
func (a *Absent) stocked() bool { return a.View.Count() > 0 }

// value reports a text that a field is compared with and that no item has: most likely it is misspelt. A part of a text
// need not be anybody's whole value, and while the catalogue is empty nothing is missing yet.
func (a *Absent) value(pointer, field, operator string, v any) {
	text, isText := v.(string)
	if a.enough() || !isText || operator == "contains" || operator == "starts_with" {
		return
	}
	switch field {
	case "brand":
		if a.stocked() && a.View.Brand(text) < 0 {
			a.Problems.add(pointer, "absent_brand", "no item is of the brand %q%s", text, orRather(a.View.BrandLike(text)))
		}
	case "category", "request.category":
		a.Category(pointer, text)
	case "item_id":
		a.Item(pointer, text)
	case "parent_id":
		if i := a.View.Find(text); a.stocked() && i < 0 {
			a.Problems.add(pointer, "absent_item", "no item names %q as its product", text)
		}
	case "request.scenario":
		if !a.Scenario(text) {
			a.Problems.add(pointer, "scenario_not_found", "there is no scenario %q", text)
		}
	}
}

// enough reports whether no more is to be named.
func (a *Absent) enough() bool { return a.Most > 0 && len(a.Problems.Fields) >= a.Most }

// Category looks at the path of a category, and names the one that was probably meant.
func (a *Absent) Category(pointer, path string) {
	if !a.enough() && a.stocked() && a.View.Category(path) < 0 {
		a.Problems.add(
			pointer, "absent_category", "no item is in the category %q%s; a category is named by its whole path, \"A > B\"", path,
			orRather(a.View.CategoryLike(path)),
		)
	}
}

// Items looks at ids of items, of which those that are absent are named.
func (a *Absent) Items(pointer string, ids []string) {
	for n, id := range ids {
		a.Item(pointer+"/"+strconv.Itoa(n), id)
	}
}

// Item reports an id that the catalogue knows neither as an item's nor as an alias.
func (a *Absent) Item(pointer, id string) {
	if a.enough() {
		return
	}
	if i := a.View.Find(id); a.stocked() && (i < 0 || a.View.Item(i) == nil) {
		a.Problems.add(pointer, "absent_item", "the catalogue has no item %q, nor one with this alias", id)
	}
}

// orRather names what was probably meant; near is "" for nothing.
func orRather(near string) string {
	if near == "" {
		return ""
	}
	return "; there is " + strconv.Quote(near)
}
