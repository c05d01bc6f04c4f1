package evaluate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

func options() evaluate.Options {
	return evaluate.Options{K: 5, Neighbours: 10, Seed: 1, BudgetSeconds: 1}
}

func TestRunChoosesWhatPopularityCannotKnow(t *testing.T) {
	t.Parallel()
	for _, relation := range []string{dataset.Similar, dataset.BoughtTogether, dataset.ViewedNext} {
		t.Run(relation, func(t *testing.T) {
			t.Parallel()
			board, err := evaluate.Run(modeltest.Grouped(t, 400, relation), options())
			if err != nil {
				t.Fatal(err)
			}
			winner, popular, cosine := board.Winner(), board.ByName(evaluate.Popular), board.ByName(evaluate.Cosine)
			// Five places for ten items of the right group: a hit in up to half of the cases, against one in twelve.
			if winner.Test.HR < .3 || popular.Test.HR > .25 {
				t.Errorf("%s hits %.2f, popularity %.2f", winner.Name, winner.Test.HR, popular.Test.HR)
			}
			if winner.Validation.NDCG < popular.Validation.NDCG || winner.Validation.NDCG < cosine.Validation.NDCG {
				t.Errorf("%s is below a baseline on validation", winner.Name)
			}
			for _, r := range board.Results {
				baseline := r.Name == evaluate.Popular || r.Name == evaluate.Cosine
				if want := baseline || r.Name == board.Selected; r.Tested != want {
					t.Errorf("%s: tested is %v, want %v", r.Name, r.Tested, want)
				}
			}
		})
	}
}

func TestRunIsReproducible(t *testing.T) {
	t.Parallel()
	d := modeltest.Grouped(t, 450, dataset.Similar) // enough rows for the low-rank term
	run := func(workers int) *evaluate.Leaderboard {
		o := options()
		o.Workers = workers
		board, err := evaluate.Run(d, o)
		if err != nil {
			t.Fatal(err)
		}
		return board
	}
	want := run(1)
	if err := want.Model.Lists.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{1, 4} {
		if diff := cmp.Diff(want, run(workers), cmpopts.IgnoreUnexported(evaluate.Leaderboard{})); diff != "" {
			t.Errorf("%d workers: %s", workers, diff)
		}
	}
}

func TestRunNeverLooksAtTheTestPartToChoose(t *testing.T) {
	t.Parallel()
	d := modeltest.Grouped(t, 200, dataset.Similar)
	before, err := evaluate.Run(d, options())
	if err != nil {
		t.Fatal(err)
	}
	for n := range d.Tests {
		d.Tests[n].Relevant = []int32{int32(n % (modeltest.Groups * modeltest.GroupItems))}
	}
	after, err := evaluate.Run(d, options())
	if err != nil {
		t.Fatal(err)
	}
	if before.Selected != after.Selected {
		t.Errorf("selected %s, and %s with another test part", before.Selected, after.Selected)
	}
	if diff := cmp.Diff(before.Winner().Parameters, after.Winner().Parameters); diff != "" {
		t.Error(diff)
	}
}

func TestUsersWithoutHistoryGetWhatIsPopular(t *testing.T) {
	t.Parallel()
	d := modeltest.Grouped(t, 200, dataset.Similar)
	known := d.Train.Rows
	rows := make([][]int32, known+1)
	for u := range known {
		rows[u], _ = d.Train.Row(u)
	}
	var err error
	if d.Train, err = csr.FromRows(rows, d.Train.Cols); err != nil {
		t.Fatal(err)
	}
	most := 0
	mass := d.Train.ColMass()
	for j, v := range mass {
		if v > mass[most] {
			most = j
		}
	}
	d.Tests = []dataset.Case{{Row: int32(known), Relevant: []int32{int32(most)}}}
	board, err := evaluate.Run(d, options())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range board.Results {
		if r.Tested && r.Test.MRR != 1 {
			t.Errorf("%s puts the most popular item at reciprocal rank %v, want 1", r.Name, r.Test.MRR)
		}
	}
}

