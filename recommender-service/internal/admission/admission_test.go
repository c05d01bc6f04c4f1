package admission

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestWhoFindsNoPlaceIsTurnedAwayAndCounted(t *testing.T) {
	t.Parallel()
	a := New(prometheus.NewRegistry())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var leave func()
	for n := range a.limiter.Limit() {
		l, ok := a.Enter(ctx)
		if !ok {
			t.Fatalf("no place after %d", n)
		}
		leave = l
	}
	late, cancel := context.WithDeadline(ctx, time.Now())
	defer cancel()
	if _, ok := a.Enter(late); ok {
		t.Error("a place beyond the limit")
	}
	if got := testutil.ToFloat64(a.turned); got != 1 {
		t.Errorf("%v were turned away", got)
	}
	leave()
	if _, ok := a.Enter(ctx); !ok {
		t.Error("the place of who has left is not free")
	}
}

func TestTurnsAtAProcessorAreAsManyAsGiven(t *testing.T) {
	t.Parallel()
	a := New(prometheus.NewRegistry())
	give := a.Take()
	for range 2*runtime.GOMAXPROCS(0) - 1 {
		a.Take()
	}
	taken := make(chan struct{})
	go func() {
		a.Take()
		close(taken)
	}()
	select {
	case <-taken:
		t.Fatal("a turn more than there are")
	default:
	}
	give()
	<-taken
}
