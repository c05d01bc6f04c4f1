package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
	"github.com/aisle-rec/aisle/similarity-service/internal/store/storetest"
)

func model(version string, at int64) similarityapi.Model {
	return similarityapi.Model{
		Version: version, Relation: "similar", State: "ready", CreatedAt: wire.TimeOf(time.UnixMilli(at)),
		Metrics: map[string]similarityapi.Metric{"ndcg@20": {Value: .25}},
	}
}

func put(t *testing.T, s *store.Store, shop string, models ...similarityapi.Model) {
	t.Helper()
	for _, m := range models {
		if err := s.PutModel(t.Context(), shop, m, store.Extras{Report: &similarityapi.Report{Selected: "of " + m.Version}}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s, ctx := open(t), t.Context()
		put(t, s, "north", model("a", 1), model("b", 2))
		put(t, s, "south", model("a", 3))
		changed := model("a", 1)
		changed.State = "rejected"
		put(t, s, "north", changed)
		list, err := s.Models(ctx, "north", "")
		if err != nil || len(list) != 2 || list[0].Version != "b" || list[1].State != "rejected" ||
			list[1].Metrics["ndcg@20"].Value != .25 {
			t.Errorf("models are %+v, %v", list, err)
		}
		if list, err := s.Models(ctx, "north", "viewed_next"); err != nil || len(list) != 0 {
			t.Errorf("of another relation: %+v, %v", list, err)
		}
		if _, err := s.Model(ctx, "south", "b"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another shop's: %v", err)
		}
		if err := s.DeleteModel(ctx, "north", "b", 7); !errors.Is(err, store.ErrGeneration) {
			t.Errorf("deleted on the strength of another generation: %v", err)
		}
		if err := s.DeleteModel(ctx, "north", "b", 0); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Model(ctx, "north", "b"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a deleted one: %v", err)
		}
		if r, err := s.Report(ctx, "north", "a"); err != nil || r.Selected != "of a" {
			t.Errorf("the report is %+v, %v", r, err)
		}
		if _, err := s.Report(ctx, "north", "b"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the report of a deleted one: %v", err)
		}
	})
}

func TestLiveIsComparedAndSet(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s, ctx := open(t), t.Context()
		put(t, s, "north", model("a", 1), model("b", 2))
		nothing, err := s.Live(ctx, "north")
		if err != nil || nothing.Generation != 0 || len(nothing.Relations) != 0 {
			t.Errorf("before the first change: %+v, %v", nothing, err)
		}
		live := func(version string, generation int64) store.Live {
			return store.Live{
				Generation: generation, Relations: map[string]store.Pointer{"similar": {Version: version, Previous: []string{"x"}}},
			}
		}
		rejected := model("b", 2)
		rejected.State = "rejected"
		for _, step := range []struct {
			what    string
			live    store.Live
			changed []similarityapi.Model
			err     error
		}{
			{"a version that there is not", live("c", 0), nil, store.ErrNotFound},
			{"the first", live("a", 0), nil, nil},
			{"from the generation before", live("b", 0), []similarityapi.Model{rejected}, store.ErrGeneration},
			{"the second", live("b", 1), nil, nil},
		} {
			if err := s.SetLive(ctx, "north", step.live, step.changed); !errors.Is(err, step.err) {
				t.Errorf("%s: %v, want %v", step.what, err, step.err)
			}
		}
		now, err := s.Live(ctx, "north")
		if err != nil || now.Generation != 2 || now.Relations["similar"].Version != "b" || now.Relations["similar"].Previous[0] != "x" {
			t.Errorf("live are %+v, %v", now, err)
		}
		if m, err := s.Model(ctx, "north", "b"); err != nil || m.State != "ready" {
			t.Errorf("a change that was refused changed a model: %+v, %v", m, err)
		}
		if all, err := s.Generations(ctx); err != nil || len(all) != 1 || all["north"] != 2 {
			t.Errorf("generations are %v, %v", all, err)
		}
	})
}

func TestAuditLog(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		log, ctx := audit.Table{Tables: open(t).Tables}, t.Context()
		old := audit.New("key", "secret", "model.delete", "a", time.Now().Add(-time.Hour))
		fresh := audit.New("key", "secret", "model.activate", "b", time.Now())
		for _, e := range []*audit.Entry{old, fresh} {
			if err := log.Append(ctx, "north", e); err != nil {
				t.Fatal(err)
			}
		}
		fresh.Outcome, fresh.After = "ok", []byte(`{"similar":"b"}`)
		if err := log.Finish(ctx, "north", fresh); err != nil {
			t.Fatal(err)
		}
		list, err := log.List(ctx, "north", audit.Query{Limit: 10})
		if err != nil || len(list) != 2 || list[0].ID != fresh.ID || list[0].Outcome != "ok" || string(list[0].After) != `{"similar":"b"}` {
			t.Errorf("entries are %+v, %v", list, err)
		}
		if err := log.Purge(ctx, time.Now().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
		if list, err := log.List(ctx, "north", audit.Query{Limit: 10}); err != nil || len(list) != 1 {
			t.Errorf("after the purge there are %d, %v", len(list), err)
		}
	})
}

func TestEndedJobsArePurged(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s, ctx, lease := open(t), t.Context(), store.Lease{Owner: "me", For: time.Minute}
		for id, at := range map[string]int64{"old": 1, "young": 1_000_000, "running": 2} {
			job := &store.Job{Shop: "north", Job: similarityapi.Job{JobID: id, Kind: id, CreatedAt: wire.TimeOf(time.UnixMilli(at))}}
			if _, err := s.InsertJob(ctx, job); err != nil {
				t.Fatal(err)
			}
			if _, claimed, err := s.ClaimJob(ctx, "north", id, lease); err != nil || !claimed {
				t.Fatal(claimed, err)
			}
			if id != "running" {
				if err := s.EndJob(ctx, job, "me"); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := s.PurgeJobs(ctx, time.UnixMilli(1000)); err != nil {
			t.Fatal(err)
		}
		list, err := s.Jobs(ctx, "north", 10)
		if err != nil || len(list) != 2 || list[0].JobID != "young" || list[1].JobID != "running" {
			t.Errorf("left are %+v, %v", list, err)
		}
	})
}
