package serving

import (
	"context"
	"errors"
	"time"

	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
	"github.com/aisle-rec/aisle/similarity-service/internal/rowcache"
)

const (
	// followInterval is how late a replica may see a model that another one published.
	followInterval = 500 * time.Millisecond
	// recheckInterval is how often the archive itself is asked, in case Redis lost or never got the pointers.
	recheckInterval = 15 * time.Second
	// fillRetry is the pause after Redis refused to be filled.
	fillRetry = time.Second
)

// Relations are all relations that a model can be live for.
var relations = []string{"similar", "bought_together", "viewed_next"}

// Start reads what is live for the shops from the archive, so that a service that has just started serves at once.
func (r *Registry) Start(ctx context.Context, shops []string) error {
	for _, shop := range shops {
		if err := r.readPointers(ctx, shop); err != nil {
			return err
		}
	}
	return nil
}

// Run follows the pointers of other replicas and keeps the live lists in Redis until ctx ends.
func (r *Registry) Run(ctx context.Context, shops func() []string) error {
	go r.fillRedis(ctx)
	tick := time.NewTicker(followInterval)
	defer tick.Stop()
	var rechecked time.Time
	for {
		recheck := time.Since(rechecked) >= recheckInterval
		if recheck {
			rechecked = time.Now()
		}
		for _, shop := range shops() {
			if err := r.follow(ctx, shop, recheck); err != nil && ctx.Err() == nil {
				r.logger.Warn("live models could not be checked", "shop", shop, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// follow looks at the pointers in Redis and, now and then or when Redis lacks them, in the archive.
func (r *Registry) follow(ctx context.Context, shop string, recheck bool) error {
	pointers, err := r.redis.HGetAll(ctx, pointerKey(shop)).Result()
	if err != nil || recheck || len(pointers) < len(r.Live(shop)) {
		if err := r.readPointers(ctx, shop); err != nil || r.rows == nil {
			return err
		}
		return r.keepFilled(ctx, shop)
	}
	for relation, version := range pointers {
		if r.liveVersion(shop, relation) == version {
			continue
		}
		// Redis is only a hint: the archive decides.
		if err := r.readPointers(ctx, shop); err != nil {
			return err
		}
		break
	}
	return nil
}

// readPointers takes what is live from the archive and repairs the copy in Redis.
func (r *Registry) readPointers(ctx context.Context, shop string) error {
	for _, relation := range relations {
		var p pointer
		err := r.archive.Document(ctx, pointerPath(shop, relation), &p)
		if errors.Is(err, archive.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := r.open(ctx, shop, p.Version); err != nil {
			r.logger.Error("live model cannot be opened, the one before stays", "shop", shop, "version", p.Version, "error", err)
			continue
		}
		if r.see(shop, relation, p.Version) {
			r.logger.Info("model is live", "shop", shop, "relation", relation, "version", p.Version)
		}
		// Redis may be away; the next look at the archive writes the copy again.
		_ = r.redis.HSet(ctx, pointerKey(shop), relation, p.Version).Err()
	}
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
