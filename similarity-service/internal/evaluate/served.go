package evaluate

import (
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// MeasureLists scores lists that something else made for the tests of d, one list each in their order, as [Run] scores the lists of its
// models.
func MeasureLists(d *dataset.Data, lists [][]int32, k int) (Result, error) {
	if len(lists) != len(d.Tests) {
		return Result{}, fmt.Errorf("%d lists for %d test cases", len(lists), len(d.Tests))
	}
	collector := metrics.NewCollector(len(lists), k, catalogue(d))
	for at, ranked := range lists {
		relevant := d.Tests[at].Relevant
		ranked = ranked[:min(len(ranked), k)]
		collector.Record(at, metrics.Measure(ranked, contains(relevant), len(relevant), k, d.CappedRecall), ranked)
	}
	return Result{Tested: true, Test: collector.Summary(), TestCases: collector.Cases()}, nil
}