func TestScanTestReportsAnOptimumNoWorseThanTheChoice(t *testing.T) {
	t.Parallel()
	o := options()
	o.ScanTest, o.Algorithms = true, []string{evaluate.TwoHop}
	board, err := evaluate.Run(modeltest.Grouped(t, 150, dataset.Similar), o)
	if err != nil {
		t.Fatal(err)
	}
	if board.Optimum == nil || board.Optimum.Loss() < 0 {
		t.Fatalf("optimum %+v", board.Optimum)
	}
	if board.Optimum.Chosen.NDCG > board.Optimum.Test.NDCG {
		t.Error("the optimum is below the choice")
	}
}

func TestRunWithBadInput(t *testing.T) {
	t.Parallel()
	t.Run("every bad option is named", func(t *testing.T) {
		t.Parallel()
		_, err := evaluate.Run(modeltest.Grouped(t, 20, dataset.Similar), evaluate.Options{Algorithms: []string{"magic"}})
		for _, want := range []string{"k is 0", "neighbours is 0", "budget is 0", `"magic" is unknown`} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not say %q", err, want)
			}
		}
	})
	t.Run("stopped", func(t *testing.T) {
		t.Parallel()
		for _, relation := range []string{dataset.Similar, dataset.ViewedNext} {
			o := options()
			o.Stop = func() bool { return true }
			if _, err := evaluate.Run(modeltest.Grouped(t, 100, relation), o); !errors.Is(err, neighbours.ErrStopped) {
				t.Errorf("%s: got %v", relation, err)
			}
		}
	})
	t.Run("too little data", func(t *testing.T) {
		t.Parallel()
		one, err := csr.FromRows([][]int32{{0}}, 2)
		if err != nil {
			t.Fatal(err)
		}
		for name, d := range map[string]*dataset.Data{
			"no test": {Relation: dataset.Similar, Items: &idmap.Map{}, Train: one},
			"one entry": {
				Relation: dataset.Similar, Items: &idmap.Map{}, Train: one, Tests: []dataset.Case{{Row: 0, Relevant: []int32{1}}},
			},
			"one session": {
				Relation: dataset.ViewedNext, Items: &idmap.Map{}, Sessions: [][]int32{{0, 1}},
				Tests: []dataset.Case{{Row: -1, Seeds: []int32{0}, Relevant: []int32{1}}},
			},
			"no next click": {
				Relation: dataset.ViewedNext, Items: &idmap.Map{}, Sessions: [][]int32{{0}, {1}, {0}},
				Tests: []dataset.Case{{Row: -1, Seeds: []int32{0}, Relevant: []int32{1}}},
			},
		} {
			if _, err := evaluate.Run(d, options()); err == nil {
				t.Errorf("%s: want an error", name)
			}
		}
	})
	t.Run("two users and two items are enough", func(t *testing.T) {
		t.Parallel()
		tiny, err := csr.FromRows([][]int32{{0, 1}, {1, 0}}, 3)
		if err != nil {
			t.Fatal(err)
		}
		items, err := idmap.New([]string{"a", "b", "c"})
		if err != nil {
			t.Fatal(err)
		}
		d := &dataset.Data{Relation: dataset.Similar, Items: items, Train: tiny, Tests: []dataset.Case{{Row: 0, Relevant: []int32{2}}}}
		if _, err := evaluate.Run(d, options()); err != nil {
			t.Fatal(err)
		}
	})
}

// A schedule or a run file of an earlier version may name a family that is gone: the error says what to name instead.
func TestRetiredFamiliesAreTold(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"gfcf": "two_hop with the parameters user_exponent -1, source_exponent 0.5 and target_exponent 0.5",
		"llr":  "two_hop", "magic": "unknown",
	} {
		o := options()
		o.Algorithms = []string{name}
		_, err := evaluate.Run(modeltest.Grouped(t, 50, dataset.Similar), o)
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v does not say %q", name, err, want)
		}
	}
}
