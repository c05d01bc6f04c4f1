package evaluate_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
)

func conduct(t *testing.T, relation string, plan evaluate.Plan, workers int) *evaluate.Study {
	t.Helper()
	o := options()
	o.Workers = workers
	o.Algorithms = []string{evaluate.TwoHop, evaluate.NextItem}
	study, err := evaluate.Conduct(func(uint64) (*dataset.Data, error) { return grouped(t, 300, relation), nil }, plan, o)
	if err != nil {
		t.Fatal(err)
	}
	return study
}

func TestCrossValidationTestsEveryAlgorithm(t *testing.T) {
	t.Parallel()
	for _, relation := range []string{dataset.Similar, dataset.BoughtTogether, dataset.ViewedNext} {
		t.Run(relation, func(t *testing.T) {
			t.Parallel()
			study := conduct(t, relation, evaluate.Plan{Folds: 3, Seeds: 2}, 4)
			wins := 0
			for _, s := range study.Results {
				wins += s.Wins
				ndcg := s.Figures["ndcg"]
				if s.Runs != 6 || !(ndcg.SD > 0) || ndcg.Low >= ndcg.Mean || ndcg.High <= ndcg.Mean {
					t.Errorf("%s: %d runs, NDCG %+v", s.Name, s.Runs, ndcg)
				}
			}
			if wins != 6 {
				t.Errorf("%d winners in 6 runs", wins)
			}
			n := len(study.Results)
			if len(study.Comparisons) != n*(n-1)/2 {
				t.Errorf("%d comparisons of %d algorithms", len(study.Comparisons), n)
			}
			for _, c := range study.Comparisons {
				if c.Second == evaluate.Popular && (c.P > .05 || c.Mean < 0) {
					t.Errorf("%s is not told from popularity: %+v", c.First, c.Spread)
				}
			}
		})
	}
}

func TestAStudyIsReproducible(t *testing.T) {
	t.Parallel()
	plan := evaluate.Plan{Folds: 2, Seeds: 2}
	want, got := conduct(t, dataset.Similar, plan, 1), conduct(t, dataset.Similar, plan, 4)
	if diff := cmp.Diff(
		want, got, cmpopts.IgnoreUnexported(evaluate.Leaderboard{}, evaluate.Competition{}), cmpopts.IgnoreFields(evaluate.Study{}, "Data"),
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
	study := conduct(t, dataset.Similar, evaluate.Plan{}, 1)
	cases := len(grouped(t, 300, dataset.Similar).Tests)
	if len(study.Comparisons) == 0 {
		t.Fatal("no comparison")
	}
	for _, c := range study.Comparisons {
		first, second := study.Runs[0].Board.ByName(c.First), study.Runs[0].Board.ByName(c.Second)
		if c.Pairs != cases || cmp.Diff(c.Mean, first.Test.NDCG-second.Test.NDCG, cmpopts.EquateApprox(0, 1e-9)) != "" {
			t.Errorf("%s and %s: %d pairs, difference %v", c.First, c.Second, c.Pairs, c.Mean)
		}
	}
}

func TestAStudyFailsWithTheRunThatFailed(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, err := evaluate.Conduct(func(uint64) (*dataset.Data, error) { return nil, broken }, evaluate.Plan{Seeds: 2}, options())
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
