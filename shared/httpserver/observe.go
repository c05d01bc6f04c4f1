package httpserver

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/aisle-rec/aisle/shared/stages"
)

// slow is how long a request takes by its own doing that is worth a line in the log: what a person notices.
const slow = time.Second

// Durations are the times to answer, by method, route and class of status. Labels are bounded whatever callers send, since a series stays
// for ever: the route, not the path, which holds ids; and a method that is one.
type Durations struct {
	vec    *prometheus.HistogramVec
	series atomic.Pointer[map[seriesKey]prometheus.Observer] // those met so far, so that finding one allocates nothing
	mu     sync.Mutex
}

// seriesKey is the labels of a series.
type seriesKey struct{ method, route, status string }

// NewDurations registers the times of a service; registry may be nil.
func NewDurations(registry prometheus.Registerer, service string) *Durations {
	d := &Durations{vec: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "aisle_http_request_duration_seconds", Help: "Time to answer a request, without what its caller asked it to wait.",
		ConstLabels:                     prometheus.Labels{"service": service},
		Buckets:                         []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
	}, []string{"method", "route", "status"})}
	d.series.Store(&map[seriesKey]prometheus.Observer{})
	if registry != nil {
		registry.MustRegister(d.vec)
	}
	return d
}

// Observe records one request. A request of a sampled trace leaves the id of its trace beside the figure.
func (d *Durations) Observe(method, route string, status int, took time.Duration, of trace.SpanContext) {
	k := seriesKey{methodLabel(method), route, statusClass(status)}
	o, ok := (*d.series.Load())[k]
	if !ok {
		o = d.add(k)
	}
	if of.IsSampled() {
		if e, can := o.(prometheus.ExemplarObserver); can {
			e.ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": of.TraceID().String()})
			return
		}
	}
	o.Observe(took.Seconds())
}

// add makes a series that was not met before.
func (d *Durations) add(k seriesKey) prometheus.Observer {
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.vec.WithLabelValues(k.method, k.route, k.status)
	grown := maps.Clone(*d.series.Load())
	grown[k] = o
	d.series.Store(&grown)
	return o
}

// methodLabel is a request's method as a label: any that HTTP does not know is "other".
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodOptions,
		http.MethodConnect, http.MethodTrace:
		return method
	}
	return "other"
}

// statusClass is a status as a label: 2xx for 204.
func statusClass(status int) string {
	classes := [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}
	if n := status/100 - 1; n >= 0 && n < len(classes) {
		return classes[n]
	}
	return "other"
}

// observe records metrics, a trace span and lines of the log for each request: of all at level debug, of slow ones as a warning.
func observe(o Options) gin.HandlerFunc {
	durations := NewDurations(o.Registry, o.Service)
	inFlight := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "aisle_http_requests_in_flight", Help: "Requests that are being answered.",
		ConstLabels: prometheus.Labels{"service": o.Service},
	})
	if o.Registry != nil {
		o.Registry.MustRegister(inFlight)
	}
	tracer := otel.Tracer("github.com/aisle-rec/aisle/shared/httpserver")
	w3c := propagation.TraceContext{}
	return func(c *gin.Context) {
		start := time.Now()
		route := c.FullPath()
		if route == "" {
			route = "none"
		}
		ctx, span := tracer.Start(
			c.Request.Context(), methodLabel(c.Request.Method)+" "+route, trace.WithSpanKind(trace.SpanKindServer),
		)
		if span.SpanContext().IsValid() {
			c.Request = c.Request.WithContext(ctx)
			w3c.Inject(ctx, propagation.HeaderCarrier(c.Writer.Header()))
		}
		inFlight.Inc()
		defer func() {
			inFlight.Dec()
			took := stages.Of(c.Request.Context()).Busy(time.Since(start))
			durations.Observe(c.Request.Method, route, c.Writer.Status(), took, span.SpanContext())
			endSpan(span, c)
			logRequest(o.Logger, c, route, took)
		}()
		c.Next()
	}
}

// endSpan tells the span how the request was answered. Only a failure of ours is one of the
// span.
func endSpan(span trace.Span, c *gin.Context) {
	if span.IsRecording() {
		span.SetAttributes(
			attribute.Int("http.response.status_code", c.Writer.Status()),
			attribute.String("aisle.request_id", c.Writer.Header().Get(requestIDHeader)),
		)
		if c.Writer.Status() >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
	}
	span.End()
}

// logRequest writes a line of a request: what was asked, without ids or anything else that a caller sent, and where its time went.
func logRequest(logger *slog.Logger, c *gin.Context, route string, took time.Duration) {
	if logger == nil {
		return
	}
	ctx := c.Request.Context()
	parts := stages.Of(ctx)
	level, what := slog.LevelDebug, "request"
	if parts.Slow(took, slow) {
		level, what = slog.LevelWarn, "slow request"
	}
	if !logger.Enabled(ctx, level) {
		return
	}
	line := []slog.Attr{
		slog.String("method", methodLabel(c.Request.Method)), slog.String("route", route), slog.Int("status", c.Writer.Status()),
		slog.Float64("ms", float64(took.Microseconds())/1000), slog.Any("stages", parts),
		slog.String("request_id", c.Writer.Header().Get(requestIDHeader)),
	}
	if of := trace.SpanContextFromContext(ctx); of.HasTraceID() {
		line = append(line, slog.String("trace_id", of.TraceID().String()))
	}
	logger.LogAttrs(context.WithoutCancel(ctx), level, what, line...)
}

// tellStages says in the answer where its time went.
func tellStages(ctx huma.Context, _ string, body any) (any, error) {
	if text := stages.Of(ctx.Context()).Header(); text != "" {
		ctx.SetHeader("Server-Timing", text)
	}
	return body, nil
}
