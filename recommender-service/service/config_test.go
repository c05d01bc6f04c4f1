package service_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/shared/wire"
)

// call sends a request with headers and decodes the answer.
func (r *running) call(t *testing.T, method, path string, header http.Header, in, out any) (http.Header, error) {
	t.Helper()
	body, err := encode(in)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := r.http.Send(t.Context(), httpclient.Request{
		Method: method, Path: path, Body: body, ContentType: "application/json", Header: header,
	})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return resp.Header, decode(resp.Body, out)
}

func TestScenariosChangeAtRunTimeWithHistory(t *testing.T) {
	t.Parallel()
	s := north(t)
	const path = "/v1/scenarios/home.trending"
	var sc api.Scenario
	header, err := s.call(t, http.MethodGet, path, nil, nil, &sc)
	if err != nil || header.Get("ETag") != `"1"` || !sc.Builtin {
		t.Fatalf("built in: %v %v", header.Get("ETag"), err)
	}
	sc.Rules = []api.Rule{
		{RuleID: "first", Action: "pin", ItemID: "i199", Position: 1},
		{RuleID: "gone", Action: "hide", Where: &api.Condition{Field: "item_id", Value: "i000"}},
		{RuleID: "up", Action: "boost", Factor: 3, Where: &api.Condition{Field: "brand", Value: "B1"}},
	}
	var saved api.SavedScenario
	header, err = s.call(t, http.MethodPut, path, http.Header{"If-Match": {`"1"`}}, sc, &saved)
	if err != nil || header.Get("ETag") != `"2"` || saved.Matches[0].Items != 1 || saved.Matches[1].Items != 1 ||
		saved.Matches[2].Items != 100 {
		t.Fatalf("put: %v %v %+v", header.Get("ETag"), err, saved.Matches)
	}
	a := s.recommend(t, api.Request{Scenario: "home.trending", Explain: "full", Limit: 5})
	if got := fmt.Sprint(ids(a)); got != "[i199 i001 i003 i005 i007]" || a.ScenarioVersion != 2 || a.Items[0].Tier != "pinned" {
		t.Errorf("with rules: %v", got)
	}
	for _, item := range a.Items[1:] {
		if added(item.Explanation) != item.Score || item.Explanation.Boosts[0].Source != "rule:up" {
			t.Errorf("%s: the boost does not add up: %+v", item.ItemID, item.Explanation)
		}
	}
	if _, err = s.call(
		t, http.MethodPut, path, http.Header{"If-Match": {`"1"`}}, sc, &saved,
	); !apierror.Is(err, http.StatusPreconditionFailed) {
		t.Errorf("an old ETag: %v", err)
	}
	sc.Rules = append(sc.Rules, api.Rule{RuleID: "first", Action: "pin", ItemID: "i000", Position: 1})
	_, err = s.call(t, http.MethodPut, path, nil, sc, &saved)
	if problems := apierror.From(err); problems.Status != http.StatusUnprocessableEntity || len(problems.Errors) != 3 {
		t.Errorf("contradictory rules: %v", err)
	}
	if _, err = s.call(t, http.MethodPost, path+"/restore", nil, map[string]int64{"version": 1}, &saved); err != nil ||
		saved.Version != 3 || len(saved.Matches) != 0 {
		t.Errorf("restore: %v %+v", err, saved)
	}
	var history profileapi.Page[api.ScenarioVersion]
	if _, err = s.call(t, http.MethodGet, path+"/history", nil, nil, &history); err != nil || len(history.Items) != 3 ||
		len(history.Items[1].Scenario.Rules) != 3 {
		t.Errorf("history: %v %+v", err, history.Items)
	}
	if a := s.recommend(t, api.Request{Scenario: "home.trending", Limit: 1}); ids(a)[0] != "i000" {
		t.Errorf("restored: %v", ids(a))
	}
}

func TestAnUnknownVersionOfAScenarioIsToldFromAnUnknownScenario(t *testing.T) {
	t.Parallel()
	s := north(t)
	for path, want := range map[string]string{
		"home.trending/restore": `There is no version 99 of the scenario "home.trending".`,
		"home.trendin/restore":  "Was home.trending meant?",
		"home.trendin/history":  "Was home.trending meant?",
	} {
		method, body := http.MethodGet, any(nil)
		if strings.HasSuffix(path, "/restore") {
			method, body = http.MethodPost, map[string]int{"version": 99}
		}
		_, err := s.call(t, method, "/v1/scenarios/"+path, nil, body, nil)
		p := apierror.From(err)
		if p.Status != http.StatusNotFound || !strings.Contains(p.Detail, want) || strings.Contains(p.Code, " ") {
			t.Errorf("%s: %d %s %q, want %q", path, p.Status, p.Code, p.Detail, want)
		}
	}
}

