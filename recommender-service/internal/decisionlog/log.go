// Package decisionlog keeps decisions, so that answers can be made again and explained later. Writing never delays an answer: decisions
// wait in a bounded queue, and when it is full they are dropped and counted. They are stored in small batches, as soon as one is full, so
// that no answer meets a burst of writing. The main type is Log.
package decisionlog

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/encoding/json"

	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
)

const (
	queueLength = 10_000
	// batchLength is what is stored at once: a few milliseconds of work. SQLite waits for the disk after each batch, and a processor with
	// it.
	batchLength  = 500
	flushEvery   = 250 * time.Millisecond
	writeTimeout = 10 * time.Second
)

// Store is the port to the database.
type Store interface {
	AddDecisions(ctx context.Context, list []store.Decision) error
	Decision(ctx context.Context, shop, id string) (store.Decision, error)
}

// Options are how much is kept.
type Options struct {
	Sample float64 // share of answers, 0 to 1
	Logger *slog.Logger
}

// key names a decision.
type key struct{ shop, id string }

type entry struct {
	shop     string
	decision *decision.Decision
}

func (e *entry) key() key { return key{e.shop, e.decision.ID} }

// Log is safe for concurrent use.
type Log struct {
	store   Store
	options Options
	queue   chan entry
	some    chan struct{} // something is queued
	full    chan struct{} // a batch waits
	ask     chan chan struct{}
	failing atomic.Bool
	dropped prometheus.Counter

	mu      sync.RWMutex
	waiting map[key]*decision.Decision // not yet stored
}

// New returns a log that counts what it drops in registry.
func New(s Store, o Options, registry prometheus.Registerer) *Log {
	l := &Log{
		store: s, options: o, queue: make(chan entry, queueLength), some: make(chan struct{}, 1), full: make(chan struct{}, 1),
		ask:     make(chan chan struct{}),
		waiting: map[key]*decision.Decision{},
	}
	l.dropped = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "aisle_decisions_dropped_total", Help: "Decisions that were not logged because the database could not keep up.",
	})
	registry.MustRegister(l.dropped, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "aisle_decisions_waiting", Help: "Decisions that wait to be logged.",
	}, func() float64 { return float64(len(l.queue)) }))
	return l
}

// Failing reports whether decisions could not be stored the last time.
func (l *Log) Failing() bool { return l.failing.Load() }

// Add queues a decision, or, if it is not in the sample, its outline: what the answer showed, to judge what is said of it later. It never
// waits.
func (l *Log) Add(shop string, d *decision.Decision) {
	if !l.sampled(d.ID) {
		d = d.Outlined()
	}
	e := entry{shop, d}
	l.mu.Lock()
	l.waiting[e.key()] = d // before it is queued: once it is stored it waits no longer
	l.mu.Unlock()
	select {
	case l.queue <- e:
	default:
		l.dropped.Inc()
		l.mu.Lock()
		delete(l.waiting, e.key())
		l.mu.Unlock()
		return
	}
	select {
	case l.some <- struct{}{}:
	default: // it knows already
	}
	if len(l.queue) >= batchLength {
		select {
		case l.full <- struct{}{}:
		default: // it has been told
		}
	}
}

// sampled draws by the id, so that every replica draws alike.
func (l *Log) sampled(id string) bool {
	if l.options.Sample >= 1 {
		return true
	}
	h := fnv.New64a()
	h.Write([]byte(id))
	return float64(h.Sum64()) < l.options.Sample*math.MaxUint64
}

// Whole returns a decision with all that the answer was made from, or store.ErrNotFound.
func (l *Log) Whole(ctx context.Context, shop, id string) (*decision.Decision, error) {
	d, err := l.Find(ctx, shop, id)
	if err == nil && d.Outline {
		return nil, store.ErrNotFound
	}
	return d, err
}

// Find returns a decision or its outline, also one that waits to be stored, or store.ErrNotFound.
func (l *Log) Find(ctx context.Context, shop, id string) (*decision.Decision, error) {
	l.mu.RLock()
	d, ok := l.waiting[key{shop, id}]
	l.mu.RUnlock()
	if ok {
		return d, nil
	}
	row, err := l.store.Decision(ctx, shop, id)
	if err != nil {
		return nil, err
	}
	d = &decision.Decision{}
	if err := json.Unmarshal(row.Body, d); err != nil {
		return nil, fmt.Errorf("read decision %s: %w", id, err)
	}
	return d, nil
}

// Flush returns when everything queued before has been stored or given up.
func (l *Log) Flush(ctx context.Context) {
	done := make(chan struct{})
	select {
	case l.ask <- done:
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// Run stores decisions until ctx ends, and then stores what is queued.
func (l *Log) Run(ctx context.Context) {
	var flush <-chan time.Time // nil while nothing is queued
	for {
		select {
		case <-ctx.Done():
			l.drain(context.WithoutCancel(ctx))
			return
		case done := <-l.ask:
			l.drain(ctx)
			close(done)
		case <-l.some:
			if flush == nil {
				flush = time.After(flushEvery)
			}
		case <-flush:
			flush = nil
			l.drain(ctx)
		case <-l.full:
			l.drain(ctx)
		}
	}
}

// drain stores what is queued, a batch at a time. Answers go first in between.
func (l *Log) drain(ctx context.Context) {
	batch := make([]entry, 0, batchLength)
	for {
		batch = batch[:0]
		for len(batch) < batchLength && len(l.queue) > 0 {
			batch = append(batch, <-l.queue)
		}
		if len(batch) == 0 {
			return
		}
		l.write(ctx, batch)
		runtime.Gosched()
	}
}

// write stores a batch. One that cannot be stored is dropped, for an answer must not wait for its log: it is counted, and
// the first of several in a row is logged. Decisions can be found in memory until they are stored, or given up; l.mu is
// taken only to forget them, after the database has answered.
func (l *Log) write(ctx context.Context, batch []entry) {
	rows := make([]store.Decision, 0, len(batch))
	for _, e := range batch {
		body, err := json.Marshal(e.decision)
		if err != nil {
			continue // a request that was read from JSON can be written as JSON
		}
		person := e.decision.Request.UserID
		if person == "" {
			person = e.decision.Request.SessionID
		}
		rows = append(rows, store.Decision{Shop: e.shop, ID: e.decision.ID, AtMs: e.decision.At.UnixMilli(), Person: person, Body: body})
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err := l.store.AddDecisions(ctx, rows)
	if was := l.failing.Swap(err != nil); err != nil {
		l.dropped.Add(float64(len(rows)))
		if !was && !errors.Is(err, context.Canceled) {
			l.options.Logger.Warn("decisions cannot be stored and are dropped", "error", err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range batch {
		delete(l.waiting, e.key())
	}
}
