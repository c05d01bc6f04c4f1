package evaluate_test

import (
	"strconv"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
)

// ways has users who came from an item to the one in the middle of its way, and others who went on from there; who stands in the middle
// is asked where he goes. Taken for sets, both ends are as near.
func ways(t *testing.T, ordered bool) *dataset.Data {
	t.Helper()
	const all, users = 21, 630
	names := &idmap.Map{}
	for n := range 3 * all {
		if _, err := names.Add(strconv.Itoa(n)); err != nil {
			t.Fatal(err)
		}
	}
	b := csr.NewBuilder(3 * all)
	d := &dataset.Data{Relation: dataset.Similar, Items: names, Ordered: ordered}
	for u := range users {
		from := int32(u % all * 3)
		middle, to := from+1, from+2
		switch u / all % 3 {
		case 0:
			b.Add(from, 1)
			b.Add(middle, 1)
		case 1:
			b.Add(middle, 1)
			b.Add(to, 1)
		default:
			b.Add(middle, 1)
			d.Tests = append(d.Tests, dataset.Case{Row: int32(u), Relevant: []int32{to}})
		}
		if err := b.EndRow(); err != nil {
			t.Fatal(err)
		}
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
		board, err := evaluate.Run(ways(t, ordered), o)
		if err != nil {
			t.Fatal(err)
		}
		return *board.Winner()
	}
	for _, algorithm := range []string{evaluate.TwoHop, evaluate.EASE} {
		inOrder, asSets := run(true, algorithm), run(false, algorithm)
		if direction, _ := inOrder.Parameters["direction"].(float64); direction < .3 || inOrder.Test.NDCG < .95 {
			t.Errorf("%s in order: %v, NDCG %.3f", algorithm, inOrder.Parameters, inOrder.Test.NDCG)
		}
		if _, told := asSets.Parameters["direction"]; told || asSets.Test.NDCG > .9 {
			t.Errorf("%s as sets: %v, NDCG %.3f", algorithm, asSets.Parameters, asSets.Test.NDCG)
		}
	}
}

// A search that comes back from the half-lives that only ordered lists try to points without an order goes on from the shortest of those.
func TestTheSearchGoesBetweenOrdersAndSets(t *testing.T) {
	t.Parallel()
	for users := 40; users <= 240; users += 40 {
		for seed := range uint64(4) {
			d := modeltest.Grouped(t, users, dataset.Similar)
			d.Ordered = true
			o := options()
			o.Algorithms, o.Seed = []string{evaluate.TwoHop}, seed
			if _, err := evaluate.Run(d, o); err != nil {
				t.Fatal(err)
			}
		}
	}
}
