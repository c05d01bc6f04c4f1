package evaluate_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
)

func TestRidgeCompetesOnlyWhenNamed(t *testing.T) {
	t.Parallel()
	board, err := evaluate.Run(grouped(t, 200, dataset.Similar), options())
	if err != nil {
		t.Fatal(err)
	}
	if board.ByName(evaluate.Ridge) != nil {
		t.Error("it competed without being asked for")
	}
	if !slices.Contains(evaluate.Algorithms(), evaluate.Ridge) {
		t.Error("it cannot be asked for")
	}
	for _, relation := range []string{dataset.Similar, dataset.BoughtTogether} {
		o := options()
		o.Algorithms = []string{evaluate.Ridge}
		d := grouped(t, 400, relation)
		board, err := evaluate.Run(d, o)
		if err != nil {
			t.Fatal(err)
		}
		if r := board.ByName(evaluate.Ridge); r != nil && r.Validation.NDCG < board.ByName(evaluate.Popular).Validation.NDCG {
			t.Errorf("%s: %+v is below popularity", relation, r.Validation)
		}
	}
}

func TestRidgeIsReproducible(t *testing.T) {
	t.Parallel()
	d, o := grouped(t, 300, dataset.Similar), options()
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
