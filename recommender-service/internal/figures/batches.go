package figures

import (
	"maps"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
)

const (
	// rowsAtOnce is how many rows one transaction writes: a few milliseconds of work.
	rowsAtOnce = 250
	// flushesPerRound is how many flushes, at most, store every item that was shown: five minutes. The items of a busy shop are shown again
	// before that, and then cost one row, not many; those of a small shop are all stored each time.
	flushesPerRound = 60
	// flushesWhenFull is how many it is when so many items wait that new ones would be lost.
	flushesWhenFull = 4
)

// impressionsKey is whose impressions are counted.
type impressionsKey struct {
	shop, scenario string
	dayMs          int64
}

// impressions counts how often each item was shown.
type impressions struct {
	shown []shownItem      // those that came first first
	taken int64            // how many were taken from the front
	at    map[string]int64 // where an item is in shown, counted from before the first one was taken
}

type shownItem struct {
	id string
	n  int64
}

// add counts an item; one that is new only if it may. It reports whether it was.
func (s *impressions) add(item string, mayBeNew bool) bool {
	if at, ok := s.at[item]; ok {
		s.shown[at-s.taken].n++
		return false
	}
	if mayBeNew {
		s.at[item] = s.taken + int64(len(s.shown))
		s.shown = append(s.shown, shownItem{item, 1})
	}
	return mayBeNew
}

// take moves the n items that came first to a list.
func (s *impressions) take(n int, to []shownItem) []shownItem {
	for _, it := range s.shown[:n] {
		delete(s.at, it.id)
	}
	to = append(to, s.shown[:n]...)
	s.shown, s.taken = s.shown[n:], s.taken+int64(n)
	return to
}

// quota says how many of the items shown are stored now.
type quota func(waiting int) int

// everything is the quota at the end of a process: nothing may wait for a next time.
func everything(waiting int) int { return waiting }

// regularQuota is a part of what waits, but never less than two transactions: small shops wait
// for nothing.
func regularQuota(waiting int) int {
	return max(2*rowsAtOnce, (waiting+flushesPerRound-1)/flushesPerRound)
}

// largeQuota makes room soon.
func largeQuota(waiting int) int {
	return max(2*rowsAtOnce, (waiting+flushesWhenFull-1)/flushesWhenFull)
}

// batches divides counts into transactions.
type batches struct {
	list []store.Counts
	rows int // of the last
}

// room returns a batch with room for one more row.
func (p *batches) room() store.Counts {
	if len(p.list) == 0 || p.rows == rowsAtOnce {
		p.list, p.rows = append(p.list, newCounts()), 0
	}
	p.rows++
	return p.list[len(p.list)-1]
}

// take takes what was counted, of each place as many items as of says. The lock is held for
// swapping maps only; answers are counted meanwhile. What a channel did is counted twice: under
// its own metric and under that of all.
func (c *Counter) take(of quota) []store.Counts {
	c.mu.Lock()
	tallies, visitors := c.tallies, c.visitors
	c.tallies, c.visitors = map[place]*tally{}, map[store.VisitorKey]store.VisitorCount{}
	impressions := maps.Clone(c.impressions)
	c.mu.Unlock()

	p := &batches{}
	for k, t := range tallies {
		key := store.HourKey{Shop: k.shop, Scenario: k.scenario, Experiment: k.experiment, Arm: k.arm, HourMs: k.hourMs}
		t.each(func(metric string, v float64) {
			key.Metric = metric
			p.room().Hours[key] += v
			if k.channel != "" {
				key.Metric = channelMetric(k.channel, metric)
				p.room().Hours[key] += v
			}
		})
	}
	for k, v := range visitors {
		p.room().Visitors[k] = v
	}
	for k, s := range impressions {
		items := c.clear(k, s, of)
		// Neighbours in the table belong into one transaction, which then writes fewer pages.
		slices.SortFunc(items, func(a, b shownItem) int { return strings.Compare(a.id, b.id) })
		for _, it := range items {
			p.room().Items[store.ItemKey{Shop: k.shop, Scenario: k.scenario, ItemID: it.id, DayMs: k.dayMs}] = it.n
		}
	}
	return p.list
}

// clear takes items from the impressions of a place, and these away when nothing is left. It gives the lock up often.
func (c *Counter) clear(k impressionsKey, s *impressions, of quota) []shownItem {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(of(len(s.shown)), len(s.shown))
	items := make([]shownItem, 0, n)
	for len(items) < n {
		before := len(items)
		items = s.take(min(rowsAtOnce, n-before), items)
		c.items -= len(items) - before
		c.mu.Unlock()
		c.mu.Lock()
	}
	if len(s.shown) == 0 {
		delete(c.impressions, k)
	}
	return items
}
