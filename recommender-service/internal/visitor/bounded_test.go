package visitor

import (
	"math"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/visitorstate"
)

// TestAStateOfBeforeThereWereBoundsMakesNumbers reads weights that were stored when events could weigh anything.
func TestAStateOfBeforeThereWereBoundsMakesNumbers(t *testing.T) {
	t.Parallel()
	v := &Visitor{AsOf: time.UnixMilli(1e12), types: []string{"rate"}}
	for _, w := range []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), math.MaxFloat32} {
		it := visitorstate.Item{ID: "mug", LastMs: 1e12}
		it.Weight, it.Decayed, it.Disliked = w, w, w
		got := v.historyItems([]visitorstate.Item{it}, time.Hour)[0]
		for name, x := range map[string]float64{
			"weight": got.Weight, "decayed": got.Decayed, "total": got.Total, "disliked": got.Disliked,
		} {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Errorf("a stored weight of %v makes a %s of %v", w, name, x)
			}
		}
	}
}
