package serving

import (
	"context"
	"time"

	"github.com/aisle-rec/aisle/similarity-service/internal/rowcache"
)

// headLimit bounds the question to Redis whether it has a version.
const headLimit = time.Second

// openHead opens a version whose lists Redis has by the beginning of its snapshot, so that nobody waits for a copy of the whole. It returns
// nil where the snapshot is to be opened whole.
func (r *Registry) openHead(ctx context.Context, shop, version string) *Model {
	if _, wary := r.wary.Load(shop + "/" + version); r.rows == nil || wary {
		return nil
	}
	described, err := r.store.Model(ctx, shop, version)
	if err != nil || len(described.Checksum) < 10 {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, headLimit)
	sum, err := r.rows.Head(limited, rowcache.Tag(shop, described.Checksum))
	cancel()
	if err != nil || sum == "" {
		return nil
	}
	s, err := r.archive.Head(ctx, snapshotPath(shop, version), sum)
	if err != nil { // whatever it is, the whole will tell
		return nil
	}
	s.Checksum = described.Checksum
	m, err := r.model(shop, version, s)
	if err != nil {
		return nil
	}
	m.head = true
	return m
}

// complete puts the whole snapshot in place of its head. One that is damaged gives way as it does at the start of a process.
func (r *Registry) complete(ctx context.Context, head *Model) {
	s, err := r.archive.Snapshot(ctx, snapshotPath(head.Shop, head.Version))
	var m *Model
	if err == nil {
		m, err = r.model(head.Shop, head.Version, s)
	}
	key := head.Shop + "/" + head.Version
	if lost(err) {
		r.wary.Store(key, true)
	} else if err != nil { // it is tried again when a list is asked for that Redis lacks
		r.logger.Warn("a snapshot was not fetched, its lists come from Redis", "shop", head.Shop, "version", head.Version, "error", err)
		return
	}
	unlock := r.lockTaking(head.Shop) // whoever found the head sound notes it as live before it is found damaged, not after
	r.mu.Lock()
	if r.opened[key] == head {
		if delete(r.opened, key); err == nil {
			r.opened[key] = m
		} else { // as if it had never been served
			r.taken[head.Shop] = 0
			if r.live[head.Shop][head.Relation].version == head.Version {
				delete(r.live[head.Shop], head.Relation)
			}
		}
	}
	r.mu.Unlock()
	unlock()
	if err != nil {
		r.recheck(ctx, []string{head.Shop}, func(ctx context.Context, shop string) error { return r.readLive(ctx, shop, true) })
	}
}
