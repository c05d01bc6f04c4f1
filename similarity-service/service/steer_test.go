package service_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

func TestAnEvaluationIsSteered(t *testing.T) {
	t.Parallel()
	c := start(t, shop(1), settings(t))
	job := recompute(t, c, similarityapi.JobRequest{
		Kind: "evaluation", Relations: []string{similarityapi.Similar, similarityapi.ViewedNext}, Folds: 2, Seeds: 2, BudgetSeconds: 1,
		Algorithms: []string{"two_hop", "next_item"}, Parameters: map[string]map[string]float64{"two_hop": {"beta": .2}},
	})
	data, err := json.Marshal(job.Result["relations"])
	if err != nil {
		t.Fatal(err)
	}
	var reports []struct {
		Relation, Detail string
		Runs             int
		Comparisons      []struct{ P *float64 }
		Results          []struct {
			Algorithm string
			Metrics   map[string]similarityapi.Metric
		}
	}
	if err := json.Unmarshal(data, &reports); err != nil {
		t.Fatal(err)
	}
	for n, steered := range []string{"two_hop", "next_item"} {
		r := reports[n]
		var names []string
		for _, one := range r.Results {
			names = append(names, one.Algorithm)
			if m := one.Metrics["ndcg@20"]; !(m.SD > 0) || m.Low >= m.High {
				t.Errorf("%s: %s has NDCG %+v", r.Relation, one.Algorithm, m)
			}
		}
		slices.Sort(names)
		if want := []string{"cosine", "popular", steered}; r.Runs != 4 || !slices.Equal(names, slices.Sorted(slices.Values(want))) ||
			len(r.Comparisons) != 3 {
			t.Errorf("%s: %d runs of %v, %d comparisons; %s", r.Relation, r.Runs, names, len(r.Comparisons), r.Detail)
		}
	}
}

func TestAShopPinsAnAlgorithm(t *testing.T) {
	t.Parallel()
	c := start(t, shop(1), settings(t))
	job := recompute(t, c, similarityapi.JobRequest{
		Relations: []string{similarityapi.Similar}, Algorithms: []string{"ease"}, BudgetSeconds: 1, Publish: "never",
	})
	if len(job.Models) != 1 {
		t.Fatalf("%+v", job)
	}
	m, err := c.Model(deadline(t), job.Models[0])
	if err != nil || m.Algorithm != "ease" {
		t.Errorf("%s was made, want ease; %v", m.Algorithm, err)
	}
}

func TestAJobIsNotSteeredByWhatThereIsNot(t *testing.T) {
	t.Parallel()
	c := start(t, shop(1), settings(t))
	for pointer, request := range map[string]similarityapi.JobRequest{
		"/algorithms/0": {Algorithms: []string{"magic"}},
		"/algorithms/1": {Algorithms: []string{"two_hop", "llr"}},
		"/parameters":   {Parameters: map[string]map[string]float64{"two_hop": {"beta": 7}}},
		"/folds":        {Folds: 3},
		"/touched_only": {TouchedOnly: true, Algorithms: []string{"two_hop"}},
	} {
		_, err := c.StartJob(deadline(t), request)
		var p *apierror.Problem
		if !errors.As(err, &p) || p.Status != 422 || len(p.Errors) != 1 || !strings.HasSuffix(p.Errors[0].Pointer, pointer) {
			t.Errorf("%+v: got %v, want 422 at %s", request, err, pointer)
		}
	}
}
