package evaluate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
)

func TestRidgeCompetesWhereItHelps(t *testing.T) {
	t.Parallel()
	for _, relation := range []string{dataset.Similar, dataset.BoughtTogether} {
		board, err := evaluate.Run(modeltest.Grouped(t, 400, relation), options())
		if err != nil {
			t.Fatal(err)
		}
		hop := board.ByName(evaluate.TwoHop)
		if r := board.ByName(evaluate.Ridge); r != nil && (hop == nil || r.Validation.NDCG <= hop.Validation.NDCG) {
			t.Errorf("%s: %+v competes without a gain on %+v", relation, r.Validation, hop)
		}
	}
}

func TestRidgeIsReproducible(t *testing.T) {
	t.Parallel()
	d, o := modeltest.Grouped(t, 300, dataset.Similar), options()
	o.Recipe = recipe(t, evaluate.Ridge, fields{
		"values": "ones", "user_exponent": -.8, "target_exponent": .2, "source_exponent": .4, "lambda": 2,
	})
	run := func(workers int) *evaluate.Leaderboard {
		o := o
		o.Workers = workers
		board, err := evaluate.Run(d, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := board.Model.Lists.Validate(); err != nil {
			t.Fatal(err)
		}
		return board
	}
	want := run(1)
	if diff := cmp.Diff(o.Recipe, want.Recipe); diff != "" {
		t.Errorf("recipe (-given +used):\n%s", diff)
	}
	if want.Winner().Test.HR < .3 { // five places for ten items of the right group, as for the other families
		t.Errorf("it hits %.2f", want.Winner().Test.HR)
	}
	if diff := cmp.Diff(want, run(3), cmpopts.IgnoreUnexported(evaluate.Leaderboard{})); diff != "" {
		t.Errorf("3 workers: %s", diff)
	}
}

func TestRidgeLeavesGivenParametersAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, relation := range []string{dataset.Similar, dataset.BoughtTogether} {
		o := options()
		o.Algorithms = []string{evaluate.Ridge}
		o.Pinned = evaluate.Pinned{evaluate.Ridge: {"a": -.45, "beta": .15, "lambda": .7}}
		board, err := evaluate.Run(modeltest.Grouped(t, 300, relation), o)
		if err != nil {
			t.Fatal(err)
		}
		r := board.ByName(evaluate.Ridge)
		if r == nil || r.Parameters["user_exponent"] != -.45 || r.Parameters["target_exponent"] != .15 || r.Parameters["lambda"] != .7 {
			t.Errorf("%s: %+v", relation, r)
		}
	}
}
