package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

type rulesData struct {
	Rules     []recommenderapi.ListedRule
	Scenarios []recommenderapi.Scenario
	Form      url.Values // of the editor, as it was sent
	Rule      *recommenderapi.Rule
	Problem   *apierror.Problem
	Preview   *recommenderapi.PreviewAnswer
	Products  []product
	Moves     map[string]recommenderapi.PreviewItem
	Change    bool
}

// rules lists all rules, with an editor for those that hold in all placements.
func (c *console) rules(v *visit) (any, error) {
	d := &rulesData{Form: v.Form, Change: v.who.Can(auth.ScopeConfigWrite)}
	rules, err := get[profileapi.Page[recommenderapi.ListedRule]](v, v.recommender, "/v1/rules", nil)
	if err != nil {
		return nil, err
	}
	scenarios, err := get[profileapi.Page[recommenderapi.Scenario]](v, v.recommender, "/v1/scenarios", nil)
	v.part("placements", err)
	d.Rules, d.Scenarios = rules.Items, scenarios.Items
	return d, nil
}

// editRule saves the rule of the editor, or shows what it would change: the page again, with the preview or what is wrong.
func (c *console) editRule(v *visit) (any, error) {
	rule, problem := ruleOf(v)
	if problem == nil && v.text("do") == "save" {
		_, err := send[recommenderapi.SavedRule](v, v.recommender, http.MethodPut, "/v1/rules/"+escape(rule.RuleID), rule)
		if err == nil {
			return redirect("/rules?done=saved"), nil
		}
		problem = apierror.From(err)
	}
	page, err := c.rules(v)
	if err != nil {
		return nil, err
	}
	d := page.(*rulesData)
	d.Form, d.Rule, d.Problem = v.Form, &rule, problem
	if problem == nil {
		d.preview(v, rule)
	}
	return d, nil
}

// preview asks the placement of the form with the rule beside its own.
func (d *rulesData) preview(v *visit, rule recommenderapi.Rule) {
	scenario := v.text("scenario")
	var rules []recommenderapi.Rule
	for _, s := range d.Scenarios {
		if s.ScenarioID == scenario {
			rules = append(rules, s.Rules...)
		}
	}
	rules = append(rules, rule)
	answer, err := send[recommenderapi.PreviewAnswer](v, v.recommender, http.MethodPost, "/v1/scenarios/"+escape(scenario)+"/preview",
		recommenderapi.PreviewRequest{Request: request(v, scenario), Rules: &rules})
	if err != nil {
		d.Problem = apierror.From(err)
		return
	}
	d.Preview, d.Products, d.Moves = &answer, products(answer.Preview.Items), map[string]recommenderapi.PreviewItem{}
	for _, m := range answer.Changes {
		d.Moves[m.ItemID] = m
	}
}

func (c *console) deleteRule(v *visit) (any, error) {
	return redirect("/rules?done=deleted"), v.recommender.Call(v.ctx, http.MethodDelete, "/v1/rules/"+escape(v.PathValue("id")), nil, nil, nil)
}

// ruleOf reads the editor's fields. Numbers and times that cannot be read are a problem each; the rest the API judges.
func ruleOf(v *visit) (r recommenderapi.Rule, problem *apierror.Problem) {
	r = recommenderapi.Rule{RuleID: v.text("rule_id"), Title: v.text("title"), Action: v.text("action"), ItemID: v.text("item_id")}
	var wrong []apierror.FieldError
	bad := func(field, detail string) {
		wrong = append(wrong, apierror.FieldError{Pointer: "/" + field, Detail: detail})
	}
	if r.RuleID == "" {
		bad("rule_id", "is empty: give the rule a short name of letters, digits, dots and hyphens")
	}
	if text := v.text("factor"); text != "" && (r.Action == "boost" || r.Action == "bury") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			bad("factor", "is no number: write it like 2 or 0.5")
		}
		r.Factor = f
	}
	if text := v.text("position"); text != "" && r.Action == "pin" {
		n, err := strconv.Atoi(text)
		if err != nil {
			bad("position", "is no place: use 1 for the first")
		}
		r.Position = n
	}
	if value := v.text("value"); value != "" && v.text("field") != "" {
		r.Where = &recommenderapi.Condition{Field: v.text("field"), Op: v.text("op"), Value: typed(v.text("op"), value)}
	}
	for name, to := range map[string]*wire.Time{"from": &r.From, "until": &r.Until} {
		if text := v.text(name); text != "" {
			t, err := time.Parse("2006-01-02T15:04", text)
			if err != nil {
				bad(name, "is no time: write it like 2026-11-27T08:00, in UTC")
			}
			*to = wire.TimeOf(t)
		}
	}
	if len(wrong) > 0 {
		return r, apierror.Invalid("The rule cannot be read.", wrong...)
	}
	return r, nil
}

// typed is the value of a condition: a list for operators that take one, a number for those that compare sizes, else a text.
func typed(op, value string) any {
	switch op {
	case "in", "not_in":
		var all []string
		for _, part := range strings.Split(value, ",") {
			all = append(all, strings.TrimSpace(part))
		}
		return all
	case "lt", "lte", "gt", "gte":
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			return n
		}
	}
	return value
}
