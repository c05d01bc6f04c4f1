package telemetry

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// scope is the library that spans name as their maker.
const scope = "github.com/aisle-rec/aisle/shared/telemetry"

// Begin starts a span of work that no request waits for, with an attribute that finds it. The returned function ends it; a failure of the
// work is one of the span. What is asked of other services and stores meanwhile, in the returned context, is part of its trace.
func Begin(ctx context.Context, name, attributeName, value string) (context.Context, func(error)) {
	ctx, span := otel.Tracer(scope).Start(ctx, name, trace.WithAttributes(attribute.String(attributeName, value)))
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, err.Error())
		}
		span.End()
	}
}

// PassOn starts a span of a request that is passed on to another service, within the caller's trace where the request names one. The
// returned request names the span in its place; without tracing it is r itself. The span is to be ended.
func PassOn(r *http.Request, name string) (*http.Request, trace.Span) {
	w3c := propagation.TraceContext{}
	ctx, span := otel.Tracer(scope).Start(
		w3c.Extract(r.Context(), propagation.HeaderCarrier(r.Header)), name, trace.WithSpanKind(trace.SpanKindServer),
	)
	if !span.IsRecording() {
		return r, span
	}
	r = r.Clone(ctx)
	w3c.Inject(ctx, propagation.HeaderCarrier(r.Header))
	return r, span
}
