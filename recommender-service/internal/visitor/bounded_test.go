package visitor

import (
	"fmt"
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

func TestTypesBeyondThoseOfAStateCountAsTheLast(t *testing.T) {
	t.Parallel()
	v := &Visitor{}
	var last uint32
	for n := range visitorstate.MaxTypes {
		last = v.kind(fmt.Sprint("type ", n))
	}
	for n := range 2 {
		if got := v.kind("one more"); got != last {
			t.Errorf("time %d: bit %b, want %b", n+1, got, last)
		}
	}
}
