package httpapi

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// registerRules adds the list of all rules, wherever they are kept.
func (a *API) registerRules(api huma.API) {
	register(api, auth.ScopeConfigRead, huma.Operation{
		OperationID: "list-rules", Method: http.MethodGet, Path: "/v1/rules", Tags: []string{scenariosTag}, Summary: "List all rules",
		Description: "First those that hold in all scenarios, in order of id, then those of each scenario, as they stand in it. " +
			"`scenario` says where a rule is changed: a scenario's own in the scenario, so that they are checked against each other.",
		Errors: []int{http.StatusUnprocessableEntity},
	}, a.listRules)
}

type rulesInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"50" default:"50"`
	Cursor string `query:"cursor" maxLength:"256" doc:"next_cursor of the page before"`
}

type rulesOutput struct {
	Body profileapi.Page[recommenderapi.ListedRule]
}

// listRules walks all rules in their order and takes those behind the cursor until the page is
// full. A cursor is a place and not a number of rules: one that was removed since does not make
// the list repeat or leave out another. Each listed rule costs a look at the whole catalogue,
// for the number of its items.
func (a *API) listRules(_ context.Context, shop string, in *rulesInput) (*rulesOutput, error) {
	after, err := parseRulePlace(in.Cursor)
	if err != nil {
		return nil, err
	}
	out := &rulesOutput{}
	out.Body.Items = []recommenderapi.ListedRule{}
	// full takes one rule, and reports whether the page had no room for it.
	full := func(at rulePlace, rule func() recommenderapi.ListedRule) bool {
		if at.compare(after) <= 0 {
			return false
		}
		if len(out.Body.Items) == in.Limit {
			next := after.String()
			out.Body.NextCursor = &next
			return true
		}
		out.Body.Items = append(out.Body.Items, rule())
		after = at
		return false
	}
	for n, r := range a.sharedRules(shop) {
		if full(rulePlace{"", n + 1}, func() recommenderapi.ListedRule { return a.listedShared(shop, r) }) {
			return out, nil
		}
	}
	for _, e := range a.Scenarios.List(shop) {
		for n := range e.Value.Rules {
			if full(rulePlace{e.ID, n}, func() recommenderapi.ListedRule { return a.listed(shop, e.Value, n) }) {
				return out, nil
			}
		}
	}
	return out, nil
}

// listed describes rule n of a scenario. Each rule looks at the catalogue for itself: one look at it for a whole page would hold up its
// changes.
func (a *API) listed(shop string, s *recommenderapi.Scenario, n int) recommenderapi.ListedRule {
	now, rule := a.Now(), &s.Rules[n]
	l := recommenderapi.ListedRule{
		ScenarioID: s.ScenarioID, ScenarioTitle: s.Title, ScenarioVersion: s.Version,
		Scenario: "/v1/scenarios/" + url.PathEscape(s.ScenarioID),
		Pointer:  "/rules/" + strconv.Itoa(n), Rule: *rule,
	}
	l.State, l.Detail = ruleState(rule, now)
	l.Active = l.State == recommenderapi.RuleActive || l.State == recommenderapi.RuleWhen
	a.Catalogue.Shop(shop).Read(func(v *catalogue.View) { l.Items = rules.Matching(rule, v, rules.Nobody, now) })
	l.Detail = idleDetail(&l)
	return l
}

// idleDetail is the detail of a rule that would act and is about no item, which changes no list; else the rule's own. A rule that refers to
// the page's item or the visitor is about other items in each answer.
func idleDetail(l *recommenderapi.ListedRule) string {
	if !l.Active || l.Items > 0 {
		return l.Detail
	}
	if l.Rule.ItemID != "" {
		return "It changes no list: the catalogue has no item " + strconv.Quote(l.Rule.ItemID) + "."
	}
	switch code, _ := rules.Effect(&l.Rule, 0, 1); code {
	case rules.HidesAll:
		return "No item meets its condition: every list on which it acts is empty."
	case rules.NoEffect:
		return "It changes no list: no item meets its condition."
	}
	return l.Detail
}

// ruleState says whether a rule acts at a moment, and why. From is its first moment, Until the
// first after it.
func ruleState(r *recommenderapi.Rule, now time.Time) (state, detail string) {
	switch {
	case r.Disabled:
		return recommenderapi.RuleDisabled, "It is disabled."
	case !r.From.IsZero() && now.Before(r.From.Time):
		return recommenderapi.RuleScheduled, "It acts from " + r.From.UTC().Format(time.RFC3339) + " on."
	case !r.Until.IsZero() && !now.Before(r.Until.Time):
		return recommenderapi.RuleExpired, "It acted until " + r.Until.UTC().Format(time.RFC3339) + "."
	case r.When != nil:
		return recommenderapi.RuleWhen, "It acts on the answers for which its condition in when holds."
	}
	return recommenderapi.RuleActive, "It acts on every answer of its scenario."
}

// rulePlace is a place in the listing: behind rule n of a scenario, or the n-th from 1 of those that hold in all. The zero value lies
// before every rule.
type rulePlace struct {
	scenario string
	n        int
}

// compare orders places as they are listed: the rules of all scenarios have the scenario "" and
// come first.
func (p rulePlace) compare(o rulePlace) int {
	return cmp.Or(strings.Compare(p.scenario, o.scenario), cmp.Compare(p.n, o.n))
}

// String returns the cursor of a place: base64url of the rule's number, a space and the scenario's id.
func (p rulePlace) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(p.n) + " " + p.scenario))
}

// parseRulePlace is the way back from String; "" is the place before every rule. 422 for
// anything else.
func parseRulePlace(cursor string) (rulePlace, error) {
	if cursor == "" {
		return rulePlace{}, nil
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	number, scenario, ok := strings.Cut(string(text), " ")
	n, bad := strconv.Atoi(number)
	if err != nil || !ok || bad != nil || n < 0 || scenario == "" && n == 0 {
		return rulePlace{}, apierror.Invalid("The listing cannot go on.", apierror.FieldError{
			Parameter: "cursor", Code: "invalid_cursor",
			Detail: "is not a cursor of this listing: send the next_cursor of a page as it was",
		})
	}
	return rulePlace{scenario, n}, nil
}
