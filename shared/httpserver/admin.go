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
	"github.com/aisle-rec/aisle/shared/readiness"
)

// Admin returns a service's part of the admin port: /livez, /readyz with what the service can answer with, and /metrics.
func Admin(gatherer prometheus.Gatherer, ready func(context.Context) []readiness.Part) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("GET /readyz", readiness.Handler(ready))
	own := prometheus.NewRegistry()
	own.MustRegister(parts{ready})
	mux.Handle("GET /metrics", promhttp.HandlerFor(
		prometheus.Gatherers{gatherer, own}, promhttp.HandlerOpts{EnableOpenMetrics: true}, // in which exemplars can be written
	))
	return mux
}

// parts collects /readyz as a metric.
type parts struct {
	ready func(context.Context) []readiness.Part
}

// readyDesc describes the metric. Its labels are the names of parts, which are those of the program.
var readyDesc = prometheus.NewDesc("aisle_ready", "Whether a part of /readyz is as it has to be: 1, or 0.", []string{"part"}, nil)

// Describe implements prometheus.Collector.
func (p parts) Describe(to chan<- *prometheus.Desc) { to <- readyDesc }

// Collect implements prometheus.Collector.
func (p parts) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readiness.Patience)
	defer cancel()
	for _, part := range p.ready(ctx) {
		value := 0.
		if part.Err == nil {
			value = 1
		}
		to <- prometheus.MustNewConstMetric(readyDesc, prometheus.GaugeValue, value, part.Name)
	}
}

// adminPort is the whole admin port: what the service shows, profiles when they are wanted, and the guard in front of both.
func adminPort(service Service, ports Ports) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", service.AdminHandler())
	mux.Handle("GET /status", statusHandler(service, ports))
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
