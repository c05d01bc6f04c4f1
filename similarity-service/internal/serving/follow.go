package serving

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/similarity-service/internal/rowcache"
)

const (
	// recheckInterval is how often what is live is looked at whatever was notified, in one query for all shops; damaged models are tried
	// again then: somebody may have restored them.
	recheckInterval = 15 * time.Second
	// keepInterval is how often lists that Redis lacks, or is about to drop, are looked for. Those that are asked for are noticed at once.
	keepInterval = 2 * time.Minute
	// recheckLimit bounds the look at one shop, and recheckAtOnce how many are looked at together, so that a slow one does not delay the
	// others.
	recheckLimit  = time.Minute
	recheckAtOnce = 8
	// fillRetry is the pause after Redis refused to be filled.
	fillRetry = time.Second
)

// Start reads what is live in the shops, so that a service that has just started serves at once.
func (r *Registry) Start(ctx context.Context, shops []string) error {
	return r.each(ctx, shops, func(ctx context.Context, shop string) error { return r.readLive(ctx, shop, false) })
}

// each calls f for every shop, a few at once, and returns all errors.
func (r *Registry) each(ctx context.Context, shops []string, f func(ctx context.Context, shop string) error) error {
	var group errgroup.Group
	group.SetLimit(recheckAtOnce)
	errs := make([]error, len(shops))
	for n, shop := range shops {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, recheckLimit)
			defer cancel()
			if err := f(ctx, shop); err != nil {
				errs[n] = fmt.Errorf("shop %s: %w", shop, err)
			}
			return nil
		})
	}
	_ = group.Wait()
	return errors.Join(errs...)
}

// Run follows what other replicas publish and keeps the live lists in Redis until ctx ends.
func (r *Registry) Run(ctx context.Context, shops func() []string) error {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { r.fillRedis(ctx) })
	changes := make(chan string, 64)
	running.Go(func() {
		r.store.FollowLive(ctx, func(shop string) {
			select {
			case changes <- shop:
			case <-ctx.Done():
			}
		})
	})
	look, keep := time.NewTicker(recheckInterval), time.NewTicker(keepInterval)
	defer look.Stop()
	defer keep.Stop()
	r.recheck(ctx, shops(), r.keepFilled)
	for {
		select {
		case <-ctx.Done():
			return nil
		case shop := <-changes:
			r.followChange(ctx, shop, shops())
		case <-look.C:
			r.followChange(ctx, "", shops()) // in case a change was not heard of
			r.recheck(ctx, r.damaged(), func(ctx context.Context, shop string) error { return r.readLive(ctx, shop, true) })
			r.closeUnused()
		case <-keep.C:
			r.recheck(ctx, shops(), r.keepFilled)
		}
	}
}

// damaged returns the shops that have a damaged live model.
func (r *Registry) damaged() (shops []string) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for shop, list := range r.fallbacks {
		if len(list) > 0 {
			shops = append(shops, shop)
		}
	}
	return shops
}

// recheck looks after shops; what fails is looked after again next time.
func (r *Registry) recheck(ctx context.Context, shops []string, look func(ctx context.Context, shop string) error) {
	if err := r.each(ctx, shops, look); err != nil && ctx.Err() == nil {
		r.logger.Warn("live models could not be checked", "error", err)
	}
}

// followChange reads what is live in the shops that have another generation than is served: the one that was named, or any.
func (r *Registry) followChange(ctx context.Context, named string, shops []string) {
	if named != "" {
		if slices.Contains(shops, named) {
			r.recheck(ctx, []string{named}, r.readNew)
		}
		return
	}
	generations, err := r.store.Generations(ctx)
	if err != nil {
		if ctx.Err() == nil {
			r.logger.Warn("changes of live models were not looked for", "error", err)
		}
		return
	}
	var changed []string
	r.mu.RLock()
	for _, shop := range shops {
		if generations[shop] > r.taken[shop] {
			changed = append(changed, shop)
		}
	}
	r.mu.RUnlock()
	r.recheck(ctx, changed, r.readNew)
}

// readNew serves what is live now, and has its lists loaded into Redis.
func (r *Registry) readNew(ctx context.Context, shop string) error {
	if err := r.readLive(ctx, shop, false); err != nil {
		return err
	}
	return r.keepFilled(ctx, shop)
}

// readLive takes what is live from the store, unless it has taken it already and is not to take it again, as damaged models may want.
func (r *Registry) readLive(ctx context.Context, shop string, again bool) error {
	live, err := r.store.Live(ctx, shop)
	if err != nil {
		return err
	}
	r.mu.RLock()
	taken := r.taken[shop]
	r.mu.RUnlock()
	if taken >= live.Generation && !again {
		return nil
	}
	r.take(ctx, shop, live)
	return nil
}

// keepFilled has the lists of the live models loaded into Redis where they are missing or about to expire.
func (r *Registry) keepFilled(ctx context.Context, shop string) error {
	if r.rows == nil {
		return nil
	}
	for _, version := range r.Live(shop) {
		m, err := r.open(ctx, shop, version)
		if err != nil {
			return err
		}
		left, err := r.rows.Remaining(ctx, m.tag)
		if err != nil {
			return nil // Redis is away: lists come from the snapshot, and a later look fills it
		}
		if left < rowcache.TTL/2 {
			r.wantFill(m)
		}
	}
	return nil
}

// fillRedis loads the lists of one version after another until ctx ends. What could not be
// loaded is asked for again by the next look or miss.
func (r *Registry) fillRedis(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-r.fill:
			err := r.rows.Load(ctx, m.tag, m.Snapshot)
			r.filling.Delete(m.tag)
			if err == nil {
				r.logger.Info("model lists loaded into Redis", "shop", m.Shop, "version", m.Version)
				continue
			}
			select { // do not hammer a Redis that is down
			case <-ctx.Done():
				return
			case <-time.After(fillRetry):
			}
		}
	}
}
