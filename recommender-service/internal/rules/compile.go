package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// Audiences gives the fields of seed, user and request: "user.known", "request.country",
// "seed.brand". A value is a string, []string, float64, bool or []any; ok is false for a field
// that is absent.
type Audiences func(field string) (value any, ok bool)

// Nobody is an audience without any field, for looking at rules outside of an answer.
func Nobody(string) (any, bool) { return nil, false }

// Holds evaluates a condition on an audience. The condition must have passed Check.
func Holds(c *api.Condition, a Audiences) bool {
	switch {
	case c.All != nil:
		return !slices.ContainsFunc(c.All, func(o api.Condition) bool { return !Holds(&o, a) })
	case c.Any != nil:
		return slices.ContainsFunc(c.Any, func(o api.Condition) bool { return Holds(&o, a) })
	case c.Not != nil:
		return !Holds(c.Not, a)
	}
	v, ok := a(c.Field)
	return comparison(c, a)(v, ok)
}

// Compile turns a condition on items into a function. References to the audience are resolved now; ids, the brand and the category are
// compared by number. now gives age_days its meaning. Of a product with variants it holds when all of it holds of one that can be bought,
// or of any when none can; a variant has what it does not say itself from its product.
func Compile(c *api.Condition, v *catalogue.View, a Audiences, now time.Time) func(*catalogue.Item) bool {
	match := compile(c, v, a, now)
	return func(it *catalogue.Item) bool {
		if it.Family == nil {
			return match(it)
		}
		for _, m := range it.Family.Members {
			if (m.Offered() || !it.Sellable) && match(m) {
				return true
			}
		}
		return false
	}
}

// compile is Compile for an item or a single variant. Its result is called for thousands of
// candidates of an answer, so that the usual comparisons, of id, brand, category and price,
// have functions of their own that compare numbers.
func compile(c *api.Condition, v *catalogue.View, a Audiences, now time.Time) func(*catalogue.Item) bool {
	switch {
	case c.All != nil:
		parts := compileAll(c.All, v, a, now)
		return func(it *catalogue.Item) bool {
			for _, p := range parts {
				if !p(it) {
					return false
				}
			}
			return true
		}
	case c.Any != nil:
		parts := compileAll(c.Any, v, a, now)
		return func(it *catalogue.Item) bool {
			for _, p := range parts {
				if p(it) {
					return true
				}
			}
			return false
		}
	case c.Not != nil:
		part := compile(c.Not, v, a, now)
		return func(it *catalogue.Item) bool { return !part(it) }
	}
	if c.Field == "item_id" {
		if test := idTest(c, v, a); test != nil {
			return test
		}
	}
	if name, isText := c.Value.(string); isText && op(c) == "eq" {
		switch c.Field {
		case "brand":
			n := v.Brand(name)
			return func(it *catalogue.Item) bool {
				return n >= 0 && (it.Brand == n || it.Brand < 0 && productOf(v, it).Brand == n)
			}
		case "category":
			n := v.Category(name)
			return func(it *catalogue.Item) bool {
				return n >= 0 && (slices.Contains(it.Levels, n) || len(it.Levels) == 0 && slices.Contains(productOf(v, it).Levels, n))
			}
		}
	}
	if limit, isNumber := c.Value.(float64); isNumber && c.Field == "price" {
		if test := priceTest(op(c), limit); test != nil {
			return func(it *catalogue.Item) bool { return test(it) || !it.Priced && test(productOf(v, it)) }
		}
	}
	compare, field := comparison(c, a), c.Field
	return func(it *catalogue.Item) bool {
		value, ok := itemValue(field, it, now)
		if !ok {
			value, ok = itemValue(field, productOf(v, it), now)
		}
		return compare(value, ok)
	}
}

// productOf returns the row of a variant's product; the item itself when there is none.
func productOf(v *catalogue.View, it *catalogue.Item) *catalogue.Item {
	if it.Head != it.Index {
		if own := v.Row(it.Head); own != nil {
			return own
		}
	}
	return it
}

