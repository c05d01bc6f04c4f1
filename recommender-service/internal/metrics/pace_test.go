package metrics

import (
	"testing"
	"time"
)

// TestAShopAtRestIsLookedAtLessOften looks at a shop without news for ten minutes, and then has something recommended there.
func TestAShopAtRestIsLookedAtLessOften(t *testing.T) {
	t.Parallel()
	var p pace
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	looks, last := 0, now
	for end := now.Add(10 * time.Minute); now.Before(end); now = now.Add(attributeEvery) {
		if p.due("north", now) {
			if now.Sub(last) > attributeIdle {
				t.Errorf("there are %s between two looks", now.Sub(last))
			}
			looks, last = looks+1, now
			p.looked("north", now, false)
		}
	}
	if looks > 25 { // 2, 4, 8, 16 and then 30 seconds apart
		t.Errorf("%d looks in ten minutes without news", looks)
	}
	if p.due("north", last.Add(attributeEvery)) {
		t.Error("it is due at once all the same")
	}
	p.wake("north")
	for range 3 {
		if !p.due("north", now) {
			t.Error("what happens where something was recommended is not looked at")
		}
		p.looked("north", now, true)
		now = now.Add(attributeEvery)
	}
	if !p.due("south", now) {
		t.Error("another shop waits with it")
	}
}
