package httpserver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// bodyBuffer is how much of a body is collected before the reader gets it.
const bodyBuffer = 16 << 10

// InProcess is an http.RoundTripper that hands each request to a handler of the same process: same JSON, no socket.
type InProcess struct{ Handler http.Handler }

// RoundTrip runs the handler and returns as soon as it has written its header; the body streams through a pipe. When the caller
// closes the body or its context ends, the handler's context ends too. As over a socket, the handler does not see why: its context is
// cancelled and never past a deadline, by which handlers know that a write failed only because nobody reads.
func (t InProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	stop := context.AfterFunc(r.Context(), cancel)
	body, pipe := io.Pipe()
	w := &pipeWriter{header: http.Header{}, pipe: pipe, ready: make(chan struct{})}
	inner := r.Clone(ctx)
	inner.RequestURI = r.URL.RequestURI()
	inner.RemoteAddr = "127.0.0.1:0"
	if inner.Host == "" {
		inner.Host = r.URL.Host
	}
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	go func() {
		defer func() {
			if v := recover(); v != nil && v != http.ErrAbortHandler {
				pipe.CloseWithError(fmt.Errorf("handler panicked: %v", v))
			} else if v != nil {
				pipe.CloseWithError(io.ErrUnexpectedEOF)
			}
			w.WriteHeader(http.StatusOK)
			stop()
			cancel()
		}()
		t.Handler.ServeHTTP(w, inner)
		w.WriteHeader(http.StatusOK)
		w.Flush()
		pipe.Close()
	}()
	select {
	case <-w.ready:
	case <-r.Context().Done():
		cancel()
		body.Close()
		return nil, r.Context().Err()
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: &cancelBody{ReadCloser: body, cancel: cancel}, ContentLength: -1, Request: r,
	}, nil
}

// cancelBody ends the handler when the reader has had enough.
type cancelBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *cancelBody) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}

// pipeWriter is the ResponseWriter of an in-process call.
type pipeWriter struct {
	header   http.Header
	sent     http.Header
	status   int
	once     sync.Once
	ready    chan struct{}
	pipe     *io.PipeWriter
	buffered *bufio.Writer // nil until there is a body
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	if status >= 100 && status < 200 {
		return
	}
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.ready)
	})
}

func (w *pipeWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.buffered == nil {
		w.buffered = bufio.NewWriterSize(w.pipe, bodyBuffer)
	}
	return w.buffered.Write(p)
}

// Flush sends what is buffered; a reader that is gone shows at the next Write.
func (w *pipeWriter) Flush() {
	w.WriteHeader(http.StatusOK)
	if w.buffered != nil {
		_ = w.buffered.Flush()
	}
}
