// Package metrics counts what scenarios and experiment arms did: answers as they are given, and clicks, adds and purchases as the profile-service
// acknowledges them, each attributed to the answer that showed the item. Counts are kept per hour in the store. The main types are Counter and
// Attribution.
package metrics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/experiment"
	"github.com/aisle-rec/aisle/recommender-service/internal/recommend"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// The metrics of an hour. A tier's impressions are counted under TierPrefix and its name.
const (
	Requests    = "requests"
	Empty       = "empty"
	Degraded    = "degraded"
	LatencyMS   = "latency_ms"
	Impressions = "impressions"
	Clicks      = "clicks"
	Adds        = "adds"
	OrderLines  = "order_lines"
	Revenue     = "revenue"
	Shadows     = "shadows"
	Overlap     = "shadow_overlap"
	TierPrefix  = "tier:"
)

const (
	flushEvery   = 5 * time.Second
	writeTimeout = 10 * time.Second
	// waiting bounds the counts that wait for a database that is away; beyond it new ones are lost.
	waiting = 200_000
)

// Store is the port to the database.
type Store interface {
	AddCounts(ctx context.Context, c store.Counts, p *store.Position) error
	PositionOf(ctx context.Context, shop, name string) (string, error)
	LastClick(ctx context.Context, shop, visitor, itemID string) (store.Click, error)
}

// Counter counts answers. It is safe for concurrent use.
type Counter struct {
	store  Store
	logger *slog.Logger
	now    func() time.Time

	flushing sync.Mutex // held while counts are stored
	mu       sync.Mutex
	counts   store.Counts
}

// NewCounter returns a counter with nothing counted.
func NewCounter(s Store, logger *slog.Logger, now func() time.Time) *Counter {
	return &Counter{store: s, logger: logger, now: now, counts: newCounts()}
}

func newCounts() store.Counts {
	return store.Counts{Hours: map[store.HourKey]float64{}, Items: map[store.ItemKey]int64{}, Visitors: map[store.VisitorKey]store.VisitorCount{}}
}

func hourOf(t time.Time) int64 { return t.UTC().Truncate(time.Hour).UnixMilli() }
func dayOf(t time.Time) int64  { return t.UTC().Truncate(24 * time.Hour).UnixMilli() }

// Answered counts an answer.
func (c *Counter) Answered(shop string, d *recommend.Decision, a *api.Answer) {
	if d.Request.Consent != nil && d.Request.Consent.Analytics != nil && !*d.Request.Consent.Analytics {
		return
	}
	now := c.now()
	key := store.HourKey{Shop: shop, Scenario: d.Scenario, Experiment: d.Experiment, Arm: d.Arm, HourMs: hourOf(d.At)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.counts.Hours)+len(c.counts.Items)+len(c.counts.Visitors) > waiting {
		return
	}
	add := func(metric string, v float64) {
		key.Metric = metric
		c.counts.Hours[key] += v
	}
	add(Requests, 1)
	add(LatencyMS, float64(now.Sub(d.At).Microseconds())/1000)
	add(Impressions, float64(len(a.Items)))
	if len(a.Items) == 0 {
		add(Empty, 1)
	}
	if len(a.Degraded) > 0 {
		add(Degraded, 1)
	}
	for n := range a.Items {
		add(TierPrefix+a.Items[n].Tier, 1)
		c.counts.Items[store.ItemKey{Shop: shop, Scenario: d.Scenario, ItemID: a.Items[n].ItemID, DayMs: dayOf(d.At)}]++
	}
	if visitor := experiment.Visitor(d.Request.UserID, d.Request.SessionID); d.Experiment != "" && visitor != "" {
		k := store.VisitorKey{Shop: shop, Experiment: d.Experiment, Arm: d.Arm, Visitor: visitor}
		v := c.counts.Visitors[k]
		if v.FirstMs == 0 {
			v.FirstMs = d.At.UnixMilli()
		}
		v.Impressions += int64(len(a.Items))
		c.counts.Visitors[k] = v
	}
}

// Shadowed counts how much of the control's list a shadow arm would show too.
func (c *Counter) Shadowed(shop, scenario, experimentID, arm string, overlap float64) {
	key := store.HourKey{Shop: shop, Scenario: scenario, Experiment: experimentID, Arm: arm, HourMs: hourOf(c.now()), Metric: Shadows}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Hours[key]++
	key.Metric = Overlap
	c.counts.Hours[key] += overlap
}

// Flush stores what was counted; what cannot be stored is kept for the next time. When it returns nil, everything counted before is stored.
func (c *Counter) Flush(ctx context.Context) error {
	c.flushing.Lock()
	defer c.flushing.Unlock()
	c.mu.Lock()
	counts := c.counts
	c.counts = newCounts()
	c.mu.Unlock()
	if len(counts.Hours) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err := c.store.AddCounts(ctx, counts, nil)
	if err != nil {
		c.restore(counts)
	}
	return err
}

func (c *Counter) restore(old store.Counts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, v := range old.Hours {
		c.counts.Hours[k] += v
	}
	for k, v := range old.Items {
		c.counts.Items[k] += v
	}
	for k, v := range old.Visitors {
		sum := c.counts.Visitors[k]
		sum.FirstMs = v.FirstMs
		sum.Impressions += v.Impressions
		c.counts.Visitors[k] = sum
	}
}

// Run stores counts every few seconds until ctx ends, and then once more.
func (c *Counter) Run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if err := c.Flush(context.WithoutCancel(ctx)); err != nil {
				c.logger.Warn("the last counts are lost", "error", err)
			}
			return
		case <-tick.C:
			if err := c.Flush(ctx); err != nil && ctx.Err() == nil {
				c.logger.Warn("counts not stored, they will be tried again", "error", err)
			}
		}
	}
}
