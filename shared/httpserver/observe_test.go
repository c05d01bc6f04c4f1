package httpserver

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/aisle-rec/aisle/shared/readiness"
	"github.com/aisle-rec/aisle/shared/stages"
)

func TestARequestOfASampledTraceLeavesItsID(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	durations := NewDurations(registry, "test")
	of := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	durations.Observe(http.MethodGet, "/v1/items/{item_id}", http.StatusNoContent, time.Second, of)
	durations.Observe(http.MethodGet, "/v1/items/{item_id}", http.StatusOK, time.Second, trace.SpanContext{})
	page := scrape(t, registry, nil)
	for _, want := range []string{
		`{method="GET",route="/v1/items/{item_id}",service="test",status="2xx",le="1.0"} 2`, `trace_id="` + of.TraceID().String(),
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
}

func TestReadinessIsAMetric(t *testing.T) {
	t.Parallel()
	page := scrape(t, prometheus.NewRegistry(), []readiness.Part{{Name: "database", Err: context.DeadlineExceeded}, {Name: "models"}})
	for _, want := range []string{`aisle_ready{part="database"} 0`, `aisle_ready{part="models"} 1`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
}

// scrape asks the admin port for metrics as Prometheus does.
func scrape(t *testing.T, registry prometheus.Gatherer, parts []readiness.Part) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	w := httptest.NewRecorder()
	Admin(registry, func(context.Context) []readiness.Part { return parts }).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("metrics answer %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestASlowRequestIsLoggedWithItsStages(t *testing.T) {
	t.Parallel()
	gin.SetMode(gin.ReleaseMode)
	for name, test := range map[string]struct {
		took    time.Duration
		waited  time.Duration
		level   slog.Level
		want    string
		without bool
	}{
		"a slow one":                      {took: 1500 * time.Millisecond, want: `"level":"WARN","msg":"slow request"`},
		"a quick one":                     {took: time.Millisecond, without: true},
		"a quick one at debug":            {took: time.Millisecond, level: slog.LevelDebug, want: `"msg":"request"`},
		"one that waited as it was asked": {took: 50 * time.Second, waited: 49500 * time.Millisecond, without: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			c, _ := gin.CreateTestContext(httptest.NewRecorder())
			c.Request = httptest.NewRequest(http.MethodGet, "/v1/users/anna", nil)
			c.Request = c.Request.WithContext(stages.With(c.Request.Context()))
			c.Header(requestIDHeader, "r-1")
			stages.Of(c.Request.Context()).Add("visitor", 1200*time.Millisecond)
			stages.Of(c.Request.Context()).Waited(test.waited)
			took := stages.Of(c.Request.Context()).Busy(test.took)
			logRequest(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: test.level})), c, "/v1/users/{user_id}", took)
			if test.without {
				if out.Len() > 0 {
					t.Errorf("it logs %s", &out)
				}
				return
			}
			for _, want := range []string{test.want, `"route":"/v1/users/{user_id}"`, `"request_id":"r-1"`, `"stages":{"visitor":1200}`} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the line lacks %s: %s", want, &out)
				}
			}
			if strings.Contains(out.String(), "anna") {
				t.Errorf("the line names who was asked for: %s", &out)
			}
		})
	}
}