func TestPreviewShowsWhatRulesWouldChange(t *testing.T) {
	t.Parallel()
	s := north(t)
	rules := []api.Rule{{RuleID: "up", Action: "pin", ItemID: "i004", Position: 2}}
	var p api.PreviewAnswer
	_, err := s.call(
		t, http.MethodPost, "/v1/scenarios/home.trending/preview", nil,
		api.PreviewRequest{Request: api.Request{Scenario: "home.trending", Limit: 5}, Rules: &rules}, &p,
	)
	if err != nil || fmt.Sprint(ids(p.Live)) != "[i000 i001 i002 i003 i004]" || fmt.Sprint(ids(p.Preview)) != "[i000 i004 i001 i002 i003]" {
		t.Fatalf("%v: %v, %v", err, ids(p.Live), ids(p.Preview))
	}
	if len(p.Changes) != 4 || p.Changes[0].ItemID != "i004" || p.Changes[0].PositionDelta != 3 || p.Changes[1].PositionDelta != -1 {
		t.Errorf("changes: %+v", p.Changes)
	}
}

func TestThePathNamesTheScenarioOfAPreview(t *testing.T) {
	t.Parallel()
	s := north(t)
	preview := func(request map[string]any) (p api.PreviewAnswer, err error) {
		in := map[string]any{"request": request, "rules": []api.Rule{}}
		_, err = s.call(t, http.MethodPost, "/v1/scenarios/home.trending/preview", nil, in, &p)
		return p, err
	}
	for _, request := range []map[string]any{{"limit": 5}, {"limit": 5, "scenario": "home.trending"}} {
		if p, err := preview(request); err != nil || p.Live.Scenario != "home.trending" || len(p.Live.Items) != 5 {
			t.Errorf("%v: %v, %d items of %s", request, err, len(p.Live.Items), p.Live.Scenario)
		}
	}
	_, err := preview(map[string]any{"scenario": "home.for_you"})
	if diff := cmp.Diff([]string{"/request/scenario"}, pointers(t, err)); diff != "" {
		t.Error("the preview of another scenario than the path's: ", err, diff)
	}
}

func TestReplayGivesTheSameListOrSaysWhatIsGone(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) { d.did("ann", "view_item", "i003", "i050", "i121") })
	diversity := .4
	a := s.recommend(t, api.Request{Scenario: "home.for_you", UserID: "ann", Limit: 40, Diversity: &diversity, Explain: "full"})
	replay := func() api.Replay {
		var again api.Replay
		if _, err := s.call(t, http.MethodPost, "/v1/recommendations/"+a.RecommendationID+"/replay", nil, nil, &again); err != nil {
			t.Fatal(err)
		}
		return again
	}
	again := replay()
	if !again.Identical || len(again.Answer.Items) != 40 {
		t.Fatalf("not identical: %v", again.Gone)
	}
	for n := range a.Items {
		if got, want := again.Answer.Items[n], a.Items[n]; got.ItemID != want.ItemID || got.Score != want.Score ||
			added(got.Explanation) != want.Score {
			t.Fatalf("place %d: %+v, was %+v", n+1, got, want)
		}
	}
	first := a.Items[0].ItemID
	s.world.edit("north", func(d *shopData) {
		it := d.items[first]
		it.Status = profileapi.ItemHidden
		d.put(it)
	})
	s.await(
		t, api.Request{Scenario: "home.for_you", UserID: "ann", Limit: 1},
		func(now api.Answer) bool { return now.Items[0].ItemID != first },
	)
	if again := replay(); !again.Identical {
		t.Errorf("after a change of the catalogue: %v", again.Gone)
	}
	s.world.edit("north", func(d *shopData) { d.profiles["ann"] = nil })
	if again := replay(); again.Identical || len(again.Gone) == 0 {
		t.Errorf("after the profile was erased: %+v", again)
	}
}

