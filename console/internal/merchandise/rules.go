package merchandise

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// rulesData is the list of all rules of the shop.
type rulesData struct {
	Rules   []recommenderapi.ListedRule
	Changes []audit.Entry // of rules that hold in all placements, the newest first
	Change  bool
}

// rules lists all rules, and what was lately changed in those that hold in all placements.
func rules(v *page.Visit) (any, error) {
	d := &rulesData{Change: v.Who.Can(auth.ScopeConfigWrite)}
	var err error
	if d.Rules, err = allRules(v); err != nil {
		return nil, err
	}
	if v.Who.Can(auth.ScopeAuditRead) {
		changes := page.Optional[audit.Page](v, v.Recommender, "changes", "/v1/audit/configuration",
			url.Values{"action": {"rule"}, "limit": {"20"}})
		d.Changes = slices.DeleteFunc(changes.Items, func(e audit.Entry) bool { return e.Outcome != "done" })
	}
	return d, nil
}

// rulesRead bounds how many rules a page lists: twenty calls.
const rulesRead = 1000

// allRules reads the rules of the shop, page by page: first those that hold in all placements.
// Beyond rulesRead it stops with a note. On an error it returns what was read before.
func allRules(v *page.Visit) (list []recommenderapi.ListedRule, err error) {
	query := url.Values{"limit": {"50"}}
	for len(list) < rulesRead {
		found, err := page.Get[profileapi.Page[recommenderapi.ListedRule]](v, v.Recommender, "/v1/rules", query)
		if err != nil {
			return list, err
		}
		list = append(list, found.Items...)
		if found.NextCursor == nil {
			return list, nil
		}
		query.Set("cursor", *found.NextCursor)
	}
	v.Notes = append(v.Notes, "rules beyond the first "+words.Whole(rulesRead))
	return list, nil
}

// undoRule gives a rule that holds in all placements back what it was before a change of the
// audit log, which is one of the latest hundred. A rule that the change made is deleted. What
// was changed since is replaced.
func undoRule(v *page.Visit) (any, error) {
	changes, err := page.Get[audit.Page](v, v.Recommender, "/v1/audit/configuration", url.Values{"action": {"rule"}, "limit": {"100"}})
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(changes.Items, func(e audit.Entry) bool { return e.ID == v.Text("entry") })
	if at < 0 {
		return nil, apierror.NotFound("change", v.Text("entry"))
	}
	e := changes.Items[at]
	path := "/v1/rules/" + page.Escape(e.Subject)
	if len(e.Before) == 0 || string(e.Before) == "null" {
		_, err = page.Change[struct{}](v, v.Recommender, http.MethodDelete, path, "", nil)
		return page.Redirect("/rules?done=restored"), err
	}
	var before recommenderapi.Rule
	if err := json.Unmarshal(e.Before, &before); err != nil {
		return nil, apierror.Conflict("not_restorable", "The older rule cannot be read any more: set it again by hand.")
	}
	_, err = page.Change[recommenderapi.SavedRule](v, v.Recommender, http.MethodPut, path, "", before)
	return page.Redirect("/rules?done=restored"), err
}

// ruleData is the editor of a rule, with the preview beside it.
type ruleData struct {
	Scenario  string // of the rule; "" when it holds in all placements
	New       bool
	Form      form.Form
	Scenarios []form.Option
	Preview   *recommenderapi.PreviewAnswer
	Matching  int    // items that the rule is about
	Resting   string // why the rule does nothing now; "" when it acts
	Unchanged bool   // the rule is saved as the form has it, and shown beside the list without it
	Now, Then []product
	Rule      recommenderapi.Rule
	Change    bool
}

// Heading implements the page's title.
func (d *ruleData) Heading() string {
	switch {
	case d.New && d.Scenario == "":
		return "New rule for all placements"
	case d.New:
		return "New rule of " + d.Scenario
	}
	return "Rule " + d.Rule.RuleID
}

// edited is the rule of the page's address with the version that a change has to name: its own
// when it holds in all placements, else that of its scenario. Without an id the rule is empty,
// and the version 0 or the scenario's.
func edited(v *page.Visit, scenario, id string) (rule recommenderapi.Rule, version int64, err error) {
	if scenario == "" {
		if id == "" {
			return rule, 0, nil
		}
		rule, err = page.Get[recommenderapi.Rule](v, v.Recommender, "/v1/rules/"+page.Escape(id), nil)
		return rule, rule.Version, err
	}
	s, err := page.Get[recommenderapi.Scenario](v, v.Recommender, "/v1/scenarios/"+page.Escape(scenario), nil)
	if err != nil {
		return rule, 0, err
	}
	at := slices.IndexFunc(s.Rules, func(r recommenderapi.Rule) bool { return r.RuleID == id })
	if id == "" {
		return rule, s.Version, nil
	}
	if at < 0 {
		return rule, 0, apierror.NotFound("rule", id)
	}
	return s.Rules[at], s.Version, nil
}

