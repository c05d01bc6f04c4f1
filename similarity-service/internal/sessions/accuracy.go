package sessions

import "sync"

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

// relative is the mean of both figures divided by those of base.
func (a Accuracy) relative(base Accuracy) float64 {
	const tiny = 1e-12
	return (a.HR+tiny)/(base.HR+tiny)/2 + (a.MRR+tiny)/(base.MRR+tiny)/2
}

// Measure ranks all items for every case, as Recommend does, on the given number of goroutines. The result does not
// depend on that number.
func (m *Model) Measure(cases []Case, workers int) Accuracy {
	ranks := make([]int, len(cases))
	var wg sync.WaitGroup
	for w := range max(1, workers) {
		wg.Go(func() {
			for n := w; n < len(cases); n += max(1, workers) {
				ranks[n] = m.rank(cases[n])
			}
		})
	}
	wg.Wait()
	var a Accuracy
	for _, rank := range ranks {
		if rank > 0 {
			a.HR++
			a.MRR += 1 / float64(rank)
		}
	}
	if n := float64(len(cases)); n > 0 {
		a.HR, a.MRR = a.HR/n, a.MRR/n
	}
	return a
}

// rank is the place of the next item in the list of 20, 0 if it is not there.
func (m *Model) rank(c Case) int {
	for n, it := range m.Recommend(c.Prefix, cutoff) {
		if it.Item == c.Next {
			return n + 1
		}
	}
	return 0
}
