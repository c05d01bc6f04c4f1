package merchandise

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/console/internal/page/pagetest"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// TestARuleComesBackFromTheEditorAsItWas fills the editor with rules and reads them again: opening and saving one changes nothing.
func TestARuleComesBackFromTheEditorAsItWas(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"boost by two comparisons": `{"rule_id":"a","title":"t","action":"boost","factor":1.5,` +
			`"where":{"all":[{"field":"brand","op":"eq","value":"x"},{"field":"price","op":"lt","value":5}]},` +
			`"from":"2026-11-01T08:00:00Z","until":"2026-12-01T08:00:00Z"}`,
		"one comparison": `{"rule_id":"a","action":"hide","where":{"field":"tags","op":"in","value":["old","sale"]}}`,
		"any": `{"rule_id":"a","action":"filter","where":{"any":[{"field":"brand","op":"eq",` +
			`"value":"x"},{"field":"brand","op":"eq","value":"y"}]},"disabled":true}`,
		"pin":   `{"rule_id":"a","action":"pin","item_id":"A1","position":3}`,
		"limit": `{"rule_id":"a","action":"limit_per","field":"brand","max":2}`,
		"one item, for some": `{"rule_id":"a","action":"bury","factor":0.5,"item_id":"A1",` +
			`"when":{"field":"user.segments","op":"contains","value":"vip"}}`,
		"known or not": `{"rule_id":"a","action":"hide","item_id":"A1","when":{"field":"user.known","op":"eq","value":false}}`,
		"more than the rows say": `{"rule_id":"a","action":"boost","factor":2,"where":{"not":{"field":"brand",` +
			`"op":"eq","value":{"ref":"seed.brand"}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var rule recommenderapi.Rule
			if err := json.Unmarshal([]byte(text), &rule); err != nil {
				t.Fatal(err)
			}
			got, problem := ruleOf(pagetest.Posted(ruleValues(&rule)))
			if problem != nil {
				t.Fatal(problem)
			}
			pagetest.Same(t, rule, got)
		})
	}
}

func TestWhatCannotBeReadInARuleIsSaidBesideItsField(t *testing.T) {
	t.Parallel()
	_, problem := ruleOf(pagetest.Posted(url.Values{"action": {"boost"}, "factor": {"much"}, "from": {"soon"}, "where0_field": {"brand"}}))
	got := map[string]bool{}
	for _, e := range problem.Errors {
		got[ruleField(e.Pointer)] = true
	}
	for _, field := range []string{"rule_id", "factor", "from"} {
		if !got[field] {
			t.Errorf("nothing is said of %s: %v", field, problem)
		}
	}
	for pointer, field := range map[string]string{
		"/scenario/rules/3/factor": "factor", "/rules/0/where/all/1/value": "where1_value", "/where/op": "where0_op",
		"/when/any/2/field": "when2_field", "/id": "rule_id", "/where/not": "where0_field", "/x": "",
	} {
		if got := ruleField(pointer); got != field {
			t.Errorf("%s is about %q, want %q", pointer, got, field)
		}
	}
}

func TestARuleThatDoesNothingNowSaysWhy(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]recommenderapi.Rule{
		"":                                      {From: hour()},
		"switched off":                          {Disabled: true, From: hour()},
		"has ended, at 2026-11-30 01:00:00 UTC": {Until: hour()},
		"begins at 2026-12-24 00:00:00 UTC":     {From: wire.TimeOf(time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC))},
	} {
		got := resting(&r, pagetest.Now())
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("of %+v: %q, want %q", r, got, want)
		}
		shown := html(t, &ruleData{Rule: r, Resting: got, Preview: &recommenderapi.PreviewAnswer{}, Unchanged: true})
		if strings.Contains(shown, "is in force") != (want == "") || !strings.Contains(shown, want) {
			t.Errorf("of %+v the page says\n%s", r, shown)
		}
	}
}

func TestAPlacementKeepsWhatItsFormDoesNotShow(t *testing.T) {
	t.Parallel()
	s := recommenderapi.Scenario{
		ScenarioID: "home.x", Title: "X",
		Sources:  []recommenderapi.Source{{Kind: "popular", Weight: 2, HalfLifeHours: 3}, {Kind: "newest", Weight: .5}},
		Fallback: []string{"trending", "popular"}, Limit: 7,
		Rules: []recommenderapi.Rule{{RuleID: "r", Action: "hide", ItemID: "A"}},
		Rows:  []recommenderapi.RowPlan{{Kind: "scenario", Scenario: "home.y"}}, Diversity: .3, Version: 4, Builtin: true,
		Filter: &recommenderapi.Condition{Field: "price", Op: "gt", Value: 1.}, AllowPurchased: true, Seen: "exclude", Objective: "revenue",
	}
	got, problem := placementOf(pagetest.Posted(placementValues(&s)), s)
	if problem != nil {
		t.Fatal(problem)
	}
	want := s
	want.ScenarioID, want.Version, want.Builtin = "", 0, false
	pagetest.Same(t, want, got)

	values := placementValues(&s)
	values.Set("source0", "")
	values.Set("add", "history")
	got, _ = placementOf(pagetest.Posted(values), s)
	pagetest.Same(t, []recommenderapi.Source{{Kind: "newest", Weight: .5}, {Kind: "history", Weight: 1}}, got.Sources)
}

func TestWhatIsWrongStandsBesideAFieldThatTheFormHas(t *testing.T) {
	t.Parallel()
	for pointer, field := range map[string]string{
		"/scenario/limit": "limit", "/sources/1/weight": "", "/source1": "source1", "/filter/all/0/field": "filter0_field",
		"/rules/0/factor": "",
	} {
		if got := placementField(pointer); got != field {
			t.Errorf("%s of a placement is about %q, want %q", pointer, got, field)
		}
	}
}
