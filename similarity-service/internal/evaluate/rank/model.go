// Package rank ranks items by a model, and measures what is ranked on the test part of a data set.
//
// It knows nothing of how a model is found: package evaluate does, and ranks the held-out part of the training data with
// the same [Ranker]. The main type is [Model]; [Measure] scores one, [MeasureLists] scores lists that something else made.
package rank

import (
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/sessions"
)

// Model is neighbour lists, a session model, or else the same scores for everybody;
// exactly one of Lists, Sessions and Prior is set. With lists the score of j is Σ over the
// seeds i of s_i·w(i→j).
type Model struct {
	Lists *neighbours.Lists
	// SeedHalfLife is the number of later seeds after which a seed weighs half; 0 weighs all the same.
	SeedHalfLife float64
	// Values is the reading of the training values by which seeds weigh; "" takes the values as they are.
	Values   string
	Sessions *sessions.Model
	// Prior scores every item the same for everybody; such a model is not served.
	Prior []float32
}

// Popular is a model that scores every item by its count.
func Popular(counts []float64) *Model {
	m := &Model{Prior: make([]float32, len(counts))}
	for j, v := range counts {
		m.Prior[j] = float32(v)
	}
	return m
}