// idTest returns the comparison of an item with others by id: an item is meant by its own id, that of its family and any alias. It is nil
// for an operator that compares texts otherwise.
func idTest(c *api.Condition, v *catalogue.View, a Audiences) func(*catalogue.Item) bool {
	wanted := c.Value
	if ref, isRef := reference(wanted); isRef {
		value, ok := a(ref)
		if !ok {
			return nil
		}
		wanted = value
	}
	// Ids that the catalogue lacks are nobody's.
	named := map[int32]bool{}
	for _, id := range elements(wanted) {
		if text, isText := id.(string); isText {
			if i := v.Find(text); i >= 0 {
				named[i] = true
			}
		}
	}
	meant := func(it *catalogue.Item) bool { return named[it.Index] || named[it.Head] }
	switch op(c) {
	case "eq", "in", "contains_any":
		return meant
	case "ne", "not_in":
		return func(it *catalogue.Item) bool { return !meant(it) }
	}
	return nil
}

// priceTest returns the comparison of the price with a number, the filter that requests carry most; nil for an operator that is no order.
func priceTest(operator string, limit float64) func(*catalogue.Item) bool {
	switch operator {
	case "gt":
		return func(it *catalogue.Item) bool { return it.Priced && it.Price > limit }
	case "gte":
		return func(it *catalogue.Item) bool { return it.Priced && it.Price >= limit }
	case "lt":
		return func(it *catalogue.Item) bool { return it.Priced && it.Price < limit }
	case "lte":
		return func(it *catalogue.Item) bool { return it.Priced && it.Price <= limit }
	}
	return nil
}

// compileAll compiles the parts of all or any, in their order.
func compileAll(list []api.Condition, v *catalogue.View, a Audiences, now time.Time) []func(*catalogue.Item) bool {
	parts := make([]func(*catalogue.Item) bool, len(list))
	for n := range list {
		parts[n] = compile(&list[n], v, a, now)
	}
	return parts
}

// itemValue returns a field for comparison: a string, []string, float64, bool or []any. An item
// that does not say has the status active and is in stock, as it is sold. age_days is
// fractional, in days of 24 hours; a zero now makes it absent.
func itemValue(field string, it *catalogue.Item, now time.Time) (any, bool) {
	src := it.Source
	switch field {
	case "category":
		return it.Paths, len(it.Paths) > 0
	case "category_path":
		return src.CategoryPath, len(src.CategoryPath) > 0
	case "price":
		return it.Price, it.Priced
	case "margin":
		return it.Margin, src.Cost != nil
	case "status":
		if src.Status == "" {
			return "active", true
		}
	case "stock.status":
		if src.Stock == nil || src.Stock.Status == "" {
			return "in_stock", true
		}
		return src.Stock.Status, true
	case "stock.quantity":
		if src.Stock == nil || src.Stock.Quantity == nil {
			return nil, false
		}
		return *src.Stock.Quantity, true
	case "age_days":
		if it.PublishedMs == 0 || now.IsZero() {
			return nil, false
		}
		return float64(now.UnixMilli()-it.PublishedMs) / (24 * 3600 * 1000), true
	}
	return it.Field(field)
}

// SeedValue returns a field of the seed of a request, by the name behind "seed.". product is the row of its product, which may be nil.
func SeedValue(name string, it, product *catalogue.Item, now time.Time) (any, bool) {
	v, ok := productValue(name, it, now)
	if !ok && product != nil {
		return itemValue(name, product, now)
	}
	return v, ok
}

// productValue is itemValue for an item or a product with variants, which has what it does not say itself from its best variant.
func productValue(field string, it *catalogue.Item, now time.Time) (any, bool) {
	v, ok := itemValue(field, it, now)
	if !ok && it.Family != nil {
		return itemValue(field, it.Family.Best, now)
	}
	return v, ok
}

