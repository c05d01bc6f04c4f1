// Package rules is the language of filters and merchandising rules: it checks conditions,
// saying where each mistake is, and compiles them to functions of an item. It reads no store
// and knows no scenario. The main functions are Check, CheckRules, Compile and Holds.
package rules

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/shared/apierror"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// What bounds the work that one condition makes: its nesting, the number of its parts, of the
// values in lists, and their bytes. All conditions of one Problems share the last three.
const (
	maxDepth  = 16
	maxNodes  = 500
	maxValues = 5000
	maxBytes  = 64 << 10
)

// Scope says which fields a condition may name.
type Scope uint8

// The scopes.
const (
	Items    Scope = iota // fields of an item; values may refer to seed, user and request
	Audience              // fields of seed, user and request
)

// Problems collects what is wrong, with JSON pointers, and counts what all conditions of a
// document make of work. The zero value is empty.
type Problems struct {
	Fields []apierror.FieldError
	nodes  int
	values int
	bytes  int
}

// add notes a problem; code is one of docs/errors.md.
func (p *Problems) add(pointer, code, format string, args ...any) {
	p.Fields = append(p.Fields, apierror.FieldError{Pointer: pointer, Code: code, Detail: fmt.Sprintf(format, args...)})
}

// kind is the type of a field's value.
type kind uint8

const (
	unknown kind = iota // an attribute: whatever the shop stored
	text
	texts
	number
	boolean
)

// itemKind returns what kind of value a field of an item has, and false for one that there is
// not.
func itemKind(field string) (kind, bool) {
	switch field {
	case "item_id", "title", "brand", "currency", "stock.status", "language", "parent_id", "status":
		return text, true
	case "category", "category_path", "tags", "countries":
		return texts, true
	case "price", "sale_price", "margin", "stock.quantity", "age_days":
		return number, true
	}
	name, ok := strings.CutPrefix(field, catalogue.AttributePrefix)
	return unknown, ok && name != ""
}

// audienceKind returns what kind of value a field of a when has, and false for one that there is not: of the visitor, of
// the request, or, behind "seed.", of the page's first item. Attributes may be of any kind.
func audienceKind(field string) (kind, bool) {
	switch field {
	case "user.segments", "request.cart":
		return texts, true
	case "user.known":
		return boolean, true
	case "user.locale", "user.id", "request.scenario", "request.category", "request.country", "request.language",
		"request.currency", "request.price_list":
		return text, true
	case "request.weekday", "request.hour":
		return number, true
	}
	if name, ok := strings.CutPrefix(field, "seed."); ok {
		return itemKind(name)
	}
	name, ok := strings.CutPrefix(field, "user."+catalogue.AttributePrefix)
	return unknown, ok && name != ""
}

// Check reports everything that is wrong with a condition at pointer. What passes it can be
// given to Compile and Holds.
func Check(p *Problems, pointer string, scope Scope, c *api.Condition) {
	check(p, pointer, scope, c, 0)
}

// check is Check at a depth. What is nested deeper than maxDepth, or comes after maxNodes conditions of one document, is
// not looked at: whoever sends a million conditions is told once, at the first that is too much, and costs no more.
func check(p *Problems, pointer string, scope Scope, c *api.Condition, depth int) {
	if p.nodes++; depth > maxDepth || p.nodes > maxNodes {
		if depth == maxDepth+1 || p.nodes == maxNodes+1 {
			p.add(pointer, "too_complex", "conditions may be nested %d deep and number %d", maxDepth, maxNodes)
		}
		return
	}
	forms := 0
	for _, given := range []bool{c.All != nil, c.Any != nil, c.Not != nil, c.Field != ""} {
		if given {
			forms++
		}
	}
	if forms != 1 {
		p.add(pointer, "one_form", "needs exactly one of all, any, not and field; has %d", forms)
		return
	}
	for n := range c.All {
		check(p, pointer+"/all/"+strconv.Itoa(n), scope, &c.All[n], depth+1)
	}
	for n := range c.Any {
		check(p, pointer+"/any/"+strconv.Itoa(n), scope, &c.Any[n], depth+1)
	}
	if c.Not != nil {
		check(p, pointer+"/not", scope, c.Not, depth+1)
	}
	if c.Field == "" {
		if c.Op != "" || c.Value != nil {
			p.add(pointer+"/op", "one_form", "op and value belong beside field, not beside all, any or not")
		}
		return
	}
	checkComparison(p, pointer, scope, c)
}

