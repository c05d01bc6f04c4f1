// Package rounds looks after every shop again and again, so that a shop at rest costs next to nothing and a slow one does not delay the
// others. The main type is Rounds.
package rounds

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Rounds calls Visit for every shop, each time after a pause. A shop is visited by one goroutine at a time. The
// exported fields are set before Run and not changed after.
type Rounds struct {
	// Every is the pause after a visit that found something to do, and how late a new shop is noticed.
	Every time.Duration
	// Idle bounds the pause after visits that found nothing, which doubles each time; at most Every: no pause grows.
	Idle time.Duration
	// AtOnce bounds the visits at the same time. A slow one takes a place of them, so its context should end some time.
	AtOnce int
	// Visit looks after a shop. It reports whether there was something to do, so that there may soon be again.
	Visit func(ctx context.Context, shop string) (busy bool)

	mu    sync.Mutex
	shops map[string]*schedule
	wake  chan struct{}
}

// schedule is when a shop is visited next.
type schedule struct {
	next    time.Time
	pause   time.Duration // before next
	running bool
	again   bool // something came up during the visit
}

// Soon has a shop that was at rest visited with the next round, at most Every from now.
func (r *Rounds) Soon(shop string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.shops[shop]; t != nil && t.pause > r.Every {
		t.next, t.pause = time.Time{}, r.Every
	}
}

// Now has a shop visited at once, or again after a visit that is under way.
func (r *Rounds) Now(shop string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.scheduleOf(shop)
	t.next, t.pause, t.again = time.Time{}, r.Every, t.running
	select {
	case r.waking() <- struct{}{}:
	default: // it is awake already
	}
}

func (r *Rounds) scheduleOf(shop string) *schedule {
	if r.shops == nil {
		r.shops = map[string]*schedule{}
	}
	t := r.shops[shop]
	if t == nil {
		t = &schedule{pause: r.Every}
		r.shops[shop] = t
	}
	return t
}

// waking returns the channel that wakes Run. It is called with mu held.
func (r *Rounds) waking() chan struct{} {
	if r.wake == nil {
		r.wake = make(chan struct{}, 1)
	}
	return r.wake
}

// Run visits the shops until ctx ends, and returns when the last visit has.
func (r *Rounds) Run(ctx context.Context, shops func() []string) {
	r.mu.Lock()
	wake := r.waking()
	r.mu.Unlock()
	var visits sync.WaitGroup
	defer visits.Wait()
	places := make(chan struct{}, max(1, r.AtOnce))
	tick := time.NewTicker(r.Every)
	defer tick.Stop()
	for {
		for _, shop := range shops() {
			if !r.begin(shop) {
				continue
			}
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				return
			}
			visits.Go(func() {
				defer func() { <-places }()
				r.end(shop, r.Visit(ctx, shop))
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-wake:
		}
	}
}

// begin reports whether a shop is to be visited now; then it counts as being visited.
func (r *Rounds) begin(shop string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.scheduleOf(shop)
	if t.running || time.Now().Before(t.next) {
		return false
	}
	t.running = true
	return true
}

// end sets the next visit of a shop.
func (r *Rounds) end(shop string, busy bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.shops[shop]
	t.running = false
	if t.again {
		t.next, t.again = time.Time{}, false
		select {
		case r.wake <- struct{}{}:
		default:
		}
		return
	}
	if busy {
		t.pause = r.Every
	} else if t.pause = min(2*t.pause, max(r.Idle, r.Every)); t.pause > r.Every {
		// Shops that came to rest together are not visited together for ever.
		t.next = time.Now().Add(t.pause - rand.N(t.pause/4))
		return
	}
	t.next = time.Now().Add(t.pause - r.Every/2) // ticks are not to the nanosecond: due with the next one
}
