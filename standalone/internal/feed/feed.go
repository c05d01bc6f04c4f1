// Package feed posts a catalogue and events to a profile-service in batches that its limits allow.
package feed

import (
	"context"
	"fmt"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

const (
	batchSize  = 1000   // members that one request may have
	batchLines = 12_000 // keeps a batch of orders well below the 2 MB that one request may have
)

// Counts says what became of what was posted.
type Counts struct{ Accepted, Duplicates, Rejected int }

func (c *Counts) add(a profileapi.EventsAnswer) {
	c.Accepted += a.Accepted
	c.Duplicates += a.Duplicates
	c.Rejected += a.Rejected
}

// Items stores a catalogue.
func Items(ctx context.Context, client *profileapi.Client, items []profileapi.Item) (Counts, error) {
	var c Counts
	for from := 0; from < len(items); from += batchSize {
		answer, err := client.PutItems(ctx, items[from:min(from+batchSize, len(items))])
		if err != nil {
			return c, fmt.Errorf("post items: %w", err)
		}
		c.add(answer)
	}
	return c, nil
}

// Events appends events in their order and reports how many were sent.
func Events(ctx context.Context, client *profileapi.Client, events []profileapi.Event, progress func(done, total int)) (Counts, error) {
	var c Counts
	for from := 0; from < len(events); {
		to := batchEnd(events, from)
		answer, err := client.PostEvents(ctx, events[from:to])
		if err != nil {
			return c, fmt.Errorf("post events: %w", err)
		}
		c.add(answer)
		from = to
		progress(to, len(events))
	}
	return c, nil
}

// batchEnd returns the end of the batch that begins at from; a batch has at least one event.
func batchEnd(events []profileapi.Event, from int) int {
	lines := 0
	for to := from; to < len(events); to++ {
		if lines += len(events[to].Items); to > from && lines > batchLines || to-from == batchSize {
			return to
		}
	}
	return len(events)
}