// checkComparison reports what is wrong with a comparison of a field: a field that the scope does not have, an operator
// that there is not, a value whose kind the field never has, since it would match nothing for ever. A value that refers to
// another field is compared when the rule acts; only its name can be checked.
func checkComparison(p *Problems, pointer string, scope Scope, c *api.Condition) {
	find := itemKind
	if scope == Audience {
		find = audienceKind
	}
	k, known := find(c.Field)
	if !known {
		p.add(pointer+"/field", "unknown_field", "%.60q is not a field here: %s", c.Field, fieldsOf(scope))
		return
	}
	if ref, ok := reference(c.Value); ok {
		if _, known := audienceKind(ref); !known {
			p.add(pointer+"/value/ref", "unknown_field", "%.60q is not a field of seed, user or request", ref)
		}
		return
	}
	switch op(c) {
	case "exists":
		if _, ok := c.Value.(bool); c.Value != nil && !ok {
			p.add(pointer+"/value", "wrong_type", "exists takes true, false or nothing")
		}
	case "in", "not_in", "contains_any":
		list, ok := c.Value.([]any)
		if !ok || len(list) == 0 {
			p.add(pointer+"/value", "wrong_type", "%s takes a list with at least one value", op(c))
			return
		}
		if p.values += len(list); p.values > maxValues {
			p.add(pointer+"/value", "too_many", "conditions may list %d values: give the items an attribute and compare that", maxValues)
			return
		}
		for n, v := range list {
			checkValue(p, pointer+"/value/"+strconv.Itoa(n), k, v)
		}
	case "gt", "gte", "lt", "lte":
		if _, ok := c.Value.(float64); !ok || k != number && k != unknown {
			p.add(pointer+"/value", "wrong_type", "%s compares numbers: the field and the value must be some, such as 12.5", op(c))
		}
	case "contains", "starts_with":
		if _, ok := c.Value.(string); !ok || k == number || k == boolean {
			p.add(pointer+"/value", "wrong_type", "%s looks for a text in a text or list of texts", op(c))
		}
	case "eq", "ne":
		checkValue(p, pointer+"/value", k, c.Value)
	default:
		p.add(
			pointer+"/op", "unknown_operator",
			"%.20q is not an operator: use eq, ne, in, not_in, gt, gte, lt, lte, contains, contains_any, starts_with or exists", c.Op,
		)
	}
}

// checkValue reports a value that a field of kind k is never equal to. The bytes of all texts of a document are added
// up: they are kept in memory with the rule. A field of unknown kind, such as an attribute, may have any value.
func checkValue(p *Problems, pointer string, k kind, v any) {
	want := ""
	switch v := v.(type) {
	case string:
		if had := p.bytes; had <= maxBytes {
			if p.bytes += len(v); p.bytes > maxBytes {
				p.add(
					pointer, "too_large", "the values of conditions may have %d bytes: give the items an attribute and compare that",
					maxBytes,
				)
			}
		}
		if k == number || k == boolean {
			want = map[kind]string{number: "a number", boolean: "true or false"}[k]
		}
	case float64:
		if k != number && k != unknown {
			want = "a text"
		}
	case bool:
		if k != boolean && k != unknown {
			want = "a text or number"
		}
	default:
		want = "a text, number or boolean"
	}
	if want != "" {
		p.add(pointer, "wrong_type", "the field is compared with %s", want)
	}
}

// fieldsOf says in the text of an error which fields there are.
func fieldsOf(scope Scope) string {
	if scope == Audience {
		return "use user.segments, user.known, user.id, user.locale, user.attributes.NAME, request.scenario, request.category, " +
			"request.country, request.language, request.currency, " +
			"request.price_list, request.cart, request.weekday, request.hour or seed.FIELD"
	}
	return "use item_id, title, category, category_path, brand, price, sale_price, margin, currency, stock.status, stock.quantity, tags, " +
		"language, countries, parent_id, status, age_days " +
		"or attributes.NAME"
}

// reference returns the field that a value of the form {"ref": "seed.brand"} refers to.
func reference(v any) (string, bool) {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return "", false
	}
	ref, ok := m["ref"].(string)
	return ref, ok
}

// op is the operator of a comparison; eq when it names none.
func op(c *api.Condition) string {
	if c.Op == "" {
		return "eq"
	}
	return c.Op
}

// Attributes calls f with the name and pointer of every item attribute that a condition compares.
func Attributes(pointer string, c *api.Condition, f func(pointer, name string)) {
	if c == nil {
		return
	}
	for n := range c.All {
		Attributes(pointer+"/all/"+strconv.Itoa(n), &c.All[n], f)
	}
	for n := range c.Any {
		Attributes(pointer+"/any/"+strconv.Itoa(n), &c.Any[n], f)
	}
	Attributes(pointer+"/not", c.Not, f)
	if name, ok := strings.CutPrefix(c.Field, catalogue.AttributePrefix); ok {
		f(pointer+"/field", name)
	}
}
