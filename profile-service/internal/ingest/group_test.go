package ingest

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/apierror"
)

// panicking is a store whose commits panic; the first says that it began and waits until it may.
type panicking struct {
	store.EventLog
	first   sync.Once
	begun   chan struct{}
	proceed chan struct{}
}

func (p *panicking) Append(context.Context, string, []store.NewEvent, []store.Count) error {
	p.first.Do(func() {
		close(p.begun)
		<-p.proceed
	})
	panic("a bug")
}

// TestAPanicOfACommitFreesItsLane has a commit panic that others wait behind, and then theirs, which they share: all are answered, and the
// lane is free.
func TestAPanicOfACommitFreesItsLane(t *testing.T) {
	t.Parallel()
	const others = 4
	log := &panicking{begun: make(chan struct{}), proceed: make(chan struct{})}
	g := newGroup(log)
	g.sizes = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sizes"})
	var running sync.WaitGroup
	post := func() {
		running.Go(func() {
			if err := g.append(t.Context(), "north", make([]store.NewEvent, 1), nil); !apierror.Is(err, http.StatusInternalServerError) {
				t.Errorf("error %v, want an internal one", err)
			}
		})
	}
	post()
	<-log.begun
	for range others {
		post()
	}
	for waiting := 0; waiting < others; runtime.Gosched() {
		g.mu.Lock()
		waiting = len(g.shops["north"].waiting)
		g.mu.Unlock()
	}
	close(log.proceed)
	running.Wait()
	if len(g.shops) != 0 {
		t.Errorf("%d lanes are kept", len(g.shops))
	}
}
