package service_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// TestVersions publishes two versions and goes back and forth between them.
func TestVersions(t *testing.T) {
	t.Parallel()
	c := start(t, shop(7), settings(t))
	ctx := deadline(t)
	relation := similarityapi.Similar
	only := similarityapi.JobRequest{Relations: []string{relation}}
	recompute(t, c, only)
	first := live(t, c)[relation]

	never := only
	never.Publish = "never"
	job := recompute(t, c, never)
	if len(job.Models) != 1 || live(t, c)[relation] != first {
		t.Fatalf("publish never: made %v, live is %v", job.Models, live(t, c))
	}
	second := job.Models[0]

	described, err := c.Model(ctx, first)
	if err != nil || described.State != "live" || described.Gate == nil || !described.Gate.Passed ||
		described.Metrics["ndcg@20"].Value <= 0 {
		t.Errorf("the live model is %+v, %v", described, err)
	}
	report, err := c.Report(ctx, first)
	if winner := report.Result(described.Algorithm); err != nil || winner == nil || report.Selected != described.Algorithm ||
		winner.Metrics["ndcg@20"].Value != described.Metrics["ndcg@20"].Value || len(report.Drawings) < 7 ||
		len(report.Breakdown.Samples) == 0 {
		t.Errorf("the report of the live model is %+v, %v", report, err)
	}
	if w := report.EventWeights; w == nil || len(w.Weights) != 2 || w.Weights[0].Type != "purchase" || w.Weights[0].Configured != 5 ||
		w.Pairs < 200 ||
		!(w.OrderedLearnt > .5) {
		t.Errorf("the learnt weights are %+v", w)
	}
	list, err := c.Models(ctx, relation)
	if err != nil || len(list) != 2 || list[0].Version != second {
		t.Errorf("versions %+v, %v", list, err)
	}
	if m, err := c.Activate(ctx, second, ""); err != nil || m.State != "live" || live(t, c)[relation] != second {
		t.Errorf("activate: %+v, %v", m, err)
	}
	if err := c.DeleteModel(ctx, second); !apierror.Is(err, http.StatusConflict) {
		t.Errorf("delete the live model: %v, want 409", err)
	}
	if m, err := c.Rollback(ctx, relation); err != nil || m.Version != first || live(t, c)[relation] != first {
		t.Errorf("roll back: %+v, %v", m, err)
	}
	if _, err := c.Rollback(ctx, relation); !apierror.Is(err, http.StatusNotFound) {
		t.Errorf("roll back beyond the first: %v, want 404", err)
	}
	compared, err := c.Compare(ctx, first, second)
	if err != nil || compared.Overlap != 1 || compared.Items != groups*groupItems || len(compared.Movers) == 0 {
		t.Errorf("two models of the same events differ: %+v, %v", compared, err)
	}
	// Several versions can be asked at once, as experiments do.
	for _, version := range []string{first, second} {
		answer, err := c.Lookup(ctx, similarityapi.LookupRequest{
			Relation: relation, ItemIDs: []string{itemID(0, 0)}, Limit: 3, ModelVersion: version,
		})
		if err != nil || answer.ModelVersion != version || len(answer.Lists[0].Neighbours) != 3 {
			t.Errorf("ask %s: %+v, %v", version, answer, err)
		}
	}
	if err := c.DeleteModel(ctx, second); err != nil {
		t.Errorf("delete: %v", err)
	}
	if _, err := c.Model(ctx, second); !apierror.Is(err, http.StatusNotFound) {
		t.Errorf("a deleted version: %v, want 404", err)
	}
	if _, err := c.Report(ctx, second); !apierror.Is(err, http.StatusNotFound) {
		t.Errorf("the report of a deleted version: %v, want 404", err)
	}
}

