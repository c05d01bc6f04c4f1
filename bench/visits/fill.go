package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const batch = 1000 // items or events in one request

// fill puts the shop into the services: half of the events by one caller, half by four, each a
// figure. Postgres then cleans up at once, a figure as well: it belongs to the events, and
// would otherwise happen while visits are measured.
func (b *bench) fill(ctx context.Context) error {
	c := b.form.clients()
	err := inBatches(ctx, 2, b.shop.items, func(ctx context.Context, from, to int) error {
		items := make([]profileapi.Item, 0, to-from)
		for n := from; n < to; n++ {
			items = append(items, b.shop.item(n))
		}
		return verdict(c.profile.PutItems(ctx, items))
	})
	if err != nil {
		return fmt.Errorf("import the catalogue: %w", err)
	}
	events := b.shop.history(b.options.visitors)
	b.events = len(events)
	half := len(events) / 2
	for _, part := range []struct {
		callers int
		events  []happened
	}{{1, events[:half]}, {4, events[half:]}} {
		m := b.begin(b.form)
		err := inBatches(ctx, part.callers, len(part.events), func(ctx context.Context, from, to int) error {
			posted := make([]profileapi.Event, 0, to-from)
			for _, e := range part.events[from:to] {
				posted = append(posted, b.shop.event(e))
			}
			return verdict(c.profile.PostEvents(ctx, posted))
		})
		if err != nil {
			return fmt.Errorf("import the events: %w", err)
		}
		m.end(fmt.Sprintf("event in batches of %d, callers: %d", batch, part.callers), units(len(part.events)))
	}
	if b.form.stores == nil {
		return nil
	}
	m := b.begin(b.form)
	if err := b.form.stores.vacuum(ctx); err != nil {
		return err
	}
	m.end("vacuum, by event of the history", units(b.events))
	return nil
}

// recompute makes the models, which are published whatever the gate says: lists are to be made
// of models.
func (b *bench) recompute(ctx context.Context) error {
	c := b.form.clients()
	m := b.begin(b.form)
	job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{
		BudgetSeconds: b.options.searchSeconds, Publish: "always", Reason: "benchmark",
	})
	if err == nil {
		_, err = c.similarity.WaitForJob(ctx, job.JobID, nil)
	}
	if err != nil {
		return fmt.Errorf("recompute: %w", err)
	}
	m.end("recompute, by event of the history", units(b.events))
	return nil
}

// units is the tally of what was asked for without a load.
func units(n int) *tally { return &tally{counts: counts{Units: n}} }

// inBatches calls do for the ranges [from, to) of n things, so many at a time, until one fails.
func inBatches(ctx context.Context, callers, n int, do func(ctx context.Context, from, to int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(callers)
	for from := 0; from < n && ctx.Err() == nil; from += batch {
		group.Go(func() error { return do(ctx, from, min(from+batch, n)) })
	}
	return group.Wait()
}

// verdict makes an error of the first rejected member of a batch.
func verdict(a profileapi.EventsAnswer, err error) error {
	if err != nil || a.Rejected == 0 {
		return err
	}
	return fmt.Errorf(
		"%d were rejected: %+v", a.Rejected,
		a.Results[slices.IndexFunc(a.Results, func(r profileapi.Result) bool { return r.Status == profileapi.StatusRejected })],
	)
}

// settle waits until the services, just started, have read the texts of the catalogue: lists made before are made again behind later
// answers.
func (b *bench) settle(ctx context.Context) error {
	c := b.form.clients()
	texts, since := "", time.Now()
	return b.form.programs[0].Await(ctx, "the texts of the catalogue", func() error {
		live, err := c.similarity.Live(ctx)
		if err != nil {
			return err
		}
		if live.Texts != texts {
			texts, since = live.Texts, time.Now()
		}
		if time.Since(since) < settled {
			return fmt.Errorf("they are still being read")
		}
		return nil
	})
}
