package figures

import (
	"cmp"
	"context"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

const (
	// flushEvery is how late figures may be; what was counted within it is lost when the
	// process is killed. writeTimeout bounds one transaction.
	flushEvery   = 5 * time.Second
	writeTimeout = 10 * time.Second
	// waiting bounds the counts that wait, of items and of all else; beyond it new ones are lost, as when the database is away for long.
	waiting = 200_000
)

// Counter counts answers in memory and stores the counts every few seconds, so that an answer
// waits for no database. It is safe for concurrent use.
type Counter struct {
	store  Store
	logger *slog.Logger
	now    func() time.Time

	flushing sync.Mutex     // held while counts are stored
	batches  []store.Counts // taken and not stored; they are stored before others are taken, so that nothing counts twice

	mu          sync.Mutex // held for microseconds
	tallies     map[place]*tally
	visitors    map[store.VisitorKey]store.VisitorCount
	impressions map[impressionsKey]*impressions
	items       int // in all impressions
}

// place is whose answers a tally counts: a scenario, arm and channel in an hour. hourMs is its
// beginning in epoch milliseconds.
type place struct {
	shop, scenario, experiment, arm, channel string
	hourMs                                   int64
}

// tally counts the answers of an hour. latencyMs and overlap are sums, from which reports make
// means.
type tally struct {
	requests, empty, degraded, impressions, shadows int
	latencyMs, overlap                              float64
	tiers, rules                                    []tier // a handful
}

// tier is a name with a count: of a tier or of a rule. A list of a handful is faster than a
// map, and smaller.
type tier struct {
	name string
	n    int
}

// NewCounter returns a counter with nothing counted.
func NewCounter(s Store, logger *slog.Logger, now func() time.Time) *Counter {
	return &Counter{
		store: s, logger: logger, now: now,
		tallies: map[place]*tally{}, visitors: map[store.VisitorKey]store.VisitorCount{}, impressions: map[impressionsKey]*impressions{},
	}
}

// Answered counts an answer that is about to be sent: its latency is the time since the
// decision began. Robots and visitors who do not want to be counted are left out. It does not
// block: beyond what may wait, the answer is not counted.
func (c *Counter) Answered(shop string, d *decision.Decision, a *api.Answer) {
	if d.Robot || deniesAnalytics(d.Request.Consent) {
		return
	}
	latencyMs := float64(c.now().Sub(d.At).Microseconds()) / 1000
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.tallies)+len(c.visitors) > waiting {
		return
	}
	t := c.tally(place{shop, d.Scenario, d.Experiment, d.Arm, d.Request.Channel, hourOf(d.At)})
	t.requests++
	t.latencyMs += latencyMs
	t.impressions += len(a.Items)
	if len(a.Items) == 0 {
		t.empty++
	}
	if len(a.Degraded) > 0 {
		t.degraded++
	}
	c.shown(impressionsKey{shop, d.Scenario, dayOf(d.At)}, t, a.Items)
	for n := range d.Items {
		for _, rule := range d.Items[n].Rules {
			t.rule(rule)
		}
	}
	if d.Experiment == "" {
		return
	}
	if visitor := decision.VisitorID(d.Request.UserID, d.Request.SessionID); visitor != "" {
		k := store.VisitorKey{Shop: shop, Experiment: d.Experiment, Arm: d.Arm, Visitor: visitor}
		v := c.visitors[k]
		if v.FirstMs == 0 {
			v.FirstMs = d.At.UnixMilli()
		}
		v.Impressions += int64(len(a.Items))
		c.visitors[k] = v
	}
}

// Shadowed counts how much of the control's list a shadow arm would show too: overlap is
// between 0 and 1.
func (c *Counter) Shadowed(shop, scenario, experimentID, arm string, overlap float64) {
	key := place{shop, scenario, experimentID, arm, "", hourOf(c.now())}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tally(key)
	t.shadows++
	t.overlap += overlap
}

// tally returns the counts of a place. The caller holds the lock.
func (c *Counter) tally(p place) *tally {
	t := c.tallies[p]
	if t == nil {
		t = &tally{}
		c.tallies[p] = t
	}
	return t
}

// shown counts the items of an answer. The caller holds the lock.
func (c *Counter) shown(k impressionsKey, t *tally, items []api.RecommendedItem) {
	if len(items) == 0 {
		return
	}
	s := c.impressions[k]
	if s == nil {
		s = &impressions{at: map[string]int64{}}
		c.impressions[k] = s
	}
	for n := range items {
		t.tier(items[n].Tier)
		if s.add(cmp.Or(items[n].FamilyID, items[n].ItemID), c.items < waiting) {
			c.items++
		}
	}
}

// tier counts an item by what it stands for.
func (t *tally) tier(name string) { t.tiers = counted(t.tiers, name) }

// rule counts an item that a rule acted on.
func (t *tally) rule(name string) { t.rules = counted(t.rules, name) }

// counted counts a name in a list.
func counted(list []tier, name string) []tier {
	for n := range list {
		if list[n].name == name {
			list[n].n++
			return list
		}
	}
	return append(list, tier{name, 1})
}

// each calls f with every metric that was counted; those of 0 are left out, since each is a row
// of a table.
func (t *tally) each(f func(metric string, v float64)) {
	if t.requests > 0 {
		f(Requests, float64(t.requests))
		f(LatencyMS, t.latencyMs)
		f(Impressions, float64(t.impressions))
	}
	if t.empty > 0 {
		f(Empty, float64(t.empty))
	}
	if t.degraded > 0 {
		f(Degraded, float64(t.degraded))
	}
	if t.shadows > 0 {
		f(Shadows, float64(t.shadows))
		f(Overlap, t.overlap)
	}
	for _, k := range t.tiers {
		f(tierPrefix+k.name, float64(k.n))
	}
	for _, k := range t.rules {
		f(ruleMetric(k.name, Impressions), float64(k.n))
	}
}

// Flush stores what was counted; what cannot be stored is kept for the next time. When it returns nil, everything counted before is stored.
func (c *Counter) Flush(ctx context.Context) error { return c.flush(ctx, everything) }

// flush stores all counts but those of items, and as many of these of each place as of says.
func (c *Counter) flush(ctx context.Context, of quota) error {
	c.flushing.Lock()
	defer c.flushing.Unlock()
	if err := c.send(ctx); err != nil { // from the last time
		return err
	}
	c.batches = c.take(of)
	return c.send(ctx)
}

// send stores the batches, each in a transaction of its own, and lets answers go first in between.
func (c *Counter) send(ctx context.Context) error {
	for n := range c.batches {
		if err := c.sendOne(ctx, c.batches[n]); err != nil {
			c.batches = c.batches[n:]
			return err
		}
		runtime.Gosched()
	}
	c.batches = nil
	return nil
}

// sendOne stores one batch. A failure whose commit went through all the same would count twice:
// that is the price of not keeping a position for answers.
func (c *Counter) sendOne(ctx context.Context, batch store.Counts) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return c.store.AddCounts(ctx, batch, nil)
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
			if err := c.flush(ctx, c.portion()); err != nil && ctx.Err() == nil {
				c.logger.Warn("counts not stored, they will be tried again", "error", err)
			}
		}
	}
}

// portion is the share of items that one of many flushes stores.
func (c *Counter) portion() quota {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.items > waiting/2 {
		return largeQuota
	}
	return regularQuota
}
