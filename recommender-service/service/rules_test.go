package service_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

func TestTheRulesOfAllScenariosAreListed(t *testing.T) {
	t.Parallel()
	s := north(t)
	hour := time.Hour
	blue := &api.Condition{Field: "brand", Value: "B1"}
	other := trending()
	other.Title = "Mine"
	other.Rules = []api.Rule{
		{RuleID: "a", Action: "boost", Factor: 2, Where: blue},
		{RuleID: "b", Action: "hide", Where: blue, From: wire.TimeOf(time.Now().Add(hour))},
		{RuleID: "c", Action: "hide", Where: blue, Until: wire.TimeOf(time.Now().Add(-hour))},
		{RuleID: "d", Action: "pin", ItemID: "i004", Position: 1, Disabled: true},
		{RuleID: "e", Action: "pin", ItemID: "none", Position: 1, When: &api.Condition{Field: "user.known", Value: true}},
	}
	s.put(t, "mine", other)
	first := trending()
	first.Rules = []api.Rule{{RuleID: "z", Action: "limit_per", Field: "brand", Max: 3}}
	s.put(t, "before", first)

	var got []string
	cursor := ""
	for pages := 1; ; pages++ {
		page, err := s.api.Rules(t.Context(), cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Items {
			got = append(
				got,
				fmt.Sprintf("%s%s %s %s %v %d v%d", r.Scenario, r.Pointer, r.Rule.RuleID, r.State, r.Active, r.Items, r.ScenarioVersion),
			)
			var sc api.Scenario
			if _, err := s.call(t, http.MethodGet, r.Scenario, nil, nil, &sc); err != nil || sc.ScenarioID != r.ScenarioID ||
				sc.Title != r.ScenarioTitle || r.Detail == "" {
				t.Errorf("%s does not lead to its scenario: %v %+v", r.Scenario, err, r)
			}
		}
		if page.NextCursor == nil {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
		cursor = *page.NextCursor
	}
	want := []string{
		"/v1/scenarios/before/rules/0 z active true 200 v1",
		"/v1/scenarios/mine/rules/0 a active true 100 v1", "/v1/scenarios/mine/rules/1 b scheduled false 100 v1",
		"/v1/scenarios/mine/rules/2 c expired false 100 v1",
		"/v1/scenarios/mine/rules/3 d disabled false 1 v1", "/v1/scenarios/mine/rules/4 e when true 0 v1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, err := s.api.Rules(t.Context(), "bm9uZQ", 2)
	if diff := cmp.Diff([]string{"cursor"}, pointers(t, err)); diff != "" {
		t.Error(err, diff)
	}
	south, err := api.NewClient(s.as("south")).Rules(t.Context(), "", 0)
	if err != nil || south.Items == nil || len(south.Items) > 0 {
		t.Errorf("another shop sees %+v, %v", south, err)
	}
}

func TestTheListingSaysOfARuleThatItIsAboutNoItem(t *testing.T) {
	t.Parallel()
	s := north(t)
	never := &api.Condition{Field: "price", Op: "lt", Value: 0.5}
	ofThePage := &api.Condition{Field: "brand", Value: map[string]any{"ref": "seed.brand"}}
	own := trending()
	own.Rules = []api.Rule{
		{RuleID: "pinned", Action: "pin", ItemID: "none", Position: 1}, {RuleID: "emptying", Action: "filter", Where: never},
		{RuleID: "later", Action: "hide", ItemID: "nowhere", From: wire.TimeOf(time.Now().Add(time.Hour))},
		{RuleID: "of-the-page", Action: "boost", Factor: 2, Where: ofThePage},
		{RuleID: "sound", Action: "hide", ItemID: "i001"},
	}
	s.put(t, "mine", own)
	if _, err := s.call(t, http.MethodPut, "/v1/rules/shared", nil, api.Rule{Action: "boost", Factor: 2, Where: never}, nil); err != nil {
		t.Fatal(err)
	}
	page, err := s.api.Rules(t.Context(), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"shared": "no item meets its condition", "pinned": `no item "none"`, "emptying": "every list on which it acts is empty",
		"later": "It acts from", "of-the-page": "It acts on every answer", "sound": "It acts on every answer",
	}
	if len(page.Items) != len(want) {
		t.Errorf("%d rules", len(page.Items))
	}
	for _, r := range page.Items {
		if !strings.Contains(r.Detail, want[r.Rule.RuleID]) {
			t.Errorf("%s: %q, want %q", r.Rule.RuleID, r.Detail, want[r.Rule.RuleID])
		}
	}
}
