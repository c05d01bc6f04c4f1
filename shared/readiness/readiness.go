// Package readiness says part by part whether a service can answer well, and keeps callers waiting for the moment that a service needs
// after its start. It decides nothing about a part: the service does.
package readiness

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Part is one thing that answers are made with.
type Part struct {
	Name string
	Err  error    // why answers would be wrong or fail; nil when they would not
	Note []string // what is not as it should be although answers are right
}

// Patience bounds a look at all parts: a store that takes longer to say that it is there is not, and probes do not wait for ever.
const Patience = 2 * time.Second

// Handler answers with a line per part, 503 when a part fails.
func Handler(parts func(context.Context) []Part) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), Patience)
		defer cancel()
		all := parts(ctx)
		failing := slices.ContainsFunc(all, func(p Part) bool { return p.Err != nil })
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if failing {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, "not ready")
		} else {
			fmt.Fprintln(w, "ok")
		}
		for _, p := range all {
			p.write(w)
		}
	})
}

func (p Part) write(w io.Writer) {
	switch {
	case p.Err != nil:
		fmt.Fprintf(w, "%s: %s\n", p.Name, strings.ReplaceAll(p.Err.Error(), "\n", "; "))
	case len(p.Note) > 0:
		fmt.Fprintf(w, "%s: ok, but %s\n", p.Name, strings.Join(p.Note, "; "))
	default:
		fmt.Fprintf(w, "%s: ok\n", p.Name)
	}
}

// starter is implemented by services that need a moment after their start before they can answer. The channel is closed then, or when it
// is no use to wait any longer.
type starter interface{ Started() <-chan struct{} }

// Hold returns a listener that accepts nothing before a service has started: callers wait in the queue of the system, for the moment that
// it takes, instead of getting empty answers. Services that do not implement starter have started at once.
func Hold(l net.Listener, service any) net.Listener {
	s, waits := service.(starter)
	if !waits || l == nil {
		return l
	}
	return &heldListener{Listener: l, started: s.Started(), closed: make(chan struct{})}
}

type heldListener struct {
	net.Listener
	started <-chan struct{}
	once    sync.Once
	closed  chan struct{}
}

// Accept waits for the service and then for a connection.
func (h *heldListener) Accept() (net.Conn, error) {
	select {
	case <-h.started:
		return h.Listener.Accept()
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the waiting as well.
func (h *heldListener) Close() error {
	h.once.Do(func() { close(h.closed) })
	return h.Listener.Close()
}

// All returns a channel that is closed when all services have started.
func All(services ...any) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, service := range services {
			if s, waits := service.(starter); waits {
				<-s.Started()
			}
		}
	}()
	return done
}
