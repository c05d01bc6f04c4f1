package evaluate

import (
	"errors"
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/sessions"
)

// ErrNothingToServe says that popularity won: it has no neighbours to serve.
var ErrNothingToServe = errors.New("popularity did best: there is no neighbour model to serve")

// Trained is a model: neighbour lists, a session model, or else the same scores for everybody;
// exactly one of Lists, Sessions and Prior is set. With lists the score of j is Σ over the
// seeds i of s_i·w(i→j).
type Trained struct {
	Lists *neighbours.Lists
	// SeedHalfLife is the number of later seeds after which a seed weighs half; 0 weighs all the same.
	SeedHalfLife float64
	// Values is the reading of the training values by which seeds weigh; "" takes the values as they are.
	Values   string
	Sessions *sessions.Model
	// Prior scores every item the same for everybody; such a model is not served.
	Prior []float32
}

// Train builds the winner with the parameters that won: from the training part that it was tested on it is built already, from other data
// of the same kind, such as all of it, it is built again. Popularity as the winner gives ErrNothingToServe.
func (b *Leaderboard) Train(d *dataset.Data, o Options) (*Trained, error) {
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

// MeasureTrained scores the tests of d with t, whose items are numbered as those of d. Items
// that the model does not know have no list and are never ranked. The accuracies are in the
// order of the tests.
func MeasureTrained(d *dataset.Data, t *Trained, o Options) ([]metrics.Accuracy, error) {
	collector, err := newSearch(d, o.withDefaults()).test(t)
	return collector.Cases(), err
}
