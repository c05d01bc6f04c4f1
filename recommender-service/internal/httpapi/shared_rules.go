package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/recommend"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/recommender-service/internal/scenario"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// registerSharedRules adds the rules that hold in all scenarios. Each is a document of its own
// with versions; the rules of one scenario are part of the scenario.
func (a *API) registerSharedRules(api huma.API) {
	tags := []string{scenariosTag}
	changed := []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity}
	register(api, auth.ScopeConfigRead, huma.Operation{
		OperationID: "get-rule", Method: http.MethodGet, Path: "/v1/rules/{id}", Tags: tags,
		Summary: "Read a rule that holds in all scenarios", Errors: []int{http.StatusNotFound},
	}, a.getSharedRule)
	register(api, auth.ScopeConfigWrite, huma.Operation{
		OperationID: "put-rule", Method: http.MethodPut, Path: "/v1/rules/{id}", Tags: tags,
		Summary: "Change or add a rule that holds in all scenarios", Errors: changed,
		Description: "It is applied before the rules of the scenario; `when` with `request.scenario` leaves some out. Serves from the " +
			"next request on.",
	}, audit.Handler(a.Audit, audit.What[putRuleInput]{
		Action: "rule.put", Subject: func(_ string, in *putRuleInput) string { return in.ID },
		State: func(_ context.Context, shop string, in *putRuleInput) any { return current(a.Rules, shop, in.ID) },
	}, a.putSharedRule))
	register(api, auth.ScopeConfigWrite, huma.Operation{
		OperationID: "delete-rule", Method: http.MethodDelete, Path: "/v1/rules/{id}", Tags: tags,
		Summary: "Remove a rule that holds in all scenarios", Errors: changed,
		DefaultStatus: http.StatusNoContent,
	}, audit.Handler(a.Audit, audit.What[deleteInput]{
		Action: "rule.delete", Subject: func(_ string, in *deleteInput) string { return in.ID },
		State: func(_ context.Context, shop string, in *deleteInput) any { return current(a.Rules, shop, in.ID) },
	}, a.deleteSharedRule))
}

// sharedRules lists the rules that hold in all scenarios, in order of id.
func (a *API) sharedRules(shop string) []*recommenderapi.Rule {
	var list []*recommenderapi.Rule
	for _, e := range a.Rules.List(shop) {
		list = append(list, e.Value)
	}
	return list
}

// placed is a scenario with the rules that hold everywhere, without any experiment.
func (a *API) placed(shop string, s *recommenderapi.Scenario) recommend.Placement {
	return recommend.Placement{Scenario: s, Shared: a.sharedRules(shop)}
}

// sharedAt returns the rules of a past answer, in order of id as they were applied; false when
// one of them can no longer be read. It asks the store once for each.
func (a *API) sharedAt(ctx context.Context, shop string, d *decision.Decision) (list []*recommenderapi.Rule, ok bool) {
	for _, id := range sortedKeys(d.SharedRules) {
		e, err := a.Rules.Version(ctx, shop, id, d.SharedRules[id])
		if err != nil {
			return nil, false
		}
		list = append(list, e.Value)
	}
	return list, true
}

type ruleOutput struct {
	ETag string `header:"ETag"`
	Body recommenderapi.Rule
}

// getSharedRule answers from memory, with the version as ETag.
func (a *API) getSharedRule(_ context.Context, shop string, in *idInput) (*ruleOutput, error) {
	e, ok := a.Rules.Find(shop, in.ID)
	if !ok {
		return nil, a.noSharedRule(in.ID)
	}
	return &ruleOutput{httpserver.ETag(e.Version), *e.Value}, nil
}

// noSharedRule is a 404 that says where else a rule may be.
func (a *API) noSharedRule(id string) error {
	p := apierror.NotFound("rule", id)
	p.Detail += " GET /v1/rules lists those that there are. A rule of one scenario is read and changed in its scenario."
	return p
}

type putRuleInput struct {
	ID string `path:"id" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$"`
	httpserver.Conditions
	Body recommenderapi.Rule
}

type savedRuleOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   recommenderapi.SavedRule
}

// putSharedRule checks a rule by itself and together with the others that hold in all
// scenarios, and stores it: 201 for a new one.
func (a *API) putSharedRule(ctx context.Context, shop string, in *putRuleInput) (*savedRuleOutput, error) {
	r := &in.Body
	if r.RuleID != "" && r.RuleID != in.ID {
		return nil, apierror.Invalid("The rule cannot be stored.", apierror.FieldError{
			Pointer: "/rule_id", Code: "contradiction", Detail: "differs from the id of the path; leave it out",
		})
	}
	r.RuleID = in.ID
	if bad := a.checkShared(shop, r); len(bad) > 0 {
		return nil, apierror.Invalid("The rule cannot be stored.", bad...)
	}
	e, created, err := a.Rules.Put(ctx, shop, in.ID, auth.FromContext(ctx).KeyID, r, in.Require())
	if err != nil {
		return nil, problem(err, "rule", in.ID)
	}
	out := &savedRuleOutput{Status: http.StatusOK, ETag: httpserver.ETag(e.Version), Body: recommenderapi.SavedRule{Rule: *e.Value}}
	if created {
		out.Status = http.StatusCreated
	}
	a.Catalogue.Shop(shop).Read(func(v *catalogue.View) {
		out.Body.Items = rules.Matching(e.Value, v, rules.Nobody, a.Now())
		absent := a.absent(shop, v)
		absent.Rule("", e.Value)
		out.Body.Warnings = absent.Problems.Fields
		out.Body.Warnings = append(out.Body.Warnings, a.idle("", e.Value, out.Body.Items, rules.Products(v), out.Body.Warnings)...)
	})
	return out, nil
}

