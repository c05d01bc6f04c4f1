// Package popularity counts what is popular now: event weights that fade with time, over the whole shop and per category. It reads
// the interactions that are new since its last look, so that a list is fresh within a minute and needs no recompute.
package popularity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
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

// Popularity keeps the lists of every shop. It is safe for concurrent use.
type Popularity struct {
	client     *profileapi.Client
	categories func(shop, itemID string) ([]string, bool)
	logger     *slog.Logger
	now        func() time.Time

	mu    sync.RWMutex
	shops map[string]*lists
}

// lists are the finished lists of a shop by window and category ("" for all).
type lists struct {
	asOf time.Time
	by   map[string]map[string][]similarityapi.Neighbour
}

// counter is the state behind the lists of a shop; only Refresh uses it.
type counter struct {
	cursor string
	since  time.Time
	epoch  time.Time // weights are scaled to this moment, that of the newest event at some time
	newest time.Time
	sums   []map[string]float64
}

const (
	// farAhead is how many half-lives the newest event may lie ahead of the epoch before the sums are scaled anew: 2^farAhead is far from overflowing.
	farAhead = 100
	// silence is for how many half-lives lists fade without any event. Then they stay as they are: what sold best before a long pause still did.
	silence = 20
)

// New returns an empty Popularity. categories gives the categories of an item and whether the catalogue has it.
func New(client *profileapi.Client, categories func(shop, itemID string) ([]string, bool), logger *slog.Logger, now func() time.Time) *Popularity {
	return &Popularity{client: client, categories: categories, logger: logger, now: now, shops: map[string]*lists{}}
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
				c = &counter{since: p.now()}
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

// refresh counts what is new and makes the lists again.
func (p *Popularity) refresh(ctx context.Context, shop string, c *counter) error {
	windows := Windows()
	if c.sums == nil {
		for range windows {
			c.sums = append(c.sums, map[string]float64{})
		}
	}
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
		c.add(windows, b)
		c.cursor = b.Cursor
	}
	l := p.rank(shop, windows, c)
	p.mu.Lock()
	p.shops[shop] = l
	p.mu.Unlock()
	return nil
}

// moveTo scales the sums to a moment.
func (c *counter) moveTo(windows []Window, epoch time.Time) {
	for w, window := range windows {
		fade := window.fade(epoch.Sub(c.epoch))
		for id := range c.sums[w] {
			c.sums[w][id] *= fade
		}
	}
	c.epoch = epoch
}

func (c *counter) add(windows []Window, b *profileapi.InteractionBlock) {
	for n := range b.Len() {
		if at := time.UnixMilli(b.OccurredAt[n]); at.After(c.newest) {
			c.newest = at
		}
	}
	for _, window := range windows {
		if c.newest.Sub(c.epoch) > farAhead*window.HalfLife {
			c.moveTo(windows, c.newest)
		}
	}
	for w, window := range windows {
		counts := make([]bool, len(b.Types))
		for t, name := range b.Types {
			counts[t] = window.Counts(name)
		}
		sums := make([]float64, len(b.Items))
		for n := range b.Len() {
			if !counts[b.Type[n]] {
				continue
			}
			// Growth from the epoch instead of decay to now: sums need no update as time passes.
			age := c.epoch.Sub(time.UnixMilli(b.OccurredAt[n]))
			sums[b.Item[n]] += float64(b.Weight[n]) * window.fade(age)
		}
		for at, sum := range sums {
			if sum != 0 {
				c.sums[w][b.Items[at]] += sum
			}
		}
	}
}

// rank sorts the sums into lists of known items with a positive sum.
func (p *Popularity) rank(shop string, windows []Window, c *counter) *lists {
	now := p.now()
	l := &lists{asOf: now, by: map[string]map[string][]similarityapi.Neighbour{}}
	for w, window := range windows {
		at := now
		if last := c.newest.Add(silence * window.HalfLife); at.After(last) {
			at = last
		}
		fade := window.fade(at.Sub(c.epoch))
		by := map[string][]similarityapi.Neighbour{}
		for id, sum := range c.sums[w] {
			names, known := p.categories(shop, id)
			if !known || sum <= 0 {
				continue
			}
			entry := similarityapi.Neighbour{ItemID: id, Score: sum * fade}
			by[""] = append(by[""], entry)
			for _, name := range names {
				by[name] = append(by[name], entry)
			}
		}
		for name, entries := range by {
			slices.SortFunc(entries, func(a, b similarityapi.Neighbour) int {
				return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ItemID, b.ItemID))
			})
			by[name] = slices.Clone(entries[:min(len(entries), listed)])
		}
		l.by[window.Name] = by
	}
	return l
}

// List returns the first n items of a list; an empty one for a category without events. ok is false while nothing was counted yet.
func (p *Popularity) List(shop, window, category string, n int) (answer similarityapi.PopularAnswer, ok bool) {
	p.mu.RLock()
	l := p.shops[shop]
	p.mu.RUnlock()
	if l == nil {
		return answer, false
	}
	items := l.by[window][category]
	return similarityapi.PopularAnswer{
		Category: category, Window: window, AsOf: wire.TimeOf(l.asOf), Items: items[:min(n, len(items))],
	}, true
}
