// Package stages measures what a request spends its time on, for the header Server-Timing and the log of slow requests. The HTTP frame puts
// a Stages into the context of each request, and whoever does a part of the work adds how long it took. Without one everything here does
// nothing. The main type is Stages.
package stages

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"
)

// most is how many stages of a request are told apart; later ones are left out.
const most = 8

// Stages are the parts of one request, in the order in which they were first met. It is safe for concurrent use, and a nil one ignores
// everything.
type Stages struct {
	mu     sync.Mutex
	list   [most]stage
	n      int
	waited time.Duration
	long   bool
}

type stage struct {
	name string
	took time.Duration
}

type key struct{}

// With returns a context in which stages are measured.
func With(ctx context.Context) context.Context { return context.WithValue(ctx, key{}, &Stages{}) }

// Of returns the stages of a context, nil for one without.
func Of(ctx context.Context) *Stages {
	s, _ := ctx.Value(key{}).(*Stages)
	return s
}

// Begin starts a stage and returns what ends it. A stage that is met again adds to what it took before.
func (s *Stages) Begin(name string) (end func()) {
	if s == nil {
		return func() {}
	}
	began := time.Now()
	return func() { s.Add(name, time.Since(began)) }
}

// Add adds to a stage. The name is a token of HTTP: letters, digits and underscores.
func (s *Stages) Add(name string, took time.Duration) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.list[:s.n] {
		if s.list[i].name == name {
			s.list[i].took += took
			return
		}
	}
	if s.n < most {
		s.list[s.n] = stage{name, took}
		s.n++
	}
}

// Waited notes time in which the request waited because its caller asked it to, as for the next change: it does not make a request slow.
func (s *Stages) Waited(d time.Duration) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waited += d
}

// TakesLong notes that the request takes as long as it takes, as a stream does.
func (s *Stages) TakesLong() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.long = true
}

// Busy returns how long a request that took so long in all was busy, without what it waited because it was asked to.
func (s *Stages) Busy(took time.Duration) time.Duration {
	if s == nil {
		return took
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(0, took-s.waited)
}

// Slow reports whether a request that was busy so long was slow by its own doing.
func (s *Stages) Slow(busy, limit time.Duration) bool {
	if s == nil {
		return busy > limit
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.long && busy > limit
}

// Header returns the stages as the header Server-Timing has them, in milliseconds; "" for none.
func (s *Stages) Header() string {
	if s == nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []byte
	for i, st := range s.list[:s.n] {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(out, st.name...)
		out = append(out, ";dur="...)
		out = strconv.AppendFloat(out, float64(st.took.Microseconds())/1000, 'f', -1, 64)
	}
	return string(out)
}

// LogValue implements slog.LogValuer: the stages in milliseconds.
func (s *Stages) LogValue() slog.Value {
	if s == nil {
		return slog.GroupValue()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]slog.Attr, s.n)
	for i, st := range s.list[:s.n] {
		list[i] = slog.Float64(st.name, float64(st.took.Microseconds())/1000)
	}
	return slog.GroupValue(list...)
}
