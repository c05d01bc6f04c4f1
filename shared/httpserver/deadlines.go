package httpserver

import (
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/aisle-rec/aisle/shared/stages"
)

// patience bounds what a caller may keep a connection waiting for.
type patience struct {
	head    time.Duration // the head of a request
	request time.Duration // the whole request
	answer  time.Duration // the whole answer, from the head of the request on; streams have bodyTimeout for each piece instead
	linger  time.Duration // what is left of a request that was answered already
	grace   time.Duration // a request that is under way when the server stops
	drain   time.Duration // all that runs when the server stops
}

// defaultPatience is that of the programs. The answer has longer than the request: it includes what a handler waits for.
func defaultPatience() patience {
	return patience{
		head: 10 * time.Second, request: bodyTimeout, answer: 90 * time.Second, linger: time.Second, grace: time.Second, drain: drainTime,
	}
}

// receiving are the requests whose bodies have not arrived in full.
type receiving struct {
	patience patience

	mu       sync.Mutex
	stopping bool // no further body is waited for
	bodies   map[*arriving]struct{}
}

// watch hands requests to next and ends the time to send a request when all of it is there: from then on a read that fails means that the
// caller is gone, and would end the context of a handler that just takes long.
func (s *receiving) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if r.Body == http.NoBody {
			_ = control.SetReadDeadline(time.Time{}) // a connection that is gone shows at the answer
			next.ServeHTTP(w, r)
			return
		}
		body := &arriving{ReadCloser: r.Body, control: control, of: s}
		s.add(body)
		defer func() {
			// else net/http would wait for the rest as long as for a request that has just begun
			if waiting, most := s.remove(body); waiting {
				_ = control.SetReadDeadline(time.Now().Add(most))
			}
		}()
		r.Body = body
		next.ServeHTTP(w, r)
	})
}

// add notes a body that is arriving; when the server stops it is given up at once.
func (s *receiving) add(b *arriving) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies[b] = struct{}{}
	if s.stopping {
		_ = b.control.SetReadDeadline(time.Now())
	}
}

// remove reports whether the body had not arrived, and how long the rest may take when nobody needs it.
func (s *receiving) remove(b *arriving) (waiting bool, most time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, waiting = s.bodies[b]
	delete(s.bodies, b)
	if s.stopping {
		return waiting, 0
	}
	return waiting, s.patience.linger
}

// stop ends the patience with bodies that have not arrived.
func (s *receiving) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
	for b := range s.bodies {
		_ = b.control.SetReadDeadline(time.Now())
	}
}

// arriving is a body that tells when all of it was read.
type arriving struct {
	io.ReadCloser
	control *http.ResponseController
	of      *receiving
}

// Read implements io.Reader.
func (b *arriving) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		if waiting, _ := b.of.remove(b); waiting {
			_ = b.control.SetReadDeadline(time.Time{})
		}
	}
	return n, err
}

// streamed is a middleware for operations whose answers take as long as they take: each piece has a deadline of its own.
func streamed(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	answer := &streamedAnswer{ResponseWriter: c.Writer, control: http.NewResponseController(c.Writer)}
	c.Writer = answer
	answer.extend()
	stages.Of(ctx.Context()).TakesLong()
	next(ctx)
	answer.extend() // for what is still in buffers
}

// streamedAnswer moves the deadline of the answer with each piece: a reader that stalls loses
// the connection, one that is slow does not.
type streamedAnswer struct {
	gin.ResponseWriter
	control *http.ResponseController
}

// extend moves the deadline; an in-process request has none.
func (a *streamedAnswer) extend() { _ = a.control.SetWriteDeadline(time.Now().Add(bodyTimeout)) }

// Write implements io.Writer.
func (a *streamedAnswer) Write(p []byte) (int, error) {
	a.extend()
	return a.ResponseWriter.Write(p)
}

// WriteString implements io.StringWriter.
func (a *streamedAnswer) WriteString(s string) (int, error) {
	a.extend()
	return a.ResponseWriter.WriteString(s)
}

// Flush implements http.Flusher.
func (a *streamedAnswer) Flush() {
	a.extend()
	a.ResponseWriter.Flush()
}
