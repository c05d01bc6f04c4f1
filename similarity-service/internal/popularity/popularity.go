// Package popularity counts what is popular now: event weights that fade with time, over the whole shop and per category. A product and its variants
// count together. It reads the interactions that are new since its last look, so that a list is fresh within a minute and needs no recompute.
//
// All weights of a window fade by one common factor, so that time alone never changes an order: lists are ranked again only when
// events came or the catalogue changed, and otherwise only their factor moves on.
package popularity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Window is one way to count.
type Window struct {
	Name     string
	HalfLife time.Duration
	// Counts reports whether an event type counts.
	Counts func(eventType string) bool
}

// fade is what is left of a weight after some time: 2^(−time/half-life).
func (w *Window) fade(after time.Duration) float64 {
	return math.Exp2(-after.Seconds() / w.HalfLife.Seconds())
}

// Windows are the lists that are kept.
func Windows() []Window {
	positive := func(string) bool { return true }
	return []Window{
		{"popular", 30 * 24 * time.Hour, positive},
		{"trending", 7 * 24 * time.Hour, positive},
		{"best_sellers", 30 * 24 * time.Hour, func(t string) bool { return t == "purchase" || t == "refund" }},
	}
}

const (
	// listed is the length of the kept lists.
	listed = 500
	// rebuildAfter is when a shop is counted from the start again, so that erased people and late events are right.
	rebuildAfter = 24 * time.Hour
)

// Catalogue says where items stand.
type Catalogue interface {
	// FamilyOf returns the item that stands for an item's family, the family's category names, and whether the catalogue has it. The names must not
	// be changed.
	FamilyOf(shop, itemID string) (head string, categories []string, known bool)
	// Revision is another number whenever an item of the shop has come, gone or changed its categories or its family.
	Revision(shop string) uint64
}

// Popularity keeps the lists of every shop. It is safe for concurrent use.
type Popularity struct {
	client    *profileapi.Client
	catalogue Catalogue
	logger    *slog.Logger
	now       func() time.Time

	mu    sync.RWMutex
	shops map[string]*lists
}

// lists are the finished lists of a shop at a moment.
type lists struct {
	asOf  time.Time
	fades []float64 // by window: what the sums of the ranking are multiplied with
	*ranking
}

// New returns an empty Popularity.
func New(client *profileapi.Client, catalogue Catalogue, logger *slog.Logger, now func() time.Time) *Popularity {
	return &Popularity{client: client, catalogue: catalogue, logger: logger, now: now, shops: map[string]*lists{}}
}

// Run refreshes the lists of all shops every interval, and whenever wake says so, until ctx ends.
func (p *Popularity) Run(ctx context.Context, shops func() []string, interval time.Duration, wake <-chan struct{}) {
	counters := map[string]*counter{}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		for _, shop := range shops() {
			c := counters[shop]
			if c == nil || p.now().Sub(c.since) > rebuildAfter {
				c = newCounter(Windows(), p.now())
			}
			if err := p.refresh(ctx, shop, c); err != nil {
				if ctx.Err() != nil {
					return
				}
				p.logger.Warn("popularity not refreshed, the lists stay as they are", "shop", shop, "error", err)
				delete(counters, shop) // a stream that was cut may have been counted in part
				continue
			}
			counters[shop] = c
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-wake:
		}
	}
}

// refresh counts what is new and brings the lists up to now.
func (p *Popularity) refresh(ctx context.Context, shop string, c *counter) error {
	stream, err := p.client.ForShop(shop).Interactions(ctx, profileapi.InteractionsQuery{Resume: c.cursor})
	if err != nil {
		return fmt.Errorf("read interactions: %w", err)
	}
	defer stream.Close()
	for {
		b, err := stream.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read interactions: %w", err)
		}
		c.add(b)
		c.cursor = b.Cursor
	}
	p.publish(shop, c)
	return nil
}

// publish shows the lists of a counter as they are now.
func (p *Popularity) publish(shop string, c *counter) {
	now := p.now()
	l := &lists{asOf: now, fades: c.fades(now), ranking: c.rank(p.catalogue, shop)}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shops[shop] = l
}

// List returns the first n items of a list; an empty one for a category without events. ok is false while nothing was counted yet.
func (p *Popularity) List(shop, window, category string, n int) (answer similarityapi.PopularAnswer, ok bool) {
	p.mu.RLock()
	l := p.shops[shop]
	p.mu.RUnlock()
	if l == nil {
		return answer, false
	}
	items := l.items(window, category)
	return similarityapi.PopularAnswer{
		Category: category, Window: window, AsOf: wire.TimeOf(l.asOf), Items: items[:min(n, len(items))],
	}, true
}
