package study_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/study"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
)

func competition() evaluate.Options {
	return evaluate.Options{K: 5, Neighbours: 10, Seed: 1, BudgetSeconds: 1}
}

func conduct(t *testing.T, relation string, plan study.Plan, workers int) *study.Study {
	t.Helper()
	o := competition()
	o.Workers = workers
	o.Algorithms = []string{evaluate.TwoHop, evaluate.NextItem}
	got, err := study.Conduct(func(uint64) (*dataset.Data, error) { return modeltest.Grouped(t, 300, relation), nil }, plan, o)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestCrossValidationTestsEveryAlgorithm(t *testing.T) {
	t.Parallel()
	for _, relation := range []string{dataset.Similar, dataset.BoughtTogether, dataset.ViewedNext} {
		t.Run(relation, func(t *testing.T) {
			t.Parallel()
			got := conduct(t, relation, study.Plan{Folds: 3, Seeds: 2}, 4)
			wins := 0
			for _, s := range got.Results {
				wins += s.Wins
				ndcg := s.Figures["ndcg"]
				if s.Runs != 6 || !(ndcg.SD > 0) || ndcg.Low >= ndcg.Mean || ndcg.High <= ndcg.Mean {
					t.Errorf("%s: %d runs, NDCG %+v", s.Name, s.Runs, ndcg)
				}
			}
			if wins != 6 {
				t.Errorf("%d winners in 6 runs", wins)
			}
			n := len(got.Results)
			if len(got.Comparisons) != n*(n-1)/2 {
				t.Errorf("%d comparisons of %d algorithms", len(got.Comparisons), n)
			}
			for _, c := range got.Comparisons {
				if c.Second == evaluate.Popular && (c.P > .05 || c.Mean < 0) {
					t.Errorf("%s is not told from popularity: %+v", c.First, c.Spread)
				}
			}
		})
	}
}

func TestAStudyIsReproducible(t *testing.T) {
	t.Parallel()
	plan := study.Plan{Folds: 2, Seeds: 2}
	want, got := conduct(t, dataset.Similar, plan, 1), conduct(t, dataset.Similar, plan, 4)
	if diff := cmp.Diff(
		want, got, cmpopts.IgnoreUnexported(evaluate.Leaderboard{}, study.Competition{}), cmpopts.IgnoreFields(study.Study{}, "Data"),
		cmpopts.EquateNaNs(),
	); diff != "" {
		t.Error(diff)
	}
	first, second := want.Runs[0].Board.ByName(evaluate.TwoHop), want.Runs[2].Board.ByName(evaluate.TwoHop)
	if first.Test.NDCG == second.Test.NDCG {
		t.Error("two seeds gave the same folds")
	}
}

func TestOneRunComparesCases(t *testing.T) {
	t.Parallel()
	got := conduct(t, dataset.Similar, study.Plan{}, 1)
	cases := len(modeltest.Grouped(t, 300, dataset.Similar).Tests)
	if len(got.Comparisons) == 0 {
		t.Fatal("no comparison")
	}
	for _, c := range got.Comparisons {
		first, second := got.Runs[0].Board.ByName(c.First), got.Runs[0].Board.ByName(c.Second)
		if c.Pairs != cases || cmp.Diff(c.Mean, first.Test.NDCG-second.Test.NDCG, cmpopts.EquateApprox(0, 1e-9)) != "" {
			t.Errorf("%s and %s: %d pairs, difference %v", c.First, c.Second, c.Pairs, c.Mean)
		}
	}
}

// TestSeedsAreWidenedByTheEntriesHeldOut has a case of one entry for every user, so that the share of rows would be 1.
func TestSeedsAreWidenedByTheEntriesHeldOut(t *testing.T) {
	t.Parallel()
	got := conduct(t, dataset.Similar, study.Plan{Seeds: 2}, 1)
	d := modeltest.Grouped(t, 300, dataset.Similar)
	var v []float64
	for _, r := range got.Runs {
		v = append(v, r.Board.ByName(evaluate.TwoHop).Validation.NDCG)
	}
	want := metrics.Repeated(v, float64(len(d.Tests))/float64(d.Interactions()))
	for _, r := range got.Results {
		if r.Name == evaluate.TwoHop && cmp.Diff(want, r.Validation, cmpopts.EquateApprox(1e-9, 1e-12)) != "" {
			t.Errorf("validation %+v, want %+v", r.Validation, want)
		}
	}
}

// TestSeedsOfTheSameTestsAreNoPairs makes runs that differ by nothing: however many there are, they tell no more than one.
func TestSeedsOfTheSameTestsAreNoPairs(t *testing.T) {
	t.Parallel()
	once, often := conduct(t, dataset.Similar, study.Plan{}, 1), conduct(t, dataset.Similar, study.Plan{Seeds: 3}, 1)
	cases := len(once.Data.Tests)
	for _, c := range often.Comparisons {
		if c.Pairs != cases {
			t.Errorf("%s and %s: %d pairs of %d cases", c.First, c.Second, c.Pairs, cases)
		}
		for _, one := range once.Comparisons {
			if one.First == evaluate.Cosine && c.First == one.First && c.Second == one.Second &&
				cmp.Diff(one, c, cmpopts.EquateApprox(1e-9, 1e-12)) != "" {
				t.Errorf("baselines compare as %+v, want %+v", c, one)
			}
		}
	}
	if len(often.Comparisons) == 0 {
		t.Error("no comparison")
	}
	for _, r := range often.Results {
		if v, tested := r.Figures["ndcg"]; tested && !math.IsNaN(v.Low) {
			t.Errorf("%s has an interval %+v of the search alone", r.Name, v)
		}
	}
}

func TestAStudyFailsWithTheRunThatFailed(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, err := study.Conduct(func(uint64) (*dataset.Data, error) { return nil, broken }, study.Plan{Seeds: 2}, competition())
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
