package recommend

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestTheQueueGivesTheBestFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfDistinct(rapid.Float64Range(0, 3), rapid.ID[float64]).Draw(t, "scores")
		var q queue
		q.reset(nil)
		for i, s := range scores {
			q.add(int32(i), s)
		}
		q.build()
		var got []float64
		for q.len() > 0 {
			_, s := q.pop()
			got = append(got, s)
		}
		if len(got) != len(scores) || !slices.IsSortedFunc(got, func(a, b float64) int { return cmp.Compare(b, a) }) {
			t.Fatalf("got %v", got)
		}
	})
}
