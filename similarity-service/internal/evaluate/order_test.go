package evaluate_test

import (
	"strconv"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

// walks has users who take items of a ring one after the other, each from another one on; what comes next is to be found. Taken for a
// set, a walk leads as much to what comes before its beginning.
func walks(t *testing.T, ordered bool) *dataset.Data {
	t.Helper()
	const items, users, length = 40, 400, 4
	names := &idmap.Map{}
	for n := range items {
		if _, err := names.Add(strconv.Itoa(n)); err != nil {
			t.Fatal(err)
		}
	}
	b := csr.NewBuilder(items)
	d := &dataset.Data{Relation: dataset.Similar, Items: names, Ordered: ordered}
	for u := range users {
		for n := range length {
			b.Add(int32((u*7+n)%items), 1)
		}
		if err := b.EndRow(); err != nil {
			t.Fatal(err)
		}
		d.Tests = append(d.Tests, dataset.Case{Row: int32(u), Relevant: []int32{int32((u*7 + length) % items)}})
	}
	d.Train = b.Matrix()
	d.Train.Val = nil
	return d
}

func TestTheOrderOfHistoriesTellsWhatComesNext(t *testing.T) {
	t.Parallel()
	run := func(ordered bool, algorithm string) evaluate.Result {
		o := options()
		o.Algorithms = []string{algorithm}
		board, err := evaluate.Run(walks(t, ordered), o)
		if err != nil {
			t.Fatal(err)
		}
		return *board.Winner()
	}
	inOrder, asSets := run(true, evaluate.TwoHop), run(false, evaluate.TwoHop)
	if direction, _ := inOrder.Parameters["direction"].(float64); direction < .3 || inOrder.Test.NDCG < .95 {
		t.Errorf("in order: %v, NDCG %.3f", inOrder.Parameters, inOrder.Test.NDCG)
	}
	if _, told := asSets.Parameters["direction"]; told || asSets.Test.NDCG > .9 {
		t.Errorf("as sets: %v, NDCG %.3f", asSets.Parameters, asSets.Test.NDCG)
	}
}
