package feed

import (
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestBatchesStayWithinTheLimitsAndLoseNothing(t *testing.T) {
	t.Parallel()
	var events []profileapi.Event
	for n := range 3500 {
		lines := 1
		if n%100 == 0 {
			lines = 1000
		}
		events = append(events, profileapi.Event{Items: make([]profileapi.EventItem, lines)})
	}
	for from := 0; from < len(events); {
		to := batchEnd(events, from)
		lines := 0
		for _, e := range events[from:to] {
			lines += len(e.Items)
		}
		if to <= from || to-from > batchSize || lines > batchLines {
			t.Fatalf("events %d to %d with %d lines", from, to, lines)
		}
		from = to
	}
}
