package httpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/aisle-rec/aisle/shared/apierror"
)

// Admin returns a service's part of the admin port: /livez, /readyz and /metrics. ready says why the service cannot answer well now, or nil.
func Admin(gatherer prometheus.Gatherer, ready func(context.Context) error) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := ready(r.Context()); err != nil {
			w.Header().Set("Retry-After", "1")
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{}))
	return mux
}

// adminPort is the whole admin port: what the service shows, profiles when they are wanted, and the guard in front of both.
func adminPort(service http.Handler, ports Ports) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", service)
	if ports.Profiles { // without pprof.Cmdline, which would show secrets that stand on the command line
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Protect(w.Header())
		err := ports.Auth.Operator(r)
		switch {
		case err == nil:
			mux.ServeHTTP(w, r)
		case r.URL.Path == "/livez" || r.URL.Path == "/readyz":
			mux.ServeHTTP(terse{w}, r) // a probe has no key; it needs the status alone
		default:
			p := apierror.From(err)
			w.Header().Set("Content-Type", apierror.ContentType)
			w.WriteHeader(p.Status)
			_ = json.NewEncoder(w).Encode(p) // the connection may be gone; there is nobody left to tell
		}
	})
}

// terse is an answer without its body: why a service is not ready can name hosts.
type terse struct{ http.ResponseWriter }

// Write implements http.ResponseWriter.
func (t terse) Write(p []byte) (int, error) { return len(p), nil }
