package service_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

func TestARequestWithoutABody(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) { d.did("ann", "view_item", "i003") })
	get := func(query string) (a api.Answer, cached string, err error) {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		values.Set("deadline_ms", "5000")
		header, err := s.call(t, http.MethodGet, "/v1/recommendations?"+values.Encode(), nil, nil, &a)
		return a, header.Get("Cache-Control"), err
	}
	a, cached, err := get("scenario=home.for_you&user_id=ann&limit=3")
	want := s.recommend(t, api.Request{Scenario: "home.for_you", UserID: "ann", Limit: 3})
	if err != nil || !slices.Equal(ids(a), ids(want)) || cached != "no-store" {
		t.Errorf("%v, %q: %v, by POST %v", err, cached, ids(a), ids(want))
	}
	if _, cached, err = get("scenario=home.trending"); err != nil || cached != "private, max-age=60" {
		t.Errorf("for everybody: %v, %q", err, cached)
	}
	a, _, err = get(`scenario=home.trending&exclude_items=i000,i001&limit=2&filter={"field":"brand","value":"B1"}&diversity=0.1`)
	if err != nil || !slices.Equal(ids(a), []string{"i003", "i005"}) {
		t.Errorf("filtered: %v %v", err, ids(a))
	}
	_, _, err = get("scenario=home.trending&diversity=2&filter=price<5")
	if diff := cmp.Diff([]string{"diversity", "filter"}, pointers(t, err)); diff != "" {
		t.Error(err, diff)
	}
}