// comparison returns the test of a comparison. A field that is absent meets only ne, not_in and
// exists false. A reference to a field that the audience lacks meets nothing, whatever the
// operator.
func comparison(c *api.Condition, a Audiences) func(have any, ok bool) bool {
	want := c.Value
	if ref, isRef := reference(want); isRef {
		v, ok := a(ref)
		if !ok {
			return func(any, bool) bool { return false }
		}
		want = v
	}
	wanted := membersOf(elements(want))
	switch op(c) {
	case "exists":
		expect := want != false
		return func(_ any, ok bool) bool { return ok == expect }
	case "eq", "in", "contains_any":
		return func(have any, ok bool) bool { return ok && wanted.any(have) }
	case "ne", "not_in":
		return func(have any, ok bool) bool { return !ok || !wanted.any(have) }
	case "contains":
		return textTest(want, func(have, part string) bool { return strings.Contains(strings.ToLower(have), strings.ToLower(part)) })
	case "starts_with":
		return textTest(want, strings.HasPrefix)
	}
	return order(op(c), want)
}

// order returns gt, gte, lt or lte. What is no number on either side is in no order.
func order(operator string, want any) func(any, bool) bool {
	limit, isNumber := want.(float64)
	return func(have any, ok bool) bool {
		n, isNumberToo := have.(float64)
		if !ok || !isNumber || !isNumberToo {
			return false
		}
		switch operator {
		case "gt":
			return n > limit
		case "gte":
			return n >= limit
		case "lt":
			return n < limit
		}
		return n <= limit
	}
}

// textTest applies a test to a text, or to each of a list until one passes. Values of other
// types pass none.
func textTest(want any, test func(have, want string) bool) func(any, bool) bool {
	part, isText := want.(string)
	return func(have any, ok bool) bool {
		if !ok || !isText {
			return false
		}
		if s, single := have.(string); single {
			return test(s, part)
		}
		return slices.ContainsFunc(elements(have), func(v any) bool {
			s, isText := v.(string)
			return isText && test(s, part)
		})
	}
}

// members are the values that a field is compared with: a list as long as it is short, since most name one value or two.
type members struct {
	list []any
	set  map[any]bool
}

// shortList is the length up to which comparing one after the other is faster than a look into
// a map.
const shortList = 8

// membersOf keeps the list: nobody may change it afterwards.
func membersOf(list []any) members {
	if len(list) <= shortList {
		return members{list: list}
	}
	set := make(map[any]bool, len(list))
	for _, v := range list {
		set[v] = true
	}
	return members{set: set}
}

// has reports whether a scalar is among the members; texts are compared exactly, numbers as
// float64.
func (m members) has(v any) bool {
	if m.set != nil {
		return scalar(v) && m.set[v] // a map cannot be asked for a list
	}
	return slices.Contains(m.list, v)
}

// any reports whether a value, or one of a list, is among the members.
func (m members) any(have any) bool {
	switch list := have.(type) {
	case []string:
		for _, s := range list {
			if m.has(s) {
				return true
			}
		}
		return false
	case []any:
		return slices.ContainsFunc(list, func(v any) bool { return scalar(v) && m.has(v) })
	}
	return scalar(have) && m.has(have)
}

// elements returns the members of a list, or a single value as a list of one. Members that cannot be compared are left out.
func elements(v any) []any {
	switch list := v.(type) {
	case []any:
		kept := make([]any, 0, len(list))
		for _, e := range list {
			if scalar(e) {
				kept = append(kept, e)
			}
		}
		return kept
	case []string:
		out := make([]any, len(list))
		for n, s := range list {
			out[n] = s
		}
		return out
	}
	if !scalar(v) {
		return nil
	}
	return []any{v}
}

// scalar reports whether a value is one that conditions compare.
func scalar(v any) bool {
	switch v.(type) {
	case string, float64, bool:
		return true
	}
	return false
}
