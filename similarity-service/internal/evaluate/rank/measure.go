package rank

import (
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// Options steer the ranking of many cases.
type Options struct {
	K        int                   // length of the lists, at least 1
	Workers  int                   // 0 means GOMAXPROCS; no result depends on it
	Stop     func() bool           // ends the work with [neighbours.ErrStopped]; nil for never
	Progress func(done, total int) // nil for none
}

// Each calls the function of a goroutine, made by newRank with a ranker for so many items, for the places 0…n−1, in parallel.
func (o Options) Each(n, items int, newRank func(r *Ranker) func(at int)) error {
	blocks := neighbours.Options{Workers: o.Workers, Stop: o.Stop, Progress: o.Progress}
	return neighbours.Blocks(n, blocks, func() func(int) { return newRank(NewRanker(items)) })
}

// Measure ranks every test case of d by m, whose items are numbered as those of d; rows are the training rows as m reads their values.
// Users' seeds are the entries of their rows; everything in their training row, and what a basket has, is left out, but a session may
// return. Users without seeds get what is popular, whatever the model, as a storefront gives them.
func Measure(d *dataset.Data, m *Model, rows *csr.Matrix, o Options) (*metrics.Collector, error) {
	known := catalogue(d)
	collector := metrics.NewCollector(len(d.Tests), o.K, known)
	popular := Popular(d.Popularity())
	err := o.Each(len(d.Tests), rows.Cols, func(r *Ranker) func(int) {
		return func(at int) {
			c := d.Tests[at]
			seeds, exclude := c.Seeds, c.Seeds
			var values []float32
			switch {
			case c.Row >= 0:
				seeds, values = rows.Row(int(c.Row))
				exclude, _ = d.Train.Row(int(c.Row))
			case d.Relation == dataset.ViewedNext:
				exclude = nil
			}
			model := m
			if len(seeds) == 0 {
				model = popular
			}
			record(collector, d, at, r.Rank(model, seeds, values, exclude, o.K), o.K)
		}
	})
	return collector, err
}

// MeasureLists scores lists that something else made for the tests of d, one list each in their order, as [Measure] scores the lists of
// a model.
func MeasureLists(d *dataset.Data, lists [][]int32, k int) (*metrics.Collector, error) {
	if len(lists) != len(d.Tests) {
		return nil, fmt.Errorf("%d lists for %d test cases", len(lists), len(d.Tests))
	}
	collector := metrics.NewCollector(len(lists), k, catalogue(d))
	for at, ranked := range lists {
		record(collector, d, at, ranked[:min(len(ranked), k)], k)
	}
	return collector, nil
}

// record notes the list of a test case and its accuracy.
func record(c *metrics.Collector, d *dataset.Data, at int, ranked []int32, k int) {
	relevant := d.Tests[at].Relevant
	c.Record(at, metrics.Measure(ranked, metrics.Among(relevant), len(relevant), k, d.CappedRecall), ranked)
}
