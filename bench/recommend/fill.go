package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	batchItems = 1000
	batchUsers = 20 // whose events fit into one batch
	callers    = 2
)

// take copies the shop that keeper's folder has into another folder, and fills keeper first when it has none.
func (s *shop) take(ctx context.Context, keeper *server, folder string, searchSeconds float64) error {
	mark := filepath.Join(keeper.folder, "filled")
	want := fmt.Sprintf("%d items, %d users and %d more, %d touched of each taste", s.items, s.users, s.crowd, s.touched)
	have, err := os.ReadFile(mark)
	switch {
	case err == nil && string(have) != want:
		return fmt.Errorf("the folder of -data has another shop (%s) than asked for (%s): choose another folder", have, want)
	case err != nil:
		if err := os.MkdirAll(keeper.folder, 0o700); err != nil {
			return fmt.Errorf("make the folder of -data: %w", err)
		}
		if err := s.fillKeeper(ctx, keeper, searchSeconds); err != nil {
			return err
		}
		if err := os.WriteFile(mark, []byte(want), 0o600); err != nil {
			return fmt.Errorf("mark the folder of -data: %w", err)
		}
	}
	note("copying the shop of %s: %s", keeper.folder, want)
	if err := os.CopyFS(filepath.Join(folder, "data"), os.DirFS(filepath.Join(keeper.folder, "data"))); err != nil {
		return fmt.Errorf("copy the shop of -data: %w", err)
	}
	return nil
}

func (s *shop) fillKeeper(ctx context.Context, keeper *server, searchSeconds float64) error {
	if err := keeper.start(ctx); err != nil {
		return err
	}
	defer keeper.stop()
	return s.fill(ctx, keeper.clients(), searchSeconds)
}

// fill puts the shop into the server and makes the models.
func (s *shop) fill(ctx context.Context, c clients, searchSeconds float64) error {
	err := inBatches(ctx, s.items, batchItems, func(ctx context.Context, from, to int) error {
		items := make([]profileapi.Item, 0, to-from)
		for n := from; n < to; n++ {
			items = append(items, s.item(n))
		}
		return verdict(c.profile.PutItems(ctx, items))
	})
	if err != nil {
		return fmt.Errorf("import the catalogue: %w", err)
	}
	note("imported %d items", s.items)
	err = inBatches(ctx, s.users+s.crowd, batchUsers, func(ctx context.Context, from, to int) error {
		var events []profileapi.Event
		for n := from; n < to; n++ {
			events = append(events, s.events(n)...)
		}
		return verdict(c.profile.PostEvents(ctx, events))
	})
	if err != nil {
		return fmt.Errorf("import the events: %w", err)
	}
	note("imported %d events of %d users", (s.users+s.crowd)*recent, s.users+s.crowd)
	job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{BudgetSeconds: searchSeconds, Publish: "always", Reason: "benchmark"})
	if err != nil {
		return fmt.Errorf("start the recompute: %w", err)
	}
	if _, err = c.similarity.WaitForJob(ctx, job.JobID, nil); err != nil {
		return fmt.Errorf("recompute: %w", err)
	}
	models, err := c.similarity.Models(ctx, "")
	if err != nil {
		return fmt.Errorf("list the models: %w", err)
	}
	for _, m := range models {
		note("model %s (%s): %d lists, %.0f neighbours each", m.Relation, m.Algorithm, m.Items, float64(m.Neighbours)/float64(max(1, m.Items)))
	}
	return nil
}

// inBatches calls do for the ranges of n things, a few at a time.
func inBatches(ctx context.Context, n, size int, do func(ctx context.Context, from, to int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(callers)
	for from := 0; from < n && ctx.Err() == nil; from += size {
		group.Go(func() error { return do(ctx, from, min(from+size, n)) })
	}
	return group.Wait()
}

// verdict makes an error of the first rejected member of a batch.
func verdict(a profileapi.EventsAnswer, err error) error {
	if err != nil || a.Rejected == 0 {
		return err
	}
	for _, r := range a.Results {
		if r.Status == profileapi.StatusRejected {
			return fmt.Errorf("%d were rejected, the first one %s: %v", a.Rejected, r.ID, r.Errors)
		}
	}
	return fmt.Errorf("%d were rejected", a.Rejected)
}