func TestNamesOfOtherProductsAreMended(t *testing.T) {
	t.Parallel()
	s := north(t)
	for name, c := range map[string]struct {
		method, path, body string
		want               map[string]string // pointer → what the detail must say
	}{
		"Gorse": {
			"POST", "/v1/recommendations", `{"scenario":"home.trending","user-id":"a","n":3}`,
			map[string]string{"/user-id": "user_id", "/n": "limit"},
		},
		"Recombee": {
			"POST", "/v1/recommendations",
			`{"scenario":"home.trending","targetUserId":"a","count":3,"rotationRate":0.1,"includedProperties":["title"]}`,
			map[string]string{"/targetUserId": "user_id", "/count": "limit", "/rotationRate": "rotation", "/includedProperties": "fields"},
		},
		"Algolia": {
			"POST", "/v1/recommendations", `{"scenario":"home.trending","model":"related-products","objectID":"i1","maxRecommendations":3}`,
			map[string]string{"/model": "scenario", "/objectID": "context_items", "/maxRecommendations": "limit"},
		},
		"Segment": {
			"POST", "/v1/recommendations", `{"scenario":"home.trending","userId":"a","anonymousId":"b","productId":"i1"}`,
			map[string]string{"/userId": "user_id", "/anonymousId": "session_id", "/productId": "context_items"},
		},
		"a slip of the pen": {
			"POST", "/v1/recommendations", `{"scenario":"home.trending","exclude_item":["i1"]}`,
			map[string]string{"/exclude_item": "exclude_items is near it"},
		},
		"nothing of the kind": {
			"POST", "/v1/recommendations", `{"scenario":"home.trending","zzzzzz":1}`, map[string]string{"/zzzzzz": "use cart, category"},
		},
		"within a placement": {
			"POST", "/v1/recommendations/batch", `{"placements":[{"scenario":"home.trending","num_results":3}]}`,
			map[string]string{"/placements/0/num_results": "limit"},
		},
		"within an event": {
			"POST", "/v1/recommendations", `{"scenario":"home.trending","events":[{"type":"view_item","itemId":"i1"}]}`,
			map[string]string{"/events/0/itemId": "item_id"},
		},
		"a ranking": {"POST", "/v1/rankings", `{"item_ids":["i1"],"userId":"a"}`, map[string]string{"/userId": "user_id"}},
		"why not": {
			"POST", "/v1/recommendations/explain", `{"scenario":"home.trending","item_id":"i1","itemId":"i1"}`,
			map[string]string{"/itemId": "item_id"},
		},
		"a rule": {
			"PUT", "/v1/rules/mine", `{"action":"boost","multiplier":2}`, map[string]string{"/multiplier": "factor"},
		},
		"a rule of a scenario": {
			"PUT", "/v1/scenarios/mine", `{"rules":[{"action":"hide","conditions":{}}]}`, map[string]string{"/rules/0/conditions": "where"},
		},
		"a parameter": {
			"GET", "/v1/recommendations?scenario=home.trending&n=3&userId=a", "", map[string]string{"n": "limit", "userId": "user_id"},
		},
		"a parameter of a listing": {"GET", "/v1/rules?limt=3", "", map[string]string{"limt": "limit is near it"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var in any
			if c.body != "" {
				in = json.RawMessage(c.body)
			}
			_, err := s.call(t, c.method, c.path, nil, in, nil)
			if !apierror.Is(err, http.StatusUnprocessableEntity) {
				t.Fatalf("not refused: %v", err)
			}
			got := map[string]string{}
			for _, f := range apierror.From(err).Errors {
				got[f.Pointer+f.Parameter] = f.Detail
			}
			for at, says := range c.want {
				if !strings.Contains(got[at], says) {
					t.Errorf("%s: %q does not say %q", at, got[at], says)
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("refused for %v", got)
			}
		})
	}
}

func TestUnknownScenariosAndEventTypesListTheKnown(t *testing.T) {
	t.Parallel()
	s := north(t)
	_, err := s.api.Recommend(t.Context(), api.Request{Scenario: "home.foryou"})
	if !apierror.Is(err, http.StatusNotFound) || !strings.Contains(err.Error(), "Was home.for_you meant") ||
		!strings.Contains(err.Error(), "product_detail.similar") {
		t.Error(err)
	}
	_, err = s.api.Recommend(t.Context(), api.Request{
		Scenario: "home.trending", ExcludeEventTypes: []string{"purchase", "bought"},
		Events: []profileapi.Event{{Type: "buy", ItemID: "i001"}, {Type: "rate", ItemID: "i001", Value: new(1e308)}},
	})
	if diff := cmp.Diff([]string{"/events/0/type", "/events/1/value", "/exclude_event_types/1"}, pointers(t, err)); diff != "" ||
		!strings.Contains(err.Error(), "add_to_wishlist") {
		t.Error(err, diff)
	}
	if _, err = s.call(
		t, http.MethodPut, "/v1/scenarios/mine", nil, api.Scenario{Sources: trending().Sources, ExcludeEventTypes: []string{"Purchase"}},
		nil,
	); err == nil || !strings.Contains(err.Error(), "purchase is near it") {
		t.Errorf("a scenario: %v", err)
	}
	s.world.edit("north", func(d *shopData) {
		d.did("ann", "purchase", "i000")
		d.profiles["ann"].Recent = nil // so long ago that the history has lost it
	})
	a := s.recommend(t, api.Request{Scenario: "home.trending", UserID: "ann", ExcludeEventTypes: []string{"purchase"}})
	if slices.Contains(ids(a), "i000") {
		t.Errorf("what was bought long ago is shown: %v", ids(a))
	}
}

func TestAScenarioNeedsNothingThatHasADefault(t *testing.T) {
	t.Parallel()
	s := north(t)
	var saved api.SavedScenario
	body := json.RawMessage(
		`{"sources":[{"kind":"trending"},{"kind":"newest","weight":0}],"rules":[{"action":"hide","item_id":"i000"},` +
			`{"action":"boost","factor":2}]}`,
	)
	if _, err := s.call(t, http.MethodPut, "/v1/scenarios/mine", nil, body, &saved); err != nil {
		t.Fatal(err)
	}
	if saved.Limit != 20 || saved.Sources[0].Weight != 1 || saved.Sources[1].Weight != 0 || saved.Rules[0].RuleID != "hide-1" ||
		saved.Rules[1].RuleID != "boost-2" || saved.Matches[0].Items != 1 {
		t.Errorf("saved %+v", saved)
	}
	if got := ids(s.recommend(t, api.Request{Scenario: "mine"})); len(got) != 20 || got[0] != "i001" {
		t.Errorf("shown %v", got)
	}
	_, err := s.call(
		t, http.MethodPut, "/v1/scenarios/mine", nil,
		json.RawMessage(
			`{"sources":[{"kind":"trending"}],"rules":[{"action":"hide","item_id":"i000","where":{"field":"brand",`+
				`"value":"B1"}},{"action":"hide"}]}`,
		),
		nil,
	)
	if diff := cmp.Diff([]string{"/rules/0/item_id", "/rules/1/where"}, pointers(t, err)); diff != "" {
		t.Error(err, diff)
	}
}

func TestWhatDoesNotExistWarns(t *testing.T) {
	t.Parallel()
	s := north(t)
	sc := trending()
	sc.Filter = &api.Condition{Not: &api.Condition{Field: "brand", Op: "in", Value: []any{"B1", "b0", "Acme"}}}
	sc.Rules = []api.Rule{
		{
			RuleID: "a", Action: "boost", Factor: 2, Where: &api.Condition{Field: "category", Value: "c1"},
			When: &api.Condition{Field: "request.scenario", Value: "nowhere"},
		},
		{RuleID: "b", Action: "hide", ItemID: "none", Position: 3},
		{RuleID: "c", Action: "limit_per", Field: "attributes.colour", Max: 2},
		{RuleID: "d", Action: "filter", Where: &api.Condition{Field: "attributes.size", Op: "ne", Value: "L"}},
	}
	var saved api.SavedScenario
	if _, err := s.call(t, http.MethodPut, "/v1/scenarios/mine", nil, sc, &saved); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, w := range saved.Warnings {
		got[w.Pointer] = w.Code
		if w.Pointer == "/rules/0/where/value" && !strings.Contains(w.Detail, `"Home > C1"`) || w.Pointer == "/filter/not/value/1" &&
			!strings.Contains(w.Detail, `"B0"`) {
			t.Errorf("%s does not say what there is: %s", w.Pointer, w.Detail)
		}
	}
	want := map[string]string{
		"/filter/not/value/1": "absent_brand", "/filter/not/value/2": "absent_brand", "/rules/0/where/value": "absent_category",
		"/rules/0/when/value": "scenario_not_found",
		"/rules/1/item_id":    "absent_item", "/rules/1/position": "unused_field", "/rules/3/where/field": "absent_field",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestARuleThatIsOverWarns(t *testing.T) {
	t.Parallel()
	s := north(t)
	rule := api.Rule{Action: "hide", ItemID: "i001", Until: wire.TimeOf(time.Date(2020, 12, 24, 0, 0, 0, 0, time.UTC))}
	for _, want := range []int{1, 0} { // warnings: with the year mistyped, and mended
		var saved api.SavedRule
		if _, err := s.call(t, http.MethodPut, "/v1/rules/christmas", nil, rule, &saved); err != nil {
			t.Fatal(err)
		}
		if len(saved.Warnings) != want || want == 1 && (saved.Warnings[0].Code != "rule_over" || saved.Warnings[0].Pointer != "/until") {
			t.Errorf("until %v: %+v", rule.Until, saved.Warnings)
		}
		rule.Until = wire.TimeOf(time.Date(2199, 12, 24, 0, 0, 0, 0, time.UTC))
	}
}

func TestRulesThatHoldInAllScenarios(t *testing.T) {
	t.Parallel()
	s := north(t)
	var saved api.SavedRule
	header, err := s.call(
		t, http.MethodPut, "/v1/rules/no-b1", nil, api.Rule{Action: "hide", Where: &api.Condition{Field: "brand", Value: "B1"}}, &saved,
	)
	if err != nil || header.Get("ETag") != `"1"` || saved.Items != 100 || saved.RuleID != "no-b1" || len(saved.Warnings) > 0 {
		t.Fatalf("%v %q %+v", err, header.Get("ETag"), saved)
	}
	for _, scenario := range []string{"home.trending", "product_detail.similar"} {
		a := s.recommend(t, api.Request{Scenario: scenario, ContextItems: []string{"i010"}, Fields: []string{"brand"}})
		for _, it := range a.Items {
			if it.Fields.Get("brand") != "B0" {
				t.Errorf("%s shows %s of brand %v", scenario, it.ItemID, it.Fields.Get("brand"))
			}
		}
	}
	why, err := s.api.Explain(t.Context(), api.ExplainRequest{
		Request: api.Request{Scenario: "home.trending", DeadlineMS: 5000}, ItemID: "i001",
	})
	if err != nil || why.Stage != "shared_rule:no-b1" || !strings.Contains(why.Detail, "all scenarios") {
		t.Errorf("why not: %v %s %s", err, why.Stage, why.Detail)
	}
	past := s.recommend(t, api.Request{Scenario: "home.trending"})
	var preview api.PreviewAnswer
	if _, err := s.call(
		t, http.MethodPost, "/v1/scenarios/home.trending/preview", nil,
		api.PreviewRequest{
			Rules: &[]api.Rule{{Action: "pin", ItemID: "i004", Position: 1}}, Request: api.Request{Scenario: "home.trending"},
		},
		&preview,
	); err != nil {
		t.Fatal(err)
	}
	if len(preview.Matches) != 2 || !preview.Matches[0].Shared || preview.Matches[1].RuleID != "pin-1" ||
		slices.Contains(ids(preview.Preview), "i001") {
		t.Errorf("preview: %+v", preview.Matches)
	}
	instead := api.PreviewRequest{
		Shared:  &[]api.Rule{{RuleID: "no-b1", Action: "hide", Where: &api.Condition{Field: "brand", Value: "B0"}}},
		Request: api.Request{Scenario: "home.trending"},
	}
	if _, err := s.call(t, http.MethodPost, "/v1/scenarios/home.trending/preview", nil, instead, &preview); err != nil {
		t.Fatal(err)
	}
	if len(preview.Matches) != 1 || !preview.Matches[0].Shared || !slices.Contains(ids(preview.Preview), "i001") ||
		slices.Contains(ids(preview.Live), "i001") {
		t.Errorf("a preview of the rule that holds in all scenarios as it would be: %+v, %v", preview.Matches, ids(preview.Preview))
	}
	listed, err := s.api.Rules(t.Context(), "", 0)
	if err != nil || len(listed.Items) != 1 || listed.Items[0].ScenarioID != "" || listed.Items[0].Scenario != "/v1/rules/no-b1" ||
		listed.Items[0].Rule.Version != 1 {
		t.Errorf("listed: %v %+v", err, listed)
	}
	if _, err := s.call(
		t, http.MethodPut, "/v1/rules/no-b1", http.Header{"If-Match": {`"7"`}}, api.Rule{Action: "boost", Factor: 2}, nil,
	); !apierror.Is(err, http.StatusPreconditionFailed) {
		t.Errorf("another version: %v", err)
	}
	if _, err := s.call(
		t, http.MethodPut, "/v1/rules/no-b1", http.Header{"If-Match": {`"1"`}}, api.Rule{Action: "hide", ItemID: "i001"}, nil,
	); err != nil {
		t.Fatal(err)
	}
	var again api.Replay
	if _, err := s.call(t, http.MethodPost, "/v1/recommendations/"+past.RecommendationID+"/replay", nil, nil, &again); err != nil ||
		!again.Identical {
		t.Errorf("replayed with the rule of then: %v, gone %v", err, again.Gone)
	}
	if _, err := s.call(t, http.MethodDelete, "/v1/rules/no-b1", nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	if a := s.recommend(t, api.Request{Scenario: "home.trending"}); !slices.Contains(ids(a), "i001") {
		t.Errorf("without the rule: %v", ids(a))
	}
	if _, err := s.call(t, http.MethodGet, "/v1/rules/no-b1", nil, nil, nil); !apierror.Is(err, http.StatusNotFound) {
		t.Errorf("read after its end: %v", err)
	}
}

func TestATestIsNotRemembered(t *testing.T) {
	t.Parallel()
	s := north(t)
	a := s.recommend(t, api.Request{Scenario: "home.trending", UserID: "ann", Test: true})
	if err := s.http.Call(
		t.Context(), http.MethodGet, "/v1/recommendations/"+a.RecommendationID, nil, nil, nil,
	); !apierror.Is(err, http.StatusNotFound) {
		t.Errorf("the decision: %v", err)
	}
}
