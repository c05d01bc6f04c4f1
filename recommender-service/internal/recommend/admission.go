package recommend

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
	// admissionWait is how long a request waits for its turn, as a part of its deadline, one in so many.
	admissionWait = 3
)

// Overload is what an answer says that was made from what is at hand, because too many were being made at once.
const Overload = "overload"

// admission lets so many personal answers be made at once as the latency of the last ones says is good for them: beyond that more at once
// only make all of them late. Who finds no place within a moment gets an answer from what is at hand.
type admission struct {
	limiter adaptivelimiter.AdaptiveLimiter[any]
	turned  prometheus.Counter
	hands   chan struct{} // holds an element for each answer that is being made from what is at hand
}

// newAdmission returns the places for answers, from two to mostAtOnce for each core, and has their use measured on
// registry. How many there are follows from the latency of the last second against that of longer ago.
func newAdmission(registry prometheus.Registerer) *admission {
	cores := runtime.GOMAXPROCS(0)
	a := &admission{
		hands: make(chan struct{}, 2*cores),
		limiter: adaptivelimiter.NewBuilder[any]().
			WithLimits(uint(2*cores), uint(mostAtOnce*cores), uint(4*cores)).
			WithRecentWindow(100*time.Millisecond, time.Second, 20).
			// As a multiple of the limit: from four times as many that wait on, some are turned
			// away, and from eight times on all.
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

// take waits for a turn at making an answer from what is at hand, which is work for a processor only: more of them at once would take as
// long, and more memory.
func (a *admission) take() (give func()) {
	a.hands <- struct{}{}
	return func() { <-a.hands }
}

// enter waits for a place among the answers that are being made, for a third of the time that
// is left. Without one ok is false and is counted; with one the caller calls leave at the end,
// from which the limiter learns how long it took.
func (a *admission) enter(ctx context.Context) (leave func(), ok bool) {
	wait := DefaultDeadline / admissionWait
	if end, bounded := ctx.Deadline(); bounded {
		wait = time.Until(end) / admissionWait
	}
	permit, err := a.limiter.AcquirePermitWithMaxWait(ctx, wait)
	if err != nil {
		a.turned.Inc()
		return nil, false
	}
	return permit.Record, true
}