// TestARefusedModelNeedsAReason keeps a model that the gate refused, and serves it only when told why.
func TestARefusedModelNeedsAReason(t *testing.T) {
	t.Parallel()
	p := shop(8)
	c := start(t, p, settings(t))
	only := similarityapi.JobRequest{Relations: []string{similarityapi.Similar}}
	recompute(t, c, only)
	first := live(t, c)[similarityapi.Similar]
	p.set(func(p *peer) { p.events = p.events[len(p.events)*2/3:] })
	job := recompute(t, c, only)
	if len(job.Models) != 1 || live(t, c)[similarityapi.Similar] != first {
		t.Fatalf("made %v, live %v", job.Models, live(t, c))
	}
	refused := job.Models[0]
	if m, err := c.Model(deadline(t), refused); err != nil || m.State != "rejected" || m.Gate.Passed {
		t.Errorf("the refused model is %+v, %v", m, err)
	}
	if _, err := c.Activate(deadline(t), refused, ""); !apierror.Is(err, http.StatusConflict) {
		t.Errorf("activate without a reason: %v, want 409", err)
	}
	m, err := c.Activate(deadline(t), refused, "the old events were test data")
	if err != nil || !m.Gate.Forced || m.Gate.Reason == "" || live(t, c)[similarityapi.Similar] != refused {
		t.Errorf("activate with a reason: %+v, %v", m, err)
	}
}

// TestADamagedLiveModelGivesWayToTheOneBefore starts a service on two published versions of which the live one is damaged.
func TestADamagedLiveModelGivesWayToTheOneBefore(t *testing.T) {
	t.Parallel()
	p, config := shop(10), settings(t)
	c := start(t, p, config)
	relation := similarityapi.BoughtTogether
	var versions []string
	for range 2 {
		recompute(t, c, similarityapi.JobRequest{Relations: []string{relation}})
		versions = append(versions, live(t, c)[relation])
	}
	if versions[0] == "" || versions[0] == versions[1] {
		t.Fatalf("live were %v", versions)
	}
	path := filepath.Join(strings.TrimPrefix(config.BlobURL, "file://"), "shops", "default", "snapshots", versions[1]+".aisle")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	other, s := startService(t, p, config)
	if got := live(t, other)[relation]; got != versions[0] {
		t.Errorf("%q serves, want %q", got, versions[0])
	}
	answer, err := other.Lookup(deadline(t), similarityapi.LookupRequest{Relation: relation, ItemIDs: []string{itemID(0, 0)}, Limit: 5})
	if err != nil || answer.ModelVersion != versions[0] || len(answer.Lists[0].Neighbours) == 0 ||
		!slices.Equal(answer.Degraded, []string{"model"}) {
		t.Errorf("the answer is %+v, %v", answer, err)
	}
	eventually(t, "readiness says so", func() error {
		w := httptest.NewRecorder()
		s.AdminHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		if body := w.Body.String(); w.Code != http.StatusOK ||
			!strings.Contains(body, versions[1]+" is damaged and "+versions[0]+" serves") {
			return fmt.Errorf("%d %s", w.Code, body)
		}
		return nil
	})
	w := httptest.NewRecorder()
	s.AdminHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if !strings.Contains(w.Body.String(), "aisle_damaged_live_models 1\n") {
		t.Error("no metric says so")
	}
	recompute(t, other, similarityapi.JobRequest{Relations: []string{relation}})
	if answer, err = other.Lookup(deadline(t), similarityapi.LookupRequest{
		Relation: relation, ItemIDs: []string{itemID(0, 0)}, Limit: 5,
	}); err != nil || len(answer.Degraded) > 0 {
		t.Errorf("after a recompute: %v, %v", answer.Degraded, err)
	}
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	c := start(t, shop(9), settings(t))
	s, err := c.PutSchedule(deadline(t), similarityapi.Schedule{
		Cron: "0 3 * * *", JitterSeconds: 600, Request: similarityapi.JobRequest{Relations: []string{similarityapi.Similar}},
	})
	if err != nil || s.ScheduleID == "" || s.NextAt.IsZero() {
		t.Fatalf("%+v, %v", s, err)
	}
	if minutes := s.NextAt.Hour()*60 + s.NextAt.Minute(); minutes < 3*60 || minutes > 3*60+10 {
		t.Errorf("next at %v, want within ten minutes of 3:00 UTC", s.NextAt)
	}
	s.Paused = true
	if s, err = c.PutSchedule(deadline(t), s); err != nil || !s.NextAt.IsZero() {
		t.Errorf("paused: %+v, %v", s, err)
	}
	_, err = c.PutSchedule(deadline(t), similarityapi.Schedule{Cron: "at noon"})
	if !apierror.Is(err, http.StatusUnprocessableEntity) {
		t.Errorf("a cron expression that is none: %v, want 422", err)
	}
}
