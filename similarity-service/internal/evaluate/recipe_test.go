package evaluate_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
)

// valued gives every training entry of d a weight that says nothing.
func valued(d *dataset.Data) *dataset.Data {
	rng := rand.New(rand.NewPCG(8, 9))
	d.Train.Val = make([]float32, d.Train.NNZ())
	for p := range d.Train.Val {
		d.Train.Val[p] = float32(.05 + 8*rng.Float64()*rng.Float64()*rng.Float64())
	}
	return d
}

// fields are the parameters of a recipe as a snapshot holds them.
type fields map[string]any

// recipe is one that was stored.
func recipe(t *testing.T, algorithm string, f fields) *evaluate.Recipe {
	t.Helper()
	all := fields{"algorithm": algorithm}
	maps.Copy(all, f)
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	out := &evaluate.Recipe{}
	if err := json.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// through sends a recipe through JSON, as a snapshot does.
func through(t *testing.T, r *evaluate.Recipe) *evaluate.Recipe {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	out := &evaluate.Recipe{}
	if err := json.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestARecipeGivesTheSameModelAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		relation, algorithm string
		recipe              *evaluate.Recipe // nil to search for one
	}{
		{dataset.Similar, evaluate.TwoHop, nil}, {dataset.BoughtTogether, evaluate.TwoHop, nil},
		{dataset.ViewedNext, evaluate.NextItem, nil},
		{dataset.Similar, evaluate.TwoHop, recipe(t, evaluate.TwoHop, fields{
			"values": "ones", "seed_half_life": 12, "target_exponent": .1,
		})},
		{dataset.Similar, evaluate.TwoHopLowRank, recipe(t, evaluate.TwoHopLowRank, fields{
			"values": "ones", "user_exponent": -1. / 3, "target_exponent": .1, "low_rank": 9, "strength": 1. / 7, "vector_seed": 5,
		})},
		{dataset.Similar, evaluate.Ridge, nil},
		{dataset.Similar, evaluate.EASE, recipe(t, evaluate.EASE, fields{
			"values": "ones", "user_exponent": -.2, "source_exponent": .1, "lambda": 100. / 3, "refit": true,
		})},
	} {
		t.Run(c.relation+" "+c.algorithm, func(t *testing.T) {
			t.Parallel()
			d := modeltest.Grouped(t, 450, c.relation)
			if c.recipe == nil && c.relation == dataset.Similar {
				d = valued(d)
			}
			o := options()
			o.Algorithms, o.Recipe = []string{c.algorithm}, c.recipe
			board, err := evaluate.Run(d, o)
			if err != nil {
				t.Fatal(err)
			}
			if board.Selected != c.algorithm {
				t.Fatalf("%s won", board.Selected)
			}
			want, err := board.Train(d, o)
			if err != nil {
				t.Fatal(err)
			}
			o.Recipe, o.Seed = through(t, board.Recipe), 77
			again, err := evaluate.Run(d, o)
			if err != nil {
				t.Fatal(err)
			}
			got, err := again.Train(d, o)
			if err != nil {
				t.Fatal(err)
			}
			if c.recipe != nil {
				board.Recipe = c.recipe
			}
			if diff := cmp.Diff(board.Recipe, again.Recipe); diff != "" {
				t.Errorf("recipe (-searched +given):\n%s", diff)
			}
			if diff := cmp.Diff(want.Lists, got.Lists); diff != "" {
				t.Errorf("lists (-searched +given):\n%s", diff)
			}
			if diff := cmp.Diff(board.Winner().TestCases, again.Winner().TestCases); diff != "" {
				t.Errorf("test cases (-searched +given):\n%s", diff)
			}
		})
	}
}

func TestOnlyTheRecipeCompetesAndIsSelected(t *testing.T) {
	t.Parallel()
	for _, relation := range []string{dataset.Similar, dataset.ViewedNext} {
		for _, algorithm := range []string{evaluate.Cosine, evaluate.TwoHop} {
			if relation == dataset.ViewedNext && algorithm == evaluate.TwoHop {
				continue
			}
			o := options()
			o.Recipe = recipe(t, algorithm, fields{"source_exponent": 1.2, "target_exponent": 1}) // far too hard on what is popular
			board, err := evaluate.Run(modeltest.Grouped(t, 200, relation), o)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, r := range board.Results {
				names = append(names, r.Name)
			}
			slices.Sort(names)
			want := slices.Compact(slices.Sorted(slices.Values([]string{evaluate.Popular, evaluate.Cosine, algorithm})))
			if diff := cmp.Diff(want, names); diff != "" || board.Selected != algorithm || !board.Winner().Tested {
				t.Errorf("%s: selected %s among %v", relation, board.Selected, names)
			}
		}
	}
}

func TestRecipesThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]*evaluate.Recipe{
		`"popular"`:                  recipe(t, evaluate.Popular, nil),
		`"magic"`:                    recipe(t, "magic", nil),
		`"llr"`:                      recipe(t, "llr", fields{"values": "ones"}), // competed once, and may still be live
		"without session parameters": recipe(t, evaluate.NextItem, nil),
		`values as "liked"`:          recipe(t, evaluate.TwoHop, fields{"values": "liked"}),
		`unknown field "gamma"`:      recipe(t, evaluate.TwoHop, fields{"values": "ones", "gamma": 1}),
	} {
		o := options()
		o.Recipe = r
		if _, err := evaluate.Run(modeltest.Grouped(t, 50, dataset.Similar), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v does not say %s", r, err, want)
		}
	}
	o := options()
	o.Recipe = recipe(t, evaluate.TwoHop, nil)
	if _, err := evaluate.Run(modeltest.Grouped(t, 50, dataset.ViewedNext), o); err == nil {
		t.Error("a recipe of histories was taken for sessions")
	}
}

// The oracle is a full build: the touched lists are those of the later data, the others those of the earlier.
func TestRefreshBuildsOnlyWhatWasTouched(t *testing.T) {
	t.Parallel()
	later := modeltest.Grouped(t, 300, dataset.Similar)
	earlier := *later
	rows := make([][]int32, 200)
	for u := range rows {
		rows[u], _ = later.Train.Row(u)
	}
	var err error
	if earlier.Train, err = csr.FromRows(rows, later.Train.Cols); err != nil {
		t.Fatal(err)
	}
	earlier.Tests = earlier.Tests[:200]
	o := options()
	o.Recipe = recipe(t, evaluate.TwoHop, fields{"values": "ones", "user_exponent": -.7, "source_exponent": .3, "target_exponent": .2})
	train := func(d *dataset.Data) *rank.Model {
		board, err := evaluate.Run(d, o)
		if err != nil {
			t.Fatal(err)
		}
		trained, err := board.Train(d, o)
		if err != nil {
			t.Fatal(err)
		}
		return trained
	}
	before, after := train(&earlier), train(later)
	touched := []int32{3, 17, 41}
	got, err := evaluate.Refresh(later, o.Recipe, before.Lists, touched, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range int32(later.Train.Cols) {
		want := before
		if slices.Contains(touched, i) {
			want = after
		}
		items, weights := got.Lists.Of(i)
		wantItems, wantWeights := want.Lists.Of(i)
		if !slices.Equal(items, wantItems) || !slices.Equal(weights, wantWeights) {
			t.Errorf("item %d: %v %v, want %v %v", i, items, weights, wantItems, wantWeights)
		}
	}
	if _, err := evaluate.Refresh(later, recipe(t, evaluate.EASE, fields{"values": "ones"}), before.Lists, touched, o); err == nil {
		t.Error("single lists of EASE were refreshed")
	}
}

// What the gate measures must be what won: seeds weigh by the reading that validation chose, not by the raw values.
func TestMeasureTrainedWeighsSeedsAsTheWinnerDoes(t *testing.T) {
	t.Parallel()
	d, o := valued(modeltest.Grouped(t, 400, dataset.Similar)), options()
	o.Algorithms = []string{evaluate.TwoHop}
	board, err := evaluate.Run(d, o)
	if err != nil {
		t.Fatal(err)
	}
	if board.Selected != evaluate.TwoHop || board.Recipe.Values != "ones" {
		t.Fatalf("%s won with the values as %q; the test needs a reading other than the raw values", board.Selected, board.Recipe.Values)
	}
	trained, err := board.Train(d, o)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := evaluate.MeasureModel(d, trained, o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(board.Winner().TestCases, cases); diff != "" {
		t.Errorf("(-measured while choosing +measured for the gate):\n%s", diff)
	}
	trained.Values = ""
	if raw, err := evaluate.MeasureModel(d, trained, o); err != nil || cmp.Equal(board.Winner().TestCases, raw) {
		t.Errorf("raw values give the same: the test cannot tell, %v", err)
	}
}
