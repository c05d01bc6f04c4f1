package evaluate

import (
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// search is the state of a run: what the families share, and what they leave for those after them.
type search struct {
	data     *dataset.Data
	train    *csr.Matrix // the training rows, of sessions their distinct items
	readings []dataset.Reading
	heldOut  *validation.Set
	found    []*candidate // so far
	path     []Point      // what the search of the present family has tried
	graphs   map[graphKey]*neighbours.Graph
	vectors  *closedform.LowRank // of the whole training part, once a model with a low-rank term was built
	twoHop   *scored[twoHop]     // what the two-hop search chose, once it has run
	verdict  scoutVerdict
	scouted  *scored[ease] // EASE where its search begins
	// easeDecay and hopDecay are the places of the half-lives of seeds that did best last, where the next point's scan begins.
	easeDecay, hopDecay int
	o                   Options
}

// newSearch returns the state of a run on d without a held-out part, which is enough to build
// and to test.
func newSearch(d *dataset.Data, o Options) *search {
	s := &search{data: d, train: d.Train, readings: d.Readings(), graphs: map[graphKey]*neighbours.Graph{}, o: o}
	if s.train == nil {
		s.train = s.readings[0].Rows
	}
	return s
}

// reading returns the training rows under a reading of their values, "" for as they are, and whether the data offer it.
func (s *search) reading(name string) (*csr.Matrix, bool) {
	if name == "" {
		return s.train, true
	}
	at := slices.IndexFunc(s.readings, func(r dataset.Reading) bool { return r.Name == name })
	if at < 0 {
		return s.train, false
	}
	return s.readings[at].Rows, true
}

// matrix is reading for a name that the data offer.
func (s *search) matrix(name string) *csr.Matrix {
	m, _ := s.reading(name)
	return m
}

// score validates a member as it is.
func (s *search) score(name string, m member) (*candidate, error) {
	cases, err := m.validate(s, s.heldOut)
	return &candidate{name: name, scored: scored[member]{m, cases}}, err
}
