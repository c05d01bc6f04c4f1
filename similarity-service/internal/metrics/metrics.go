// Package metrics measures ranked lists against what a visitor really chose.
//
// Every accuracy figure is a mean over cases (one user, basket or session each); the per-case values are kept so that
// a bootstrap interval can be given. All figures are float64 and, except novelty, lie in 0…1. The main types are
// [Accuracy], the values of one case, and [Collector], which gathers the cases of one model.
package metrics

import "math"

// Accuracy holds the accuracy figures of one case at one cut-off k.
type Accuracy struct {
	Recall float64 // hits / |relevant|, or hits / min(k, |relevant|) when capped
	NDCG   float64 // DCG with gain 1 and discount log₂(rank+1), over the ideal DCG of min(k, |relevant|) hits
	HR     float64 // 1 when at least one hit is in the list
	MRR    float64 // 1 / rank of the first hit, 0 without one
	// MAP is the average precision: the precision at the place of each hit, summed, over min(k, |relevant|).
	MAP       float64
	Precision float64 // hits / k
}

// AccuracyNames lists the figures of an [Accuracy] in the order of [Accuracy.Values], in which papers give them.
func AccuracyNames() []string { return []string{"recall", "ndcg", "hr", "mrr", "map", "precision"} }

// Values are the figures in the order of [AccuracyNames].
func (a Accuracy) Values() [6]float64 {
	return [6]float64{a.Recall, a.NDCG, a.HR, a.MRR, a.MAP, a.Precision}
}

// Measure scores a ranked list, best first and without repeats, against relevant, of which len(relevant) > 0 are
// distinct. isRelevant must be true exactly for the items of relevant. Only the first k places count. With capped the
// recall's denominator is min(k, |relevant|). Cost O(k).
func Measure(ranked []int32, isRelevant func(int32) bool, relevant, k int, capped bool) Accuracy {
	var a Accuracy
	if relevant <= 0 || k <= 0 {
		return a
	}
	hits := 0
	for at, item := range ranked[:min(k, len(ranked))] {
		if !isRelevant(item) {
			continue
		}
		if hits == 0 {
			a.HR, a.MRR = 1, 1/float64(at+1)
		}
		hits++
		a.MAP += float64(hits) / float64(at+1)
		a.NDCG += discount(at)
	}
	denominator := relevant
	if capped {
		denominator = min(k, relevant)
	}
	a.Recall = float64(hits) / float64(denominator)
	a.NDCG /= ideal(min(k, relevant))
	a.MAP /= float64(min(k, relevant))
	a.Precision = float64(hits) / float64(k)
	return a
}

// Among returns the test of whether an item is one of items, as [Measure] takes it; short lists are scanned, long ones hashed.
func Among(items []int32) func(int32) bool {
	if len(items) <= 8 {
		return func(j int32) bool {
			for _, x := range items {
				if x == j {
					return true
				}
			}
			return false
		}
	}
	set := make(map[int32]struct{}, len(items))
	for _, j := range items {
		set[j] = struct{}{}
	}
	return func(j int32) bool { _, ok := set[j]; return ok }
}

// discount is the weight of a hit at the zero-based place at: 1/log₂(at+2).
func discount(at int) float64 { return 1 / math.Log2(float64(at)+2) }

// ideal is the DCG of n hits at the first n places.
func ideal(n int) float64 {
	sum := 0.0
	for at := range n {
		sum += discount(at)
	}
	return sum
}