// ruleForm shows the editor, filled with a rule or with what a link suggests: a boost of the
// "item" of the query. A saved rule is previewed at once.
func ruleForm(v *page.Visit) (any, error) {
	id := v.Text("rule")
	rule, version, err := edited(v, v.Text("scenario"), id)
	if err != nil {
		return nil, err
	}
	if id == "" {
		rule = recommenderapi.Rule{RuleID: "", Action: "boost", Factor: 2, ItemID: v.Text("item")}
	}
	values := ruleValues(&rule)
	values.Set("version", words.Whole(version))
	values.Set("was", id)
	if s := v.Text("scenario"); s != "" {
		values.Set("placement", s)
	}
	rule.Version = 0
	d := &ruleData{
		Scenario: v.Text("scenario"), New: id == "", Form: form.New(values, nil, ruleField), Rule: rule,
		Change: v.Who.Can(auth.ScopeConfigWrite),
	}
	d.placements(v)
	if id != "" {
		if p := d.preview(v, rule, id); p != nil {
			d.Form = form.New(values, p, ruleField)
		}
	}
	return d, nil
}

// placements reads the placements that a preview can be made in; home.for_you is chosen unless
// the form names one.
func (d *ruleData) placements(v *page.Visit) {
	scenarios := page.Optional[profileapi.Page[recommenderapi.Scenario]](v, v.Recommender, "placements", "/v1/scenarios", nil)
	for _, s := range scenarios.Items {
		d.Scenarios = append(d.Scenarios, form.Option{Value: s.ScenarioID, Label: words.PlacementTitle(s)})
	}
	if d.Form.Get("placement") == "" && len(d.Scenarios) > 0 {
		d.Form.Values.Set("placement", "home.for_you")
	}
}

// editRule saves the rule of the editor, or shows what it would change: the page again, with the preview or what is wrong beside its field.
func editRule(v *page.Visit) (any, error) {
	rule, problem := ruleOf(v)
	scenario, was := v.Text("scenario"), v.Text("was")
	if problem == nil && v.Text("do") == "save" {
		err := saveRule(v, scenario, was, rule)
		if err == nil {
			if scenario != "" {
				return page.Redirect("/placements/" + page.Escape(scenario) + "?done=saved"), nil
			}
			return page.Redirect("/rules?done=saved"), nil
		}
		problem = apierror.From(err)
	}
	d := &ruleData{Scenario: scenario, New: was == "", Rule: rule, Change: v.Who.Can(auth.ScopeConfigWrite)}
	d.Form = form.New(v.Form, problem, ruleField)
	d.placements(v)
	if problem == nil {
		if p := d.preview(v, rule, was); p != nil {
			d.Form = form.New(v.Form, p, ruleField)
		}
	}
	return d, nil
}

// saveRule stores a rule in place of the one that was edited, if nobody changed it meanwhile. A
// rule of one placement is part of its scenario, which is stored as a whole with the version
// that the page showed.
func saveRule(v *page.Visit, scenario, was string, rule recommenderapi.Rule) error {
	if scenario == "" {
		if was != "" && was != rule.RuleID {
			return apierror.Invalid("The rule cannot be renamed.", apierror.FieldError{
				Pointer: "/rule_id", Detail: "belongs to the rule for good: make a new rule and delete this one",
			})
		}
		_, err := page.Change[recommenderapi.SavedRule](
			v, v.Recommender, http.MethodPut, "/v1/rules/"+page.Escape(rule.RuleID), v.Text("version"), rule,
		)
		return err
	}
	path := "/v1/scenarios/" + page.Escape(scenario)
	s, err := page.Get[recommenderapi.Scenario](v, v.Recommender, path, nil)
	if err != nil {
		return err
	}
	if rule.RuleID != was && slices.ContainsFunc(s.Rules, func(r recommenderapi.Rule) bool { return r.RuleID == rule.RuleID }) {
		return apierror.Invalid("The placement has a rule of this name.", apierror.FieldError{
			Pointer: "/rule_id", Detail: "is taken: choose another, or edit that rule",
		})
	}
	s.Rules = replaced(s.Rules, was, rule)
	_, err = page.Change[recommenderapi.SavedScenario](v, v.Recommender, http.MethodPut, path, v.Text("version"), s)
	return err
}

// deleteRule deletes a rule, or takes it out of its scenario.
func deleteRule(v *page.Visit) (any, error) {
	scenario, id := v.Text("scenario"), v.PathValue("id")
	if scenario == "" {
		_, err := page.Change[struct{}](v, v.Recommender, http.MethodDelete, "/v1/rules/"+page.Escape(id), v.Text("version"), nil)
		return page.Redirect("/rules?done=deleted"), err
	}
	path := "/v1/scenarios/" + page.Escape(scenario)
	s, err := page.Get[recommenderapi.Scenario](v, v.Recommender, path, nil)
	if err != nil {
		return nil, err
	}
	s.Rules = slices.DeleteFunc(s.Rules, func(r recommenderapi.Rule) bool { return r.RuleID == id })
	_, err = page.Change[recommenderapi.SavedScenario](v, v.Recommender, http.MethodPut, path, v.Text("version"), s)
	return page.Redirect("/placements/" + page.Escape(scenario) + "?done=deleted"), err
}