// checkShared reports what is wrong with a rule, also where it contradicts the others that hold
// in all scenarios. Contradictions are looked for only in a rule that is sound by itself; they
// have no pointer, since the other half stands in another document.
func (a *API) checkShared(shop string, r *recommenderapi.Rule) []apierror.FieldError {
	own := &rules.Problems{}
	rules.CheckRules(own, "", []recommenderapi.Rule{*r})
	for n := range own.Fields {
		// CheckRules counts from the list; the body is the rule itself.
		own.Fields[n].Pointer = own.Fields[n].Pointer[len("/0"):]
	}
	if len(own.Fields) > 0 {
		return own.Fields
	}
	all := []recommenderapi.Rule{}
	for _, other := range a.sharedRules(shop) {
		if other.RuleID != r.RuleID {
			all = append(all, *other)
		}
	}
	together := &rules.Problems{}
	rules.CheckRules(together, "", append(all, *r))
	for n := range together.Fields {
		f := &together.Fields[n]
		f.Pointer, f.Detail = "", "contradicts another rule that holds in all scenarios: "+f.Detail
	}
	return together.Fields
}

// deleteSharedRule removes a rule from all scenarios; its versions stay for replays.
func (a *API) deleteSharedRule(ctx context.Context, shop string, in *deleteInput) (*struct{}, error) {
	if _, ok := a.Rules.Find(shop, in.ID); !ok {
		return nil, a.noSharedRule(in.ID)
	}
	return nil, problem(a.Rules.Delete(ctx, shop, in.ID, auth.FromContext(ctx).KeyID, in.Require()), "rule", in.ID)
}

// absent compares with a shop's catalogue and scenarios. It is good for as long as the view is.
func (a *API) absent(shop string, v *catalogue.View) *rules.Absent {
	return &rules.Absent{View: v, Scenario: func(id string) bool {
		_, ok := a.Scenarios.Find(shop, id)
		return ok
	}}
}

// warnings names what a scenario names and the shop does not have, such as a brand without
// items, and its rules that do nothing; matches are those of its rules. They stop nothing: the items may come later.
func (a *API) warnings(shop, prefix string, s *recommenderapi.Scenario, matches []recommenderapi.RuleMatch) (list []apierror.FieldError) {
	a.Catalogue.Shop(shop).Read(func(v *catalogue.View) {
		absent := a.absent(shop, v)
		absent.Condition(prefix+"/filter", s.Filter)
		absent.Rules(prefix+"/rules", s.Rules)
		list = absent.Problems.Fields
		for n := range s.Rules {
			list = append(list, a.idle(prefix+"/rules/"+strconv.Itoa(n), &s.Rules[n], matches[n].Items, rules.Products(v), list)...)
		}
	})
	return list
}

// idle says of a rule that it is over, or else that it changes no list or empties every one, of the number of products that it is about
// among all. A rule that is switched off does nothing on purpose, and where its condition is warned of already that says why.
func (a *API) idle(pointer string, r *recommenderapi.Rule, items, all int, warned []apierror.FieldError) []apierror.FieldError {
	if state, detail := ruleState(r, a.Now()); state == recommenderapi.RuleExpired {
		return []apierror.FieldError{{Pointer: pointer + "/until", Code: "rule_over", Detail: detail + " Send a later moment, or none."}}
	}
	code, detail := rules.Effect(r, items, all)
	where := pointer + "/where"
	if code == "" || r.Disabled || code == rules.NoEffect && slices.ContainsFunc(warned, func(w apierror.FieldError) bool {
		return strings.HasPrefix(w.Pointer, where)
	}) {
		return nil
	}
	return []apierror.FieldError{{Pointer: where, Code: code, Detail: detail}}
}

// matches counts the items of the rules that hold in all scenarios, and of a scenario's own.
// Each rule looks at the whole catalogue.
func (a *API) matches(shop string, shared []*recommenderapi.Rule, s *recommenderapi.Scenario) []recommenderapi.RuleMatch {
	list := []recommenderapi.RuleMatch{}
	for _, r := range shared {
		a.Catalogue.Shop(shop).Read(func(v *catalogue.View) {
			list = append(list, recommenderapi.RuleMatch{
				RuleID: r.RuleID, Shared: true, Items: rules.Matching(r, v, rules.Nobody, a.Now()),
			})
		})
	}
	return append(list, scenario.Matching(s, a.Catalogue.Shop(shop), a.Now())...)
}

// listedShared describes a rule that holds in all scenarios.
func (a *API) listedShared(shop string, r *recommenderapi.Rule) recommenderapi.ListedRule {
	now := a.Now()
	l := recommenderapi.ListedRule{Scenario: "/v1/rules/" + url.PathEscape(r.RuleID), ScenarioVersion: r.Version, Rule: *r}
	l.State, l.Detail = ruleState(r, now)
	if l.State == recommenderapi.RuleActive {
		l.Detail = "It acts on every answer of every scenario."
	}
	l.Active = l.State == recommenderapi.RuleActive || l.State == recommenderapi.RuleWhen
	a.Catalogue.Shop(shop).Read(func(v *catalogue.View) { l.Items = rules.Matching(r, v, rules.Nobody, now) })
	l.Detail = idleDetail(&l)
	return l
}
