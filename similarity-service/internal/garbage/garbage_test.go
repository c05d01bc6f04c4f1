package garbage

import (
	"runtime/debug"
	"testing"
)

// percent is what the collector goes by now.
func percent() int {
	p := debug.SetGCPercent(100)
	debug.SetGCPercent(p)
	return p
}

func TestTightIsReleasedByTheLast(t *testing.T) { // not parallel: it is about the whole process
	usual := percent()
	first, second := CollectEarly(), CollectEarly()
	if p := percent(); p != earlyPercent {
		t.Errorf("held, the percentage is %d", p)
	}
	first()
	first() // again, which is none
	if p := percent(); p != earlyPercent {
		t.Errorf("still held, the percentage is %d", p)
	}
	if second(); percent() != usual {
		t.Errorf("released, the percentage is %d instead of %d", percent(), usual)
	}
}
