package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// TestSpansReachACollector sends two spans, one within the other, to a server that is busy at first.
func TestSpansReachACollector(t *testing.T) {
	t.Parallel()
	var posts atomic.Int32
	bodies := make(chan []byte, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if posts.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/v1/traces" || r.Header.Get("X-Tenant") != "a shop+1" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		bodies <- body
	}))
	t.Cleanup(server.Close)
	e, err := newExporter(func(name string) string {
		return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL + "/", "OTEL_EXPORTER_OTLP_HEADERS": "X-Tenant=a%20shop+1"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	e.pause = time.Millisecond
	provider := trace.NewTracerProvider(
		trace.WithBatcher(e), trace.WithResource(resource.NewSchemaless(attribute.String("service.name", "test"))),
	)
	ctx, outer := provider.Tracer("library").Start(t.Context(), "outer")
	_, inner := provider.Tracer("library").Start(ctx, "inner")
	inner.SetAttributes(attribute.Int64("n", 1<<53+1), attribute.StringSlice("list", []string{"a", "b"}))
	inner.RecordError(errors.New("on purpose"))
	inner.SetStatus(codes.Error, "it failed")
	inner.End()
	outer.End()
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		ResourceSpans []struct {
			Resource   struct{ Attributes []struct{ Key string } }
			ScopeSpans []struct {
				Spans []struct {
					TraceID, SpanID, ParentSpanID, Name string
					Attributes                          []struct {
						Key   string
						Value struct {
							IntValue   string
							ArrayValue struct {
								Values []struct{ StringValue string }
							}
						}
					}
					Events []struct{ Name string }
					Status struct {
						Code    int
						Message string
					}
				}
			}
		}
	}
	if err := json.Unmarshal(<-bodies, &got); err != nil {
		t.Fatal(err)
	}
	spans := got.ResourceSpans[0].ScopeSpans[0].Spans
	if len(spans) != 2 || spans[0].Name != "inner" || spans[0].ParentSpanID != spans[1].SpanID ||
		spans[0].TraceID != outer.SpanContext().TraceID().String() {
		t.Fatalf("%+v", got)
	}
	i := spans[0]
	if i.Attributes[0].Value.IntValue != "9007199254740993" || i.Attributes[1].Value.ArrayValue.Values[1].StringValue != "b" ||
		i.Status.Code != 2 || i.Status.Message != "it failed" || i.Events[0].Name != "exception" ||
		got.ResourceSpans[0].Resource.Attributes[0].Key != "service.name" {
		t.Errorf("%+v", got)
	}
}

func TestSettingsOfTracing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings map[string]string
		url, err string
	}{
		"an endpoint of its own stays": {map[string]string{"TRACES_ENDPOINT": "http://host/own"}, "http://host/own", ""},
		"a plain endpoint":             {map[string]string{"ENDPOINT": "https://host:4318"}, "https://host:4318/v1/traces", ""},
		"no URL":                       {map[string]string{"ENDPOINT": "host:4318"}, "", "http://host:4318"},
		"gRPC":                         {map[string]string{"ENDPOINT": "http://host", "PROTOCOL": "grpc"}, "", "4318"},
		"a certificate":                {map[string]string{"ENDPOINT": "http://host", "CERTIFICATE": "x"}, "", "SSL_CERT_FILE"},
		"a header without a value":     {map[string]string{"ENDPOINT": "http://host", "HEADERS": "x"}, "", "name=value"},
		"a time that is none":          {map[string]string{"ENDPOINT": "http://host", "TIMEOUT": "10s"}, "", "milliseconds"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := newExporter(func(name string) string { return c.settings[strings.TrimPrefix(name, otlpPrefix)] })
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v, want %q", err, c.err)
				}
				return
			}
			if err != nil || e.url != c.url {
				t.Errorf("%+v, %v", e, err)
			}
		})
	}
}

// TestACollectorThatRefusesIsNotAskedAgain answers 400 once.
func TestACollectorThatRefusesIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	var posts atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		posts.Add(1)
		http.Error(w, "no such tenant", http.StatusBadRequest)
	}))
	t.Cleanup(server.Close)
	e := &exporter{client: server.Client(), url: server.URL, timeout: time.Minute, pause: time.Millisecond}
	if err := e.ExportSpans(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "no such tenant") ||
		posts.Load() != 1 {
		t.Errorf("after %d posts: %v", posts.Load(), err)
	}
}
