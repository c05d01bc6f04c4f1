package serving

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/similarity-service/internal/rowcache"
	"github.com/redis/go-redis/v9"
)

const (
	// followInterval is how late a replica may see a model that another one published.
	followInterval = 500 * time.Millisecond
	// recheckInterval is how often the archive itself is asked, in case Redis lost or never got what was announced; recheckAlone how often while Redis is away.
	recheckInterval = 2 * time.Minute
	recheckAlone    = 15 * time.Second
	// recheckLimit bounds the look at one shop, and recheckAtOnce how many are looked at together, so that a slow one does not delay the others.
	recheckLimit  = time.Minute
	recheckAtOnce = 8
	// damagedInterval is how often a damaged model is tried again: somebody may have restored it.
	damagedInterval = time.Minute
	// fillRetry is the pause after Redis refused to be filled.
	fillRetry = time.Second
)

// Relations are all relations that a model can be live for.
var relations = []string{"similar", "bought_together", "viewed_next"}

// Copies in Redis of what is live, by which replicas see a change soon: how many changes there have been, and by shop the number of the newest set. They can
// be lost; the archive decides.
const (
	changesKey     = "aisle:live:changes"
	generationsKey = "aisle:live:generations"
)

// announce tells the other replicas of a change.
func (r *Registry) announce(ctx context.Context, shop string, generation uint64) {
	err := r.redis.HSet(ctx, generationsKey, shop, generation).Err()
	if err == nil {
		err = r.redis.Incr(ctx, changesKey).Err()
	}
	if err != nil {
		r.logger.Warn("other replicas will see the new model later: Redis does not answer", "shop", shop, "error", err)
	}
}

// Start reads what is live for the shops from the archive, so that a service that has just started serves at once.
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
	go r.fillRedis(ctx)
	tick := time.NewTicker(followInterval)
	defer tick.Stop()
	var rechecked, retried time.Time
	seen := int64(-1)
	for {
		changes, err := r.redis.Get(ctx, changesKey).Int64() // one key for all shops: at rest a look costs the same for one and for thousands
		if errors.Is(err, redis.Nil) {
			changes, err = 0, nil
		}
		now, interval := time.Now(), recheckInterval
		if err != nil {
			interval = recheckAlone
		}
		switch {
		case now.Sub(rechecked) >= interval || err != nil && seen >= 0 || err == nil && changes < seen: // Redis was lost, or emptied
			again := now.Sub(retried) >= damagedInterval
			if again {
				retried = now
			}
			rechecked = now
			r.recheck(ctx, shops(), again)
			r.closeUnused()
		case err == nil && changes != seen:
			r.followChanges(ctx, shops())
		}
		seen = changes
		if err != nil {
			seen = -1
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// recheck asks the archive about all shops.
func (r *Registry) recheck(ctx context.Context, shops []string, again bool) {
	err := r.each(ctx, shops, func(ctx context.Context, shop string) error {
		if err := r.readLive(ctx, shop, again); err != nil || r.rows == nil {
			return err
		}
		return r.keepFilled(ctx, shop)
	})
	if err != nil && ctx.Err() == nil {
		r.logger.Warn("live models could not be checked", "error", err)
	}
}

// followChanges asks the archive about the shops that have a newer set than is served. Redis is only a hint: the archive decides.
func (r *Registry) followChanges(ctx context.Context, shops []string) {
	newest, err := r.redis.HGetAll(ctx, generationsKey).Result()
	if err != nil {
		return // the next look at the archive finds it
	}
	var changed []string
	r.mu.RLock()
	for _, shop := range shops {
		if generation, err := strconv.ParseUint(newest[shop], 10, 64); err == nil && generation > r.taken[shop] {
			changed = append(changed, shop)
		}
	}
	r.mu.RUnlock()
	r.recheck(ctx, changed, false)
}

// readLive takes what is live from the archive, unless it has taken it already; again tries damaged models once more.
func (r *Registry) readLive(ctx context.Context, shop string, again bool) error {
	generation, _, err := r.newest(ctx, shop)
	if err != nil {
		return err
	}
	r.mu.RLock()
	taken, known := r.taken[shop]
	damaged := len(r.fallbacks[shop]) > 0
	r.mu.RUnlock()
	if known && taken == generation && generation > 0 && !(again && damaged) {
		return nil
	}
	set, _, err := r.current(ctx, shop)
	if err != nil {
		return err
	}
	r.take(ctx, shop, set)
	return nil
}

// keepFilled has the lists of the live models loaded into Redis where they are missing or about to expire.
func (r *Registry) keepFilled(ctx context.Context, shop string) error {
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
