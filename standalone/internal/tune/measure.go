package tune

import (
	"math"
	"math/rand/v2"
	"slices"
)

const (
	// K is the length of the measured lists.
	K = 20
	// resamples is the number of bootstrap resamples behind an interval.
	resamples = 2000
)

// Figures are means over questions.
type Figures struct {
	NDCG   float64 `json:"ndcg@20"`
	HR     float64 `json:"hr@20"`
	Recall float64 `json:"recall@20"`
}

// score measures one list against the items that should be in it: NDCG@20 with binary gains and the ideal gain of min(20, targets); the hit
// rate; and recall with at most 20 in its denominator. targets is not empty.
func score(shown, targets []string) Figures {
	gain, hits := 0.0, 0
	for at, id := range shown[:min(len(shown), K)] {
		if slices.Contains(targets, id) {
			gain += discount(at)
			hits++
		}
	}
	reachable := min(len(targets), K)
	ideal := 0.0
	for at := range reachable {
		ideal += discount(at)
	}
	return Figures{NDCG: gain / ideal, HR: float64(min(hits, 1)), Recall: float64(hits) / float64(reachable)}
}

// discount is what a hit at a place, from 0, gains: 1/log₂(place+2).
func discount(at int) float64 { return 1 / math.Log2(float64(at)+2) }

// mean is the mean of each figure; zeros of nothing.
func mean(all []Figures) Figures {
	var sum Figures
	for _, f := range all {
		sum.NDCG += f.NDCG
		sum.HR += f.HR
		sum.Recall += f.Recall
	}
	n := max(1, float64(len(all)))
	return Figures{sum.NDCG / n, sum.HR / n, sum.Recall / n}
}

// Interval is an estimate with its 95 % interval.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// gain is the mean difference in NDCG of two answers to the same questions, with the percentile
// bootstrap interval over questions. from and to are of the same length, at least 1, and in the
// same order. Cost O(resamples · questions).
func gain(from, to []Figures, rng *rand.Rand) Interval {
	n := len(from)
	differences := make([]float64, n)
	total := 0.0
	for q := range differences {
		differences[q] = to[q].NDCG - from[q].NDCG
		total += differences[q]
	}
	means := make([]float64, resamples)
	for r := range means {
		sum := 0.0
		for range n {
			sum += differences[rng.IntN(n)]
		}
		means[r] = sum / float64(n)
	}
	slices.Sort(means)
	return Interval{Value: total / float64(n), Low: means[resamples*25/1000], High: means[resamples*975/1000-1]}
}
