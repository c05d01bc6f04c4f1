package ingest

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/apierror"
)

const (
	maxGroup     = 8000             // events in one commit
	maxWaiting   = 100_000          // events of a shop that wait; beyond it callers are asked to come back
	beginTimeout = 30 * time.Second // of the wait for the database; a commit that has begun goes on until it ends
)

// group shares commits: while one commit is under way the callers of a shop gather, and the first of them then commits for all.
type group struct {
	log   store.EventLog
	sizes prometheus.Observer // of commits, in events
	mu    sync.Mutex
	shops map[string]*queue
}

// queue holds the callers of one shop.
type queue struct {
	busy    bool
	waiting []*call
	events  int // in waiting
}

// call is one caller's share of a commit.
type call struct {
	events  []store.NewEvent // the commit sets their results
	counts  []store.Count
	outcome chan outcome
}

// outcome tells a waiting caller the end of its commit, or that it has to commit for the waiting ones.
type outcome struct {
	lead bool
	err  error
}

func newGroup(log store.EventLog) *group { return &group{log: log, shops: map[string]*queue{}} }

// waiting is how many events wait for a commit.
func (g *group) waiting() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, q := range g.shops {
		n += q.events
	}
	return n
}

// append stores events together with those of other callers and returns when they are committed. The caller's cancellation does not stop a
// commit, which may be shared.
func (g *group) append(ctx context.Context, shop string, events []store.NewEvent, counts []store.Count) error {
	c := &call{events: events, counts: counts, outcome: make(chan outcome, 1)}
	g.mu.Lock()
	q := g.shops[shop]
	if q == nil {
		q = &queue{}
		g.shops[shop] = q
	}
	if q.events+len(events) > maxWaiting {
		g.mu.Unlock()
		return apierror.Unavailable("More events arrive than can be stored. Send them again later.", 2*time.Second, nil)
	}
	q.waiting = append(q.waiting, c)
	q.events += len(events)
	lead := !q.busy
	q.busy = true
	g.mu.Unlock()
	if !lead {
		end := <-c.outcome
		if !end.lead {
			return end.err
		}
	}
	return g.commit(context.WithoutCancel(ctx), shop, q)
}

// commit stores the waiting calls, its own first, tells the others and wakes the next leader.
func (g *group) commit(ctx context.Context, shop string, q *queue) error {
	ctx, cancel := context.WithTimeout(ctx, beginTimeout)
	defer cancel()
	calls := g.take(q)
	events, counts := calls[0].events, calls[0].counts
	for n, c := range calls[1:] {
		for i := range c.events {
			c.events[i].Call = n + 1
		}
		events = append(events, c.events...)
		counts = append(counts, c.counts...)
	}
	err := g.store(ctx, shop, events, counts)
	g.sizes.Observe(float64(len(events)))
	g.mu.Lock()
	if len(q.waiting) > 0 {
		q.waiting[0].outcome <- outcome{lead: true}
	} else {
		delete(g.shops, shop)
	}
	g.mu.Unlock()
	at := 0
	for i, c := range calls {
		copy(c.events, events[at:at+len(c.events)])
		at += len(c.events)
		if i > 0 {
			c.outcome <- outcome{err: err}
		}
	}
	return err
}

// store appends events. A panic there is the leader's alone to meet, but others wait for the same commit and for the queue: it becomes the
// error of all.
func (g *group) store(ctx context.Context, shop string, events []store.NewEvent, counts []store.Count) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = apierror.Internal(fmt.Errorf("append %d events: panic: %v\n%s", len(events), v, debug.Stack()))
		}
	}()
	return g.log.Append(ctx, shop, events, counts)
}

// take removes from the queue what one commit can hold, at least one call.
func (g *group) take(q *queue) []*call {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, events := 0, 0
	for n < len(q.waiting) && (n == 0 || events+len(q.waiting[n].events) <= maxGroup) {
		events += len(q.waiting[n].events)
		n++
	}
	calls := append([]*call(nil), q.waiting[:n]...)
	q.waiting = append(q.waiting[:0], q.waiting[n:]...)
	q.events -= events
	return calls
}
