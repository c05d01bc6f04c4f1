package rank

import (
	"math"
	"slices"
	"sync"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// catalogue is what the figures beyond accuracy need of the training part: how often each item occurs, which are new, and, as the likeness
// of two items, the cosine of the rows that have them.
func catalogue(d *dataset.Data) metrics.Catalogue {
	rows := sync.OnceValue(func() *csr.Matrix { return d.Occurrences().Transpose() })
	return metrics.Catalogue{Popularity: d.Counts(), New: newItems(d), Likeness: func(i, j int32) float64 {
		x, _ := rows().Row(int(i))
		y, _ := rows().Row(int(j))
		if len(x) == 0 || len(y) == 0 {
			return 0
		}
		return float64(shared(x, y)) / math.Sqrt(float64(len(x))*float64(len(y)))
	}}
}

// newShare of the rows, the latest ones, bring the new items.
const newShare = .1

// newItems says which items first occur in the latest rows of data whose rows are in the order of time; of others it is not known.
func newItems(d *dataset.Data) []bool {
	if d.Relation != dataset.ViewedNext && d.RowTimes == nil {
		return nil
	}
	m := d.Occurrences()
	fresh := make([]bool, m.Cols)
	for _, j := range m.ColIdx {
		fresh[j] = true
	}
	for _, j := range m.ColIdx[:m.RowPtr[m.Rows-int(newShare*float64(m.Rows))]] {
		fresh[j] = false
	}
	return fresh
}

// shared counts the numbers that two rising lists have in common, looking those of the shorter one up in the longer.
func shared(x, y []int32) int {
	if len(x) > len(y) {
		x, y = y, x
	}
	n := 0
	for _, v := range x {
		at, found := slices.BinarySearch(y, v)
		if found {
			n++
		}
		y = y[at:]
	}
	return n
}
