package merchandise

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// maxComparisons is how many comparisons of a condition the editor has rows for; a condition with more, or of another form, is edited as
// JSON.
const maxComparisons = 3

// ruleValues are the fields of the editor for a rule; ruleOf is the way back.
func ruleValues(r *recommenderapi.Rule) url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("rule_id", r.RuleID)
	set("title", r.Title)
	set("action", r.Action)
	set("item_id", r.ItemID)
	set("field", r.Field)
	set("factor", words.Figure(r.Factor))
	set("position", words.Whole(int64(r.Position)))
	set("max", words.Whole(int64(r.Max)))
	for name, t := range map[string]wire.Time{"from": r.From, "until": r.Until} {
		if !t.IsZero() {
			v.Set(name, t.UTC().Format(page.Minute))
		}
	}
	if r.Disabled {
		v.Set("disabled", "on")
	}
	conditionValues(v, "where", r.Where)
	conditionValues(v, "when", r.When)
	return v
}

// conditionValues fills the rows of a condition, or its JSON when it has another form than rows joined by one word.
func conditionValues(v url.Values, name string, c *recommenderapi.Condition) {
	if c == nil {
		return
	}
	rows, by := []recommenderapi.Condition{*c}, "all"
	switch {
	case len(c.All) > 0:
		rows = c.All
	case len(c.Any) > 0:
		rows, by = c.Any, "any"
	}
	plain := len(rows) <= maxComparisons
	for _, row := range rows {
		_, ref := row.Value.(map[string]any)
		plain = plain && row.Field != "" && !ref && row.Op != "exists"
	}
	if !plain {
		v.Set(name+"_json", words.Indented(c))
		return
	}
	v.Set(name+"_by", by)
	for n, row := range rows {
		at := name + words.Whole(int64(n))
		// The API takes no operator for "eq".
		op := row.Op
		if op == "" {
			op = "eq"
		}
		v.Set(at+"_field", row.Field)
		v.Set(at+"_op", op)
		v.Set(at+"_value", words.ValueText(row.Value))
	}
}

// comparisonAt finds the row and the member in a pointer into a condition:
// "/where/all/1/value".
var comparisonAt = regexp.MustCompile(`^/(where|when)(?:/(?:all|any)/(\d+))?/(field|op|value)`)

// conditionField is the field of the editor that a pointer into a condition is about; "" for
// none. What is wrong with a condition that the rows cannot show stands at its first row.
func conditionField(pointer string) string {
	m := comparisonAt.FindStringSubmatch(pointer)
	if m == nil {
		if strings.HasPrefix(pointer, "/where") || strings.HasPrefix(pointer, "/when") {
			name, _, _ := strings.Cut(pointer[1:], "/")
			return name + "0_field"
		}
		return ""
	}
	if m[2] == "" {
		m[2] = "0"
	}
	return m[1] + m[2] + "_" + m[3]
}

// ruleOf reads the editor's fields, or the JSON that stands there in their place. Only what the action of the rule uses is read.
func ruleOf(v *page.Visit) (recommenderapi.Rule, *apierror.Problem) {
	in := &page.Reader{Visit: v}
	if text := v.Text("json"); v.Text("as") == "json" {
		var r recommenderapi.Rule
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			in.Bad("json", "cannot be read: "+err.Error())
		}
		return r, in.Problem("The rule cannot be read.")
	}
	r := recommenderapi.Rule{
		RuleID: in.Name("rule_id", 64), Title: v.Text("title"), Action: v.Text("action"), From: in.Time("from"), Until: in.Time("until"),
		Disabled: v.Text("disabled") != "",
	}
	r.When = condition(in, "when")
	switch r.Action {
	case "pin":
		r.ItemID, r.Position = v.Text("item_id"), in.Count("position")
	case "limit_per":
		r.Field, r.Max = v.Text("field"), in.Count("max")
	case "boost", "bury":
		r.Factor = in.Number("factor")
	}
	if r.Action != "pin" && r.Action != "limit_per" {
		if r.Action != "filter" {
			r.ItemID = v.Text("item_id")
		}
		if r.ItemID == "" {
			r.Where = condition(in, "where")
		}
	}
	return r, in.Problem("The rule cannot be read.")
}

// condition reads the rows of a condition; nil when none is filled.
func condition(r *page.Reader, name string) *recommenderapi.Condition {
	if text := r.Visit.Text(name + "_json"); text != "" {
		var c recommenderapi.Condition
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			r.Bad(name+"_json", "cannot be read: "+err.Error())
		}
		return &c
	}
	var rows []recommenderapi.Condition
	for n := range maxComparisons {
		at := name + words.Whole(int64(n))
		field, op, value := r.Visit.Text(at+"_field"), r.Visit.Text(at+"_op"), r.Visit.Text(at+"_value")
		if field == "" && value == "" {
			continue
		}
		rows = append(rows, recommenderapi.Condition{Field: field, Op: op, Value: typed(field, op, value)})
	}
	switch {
	case len(rows) == 0:
		return nil
	case len(rows) == 1:
		return &rows[0]
	case r.Visit.Text(name+"_by") == "any":
		return &recommenderapi.Condition{Any: rows}
	}
	return &recommenderapi.Condition{All: rows}
}

// typed is the value of a comparison: a list, apart by commas, for operators that take one, a
// number where the field or the operator wants one, else a text.
func typed(field, op, value string) any {
	switch op {
	case "in", "not_in", "contains_any":
		var all []any
		for part := range strings.SplitSeq(value, ",") {
			all = append(all, one(field, op, strings.TrimSpace(part)))
		}
		return all
	}
	return one(field, op, value)
}

// one is a single value. A category "2024" stays a text; an attribute is a number only beside
// an operator that compares sizes.
func one(field, op, value string) any {
	if value == "true" || value == "false" {
		return value == "true"
	}
	sized := op == "lt" || op == "lte" || op == "gt" || op == "gte"
	switch field {
	case "price", "sale_price", "margin", "stock.quantity", "age_days", "request.weekday", "request.hour":
		sized = true
	}
	if f, err := strconv.ParseFloat(value, 64); err == nil && sized {
		return f
	}
	return value
}
