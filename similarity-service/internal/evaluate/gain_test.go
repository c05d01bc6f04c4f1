package evaluate

import (
	"math"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// TestAGainMakesNoCaseBetterThanPerfect adds gains and losses, also some beyond all room, and wants the means to move by them as far as
// there is room.
func TestAGainMakesNoCaseBetterThanPerfect(t *testing.T) {
	t.Parallel()
	cases := []metrics.Accuracy{{NDCG: 1, Recall: 1}, {NDCG: .5, Recall: .2}, {}}
	for _, c := range []struct{ gain, want gain }{
		{gain{.1, .1}, gain{.6, .5}}, {gain{.1, -.1}, gain{.6, .3}}, {gain{.9, -.9}, gain{1, 0}}, {gain{0, 0}, gain{.5, .4}},
	} {
		got := c.gain.added(cases)
		mean := metrics.Mean(got)
		if math.Abs(mean.NDCG-c.want.ndcg) > 1e-12 || math.Abs(mean.Recall-c.want.recall) > 1e-12 {
			t.Errorf("gain %v gives means %v and %v, want %v", c.gain, mean.NDCG, mean.Recall, c.want)
		}
		for _, a := range got {
			if a.NDCG < 0 || a.NDCG > 1 || a.Recall < 0 || a.Recall > 1 {
				t.Errorf("gain %v makes a case of %+v", c.gain, a)
			}
		}
	}
	if got := (gain{.1, .1}).added([]metrics.Accuracy{{NDCG: 1, Recall: 1}})[0]; got.NDCG != 1 || got.Recall != 1 {
		t.Errorf("perfect cases become %+v", got)
	}
}
