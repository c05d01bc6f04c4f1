package evaluate

import (
	"errors"
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// ErrNothingToServe says that popularity won: it has no neighbours to serve.
var ErrNothingToServe = errors.New("popularity did best: there is no neighbour model to serve")

// Result is one algorithm on the leaderboard.
type Result struct {
	Name       string
	Parameters map[string]any
	Validation metrics.Accuracy // on the held-out part of the training data
	// ValidationCases are those that Validation is the mean of, the same ones in the same order for every algorithm.
	ValidationCases []metrics.Accuracy
	Tested          bool // whether the test part was scored
	Test            metrics.Summary
	TestCases       []metrics.Accuracy
	TestLists       [][]int32 // the list of each test case, best first
	Path            []Point   // what the search tried, in its order
	CPUSeconds      float64   // of the search; of the search, build and test when tested
	PeakBytes       int64     // of the process up to the end of this algorithm
}

// Leaderboard is the outcome of a run. Results are ordered by validation NDCG, best first.
type Leaderboard struct {
	Selected string
	Results  []Result
	Recipe   *Recipe     // of the selected algorithm; nil when it is popularity
	Model    *rank.Model // the selected model, built on the whole training part
	Optimum  *Optimum    // set when Options.ScanTest asked for it and a two-hop model won

	winner member
	data   *dataset.Data // that Model was built from
}

// Train builds the winner with the parameters that won: from the training part that it was tested on it is built already, from other data
// of the same kind, such as all of it, it is built again. Popularity as the winner gives ErrNothingToServe.
func (b *Leaderboard) Train(d *dataset.Data, o Options) (*rank.Model, error) {
	if b.Recipe == nil {
		return nil, ErrNothingToServe
	}
	if b.Model != nil && d == b.data {
		return b.Model, nil
	}
	t, err := b.winner.build(newSearch(d, o.withDefaults()))
	if err != nil {
		return nil, fmt.Errorf("train %s: %w", b.Selected, err)
	}
	return t, nil
}

// Figures is the leaderboard without its model, and without what [Leaderboard.Train] needs; the results are shared.
func (b *Leaderboard) Figures() *Leaderboard {
	figures := *b
	figures.Model, figures.winner, figures.data = nil, nil, nil
	return &figures
}

// Winner returns the result of the selected algorithm, and ByName that of another.
func (b *Leaderboard) Winner() *Result { return b.ByName(b.Selected) }

// ByName returns the result of an algorithm, nil when it did not compete.
func (b *Leaderboard) ByName(name string) *Result {
	for at := range b.Results {
		if b.Results[at].Name == name {
			return &b.Results[at]
		}
	}
	return nil
}

// MeasureModel scores the tests of d with m, whose items are numbered as those of d. Items
// that the model does not know have no list and are never ranked. The accuracies are in the
// order of the tests.
func MeasureModel(d *dataset.Data, m *rank.Model, o Options) ([]metrics.Accuracy, error) {
	collector, err := newSearch(d, o.withDefaults()).test(m)
	return collector.Cases(), err
}
