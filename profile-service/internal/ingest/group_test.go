package ingest

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/apierror"
)

// brokenLog panics while broken, after the callers of a shop have gathered.
type brokenLog struct {
	store.EventLog
	broken   atomic.Bool
	gathered func() bool
}

func (b *brokenLog) Append(ctx context.Context, _ string, _ []store.NewEvent, _ []store.Count) error {
	if b.broken.Load() {
		for !b.gathered() && ctx.Err() == nil {
			continue
		}
		panic("a bug")
	}
	return nil
}

// TestAPanicOfACommitFreesItsLane has a commit panic that leads others and one that others wait behind: all are answered, and the next post is stored.
func TestAPanicOfACommitFreesItsLane(t *testing.T) {
	t.Parallel()
	const callers = 5
	log := &brokenLog{}
	g := newGroup(log, prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sizes"}))
	waiting := func() int {
		g.mu.Lock()
		defer g.mu.Unlock()
		if l := g.shops["north"]; l != nil {
			return len(l.waiting)
		}
		return 0
	}
	var first sync.Once
	log.gathered = func() bool {
		gathered := true
		first.Do(func() {
			for waiting() < callers-1 {
				continue
			}
		})
		return gathered
	}
	log.broken.Store(true)
	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
			err := g.append(t.Context(), "north", make([]store.NewEvent, 1), nil)
			if !apierror.Is(err, http.StatusInternalServerError) {
				t.Errorf("error %v, want an internal one", err)
			}
		})
	}
	running.Wait()
	log.broken.Store(false)
	if err := g.append(t.Context(), "north", make([]store.NewEvent, 1), nil); err != nil {
		t.Errorf("after it: %v", err)
	}
	if len(g.shops) != 0 {
		t.Errorf("%d lanes are kept", len(g.shops))
	}
}
