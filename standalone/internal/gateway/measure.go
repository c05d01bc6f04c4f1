package gateway

import (
	"net/http"
	"time"

	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/telemetry"
)

// measured records how long a service takes to answer through the gateway: by the service in place of the route, which the service itself
// knows. Where traces are kept the gateway is a span of them.
func measured(durations *httpserver.Durations, service string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		r, span := telemetry.PassOn(r, "gateway "+service)
		defer func() {
			durations.Observe(r.Method, service, seen.status, time.Since(start), span.SpanContext())
			span.End()
		}()
		h.ServeHTTP(seen, r)
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	if status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
