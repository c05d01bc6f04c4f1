package peers

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/aisle-rec/aisle/shared/apierror"
)

const (
	breakerFailures = 5
	breakerWindow   = 10
	breakerDelay    = 500 * time.Millisecond
)

// errOpen says that a peer failed so often that it is not asked for a moment.
var errOpen = circuitbreaker.ErrOpen

// The kinds of calls.
const (
	forState   = "state"
	forLists   = "lists"
	forNext    = "next"
	forPopular = "popular"
	forLive    = "live_models"
)

// guard names a breaker: of one kind of call for one shop, so that what fails for a shop, or for a kind of question, stops nothing else.
type guard struct{ call, shop string }

// breakers are made when first needed. The zero value is ready.
type breakers struct{ byGuard sync.Map }

func (b *breakers) of(g guard) circuitbreaker.CircuitBreaker[any] {
	if have, ok := b.byGuard.Load(g); ok {
		return have.(circuitbreaker.CircuitBreaker[any])
	}
	made := circuitbreaker.NewBuilder[any]().WithFailureThresholdRatio(
		breakerFailures, breakerWindow,
	).WithDelay(breakerDelay).WithSuccessThreshold(1).Build()
	have, _ := b.byGuard.LoadOrStore(g, made)
	return have.(circuitbreaker.CircuitBreaker[any])
}

// guarded calls f unless the breaker of the call is open; once it half opens, the next question is the probe. Only what says that the peer
// is ill counts as failure: a caller who has gone and a request that the peer refuses do not.
func guarded[T any](p *Peers, g guard, f func() (T, error)) (T, error) {
	var zero T
	b := p.breakers.of(g)
	counted := p.metrics.calls[g.call]
	if !b.TryAcquirePermit() {
		counted.open.Inc()
		return zero, errOpen
	}
	v, err := f()
	if ill(err) {
		counted.failed.Inc()
		b.RecordFailure()
	} else {
		counted.ok.Inc()
		b.RecordSuccess()
	}
	return v, err
}

func ill(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	var p *apierror.Problem
	if !errors.As(err, &p) {
		return true
	}
	// A quick, well-formed "not now" needs no breaker: asking again costs next to nothing.
	return p.Status >= http.StatusInternalServerError && p.Status != http.StatusServiceUnavailable
}