func TestExperimentsAreStickyAndCountAttributedEvents(t *testing.T) {
	t.Parallel()
	s := north(t)
	x := api.Experiment{
		Status: "running", Traffic: 1,
		Arms: []api.ExperimentArm{{Name: "control", Share: .5}, {Name: "best", Share: .5, Scenario: "search_no_results.best_sellers"}},
	}
	if _, err := s.call(t, http.MethodPut, "/v1/experiments/x1", nil, x, &x); err != nil {
		t.Fatal(err)
	}
	arms := map[string]int{}
	var events []profileapi.StoredEvent
	price, visitors := 10.0, 60
	for v := range visitors {
		user := fmt.Sprint("user", v)
		a := s.recommend(t, api.Request{Scenario: "home.for_you", UserID: user, Limit: 3})
		if again := s.recommend(t, api.Request{Scenario: "home.for_you", UserID: user, Limit: 3}); *again.Experiment != *a.Experiment {
			t.Fatalf("%s was in arm %s and then in %s", user, a.Experiment.Arm, again.Experiment.Arm)
		}
		arms[a.Experiment.Arm]++
		at := wire.TimeOf(time.Now())
		click := profileapi.Event{
			Type: "select_item", UserID: user, ItemID: ids(a)[0], RecommendationID: a.RecommendationID, OccurredAt: at,
		}
		buy := profileapi.Event{
			Type: "purchase", UserID: user, OccurredAt: at,
			Items: []profileapi.EventItem{{ItemID: ids(a)[0], Price: &price}, {ItemID: "i150", Price: &price}},
		}
		events = append(events, profileapi.StoredEvent{Event: click, Seq: int64(2*v + 1)}, profileapi.StoredEvent{
			Event: buy, Seq: int64(2*v + 2),
		})
	}
	if arms["control"] < 15 || arms["best"] < 15 {
		t.Fatalf("the arms are uneven: %v", arms)
	}
	s.world.edit("north", func(d *shopData) { d.events = events })
	var results api.ExperimentResults
	for deadline := time.After(30 * time.Second); ; {
		if _, err := s.call(t, http.MethodGet, "/v1/experiments/x1/results", nil, nil, &results); err != nil {
			t.Fatal(err)
		}
		if results.Arms[0].Orders+results.Arms[1].Orders == int64(visitors) &&
			results.Arms[0].Impressions+results.Arms[1].Impressions == int64(6*visitors) {
			break
		}
		select {
		case <-deadline:
			t.Fatalf("not counted: %+v", results.Arms)
		case <-time.After(50 * time.Millisecond):
		}
	}
	control := results.Arms[0]
	if control.Visitors != int64(arms["control"]) || control.Clicks != control.Visitors ||
		control.Revenue != 10*float64(control.Visitors) || !results.SampleRatioOK {
		t.Errorf("control: %+v", control)
	}
	var report api.ScenariosMetrics
	if _, err := s.call(t, http.MethodGet, "/v1/metrics/scenarios", nil, nil, &report); err != nil {
		t.Fatal(err)
	}
	m := report.Scenarios[0]
	if m.Scenario != "home.for_you" || m.Clicks != int64(visitors) || m.OrderLines != int64(visitors) ||
		m.Revenue != 10*float64(visitors) || m.CoverageItems == 0 {
		t.Errorf("metrics: %+v", m)
	}
}

func TestConfigurationOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": testenv.SQLite, "postgres": testenv.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.edit("north", func(s *shopData) { lamps(s, 20) })
			address := url(t)
			first := start(t, w, address)
			sc := api.Scenario{Sources: []api.Source{{Kind: "newest", Weight: 1}}, Limit: 3}
			if _, err := first.call(t, http.MethodPut, "/v1/scenarios/mine", http.Header{"If-None-Match": {"*"}}, sc, &sc); err != nil {
				t.Fatal(err)
			}
			second := start(t, w, address)
			a := second.await(t, api.Request{Scenario: "mine"}, func(a api.Answer) bool { return len(a.Items) == 3 })
			if a.Items[0].ItemID != "i019" {
				t.Errorf("got %v", ids(a))
			}
		})
	}
}

func TestAPreviewNamesModelsThatThereAre(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) { d.models = map[string]string{"old": "similar", "baskets": "bought_together"} })
	ask := api.Request{Scenario: "product_detail.similar", ContextItems: []string{"i010"}, Limit: 5}
	for version, want := range map[string][]string{
		"old": nil, "gone": {"/model_versions/similar"}, "baskets": {"/model_versions/similar"},
	} {
		var preview api.PreviewAnswer
		_, err := s.call(
			t, http.MethodPost, "/v1/scenarios/product_detail.similar/preview", nil,
			api.PreviewRequest{Request: ask, ModelVersions: map[string]string{"similar": version}}, &preview,
		)
		if want == nil {
			if err != nil || len(preview.Live.Items) != 5 || preview.Preview.Items == nil {
				t.Errorf("%s: %+v, %v", version, preview, err)
			}
			continue
		}
		if diff := cmp.Diff(want, pointers(t, err)); diff != "" {
			t.Errorf("%s: %s", version, diff)
		}
	}
}
