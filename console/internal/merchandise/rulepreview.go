package merchandise

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// replaced returns the rules with one in place of the rule that has an id, or behind them when
// id is "" or gone. The given list is not changed.
func replaced(rules []recommenderapi.Rule, id string, rule recommenderapi.Rule) []recommenderapi.Rule {
	rules = slices.Clone(rules)
	if at := slices.IndexFunc(rules, func(r recommenderapi.Rule) bool { return r.RuleID == id }); id != "" && at >= 0 {
		rules[at] = rule
		return rules
	}
	return append(rules, rule)
}

// preview asks the placement of the form for its list with the rule and without, by POST
// /v1/scenarios/{id}/preview. was is the id of the saved rule that is edited, "" for a new one.
// A rule that acts already is compared with how it would be without it. It fills Preview, Now,
// Then and Matching.
func (d *ruleData) preview(v *page.Visit, rule recommenderapi.Rule, was string) *apierror.Problem {
	placement := d.Form.Get("placement")
	if d.Scenario != "" {
		placement = d.Scenario // a rule of one placement acts nowhere else
	}
	rules, err := rulesOf(v, d.Scenario)
	if err != nil {
		return apierror.From(err)
	}
	at := slices.IndexFunc(rules, func(r recommenderapi.Rule) bool { return r.RuleID == was })
	d.Unchanged = was != "" && at >= 0 && sameJSON(rules[at], rule)
	if d.Unchanged {
		rules = slices.Delete(slices.Clone(rules), at, at+1)
	} else {
		rules = replaced(rules, was, rule)
	}
	ask := recommenderapi.PreviewRequest{Request: request(v, placement)}
	if d.Scenario != "" {
		ask.Rules = &rules
	} else {
		ask.Shared = &rules
	}
	path := "/v1/scenarios/" + page.Escape(placement) + "/preview"
	answer, err := page.Send[recommenderapi.PreviewAnswer](v, v.Recommender, http.MethodPost, path, ask)
	if err != nil {
		return apierror.From(err)
	}
	d.Preview, d.Resting = &answer, resting(&rule, v.Now())
	d.Now, d.Then = beside(answer.Live.Items, answer.Preview.Items)
	// The preview is the list without the rule then, and the live one that with it.
	if d.Unchanged {
		d.Now, d.Then = beside(answer.Preview.Items, answer.Live.Items)
	}
	for _, m := range answer.Matches {
		if m.RuleID == rule.RuleID && m.Shared == (d.Scenario == "") {
			d.Matching = m.Items
		}
	}
	return nil
}

// rulesOf are the rules of a placement, or those of all placements (""), without their
// versions, as a preview takes them.
func rulesOf(v *page.Visit, scenario string) (list []recommenderapi.Rule, err error) {
	if scenario != "" {
		s, err := page.Get[recommenderapi.Scenario](v, v.Recommender, "/v1/scenarios/"+page.Escape(scenario), nil)
		return s.Rules, err
	}
	all, err := allRules(v)
	for _, r := range all {
		if r.ScenarioID == "" {
			r.Rule.Version = 0
			list = append(list, r.Rule)
		}
	}
	return list, err
}

// resting says why a rule does nothing now; "" when it acts.
func resting(r *recommenderapi.Rule, now time.Time) string {
	switch {
	case r.Disabled:
		return "The rule is switched off: nothing changes until it is switched on."
	case !r.Until.IsZero() && !now.Before(r.Until.Time):
		return "The rule has ended, at " + words.When(r.Until.Time) + ": nothing changes. Set its end later, or leave it empty."
	case now.Before(r.From.Time):
		return "The rule begins at " + words.When(r.From.Time) + ": until then nothing changes. " +
			"Empty its begin to see here what it will do."
	}
	return ""
}

// sameJSON reports whether two values are the same to the API, whatever form their times and
// numbers have in Go.
func sameJSON(a, b any) bool {
	one, _ := json.Marshal(a) // what was read from JSON
	other, _ := json.Marshal(b)
	return string(one) == string(other)
}

// inRules is what the API puts before the pointer to a rule's member, in a scenario or a preview.
var inRules = regexp.MustCompile(`^(/scenario)?/(shared_)?rules/\d+`)

// ruleField is the field of the editor that a pointer is about.
func ruleField(pointer string) string {
	pointer = inRules.ReplaceAllString(pointer, "")
	if name := conditionField(pointer); name != "" {
		return name
	}
	switch name := form.Plain(pointer); name {
	case "rule_id", "title", "action", "item_id", "factor", "position", "field", "max", "from", "until", "where", "when", "json":
		return name
	case "id":
		return "rule_id"
	}
	return ""
}
