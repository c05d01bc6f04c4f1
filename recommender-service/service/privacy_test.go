package service_test

import (
	"net/http"
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

func TestAPersonWhoIsForgottenVanishesFromDecisionsClicksAndExperiments(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"sqlite": testenv.SQLite(t), "postgres": testenv.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.edit("north", func(s *shopData) { lamps(s, 50) })
			forget(t, start(t, w, url))
		})
	}
}

func forget(t *testing.T, s *running) {
	s.await(t, api.Request{Scenario: "home.trending"}, func(a api.Answer) bool { return len(a.Items) == 20 && len(a.Degraded) == 0 })
	s.put(t, "mine", trending())
	x := api.Experiment{Status: "running", Traffic: 1, Scenarios: []string{"mine"}, Arms: []api.ExperimentArm{{Name: "control", Share: 1}}}
	if _, err := s.call(t, http.MethodPut, "/v1/experiments/x", nil, x, nil); err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{}
	var events []profileapi.StoredEvent
	for name, r := range map[string]api.Request{"ann": {UserID: "ann"}, "tab": {SessionID: "tab"}, "bob": {UserID: "bob"}} {
		r.Scenario = "mine"
		a := s.recommend(t, r)
		answers[name] = a.RecommendationID
		e := profileapi.Event{
			Type: "select_item", UserID: r.UserID, SessionID: r.SessionID, ItemID: ids(a)[0], RecommendationID: a.RecommendationID,
			OccurredAt: wire.TimeOf(time.Now()),
		}
		events = append(events, profileapi.StoredEvent{Event: e, Seq: int64(len(events) + 1)})
	}
	s.world.edit("north", func(d *shopData) { d.events = events })
	poll(t, s, "/v1/experiments/x/results", func(r api.ExperimentResults) bool { return r.Arms[0].Visitors == 3 && r.Arms[0].Clicks == 3 })

	const path = "/v1/recommendations?user_id=ann&session_id=tab"
	if err := deleteAs(t, s, "south", path, nil); err != nil {
		t.Fatal(err)
	}
	if err := deleteAs(t, s, browser, path, nil); !apierror.Is(err, http.StatusForbidden) {
		t.Errorf("a browser's key: %v", err)
	}
	for _, query := range []string{"", "?user_id=", "?user_id=%00", "?session_id=%7F"} {
		if err := deleteAs(t, s, "north", "/v1/recommendations"+query, nil); !apierror.Is(err, http.StatusUnprocessableEntity) {
			t.Errorf("%q: %v", query, err)
		}
	}
	for name, id := range answers {
		if _, err := s.call(t, http.MethodGet, "/v1/recommendations/"+id, nil, nil, nil); err != nil {
			t.Errorf("%s before: %v", name, err)
		}
	}

	for _, want := range []api.Forgotten{{Decisions: 2, Clicks: 2, Experiments: 2}, {}} { // a repeat finds nothing
		var got api.Forgotten
		if err := deleteAs(t, s, "north", path, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	for name, id := range answers {
		_, err := s.call(t, http.MethodGet, "/v1/recommendations/"+id, nil, nil, nil)
		if name == "bob" && err != nil || name != "bob" && !apierror.Is(err, http.StatusNotFound) {
			t.Errorf("%s after: %v", name, err)
		}
	}
	var results api.ExperimentResults
	if _, err := s.call(t, http.MethodGet, "/v1/experiments/x/results", nil, nil, &results); err != nil || results.Arms[0].Visitors != 1 ||
		results.Arms[0].Clicks != 1 {
		t.Errorf("results: %+v, %v", results.Arms, err)
	}
}

// deleteAs sends a DELETE with the key of a shop or of a browser.
func deleteAs(t *testing.T, s *running, who, target string, out any) error {
	t.Helper()
	resp, err := s.as(who).Send(t.Context(), httpclient.Request{Method: http.MethodDelete, Path: target})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return decode(resp.Body, out)
}
