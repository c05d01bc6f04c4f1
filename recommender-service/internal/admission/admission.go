// Package admission says how many answers are made at once: as many personal ones as are good for their latency, and of the others two for
// each processor. It knows nothing of what an answer is. The main type is Admission.
package admission

import (
	"context"
	"runtime"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	// mostAtOnce bounds the personal answers that are made at once, per core.
	mostAtOnce = 16
	// waitShare is how long a request waits for its turn, as a part of the time that is left, one in so many.
	waitShare = 3
)

// Admission lets so many personal answers be made at once as the latency of the last ones says is good for them: beyond that more at once
// only make all of them late. Who finds no place within a moment gets an answer from what is at hand. It is safe for concurrent use.
type Admission struct {
	limiter adaptivelimiter.AdaptiveLimiter[any]
	turned  prometheus.Counter
	hands   chan struct{} // holds an element for each answer that is being made from what is at hand
}

// New returns the places for answers, from two to mostAtOnce for each core, and has their use measured on
// registry. How many there are follows from the latency of the last second against that of longer ago.
func New(registry prometheus.Registerer) *Admission {
	cores := runtime.GOMAXPROCS(0)
	a := &Admission{
		hands: make(chan struct{}, 2*cores),
		limiter: adaptivelimiter.NewBuilder[any]().
			WithLimits(uint(2*cores), uint(mostAtOnce*cores), uint(4*cores)).
			WithRecentWindow(100*time.Millisecond, time.Second, 20).
			// As a multiple of the limit: from four times as many that wait on, some are turned away, and from eight times on all.
			WithQueueing(4, 8).
			Build(),
		turned: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "aisle_recommend_not_admitted_total",
			Help: "Answers made from what was at hand, because too many were being made at once.",
		}),
	}
	registry.MustRegister(
		a.turned,
		gauge("aisle_recommend_admission_limit", "Personal answers that may be made at once now.", a.limiter.Limit),
		gauge("aisle_recommend_admission_in_flight", "Personal answers that are being made.", a.limiter.Inflight),
		gauge("aisle_recommend_admission_waiting", "Requests that wait for a place among the answers that are being made.",
			a.limiter.Queued),
	)
	return a
}

// gauge reads its value when it is scraped, so that nothing has to keep it up to date.
func gauge(name, help string, value func() int) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
}

// Take waits for a turn at making an answer from what is at hand, which is work for a processor only: more of them at once would take as
// long, and more memory.
func (a *Admission) Take() (give func()) {
	a.hands <- struct{}{}
	return func() { <-a.hands }
}

// Enter waits for a place among the answers that are being made, for a third of the time until the deadline of ctx, which must have one.
// Without a place ok is false and is counted; with one the caller calls leave at the end, from which the limiter learns how long it took.
func (a *Admission) Enter(ctx context.Context) (leave func(), ok bool) {
	end, _ := ctx.Deadline()
	permit, err := a.limiter.AcquirePermitWithMaxWait(ctx, time.Until(end)/waitShare)
	if err != nil {
		a.turned.Inc()
		return nil, false
	}
	return permit.Record, true
}
