package stages

import (
	"context"
	"testing"
	"time"
)

func TestStages(t *testing.T) {
	t.Parallel()
	s := Of(With(context.Background()))
	s.Add("visitor", 1500*time.Microsecond)
	s.Add("rank", time.Millisecond)
	s.Add("visitor", time.Millisecond)
	if got, want := s.Header(), "visitor;dur=2.5, rank;dur=1"; got != want {
		t.Errorf("the header is %q, want %q", got, want)
	}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "too_many"} {
		s.Add(name, 0)
	}
	if s.n != most {
		t.Errorf("%d stages are kept, want %d", s.n, most)
	}
}

func TestWhatACallerAskedToWaitForIsNotSlow(t *testing.T) {
	t.Parallel()
	s := Of(With(context.Background()))
	if !s.Slow(2*time.Second, time.Second) {
		t.Error("two seconds of work are not slow")
	}
	s.Waited(1500 * time.Millisecond)
	if busy := s.Busy(2 * time.Second); busy != 500*time.Millisecond || s.Slow(busy, time.Second) {
		t.Errorf("a request that waited for a change was busy %v", busy)
	}
	s.TakesLong()
	if s.Slow(time.Hour, time.Second) {
		t.Error("a stream is slow")
	}
}

func TestWithoutStagesNothingHappens(t *testing.T) {
	t.Parallel()
	s := Of(context.Background())
	s.Begin("rank")()
	s.Waited(time.Second)
	s.TakesLong()
	if s.Header() != "" || s.LogValue().String() != "[]" || !s.Slow(2, 1) {
		t.Errorf("stages of nothing: %q, %v", s.Header(), s.LogValue())
	}
}
