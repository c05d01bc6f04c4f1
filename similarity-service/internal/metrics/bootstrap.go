package metrics

import (
	"math/rand/v2"
	"slices"
)

// Interval is a two-sided confidence interval.
type Interval struct{ Low, High float64 }

// Bootstrap returns the percentile interval of level (0.95 for the usual one) for the mean of values, from the given
// number of resamples (Efron, 1979). The generator's state decides the draws. Without values the interval is zero.
// Cost O(resamples·len(values)).
func Bootstrap(values []float64, resamples int, level float64, rng *rand.Rand) Interval {
	columns := BootstrapColumns([][]float64{values}, resamples, level, rng)
	return columns[0]
}

// BootstrapColumns is [Bootstrap] for several figures of the same cases: columns[c][n] is figure c of case n. The same
// cases are drawn for every figure, so that differences between them keep their correlation.
func BootstrapColumns(columns [][]float64, resamples int, level float64, rng *rand.Rand) []Interval {
	intervals := make([]Interval, len(columns))
	if len(columns) == 0 || len(columns[0]) == 0 || resamples <= 0 {
		return intervals
	}
	n := len(columns[0])
	means := make([][]float64, len(columns))
	for c := range means {
		means[c] = make([]float64, resamples)
	}
	drawn := make([]uint32, n)
	for r := range resamples {
		for d := range drawn {
			drawn[d] = rng.Uint32N(uint32(n))
		}
		for c, column := range columns {
			sum := 0.0
			for _, at := range drawn {
				sum += column[at]
			}
			means[c][r] = sum / float64(n)
		}
	}
	for c := range means {
		slices.Sort(means[c])
		intervals[c] = Interval{Low: quantile(means[c], (1-level)/2), High: quantile(means[c], (1+level)/2)}
	}
	return intervals
}

// quantile interpolates linearly in sorted values.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

// percentile returns for each value the share of all values that lie below it, counting ties half.
func percentile(values []float64) []float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	out := make([]float64, len(values))
	for i, v := range values {
		below, _ := slices.BinarySearch(sorted, v)
		upper, _ := slices.BinarySearchFunc(sorted, v, func(x, target float64) int {
			if x <= target {
				return -1
			}
			return 1
		})
		out[i] = float64(below+upper) / 2 / float64(len(values))
	}
	return out
}
