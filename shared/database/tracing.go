package database

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// startSpan begins a span of a call to a store as a part of the request that makes it. What no trace is kept of, which is all without OTLP,
// costs a look into the context.
func startSpan(ctx context.Context, system, operation string, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	tracer := trace.SpanFromContext(ctx).TracerProvider().Tracer("github.com/aisle-rec/aisle/shared/database")
	ctx, span := tracer.Start(ctx, system+" "+operation, trace.WithSpanKind(trace.SpanKindClient))
	span.SetAttributes(append(attributes, attribute.String("db.system.name", system), attribute.String("db.operation.name", operation))...)
	return ctx, span
}

// endSpan ends a span; a failure of the call is one of the span.
func endSpan(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

// recording reports whether a trace is kept of what is done in a context.
func recording(ctx context.Context) bool { return trace.SpanFromContext(ctx).IsRecording() }

// queryTracer makes spans of statements for Postgres. The text of a statement holds no values, which go beside it.
type queryTracer struct{}

type querySpan struct{}

// TraceQueryStart implements pgx.QueryTracer.
func (queryTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !recording(ctx) {
		return ctx
	}
	verb, _, _ := strings.Cut(strings.TrimSpace(data.SQL), " ")
	ctx, span := startSpan(ctx, "postgresql", strings.ToUpper(verb), attribute.String("db.query.text", data.SQL))
	return context.WithValue(ctx, querySpan{}, span)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (queryTracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if span, ok := ctx.Value(querySpan{}).(trace.Span); ok {
		err := data.Err
		if errors.Is(err, pgx.ErrNoRows) {
			err = nil
		}
		endSpan(span, err)
	}
}

// TraceBatchStart implements pgx.BatchTracer.
func (queryTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if !recording(ctx) {
		return ctx
	}
	ctx, span := startSpan(ctx, "postgresql", "BATCH", attribute.Int("db.operation.batch.size", data.Batch.Len()))
	return context.WithValue(ctx, querySpan{}, span)
}

// TraceBatchQuery implements pgx.BatchTracer.
func (queryTracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (queryTracer) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	if span, ok := ctx.Value(querySpan{}).(trace.Span); ok {
		endSpan(span, data.Err)
	}
}
