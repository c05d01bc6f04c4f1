package rank

import (
	"math"
	"slices"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

func TestCatalogueOfOrders(t *testing.T) {
	t.Parallel()
	items, err := idmap.New([]string{"a", "b", "c", "d"})
	if err != nil {
		t.Fatal(err)
	}
	// The last of ten orders brings c; nobody has d.
	rows := append(slices.Repeat([][]int32{{0, 1}}, 6), []int32{0}, []int32{0}, []int32{1}, []int32{0, 2})
	train, err := csr.FromRows(rows, items.Len())
	if err != nil {
		t.Fatal(err)
	}
	d := &dataset.Data{Relation: dataset.BoughtTogether, Items: items, Train: train, RowTimes: []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}
	got := catalogue(d)
	if !slices.Equal(got.New, []bool{false, false, true, false}) {
		t.Errorf("new items %v, want only c", got.New)
	}
	for _, c := range []struct {
		i, j int32
		want float64
	}{{0, 1, 6 / math.Sqrt(9*7)}, {1, 0, 6 / math.Sqrt(9*7)}, {0, 2, 1. / 3}, {1, 2, 0}, {0, 3, 0}} {
		if v := got.Likeness(c.i, c.j); math.Abs(v-c.want) > 1e-12 {
			t.Errorf("likeness of %d and %d is %v, want %v", c.i, c.j, v, c.want)
		}
	}
	if d.RowTimes = nil; catalogue(d).New != nil {
		t.Error("without times it is not known which items are new")
	}
}
