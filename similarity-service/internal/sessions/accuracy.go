package sessions

import (
	"sync"

	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// cutoff is the list length of the accuracy figures.
const cutoff = 20

// Case is a running session and the item that was clicked next.
type Case struct {
	Prefix []int32
	Next   int32
}

// Accuracy is HR@20, the share of cases whose next item is among the first 20, and MRR@20, the mean of 1/rank of the
// next item, 0 beyond the first 20.
type Accuracy struct {
	HR  float64 `json:"hr@20"`
	MRR float64 `json:"mrr@20"`
}

// relative is the mean of both figures divided by those of base. Figures of 0 are alike.
func (a Accuracy) relative(base Accuracy) float64 {
	const tiny = 1e-12
	return (a.HR+tiny)/(base.HR+tiny)/2 + (a.MRR+tiny)/(base.MRR+tiny)/2
}

// join is the accuracy over n cases with figures a and m with figures b together.
func (a Accuracy) join(n int, b Accuracy, m int) Accuracy {
	all := float64(max(1, n+m))
	return Accuracy{
		HR:  (a.HR*float64(n) + b.HR*float64(m)) / all,
		MRR: (a.MRR*float64(n) + b.MRR*float64(m)) / all,
	}
}

// Measure ranks all items for every case on the given number of goroutines. The result does not depend on that number.
func (m *Model) Measure(cases []Case, workers int) Accuracy {
	each := make([]metrics.Accuracy, len(cases))
	workers = max(1, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var ranked []int32
			for n := w; n < len(cases); n += workers {
				ranked = ranked[:0]
				for _, it := range m.Recommend(cases[n].Prefix, cutoff) {
					ranked = append(ranked, it.Item)
				}
				isNext := func(item int32) bool { return item == cases[n].Next }
				each[n] = metrics.Measure(ranked, isNext, 1, cutoff, false)
			}
		})
	}
	wg.Wait()
	var sum Accuracy
	for _, a := range each {
		sum.HR += a.HR
		sum.MRR += a.MRR
	}
	if n := float64(len(cases)); n > 0 {
		sum.HR, sum.MRR = sum.HR/n, sum.MRR/n
	}
	return sum
}
