// Package maintenance does what a profile database needs from time to time: an end of what is past its retention, and a look for damage.
package maintenance

import (
	"context"
	"log/slog"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/audit"
)

// Cleaner removes old events. Several replicas may run it at once: every step can be repeated.
type Cleaner struct {
	Store     store.Maintenance
	Retention func(shop string) time.Duration
	Now       func() time.Time
	Logger    *slog.Logger
}

const interval = time.Hour

// Run repeats Once every hour until ctx ends. A failure is logged and tried again the next time.
func (u *Cleaner) Run(ctx context.Context) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := u.Once(ctx); err != nil && ctx.Err() == nil {
			u.Logger.ErrorContext(ctx, "old rows not removed, it is tried again in an hour", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// checkEvery is how often the whole database is read: seldom, since it costs about a second of a core per 300 MB.
const checkEvery = 24 * time.Hour

// RunChecks looks for damage at once and then every day until ctx ends. What it finds is logged, and the store tells it from then on.
func (u *Cleaner) RunChecks(ctx context.Context) error {
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	for {
		if err := u.Store.Check(ctx); err != nil && ctx.Err() == nil {
			u.Logger.ErrorContext(ctx, "the look through the database found something", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// Once removes what is past its retention.
func (u *Cleaner) Once(ctx context.Context) error {
	now := u.Now()
	shops, err := u.Store.Shops(ctx)
	if err != nil {
		return err
	}
	if err := u.Store.PurgeAudit(ctx, now.Add(-audit.Keep)); err != nil {
		return err
	}
	for _, shop := range shops {
		if err := u.Store.ForgetChanges(ctx, shop, now.Add(-store.UndoFor).UnixMilli()); err != nil {
			return err
		}
		removed, err := u.Store.Retain(ctx, shop, now.Add(-u.Retention(shop)).UnixMilli())
		if err != nil {
			return err
		}
		if removed > 0 {
			u.Logger.InfoContext(ctx, "events past their retention removed", "shop", shop, "events", removed)
		}
	}
	return nil
}
