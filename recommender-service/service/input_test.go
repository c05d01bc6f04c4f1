package service_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// pointers returns where a refused request is wrong, sorted.
func pointers(t *testing.T, err error) []string {
	t.Helper()
	if !apierror.Is(err, http.StatusUnprocessableEntity) {
		t.Errorf("not refused: %v", err)
		return nil
	}
	var list []string
	for _, f := range apierror.From(err).Errors {
		list = append(list, f.Pointer+f.Parameter)
	}
	slices.Sort(list)
	return list
}

func TestTextsThatCannotBeIDsAreRefused(t *testing.T) {
	t.Parallel()
	s := north(t)
	line, nul, long := "ann\nbob", "i00\x003", strings.Repeat("é", 257)
	events := []profileapi.Event{
		{Type: "view_item", ItemID: nul, UserID: line},
		{Type: "purchase", Items: []profileapi.EventItem{{ItemID: "i001"}, {ItemID: "i\t2"}}},
	}
	whole := api.Request{
		Scenario: "home.for_you", UserID: line, SessionID: "s\x7f", Events: events, Cart: []string{"i001", ""}, ContextItems: []string{nul},
		ExcludeItems: []string{"i001", long},
	}
	for name, c := range map[string]struct {
		path string
		in   any
		want []string
	}{
		"recommendations": {"/v1/recommendations", whole, []string{
			"/cart/1", "/context_items/0", "/events/0/item_id", "/events/0/user_id", "/events/1/items/1/item_id", "/exclude_items/1",
			"/session_id", "/user_id",
		}},
		"explain": {
			"/v1/recommendations/explain", api.ExplainRequest{Request: api.Request{Scenario: "home.for_you"}, ItemID: nul},
			[]string{"/item_id"},
		},
		"a page": {"/v1/recommendations/batch", api.PageRequest{
			UserID: line, SessionID: nul, Cart: []string{nul}, Placements: []api.Request{{Scenario: "home.for_you"}},
		},
			[]string{"/cart/0", "/session_id", "/user_id"}},
		"a placement": {"/v1/recommendations/batch", api.PageRequest{
			Placements: []api.Request{{Scenario: "home.trending"}, {Scenario: "home.for_you", ContextItems: []string{nul}}},
		},
			[]string{"/placements/1/context_items/0"}},
		"rankings": {
			"/v1/rankings", api.RankRequest{SessionID: line, ItemIDs: []string{"i001", "", nul}},
			[]string{"/item_ids/1", "/item_ids/2", "/session_id"},
		},
		"exports": {
			"/v1/exports", api.ExportRequest{Scenario: "email.for_you", UserIDs: []string{"ann", line, ""}},
			[]string{"/user_ids/1", "/user_ids/2"},
		},
		"preview": {"/v1/scenarios/home.trending/preview", api.PreviewRequest{
			Request: api.Request{Scenario: "home.trending", UserID: line}, Rules: &[]api.Rule{},
		},
			[]string{"/request/user_id"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := s.http.Call(t.Context(), http.MethodPost, c.path, nil, c.in, nil)
			if diff := cmp.Diff(c.want, pointers(t, err)); diff != "" {
				t.Error(err, diff)
			}
		})
	}
	t.Run("the cacheable form", func(t *testing.T) {
		t.Parallel()
		err := s.http.Call(
			t.Context(), http.MethodGet, "/v1/recommendations", url.Values{"scenario": {"home.trending"}, "context_items": {"i001," + nul}},
			nil, nil,
		)
		if diff := cmp.Diff([]string{"/context_items/1"}, pointers(t, err)); diff != "" {
			t.Error(err, diff)
		}
	})
	t.Run("every printable text is an id", func(t *testing.T) {
		t.Parallel()
		a := s.recommend(t, api.Request{Scenario: "home.trending", UserID: "Zoë/1 ?&=%",
			ContextItems: []string{strings.Repeat("é", 256)}})
		if len(a.Items) != 20 || len(a.Degraded) > 0 {
			t.Errorf("%d items, degraded %v", len(a.Items), a.Degraded)
		}
	})
}

func TestFieldsThatNoItemHasAreRefused(t *testing.T) {
	t.Parallel()
	s := north(t)
	_, err := s.api.Recommend(t.Context(), api.Request{
		Scenario: "home.trending", Fields: []string{"title", "attributes.colour", "attributes.color", "attributes.", "cost", "margin"},
	})
	if diff := cmp.Diff([]string{"/fields/2", "/fields/3", "/fields/4", "/fields/5"}, pointers(t, err)); diff != "" {
		t.Error(err, diff)
	}
	if !strings.Contains(err.Error(), "category_path") {
		t.Errorf("the refusal does not list the fields that there are: %v", err)
	}
	err = s.http.Call(
		t.Context(), http.MethodGet, "/v1/recommendations", url.Values{"scenario": {"home.trending"}, "fields": {"title,titel"}}, nil, nil,
	)
	if diff := cmp.Diff([]string{"/fields/1"}, pointers(t, err)); diff != "" {
		t.Error(err, diff)
	}
}

