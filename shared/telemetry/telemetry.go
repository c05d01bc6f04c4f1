// Package telemetry makes the logger, the metrics registry and the tracer of a process from a few settings.
//
// begin.go and otlp.go are tracing without the packages of the OpenTelemetry exporter: spans
// are made by its SDK and sent as JSON (spans.go). Without a collector's address all of it
// costs a look into the context.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.26.0"
)

// NewLogger returns a logger that writes "json" or "text" lines of at least the level to w.
// Another format is an error.
func NewLogger(w io.Writer, format string, level slog.Level) (*slog.Logger, error) {
	o := &slog.HandlerOptions{Level: level}
	switch format {
	case "json":
		return slog.New(slog.NewJSONHandler(w, o)), nil
	case "text":
		return slog.New(slog.NewTextHandler(w, o)), nil
	}
	return nil, fmt.Errorf("log format %q is not one of json, text", format)
}

// NewRegistry returns a metrics registry that already holds the figures of the process and the Go runtime, and the version of the program.
// Each process has one; services put their own on it.
func NewRegistry(version string) *prometheus.Registry {
	r := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "aisle_build_info", Help: "The version of the program; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	})
	build.Set(1)
	r.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// lastSpans is how long the end of a process waits for its last spans to be sent.
const lastSpans = 3 * time.Second

// StartTracing sends spans to the OTLP endpoint that the standard variables OTEL_EXPORTER_OTLP_* name; without them it does nothing.
// The returned function sends what is buffered, for a few seconds at most: a store of traces that is away must not hold up the end of a
// process. Spans that cannot be sent are lost, and the log says so. A variable that cannot be
// followed is an error: a process whose traces somebody expects shall not start without them.
func StartTracing(_ context.Context, service string, logger *slog.Logger) (func(context.Context) error, error) {
	otel.SetTextMapPropagator(propagation.TraceContext{})
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return func(context.Context) error { return nil }, nil
	}
	exporter, err := newExporter(os.Getenv)
	if err != nil {
		return nil, fmt.Errorf("start tracing: %w", err)
	}
	provider := trace.NewTracerProvider(
		trace.WithBatcher(exporter),
		trace.WithResource(resource.NewSchemaless(semconv.ServiceName(service))),
	)
	otel.SetTracerProvider(provider)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Warn("spans are lost", "error", err) }))
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, lastSpans)
		defer cancel()
		return provider.Shutdown(ctx)
	}, nil
}
