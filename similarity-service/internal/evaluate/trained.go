package evaluate

import (
	"errors"
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/sessions"
)

// ErrNothingToServe says that popularity won: it has no neighbours to serve.
var ErrNothingToServe = errors.New("popularity did best: there is no neighbour model to serve")

// Trained is a model that can be served: neighbour lists, a session model, or both.
type Trained struct {
	Lists *neighbours.Lists
	// SeedHalfLife is the number of later seeds after which a seed weighs half; 0 weighs all the same.
	SeedHalfLife float64
	// Values is the reading of the training values by which seeds weigh; "" takes the values as they are.
	Values   string
	Sessions *sessions.Model
}

// Train builds the winner with the parameters that won: from the training part that it was tested on it is built already, from other data of the same kind,
// such as all of it, it is built again. Popularity as the winner gives ErrNothingToServe.
func (b *Leaderboard) Train(d *dataset.Data, o Options) (*Trained, error) {
	if b.train == nil {
		return nil, ErrNothingToServe
	}
	if b.built != nil && d == b.data {
		return b.built, nil
	}
	t, err := b.train(d, o.withDefaults())
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

// MeasureTrained scores the tests of d with t, whose items are numbered as those of d.
func MeasureTrained(d *dataset.Data, t *Trained, o Options) ([]metrics.Accuracy, error) {
	o = o.withDefaults()
	if d.Relation != dataset.ViewedNext {
		s := &search{data: d, o: o}
		collector, err := s.test(&Model{Lists: t.Lists, SeedHalfLife: t.SeedHalfLife}, reading(d, t.Values))
		return collector.Cases(), err
	}
	s := &nextSearch{d, o}
	collector, err := s.measure(s.trained(t), d.Tests, "measure")
	return collector.Cases(), err
}

// reading returns the training part of d in the reading of that name, as it is when d offers no such reading.
func reading(d *dataset.Data, name string) *csr.Matrix {
	for _, v := range variants(d) {
		if v.name == name {
			return v.matrix
		}
	}
	return d.Train
}

// trained ranks with a model that was built elsewhere.
func (s *nextSearch) trained(t *Trained) nextRanker {
	if t.Sessions == nil {
		return s.plain(&Model{Lists: t.Lists})
	}
	return sessionRanker(t.Sessions)
}

func sessionRanker(m *sessions.Model) nextRanker {
	return func() func([]int32, int) []int32 {
		var items []int32
		return func(prefix []int32, k int) []int32 {
			items = items[:0]
			for _, r := range m.Recommend(prefix, k) {
				items = append(items, r.Item)
			}
			return items
		}
	}
}

// trainLists builds the winner among the list models from d.
func (c *candidate) trainLists(d *dataset.Data, o Options) (*Trained, error) {
	s := &search{data: d, variants: variants(d), graphs: map[graphKey]*neighbours.Graph{}, o: o}
	m, _, err := c.build(s)
	if err != nil {
		return nil, err
	}
	return c.trained(s, m), nil
}

// trained is a built model as it serves.
func (c *candidate) trained(s *search, m *Model) *Trained {
	return &Trained{Lists: m.Lists, SeedHalfLife: m.SeedHalfLife, Values: s.variants[c.rows().variant].name}
}

// buildFunc builds a candidate's model on the whole training part of a search's data, which need not be the search that
// chose it, and returns it with the rows whose entries are its users' seeds.
type buildFunc func(s *search) (*Model, *csr.Matrix, error)
