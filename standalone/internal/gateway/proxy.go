package gateway

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/httpserver"
)

// pieceTime bounds the wait of a caller for a piece of an answer, and of the gateway for a caller to take it.
const pieceTime = 30 * time.Second

// proxy passes requests on to a pool. The caller's host stays, since keys and cookies belong to it; of what it says about proxies before
// this one, only that of trusted proxies is believed.
func proxy(pool *pool, trusted []netip.Prefix) http.Handler {
	passing := &httputil.ReverseProxy{
		Transport: pool,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", pool.name, r.In.Host // the pool chooses a replica
			if httpserver.FromProxy(r.In, trusted) {
				for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"} {
					if values := r.In.Header.Values(name); len(values) > 0 {
						r.Out.Header[name] = values
					}
				}
			}
			forwarded := r.Out.Header.Get("X-Forwarded-Proto")
			r.SetXForwarded()
			if forwarded != "" {
				r.Out.Header.Set("X-Forwarded-Proto", forwarded)
			}
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) { lost(w, r, pool.name, err) },
		ErrorLog:     slog.NewLogLogger(pool.logger.Handler(), slog.LevelDebug),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody && (r.ContentLength < 0 || r.ContentLength > mostKept) {
			r.Body = httpserver.StreamedBody(w, r)
		}
		passing.ServeHTTP(&longAnswer{w, http.NewResponseController(w)}, r)
	})
}

// lost answers for a service that did not.
func lost(w http.ResponseWriter, r *http.Request, name string, err error) {
	var tooLong *http.MaxBytesError
	switch {
	case r.Context().Err() != nil: // the caller is gone
		w.WriteHeader(http.StatusBadGateway)
	case errors.As(err, &tooLong):
		problem(w, apierror.New(http.StatusRequestEntityTooLarge, "too_large", "The body is larger than what this path takes."))
	case undone(err):
		problem(
			w,
			apierror.New(
				http.StatusServiceUnavailable, "unavailable",
				"No replica of the "+name+" can be reached. Nothing of the request was done: send it again.",
			),
		)
	default:
		problem(w, apierror.New(http.StatusBadGateway, "answer_lost",
			"The "+name+
				" went away before it answered, so the request may have been done or not. Send it again: what has "+
				"an id, as events with an event_id, is stored once."))
	}
}

// problem answers for the gateway itself, in the form of the services, and asks to try again
// after a second.
func problem(w http.ResponseWriter, p *apierror.Problem) {
	httpserver.Protect(w.Header())
	w.Header().Set("Content-Type", apierror.ContentType)
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the connection may be gone; there is nobody left to tell
}

// longAnswer gives each piece of an answer its own time: how long a whole one may take, only its service knows.
type longAnswer struct {
	http.ResponseWriter
	control *http.ResponseController
}

// Write implements io.Writer.
func (a *longAnswer) Write(p []byte) (int, error) {
	_ = a.control.SetWriteDeadline(time.Now().Add(pieceTime)) // a test's connection has none
	return a.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController find the connection.
func (a *longAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
