package evaluate_test

import (
	"math/rand/v2"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
)

// Ratings of five go to items of the user's own group, those of one to any: they must not teach what goes together.
func TestEASEChoosesTheReadingOfRatings(t *testing.T) {
	t.Parallel()
	rated := modeltest.Grouped(t, 300, dataset.Similar)
	rng := rand.New(rand.NewPCG(11, 12))
	b := csr.NewBuilder(rated.Train.Cols)
	for u := range rated.Train.Rows {
		items, _ := rated.Train.Row(u)
		for _, j := range items {
			b.Add(j, 5)
		}
		for range 6 {
			b.Add(int32(rng.IntN(rated.Train.Cols)), 1)
		}
		if err := b.EndRow(); err != nil {
			t.Fatal(err)
		}
	}
	rated.Train, rated.Rated, rated.Liked = b.Matrix(), true, 4
	o := options()
	o.Algorithms = []string{evaluate.EASE}
	board, err := evaluate.Run(rated, o)
	if err != nil {
		t.Fatal(err)
	}
	r := board.ByName(evaluate.EASE)
	if r == nil || r.Parameters["values"] == "ones" {
		t.Errorf("%+v takes a rating of one for one of five", r)
	}
}
