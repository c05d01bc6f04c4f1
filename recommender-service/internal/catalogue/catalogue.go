// Package catalogue is an in-memory replica of each shop's catalogue, a moment behind the profile-service's change feed. It numbers items
// densely and for good, so that ranking works on flat arrays, and keeps what it has while the feed is away. The main types are Catalogue,
// Shop and View.
package catalogue

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/readiness"
)

// Catalogue holds the replicas of all shops. It is safe for concurrent use.
type Catalogue struct {
	client *profileapi.Client
	logger *slog.Logger
	now    func() time.Time
	gate   *readiness.Gate // nil when nobody waits for the first read

	mu    sync.RWMutex
	shops map[string]*Shop
	wake  chan struct{} // a shop was asked for that is not followed yet
}

// New returns an empty catalogue.
func New(client *profileapi.Client, logger *slog.Logger, now func() time.Time) *Catalogue {
	return &Catalogue{client: client, logger: logger, now: now, shops: map[string]*Shop{}, wake: make(chan struct{}, 1)}
}

// Report has a gate told how far the first read of each shop is. It is called before Run.
func (c *Catalogue) Report(g *readiness.Gate) { c.gate = g }

// Shop returns the replica of a shop. A shop that is asked for the first time starts empty and is followed from then on.
func (c *Catalogue) Shop(name string) *Shop {
	c.mu.RLock()
	s, ok := c.shops[name]
	c.mu.RUnlock()
	if ok {
		return s
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok = c.shops[name]; !ok {
		s = newShop(name, c.now)
		c.shops[name] = s
		select {
		case c.wake <- struct{}{}:
		default: // it is awake already
		}
	}
	return s
}

// Run follows the feeds of the shops, also of shops that appear later, until ctx ends. It asks
// shops again every interval, and looks at once when a shop is asked for. A shop is followed by
// a goroutine of its own for good.
func (c *Catalogue) Run(ctx context.Context, shops func() []string, interval time.Duration) {
	var running sync.WaitGroup
	defer running.Wait()
	again := time.NewTicker(interval)
	defer again.Stop()
	followed := map[string]bool{}
	for {
		for _, name := range shops() {
			c.Shop(name)
		}
		for _, s := range c.unfollowed(followed) {
			running.Go(func() { c.follow(ctx, s) })
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		case <-c.wake:
		}
	}
}

// unfollowed returns the shops that are not in followed, and puts them there.
func (c *Catalogue) unfollowed(followed map[string]bool) []*Shop {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var list []*Shop
	for name, s := range c.shops {
		if !followed[name] {
			followed[name] = true
			list = append(list, s)
		}
	}
	return list
}

// follow keeps a shop in step with the change feed until ctx ends. When the profile-service no longer knows the shop's
// place in the feed, as after it was restored from a backup, the feed is read from its start: what it does not name by
// the end is marked stale first and removed then, so that answers are made from all items in the meantime.
func (c *Catalogue) follow(ctx context.Context, s *Shop) {
	s.stateMu.Lock()
	s.begun = s.now()
	s.stateMu.Unlock()
	profileapi.Follower{
		Client: c.client.ForShop(s.Name),
		Apply: func(changes []profileapi.ItemChange) {
			s.apply(changes)
			if c.gate != nil {
				c.gate.Progress(s.Name)
			}
		},
		Reset: s.markStale,
		Synced: func() {
			s.removeStale()
			s.setState(true)
			if c.gate != nil {
				c.gate.Synced(s.Name)
			}
		},
		Failed: func(err error) {
			s.setState(false)
			if c.gate != nil {
				c.gate.Failed(err)
			}
			c.logger.Warn("catalogue feed cannot be read, the replica stays as it is", "shop", s.Name, "error", err)
		},
	}.Run(ctx)
}

// Behind returns for how long the feed of a shop has not been followed, the longest of all shops: 0 while all are.
func (c *Catalogue) Behind() (longest time.Duration) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, s := range c.shops {
		s.stateMu.Lock()
		if since := s.state.AsOf; !s.state.Following && !s.begun.IsZero() {
			if since.IsZero() {
				since = s.begun
			}
			longest = max(longest, s.now().Sub(since))
		}
		s.stateMu.Unlock()
	}
	return longest
}

// setState notes whether the feed answers. AsOf stands still from the first failure on: what
// came after it is not here.
func (s *Shop) setState(following bool) {
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	if following {
		s.state.Synced = true
	}
	if following || s.state.Following {
		s.state.AsOf = s.now()
	}
	s.state.Following = following
}

// markStale notes that the feed begins again, as after its database was restored from an older backup: items that it does not name again
// are gone. Until it has come to its end the replica stays as it is.
func (s *Shop) markStale() {
	stale := map[string]struct{}{}
	s.Read(func(v *View) {
		v.Items(func(it *Item) { stale[it.ID] = struct{}{} })
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stale = stale
}

// removeStale removes the items that the feed, begun again, has not named.
func (s *Shop) removeStale() {
	s.mu.Lock()
	gone := make([]profileapi.ItemChange, 0, len(s.stale))
	for id := range s.stale {
		gone = append(gone, profileapi.ItemChange{ItemID: id})
	}
	s.stale = nil
	s.mu.Unlock()
	if len(gone) > 0 {
		s.apply(gone)
	}
}