func TestAPublishableKeySeesNoInternals(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) { d.did("ann", "view_item", "i003") })
	page := s.as(browser)
	var a api.Answer
	err := s.asPage(
		t, "ann", http.MethodPost, "/v1/recommendations", nil,
		api.Request{Scenario: "home.for_you", UserID: "ann", Explain: "reasons", DeadlineMS: 5000}, &a,
	)
	if err != nil || len(a.Items) != 20 || len(a.Items[0].Reasons) == 0 {
		t.Fatalf("reasons: %v %+v", err, a)
	}
	full := api.Request{Scenario: "home.for_you", UserID: "ann", Explain: "full"}
	for name, c := range map[string]struct {
		method, path string
		query        url.Values
		in           any
		pointer      string // "" when the whole operation is closed
	}{
		"full explanations": {http.MethodPost, "/v1/recommendations", nil, full, "/explain"},
		"full explanations, cacheable": {
			http.MethodGet, "/v1/recommendations", url.Values{"scenario": {"home.trending"}, "explain": {"full"}}, nil, "/explain",
		},
		"full explanations of a placement": {
			http.MethodPost, "/v1/recommendations/batch", nil, api.PageRequest{Placements: []api.Request{full}}, "/placements/0/explain",
		},
		"why not": {
			http.MethodPost, "/v1/recommendations/explain", nil, api.ExplainRequest{Request: full, ItemID: "i001"}, "",
		},
		"a decision": {http.MethodGet, "/v1/recommendations/" + a.RecommendationID, nil, nil, ""},
		"a replay":   {http.MethodPost, "/v1/recommendations/" + a.RecommendationID + "/replay", nil, nil, ""},
		"scenarios":  {http.MethodGet, "/v1/scenarios", nil, nil, ""},
		"rules":      {http.MethodGet, "/v1/rules", nil, nil, ""},
		"a preview": {
			http.MethodPost, "/v1/scenarios/home.trending/preview", nil, api.PreviewRequest{Request: full, Rules: &[]api.Rule{}}, "",
		},
		"a change of a scenario": {http.MethodPut, "/v1/scenarios/mine", nil, trending(), ""},
		"experiments":            {http.MethodGet, "/v1/experiments", nil, nil, ""},
		"rollouts":               {http.MethodGet, "/v1/rollouts", nil, nil, ""},
		"metrics":                {http.MethodGet, "/v1/metrics/scenarios", nil, nil, ""},
		"an export": {
			http.MethodPost, "/v1/exports", nil, api.ExportRequest{Scenario: "email.for_you", UserIDs: []string{"ann"}}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := page.Call(t.Context(), c.method, c.path, c.query, c.in, nil)
			if !apierror.Is(err, http.StatusForbidden) {
				t.Fatalf("got %v", err)
			}
			problem := apierror.From(err)
			if c.pointer != "" &&
				(problem.Code != "secret_key_needed" || len(problem.Errors) != 1 ||
					problem.Errors[0].Pointer != c.pointer || !strings.Contains(problem.Detail, "secret key")) {
				t.Errorf("the refusal says %+v", problem)
			}
		})
	}
	if a := s.recommend(t, full); a.Items[0].Explanation == nil {
		t.Error("a secret key got no explanation")
	}
}

func TestACursorContinuesOnlyTheListThatItCameFrom(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) { d.did("ann", "view_item", "i003") })
	first := s.recommend(t, api.Request{Scenario: "home.for_you", UserID: "ann", SessionID: "s1", Limit: 5})
	for name, r := range map[string]api.Request{
		"another scenario": {Scenario: "home.trending", UserID: "ann", SessionID: "s1"},
		"another visitor":  {Scenario: "home.for_you", UserID: "bob", SessionID: "s1"},
		"another session":  {Scenario: "home.for_you", UserID: "ann", SessionID: "s2"},
		"nobody":           {Scenario: "home.for_you"},
		"another page":     {Scenario: "home.for_you", UserID: "ann", SessionID: "s1", ContextItems: []string{"i010"}},
	} {
		r.Cursor = *first.NextCursor
		_, err := s.api.Recommend(t.Context(), r)
		if diff := cmp.Diff([]string{"/cursor"}, pointers(t, err)); diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if next := s.recommend(t, api.Request{
		Scenario: "home.for_you", UserID: "ann", SessionID: "s1", Limit: 7, Cursor: *first.NextCursor,
	}); len(next.Items) != 7 {
		t.Errorf("the next page, longer: %v", ids(next))
	}
}
