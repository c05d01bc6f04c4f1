// Package upkeep does what a profile database needs from time to time: room for the months ahead and an end of what is past its retention.
package upkeep

import (
	"context"
	"log/slog"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// Upkeep removes old events and prepares new months. Several replicas may run it at once: every step can be repeated.
type Upkeep struct {
	Store        store.Upkeep
	Retention    func(shop string) time.Duration
	MaxRetention time.Duration // the longest of any shop
	Now          func() time.Time
	Logger       *slog.Logger
}

const (
	interval = time.Hour
	// ahead is how far in the future room is made.
	ahead = 62 * 24 * time.Hour
	// remembered is how long changes of people are kept: many times as long as package changes looks back.
	remembered = time.Hour
)

// Run repeats Once every hour until ctx ends. A failure is logged and tried again the next time.
func (u *Upkeep) Run(ctx context.Context) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := u.Once(ctx); err != nil && ctx.Err() == nil {
			u.Logger.ErrorContext(ctx, "upkeep failed, it is tried again in an hour", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// Once prepares the months ahead and removes what is past its retention.
func (u *Upkeep) Once(ctx context.Context) error {
	now := u.Now()
	if err := u.Store.Prepare(ctx, now.UnixMilli(), now.Add(ahead).UnixMilli()); err != nil {
		return err
	}
	if err := u.Store.DropBefore(ctx, now.Add(-u.MaxRetention).UnixMilli()); err != nil {
		return err
	}
	if err := u.Store.ForgetChanges(ctx, now.Add(-remembered).UnixMilli()); err != nil {
		return err
	}
	shops, err := u.Store.Shops(ctx)
	if err != nil {
		return err
	}
	for _, shop := range shops {
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
