// Package maintenance removes what is past its retention: decisions, clicks, counts of items, and the visitors of experiments that ended
// long ago. The main type is Cleaner.
package maintenance

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/experiment"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/audit"
)

const (
	interval = time.Hour
	day      = 24 * time.Hour
	// keepItems is how long it is known which items a scenario showed on a day: a year can be compared with the one before.
	keepItems = 400 * day
	// keepLines is how long a refund takes back what was counted for an order.
	keepLines = 100 * day
	// KeepVisitors is how long the visitors of an experiment are kept after its end, for a second look at its results or a new start.
	KeepVisitors = 90 * day
)

// Store is the port to the database.
type Store interface {
	Purge(ctx context.Context, o store.Oldest) error
	VisitedArms(ctx context.Context) ([]store.ArmKey, error)
	Documents(ctx context.Context, shop, kind string) ([]store.Document, error)
	FoldVisitors(ctx context.Context, k store.ArmKey) error
	DropArm(ctx context.Context, k store.ArmKey) error
}

// Cleaner removes old rows. Several replicas may run it at once: every step can be repeated.
type Cleaner struct {
	Store         Store
	KeepDecisions time.Duration
	// KeepClicks is how long the clicks are kept that purchases are attributed to.
	KeepClicks time.Duration
	Logger     *slog.Logger
	Now        func() time.Time
}

// Run does Once at the start, because a process may never live for an hour, and then every hour until ctx ends.
func (u *Cleaner) Run(ctx context.Context) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := u.Once(ctx); err != nil && ctx.Err() == nil {
			u.Logger.Warn("old rows not removed, it is tried again in an hour", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Once removes what is past its retention now.
func (u *Cleaner) Once(ctx context.Context) error {
	now := u.Now()
	return errors.Join(
		u.Store.Purge(ctx, store.Oldest{
			DecisionsMs: now.Add(-u.KeepDecisions).UnixMilli(), ClicksMs: now.Add(-u.KeepClicks).UnixMilli(),
			ItemsMs: now.Add(-keepItems).UnixMilli(),
			LinesMs: now.Add(-keepLines).UnixMilli(), AuditMs: now.Add(-audit.Keep).UnixMilli(),
		}),
		u.visitors(ctx, now.Add(-KeepVisitors).UnixMilli()))
}

// visitors folds the arms of experiments that were stopped before a moment into totals, and drops those of experiments that were deleted
// before it or never were: events can name what they like.
func (u *Cleaner) visitors(ctx context.Context, beforeMs int64) error {
	arms, err := u.Store.VisitedArms(ctx) // before the experiments: what has visitors and exists is then found
	if err != nil {
		return err
	}
	shops := map[string]map[string]store.Document{}
	for _, k := range arms {
		if shops[k.Shop] == nil {
			if shops[k.Shop], err = u.experiments(ctx, k.Shop); err != nil {
				return err
			}
		}
		d := shops[k.Shop][k.Experiment]
		switch {
		case d.CreatedMs >= beforeMs:
		case d.Deleted || d.Version == 0:
			err = u.Store.DropArm(ctx, k)
		case isStopped(&d):
			err = u.Store.FoldVisitors(ctx, k)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// experiments returns the newest version of each experiment that a shop has or had, by id.
func (u *Cleaner) experiments(ctx context.Context, shop string) (map[string]store.Document, error) {
	list, err := u.Store.Documents(ctx, shop, experiment.Kind)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]store.Document, len(list))
	for n := range list {
		byID[list[n].ID] = list[n]
	}
	return byID, nil
}

// isStopped reports whether a version of an experiment is a stopped one; what cannot be read is not.
func isStopped(d *store.Document) bool {
	var x struct {
		Status string `json:"status"`
	}
	return json.Unmarshal(d.Body, &x) == nil && x.Status == experiment.Stopped
}
