package service_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// poll reads a path until the answer is as wanted, for what background work does every few seconds.
func poll[T any](t *testing.T, r *running, path string, want func(T) bool) T {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		var v T
		_, err := r.call(t, http.MethodGet, path, nil, nil, &v)
		if err == nil && want(v) {
			return v
		}
		select {
		case <-deadline:
			t.Fatalf("waited in vain for %s; the last answer was %+v, %v", path, v, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// guarded is an experiment on a scenario of its own name, whose arm "tried" breaks the guardrails.
type guarded struct {
	id         string
	arm        api.ExperimentArm
	guardrails api.Guardrails
	reason     string // that it is stopped for; "" when nothing is broken
}

func guardedExperiments() []guarded {
	hollow := api.Scenario{Sources: []api.Source{{Kind: "recently_viewed", Weight: 1}}, Limit: 5}
	return []guarded{
		{
			"errors", api.ExperimentArm{ModelVersions: map[string]string{"similar": goneVersion}}, api.Guardrails{MaxDegradedShare: .1},
			"arm tried: 100.0 % of the answers were degraded",
		},
		{
			"empty", api.ExperimentArm{Configuration: &hollow}, api.Guardrails{MaxEmptyShare: .05},
			"arm tried: 100.0 % of the answers were empty",
		},
		{"latency", api.ExperimentArm{}, api.Guardrails{MaxLatencyMS: 1e-6}, "ms on average, more than 0.0 ms"},
		{
			"clicks", api.ExperimentArm{}, api.Guardrails{MinClickRateRatio: .5},
			"arm tried: 0.00 % of the visitors clicked, the control's 100.00 %",
		},
		{
			"fine", api.ExperimentArm{},
			api.Guardrails{MaxDegradedShare: .5, MaxEmptyShare: .5, MaxLatencyMS: 60_000, MinClickRateRatio: .5}, "",
		},
		{"few", api.ExperimentArm{Configuration: &hollow}, api.Guardrails{MaxEmptyShare: .05, MinVisitors: 1000}, ""},
	}
}

// TestAnExperimentAndARolloutCannotHaveOneID puts each over the other.
func TestAnExperimentAndARolloutCannotHaveOneID(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.put(t, "home", api.Scenario{Sources: []api.Source{{Kind: "context_similar", Weight: 1}}, Limit: 5})
	x := api.Experiment{
		Status: "draft", Traffic: 1, Scenarios: []string{"home"},
		Arms: []api.ExperimentArm{{Name: "control", Share: .5}, {Name: "tried", Share: .5}},
	}
	for first, second := range map[string]string{"experiments": "rollouts", "rollouts": "experiments"} {
		if _, err := s.call(t, http.MethodPut, "/v1/"+first+"/one-of-"+first, nil, x, nil); err != nil {
			t.Fatal(err)
		}
		_, err := s.call(t, http.MethodPut, "/v1/"+second+"/one-of-"+first, nil, x, nil)
		if !apierror.Is(err, http.StatusConflict) {
			t.Errorf("one of %s over one of %s: %v", second, first, err)
		}
		if _, err := s.call(t, http.MethodGet, "/v1/"+first+"/one-of-"+first, nil, nil, nil); err != nil {
			t.Errorf("one of %s: %v", first, err)
		}
	}
}

func TestGuardrailsStopAnExperimentAndSayWhy(t *testing.T) {
	t.Parallel()
	s := north(t)
	var events []profileapi.StoredEvent
	for _, g := range guardedExperiments() {
		s.put(t, g.id, api.Scenario{Sources: []api.Source{{Kind: "context_similar", Weight: 1}}, Fallback: []string{"trending"}, Limit: 5})
		g.arm.Name, g.arm.Share = "tried", .5
		if g.guardrails.MinVisitors == 0 {
			g.guardrails.MinVisitors = 10
		}
		x := api.Experiment{
			Status: "running", Traffic: 1, Scenarios: []string{g.id}, Arms: []api.ExperimentArm{{Name: "control", Share: .5}, g.arm},
			Guardrails: g.guardrails,
		}
		if _, err := s.call(t, http.MethodPut, "/v1/experiments/"+g.id, nil, x, nil); err != nil {
			t.Fatal(err)
		}
		for v := range 60 {
			a := s.recommend(t, api.Request{Scenario: g.id, UserID: fmt.Sprint("user", v), ContextItems: []string{"i010"}})
			if g.id == "clicks" && a.Experiment.Arm == "control" {
				e := profileapi.Event{
					Type: "select_item", UserID: fmt.Sprint("user", v), ItemID: ids(a)[0], RecommendationID: a.RecommendationID,
					OccurredAt: wire.TimeOf(time.Now()),
				}
				events = append(events, profileapi.StoredEvent{Event: e, Seq: int64(len(events) + 1)})
			}
		}
	}
	s.world.edit("north", func(d *shopData) { d.events = events })
	for _, g := range guardedExperiments() {
		if g.reason == "" {
			continue
		}
		x := poll(t, s, "/v1/experiments/"+g.id, func(x api.Experiment) bool { return x.Status == "stopped" })
		if !strings.Contains(x.StopReason, g.reason) || x.Version != 2 {
			t.Errorf("%s was stopped for %q in version %d", g.id, x.StopReason, x.Version)
		}
		a := s.recommend(t, api.Request{Scenario: g.id, UserID: "user0", ContextItems: []string{"i010"}})
		if a.Experiment != nil || len(a.Items) != 5 || len(a.Degraded) > 0 {
			t.Errorf("%s still acts on answers: %+v", g.id, a)
		}
	}
	// The others were judged by then, from the same counts.
	for _, g := range guardedExperiments() {
		if g.reason != "" {
			continue
		}
		results := poll(
			t, s, "/v1/experiments/"+g.id+"/results",
			func(r api.ExperimentResults) bool { return r.Arms[0].Visitors+r.Arms[1].Visitors == 60 },
		)
		var x api.Experiment
		if _, err := s.call(t, http.MethodGet, "/v1/experiments/"+g.id, nil, nil, &x); err != nil || x.Status != "running" ||
			x.StopReason != "" {
			t.Errorf("%s: %v %s %q after %+v", g.id, err, x.Status, x.StopReason, results.Arms)
		}
	}
	// It can be started again.
	var x api.Experiment
	if _, err := s.call(t, http.MethodGet, "/v1/experiments/latency", nil, nil, &x); err != nil {
		t.Fatal(err)
	}
	x.Status, x.Guardrails.MaxLatencyMS = "running", 60_000
	if _, err := s.call(t, http.MethodPut, "/v1/experiments/latency", nil, x, nil); err != nil {
		t.Fatal(err)
	}
	if a := s.recommend(t, api.Request{Scenario: "latency", UserID: "user0", ContextItems: []string{"i010"}}); a.Experiment == nil {
		t.Errorf("started again, it does not act: %+v", a)
	}
	var again api.Experiment
	if _, err := s.call(t, http.MethodGet, "/v1/experiments/latency", nil, nil, &again); err != nil || again.Status != "running" ||
		again.StopReason != "" {
		t.Errorf("started again: %v %+v", err, again)
	}
}

func TestAShadowArmIsComparedAndNeverShown(t *testing.T) {
	t.Parallel()
	s := north(t)
	plain := trending()
	s.put(t, "shown", plain)
	shadow := trending()
	shadow.Rules = []api.Rule{
		{RuleID: "top", Action: "hide", Where: &api.Condition{Field: "item_id", Op: "in", Value: []any{"i000", "i001", "i002"}}},
	}
	x := api.Experiment{Status: "running", Traffic: 1, Scenarios: []string{"shown"}, Arms: []api.ExperimentArm{
		{Name: "control", Share: 1}, {Name: "without", Configuration: &shadow, Shadow: true},
		{Name: "same", Configuration: &plain, Shadow: true},
	}}
	if _, err := s.call(t, http.MethodPut, "/v1/experiments/x", nil, x, nil); err != nil {
		t.Fatal(err)
	}
	const visitors = 12
	var want []string
	for n := range 10 {
		want = append(want, fmt.Sprintf("i%03d", n))
	}
	for v := range visitors {
		a := s.recommend(t, api.Request{Scenario: "shown", UserID: fmt.Sprint("user", v)})
		if !slices.Equal(ids(a), want) || *a.Experiment != (api.Arm{ExperimentID: "x", Arm: "control"}) {
			t.Errorf("visitor %d was shown %v by arm %+v", v, ids(a), a.Experiment)
		}
	}
	results := poll(t, s, "/v1/experiments/x/results", func(r api.ExperimentResults) bool {
		return r.Arms[0].Visitors == visitors && r.Arms[1].ShadowOverlap != nil && r.Arms[2].ShadowOverlap != nil
	})
	for n, overlap := range []float64{.7, 1} {
		arm := results.Arms[n+1]
		if got := *arm.ShadowOverlap; got < overlap-1e-9 || got > overlap+1e-9 {
			t.Errorf("arm %s shares %v of the control's list, want %v", arm.Arm, got, overlap)
		}
		if arm.Visitors != 0 || arm.Impressions != 0 || arm.ClickerRateDiff != nil {
			t.Errorf("the shadow arm has visitors: %+v", arm)
		}
	}
	if results.Arms[0].ShadowOverlap != nil || results.Arms[0].Impressions != 10*visitors {
		t.Errorf("the control: %+v", results.Arms[0])
	}
	var report api.ScenariosMetrics
	if _, err := s.call(t, http.MethodGet, "/v1/metrics/scenarios", nil, nil, &report); err != nil {
		t.Fatal(err)
	}
	for _, m := range report.Scenarios {
		if m.Scenario == "shown" && m.Requests != visitors {
			t.Errorf("shadow answers are counted: %+v", m)
		}
	}
}

// TestAModelVersionThatDoesNotExistIsRefused names versions that are there, of another relation, gone, or cannot be asked about.
func TestAModelVersionThatDoesNotExistIsRefused(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) { d.models = map[string]string{"similar-1": "similar", "next-1": "viewed_next"} })
	store := func(kind, status string, versions map[string]string) (saved api.SavedExperiment, err error) {
		x := api.Experiment{
			Status: status, Traffic: 1,
			Arms: []api.ExperimentArm{{Name: "control", Share: .5}, {Name: "tried", Share: .5, ModelVersions: versions}},
		}
		_, err = s.call(t, http.MethodPut, "/v1/"+kind+"s/models", nil, x, &saved)
		return saved, err
	}
	refuses := func(kind string, versions map[string]string, pointer, code string) {
		t.Helper()
		_, err := store(kind, "running", versions)
		var p *apierror.Problem
		if !errors.As(err, &p) || p.Status != http.StatusUnprocessableEntity || len(p.Errors) != 1 || p.Errors[0].Pointer != pointer ||
			p.Errors[0].Code != code ||
			!strings.Contains(p.Errors[0].Detail, "GET /v1/models") {
			t.Errorf("%v is answered %+v", versions, err)
		}
	}
	for _, kind := range []string{"experiment", "rollout"} {
		refuses(kind, map[string]string{"similar": "similar-2"}, "/arms/1/model_versions/similar", "model_not_found")
		refuses(kind, map[string]string{"similar": "next-1"}, "/arms/1/model_versions/similar", "wrong_relation")
	}
	if saved, err := store("experiment", "running", map[string]string{"similar": "similar-1", "viewed_next": "next-1"}); err != nil ||
		len(saved.Warnings) > 0 {
		t.Errorf("versions that are there: %+v, %v", saved.Warnings, err)
	}
	s.world.edit("north", func(d *shopData) { delete(d.models, "similar-1") })
	if saved, err := store("experiment", "running", map[string]string{"similar": "similar-1"}); err != nil || len(saved.Warnings) != 1 ||
		saved.Warnings[0].Code != "model_not_found" {
		t.Errorf("a version that is gone since: %+v, %v", saved.Warnings, err)
	}
	if _, err := store("experiment", "stopped", map[string]string{"similar": "never"}); err != nil {
		t.Errorf("a stopped experiment: %v", err)
	}
	shut(s.world.similarity)
	if saved, err := store("experiment", "running", map[string]string{"similar": "similar-9"}); err != nil || len(saved.Warnings) != 1 ||
		saved.Warnings[0].Code != "not_checked" {
		t.Errorf("without the similarity-service: %+v, %v", saved.Warnings, err)
	}
}
