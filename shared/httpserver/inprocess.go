package httpserver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"

	"github.com/aisle-rec/aisle/shared/httpclient"
)

// bodyBuffer is how much of a body is collected before the reader gets it.
const bodyBuffer = 16 << 10

// InProcess is an http.RoundTripper that hands each request to a handler of the same process: same JSON, no socket.
type InProcess struct{ Handler http.Handler }

// RoundTrip runs the handler on a goroutine of its own, so that the caller can leave whatever the handler does, and returns when the
// handler has ended or its body fills a buffer or is flushed; from there on the body streams through a pipe. When the caller closes the
// body or its context ends, the handler's context ends too. As over a socket, the handler does not see why: its context is cancelled and
// never past a deadline, by which handlers know that a write failed only because nobody reads.
//
// For a caller who stays (httpclient.Staying) the handler runs on the caller's goroutine to its end, without a context that ends.
func (t InProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if httpclient.Stays(r.Context()) {
		c := &localCall{
			header: http.Header{}, ctx: context.WithoutCancel(r.Context()), cancel: func() {}, stop: func() bool { return true },
			ready: make(chan struct{}), whole: true,
		}
		c.run(t.Handler, inner(c.ctx, r))
		return c.answer(r), nil
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	c := &localCall{header: http.Header{}, ctx: ctx, cancel: cancel, ready: make(chan struct{})}
	c.stop = context.AfterFunc(r.Context(), cancel)
	go c.run(t.Handler, inner(ctx, r))
	select {
	case <-c.ready:
		return c.answer(r), nil
	case <-r.Context().Done():
		cancel()
		return nil, r.Context().Err()
	}
}

// inner returns the request as a server sees it. It shares the header with the caller's: a handler must not change a request.
func inner(ctx context.Context, r *http.Request) *http.Request {
	inner := r.WithContext(ctx)
	inner.RequestURI = r.URL.RequestURI()
	inner.RemoteAddr = "127.0.0.1:0"
	if inner.Host == "" {
		inner.Host = r.URL.Host
	}
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	return inner
}

// answer is the response as the caller gets it, once ready is closed.
func (c *localCall) answer(r *http.Request) *http.Response {
	return &http.Response{
		Status: http.StatusText(c.status), StatusCode: c.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: c.sent, Body: c.body, ContentLength: c.length, Request: r,
	}
}

// localCall is one run of a handler and its ResponseWriter. What the caller gets of it is set before ready is closed.
type localCall struct {
	header http.Header
	ctx    context.Context // the handler's
	cancel context.CancelFunc
	stop   func() bool // unties ctx from the caller's

	ready  chan struct{}
	status int // 0 until the handler has set it
	sent   http.Header
	body   io.ReadCloser
	length int64 // of body; -1 when it streams and the handler did not say

	buffer []byte
	whole  bool           // everything goes into buffer
	pipe   *io.PipeWriter // nil as long as everything is in buffer
}

// run ends the answer however the handler ends.
func (c *localCall) run(h http.Handler, r *http.Request) {
	defer func() {
		v := recover()
		switch {
		case v == nil:
			c.end(nil)
		case v == http.ErrAbortHandler:
			c.end(io.ErrUnexpectedEOF)
		default:
			c.end(fmt.Errorf("handler panicked: %v", v))
		}
		c.stop()
		c.cancel()
	}()
	serveDeep(h, c, r)
}

// serveDeep has the stack of a new goroutine grow once, while it is empty: a handler needs some 16 KiB, and growing by halves on the way
// down copies what is there each time.
//
//go:noinline
func serveDeep(h http.Handler, w http.ResponseWriter, r *http.Request) {
	var room [12 << 10]byte
	h.ServeHTTP(w, r)
	runtime.KeepAlive(&room)
}

// end gives the reader what is left and then err, or the end of the body.
func (c *localCall) end(err error) {
	c.WriteHeader(http.StatusOK)
	switch {
	case c.pipe != nil:
		if err == nil {
			err = c.flush()
		}
		c.pipe.CloseWithError(err)
	case err != nil:
		c.body, c.length = io.NopCloser(io.MultiReader(bytes.NewReader(c.buffer), failure{err})), -1
		close(c.ready)
	default:
		c.body, c.length = io.NopCloser(bytes.NewReader(c.buffer)), int64(len(c.buffer))
		close(c.ready)
	}
}

// failure is a reader that fails.
type failure struct{ err error }

func (f failure) Read([]byte) (int, error) { return 0, f.err }

// Header implements http.ResponseWriter.
func (c *localCall) Header() http.Header { return c.header }

// WriteHeader implements http.ResponseWriter.
func (c *localCall) WriteHeader(status int) {
	if c.status != 0 || status >= 100 && status < 200 {
		return
	}
	c.status, c.sent = status, c.header.Clone()
}

// Write implements http.ResponseWriter.
func (c *localCall) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	if c.whole || len(c.buffer)+len(p) <= bodyBuffer {
		c.buffer = append(c.buffer, p...)
		return len(p), nil
	}
	if err := c.flush(); err != nil {
		return 0, err
	}
	if len(p) < bodyBuffer {
		c.buffer = append(c.buffer, p...)
		return len(p), nil
	}
	return c.pipe.Write(p)
}

// Flush implements http.Flusher; a reader that is gone shows at the next Write.
func (c *localCall) Flush() {
	c.WriteHeader(http.StatusOK)
	if !c.whole {
		_ = c.flush()
	}
}

// flush lets the caller have the answer, and the reader what is buffered. It fails when nobody reads any more.
func (c *localCall) flush() error {
	if c.pipe == nil {
		body, pipe := io.Pipe()
		c.pipe, c.body, c.length = pipe, &pipeBody{PipeReader: body, cancel: c.cancel}, -1
		if n, err := strconv.ParseInt(c.sent.Get("Content-Length"), 10, 64); err == nil {
			c.length = n
		}
		context.AfterFunc(c.ctx, func() { pipe.CloseWithError(context.Canceled) })
		close(c.ready)
	}
	if len(c.buffer) == 0 {
		return nil
	}
	_, err := c.pipe.Write(c.buffer)
	c.buffer = c.buffer[:0]
	return err
}

// pipeBody ends the handler when the reader has had enough.
type pipeBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

// Close implements io.Closer.
func (b *pipeBody) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}
