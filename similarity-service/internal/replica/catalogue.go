// Package replica is a small copy of each shop's catalogue: which items there are, their categories, and what changed, for
// whoever indexes items. It follows the profile-service's change feed and keeps what it has while that service is away.
package replica

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/readiness"
)

// errNotRead says that the catalogue of a shop has not been read to its end yet.
var errNotRead = errors.New("the catalogue has not been read yet: the profile-service does not answer")

// catchUpPoll is how often it is looked whether the replica has what the catalogue had.
const catchUpPoll = 20 * time.Millisecond

// categorySeparator joins the parts of a category path.
const categorySeparator = " > "

// Listener is told what describes a family of items whenever that changes, in order: its product, else the first of its variants; nil when
// nothing of it is left.
type Listener func(shop, family string, item *profileapi.Item)

// Catalogue holds the replicas. It is safe for concurrent use.
type Catalogue struct {
	client   *profileapi.Client
	listener Listener
	logger   *slog.Logger
	now      func() time.Time
	gate     *readiness.Gate // nil when nobody waits for the first read

	mu    sync.Mutex
	shops map[string]*replica
}

// New returns an empty catalogue.
func New(client *profileapi.Client, listener Listener, logger *slog.Logger, now func() time.Time) *Catalogue {
	return &Catalogue{client: client, listener: listener, logger: logger, now: now, shops: map[string]*replica{}}
}

// Report has a gate told how far the first read of each shop is. It is called before Run.
func (c *Catalogue) Report(g *readiness.Gate) { c.gate = g }

// Run follows the feeds of the shops, also of shops that appear later, until ctx ends.
func (c *Catalogue) Run(ctx context.Context, shops func() []string, interval time.Duration) {
	var running sync.WaitGroup
	defer running.Wait()
	again := time.NewTicker(interval)
	defer again.Stop()
	for {
		for _, shop := range shops() {
			if r := c.replica(shop); r.followed.CompareAndSwap(false, true) {
				r.behind.Store(c.now().UnixMilli())
				running.Add(1)
				go func() {
					defer running.Done()
					c.follow(ctx, shop, r)
				}()
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// replica returns the replica of a shop, empty at first.
func (c *Catalogue) replica(shop string) *replica {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.shops[shop]
	if !ok {
		r = newReplica()
		c.shops[shop] = r
	}
	return r
}

func (c *Catalogue) follow(ctx context.Context, shop string, r *replica) {
	profileapi.Follower{
		Client: c.client.ForShop(shop),
		Apply: func(changes []profileapi.ItemChange) {
			for _, d := range r.apply(changes) {
				c.listener(shop, d.family, d.item)
			}
			if c.gate != nil {
				c.gate.Progress(shop)
			}
		},
		Reset: func() { c.forget(shop, r) },
		Read:  func(next string) { r.place.Store(next) },
		Synced: func() {
			r.rounds.Add(1)
			r.once.Do(func() { close(r.synced) })
			r.behind.Store(0)
			if c.gate != nil {
				c.gate.Synced(shop)
			}
		},
		Failed: func(err error) {
			r.behind.CompareAndSwap(0, c.now().UnixMilli())
			if c.gate != nil {
				c.gate.Failed(err)
			}
			c.logger.Warn("catalogue feed cannot be read, the replica stays as it is", "shop", shop, "error", err)
		},
	}.Run(ctx)
}

// Behind returns for how long the feed of a shop has not been followed, the longest of all shops: 0 while all are.
func (c *Catalogue) Behind() (longest time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.shops {
		if since := r.behind.Load(); since > 0 {
			longest = max(longest, c.now().Sub(time.UnixMilli(since)))
		}
	}
	return longest
}

// forget empties a replica, for the feed starts again from the beginning.
func (c *Catalogue) forget(shop string, r *replica) {
	for _, family := range r.empty() {
		c.listener(shop, family, nil)
	}
}

// Families returns what finds the family of an item of the shop, as Family does. It waits until the replica has what the catalogue had when
// it is called, as long as ctx allows: events of items that were stored a moment before are not those of unknown items.
func (c *Catalogue) Families(ctx context.Context, shop string) (func(itemID string) (family string, known bool), error) {
	r := c.replica(shop)
	select {
	case <-r.synced:
	case <-ctx.Done():
		return nil, errNotRead
	}
	if err := c.catchUp(ctx, shop, r); err != nil {
		return nil, err
	}
	return func(id string) (string, bool) { return c.Family(shop, id) }, nil
}

// catchUp waits until a replica that has been read once has what the catalogue had when it is called. A catalogue that changes all the time
// never has nothing left to read when it is looked at: the second end of the feed that is reached since was asked for after the call.
func (c *Catalogue) catchUp(ctx context.Context, shop string, r *replica) error {
	poll := time.NewTicker(catchUpPoll)
	defer poll.Stop()
	for enough := r.rounds.Load() + 2; r.rounds.Load() < enough; {
		place, _ := r.place.Load().(string)
		left, err := c.client.ForShop(shop).ItemChanges(ctx, place, 1, 0)
		if err != nil {
			return fmt.Errorf("see whether the catalogue has been read to its end: %w", err)
		}
		if len(left.Changes) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return errNotRead
		case <-poll.C:
		}
	}
	return nil
}

// Revision is raised whenever an item of the shop comes, goes or changes its categories, parent or aliases, by no other change. A revision
// that was asked for before items were looked up tells later whether they must be looked up again.
func (c *Catalogue) Revision(shop string) uint64 {
	r := c.replica(shop)
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.revision
}
