package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// collector takes spans as a store of traces does, and keeps their names by trace: "profile-service: postgresql SELECT".
type collector struct {
	mu     sync.Mutex
	spans  map[string][]string
	bodies []string
}

func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a sender that breaks off sends again
	var posted struct {
		ResourceSpans []struct {
			Resource struct {
				Attributes []struct{ Value struct{ StringValue string } }
			}
			ScopeSpans []struct {
				Spans []struct{ TraceID, Name string }
			}
		}
	}
	if err := json.Unmarshal(body, &posted); err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies = append(c.bodies, string(body))
	for _, of := range posted.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			for _, span := range scope.Spans {
				c.spans[span.TraceID] = append(c.spans[span.TraceID], of.Resource.Attributes[0].Value.StringValue+": "+span.Name)
			}
		}
	}
}

// missing names those of some beginnings of spans that a trace has no span of.
func (c *collector) missing(trace string, wanted []string) (left []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, want := range wanted {
		if !slices.ContainsFunc(c.spans[trace], func(name string) bool { return strings.HasPrefix(name, want) }) {
			left = append(left, want)
		}
	}
	return left
}

// job returns an error unless a trace has both spans.
func (c *collector) job(name, part string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, spans := range c.spans {
		if slices.Contains(spans, name) && slices.Contains(spans, part) {
			return nil
		}
	}
	return fmt.Errorf("no trace has %q and %q: %q", name, part, c.spans)
}

// TestATraceGoesThroughServicesAndStores asks with the trace of a caller and looks for its spans: of two services, of Postgres and of
// Redis; for its id beside the times of requests; and for what must not be in a trace.
func TestATraceGoesThroughServicesAndStores(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := &collector{spans: map[string][]string{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	d := startThreeOn(t, slices.Concat(threeSettings(""), ownDatabases(t), []string{
		"AISLE_ADMIN_LISTEN=127.0.0.1:0", "AISLE_REDIS_URL=" + testenv.Redis(t), "AISLE_BLOB_URL=file://" + t.TempDir(),
		"AISLE_SEARCH_SECONDS=1",
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + server.URL, "OTEL_BSP_SCHEDULE_DELAY=50",
	}))
	useAll(t, ctx, d.connect(""))
	const recommended, looked = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"
	traced(
		t, ctx, d.programs[0], recommended, "/v1/recommendations", `{"scenario":"home.for_you","user_id":"visitor-7","deadline_ms":5000}`,
	)
	traced(t, ctx, d.programs[1], looked, "/v1/similarities", `{"relation":"similar","item_ids":["lamp-1"]}`)
	wanted := map[string][]string{
		recommended: {"recommender-service: POST /v1/recommendations", "profile-service: GET /v1/users/:id/state", "profile-service: " +
			"postgresql SELECT"},
		looked: {"similarity-service: POST /v1/similarities", "similarity-service: redis "},
	}
	passed := startFrom(t, binaries, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + server.URL, "OTEL_BSP_SCHEDULE_DELAY=50"},
		"aisle", "gateway",
		"--listen", "127.0.0.1:0", "--admin-listen", "off", "--profile-url", d.programs[2].url(), "--similarity-url", d.programs[1].url(),
		"--recommender-url", d.programs[0].url())
	awaitGateway(t, passed)
	const through = "5bf92f3577b34da6a3ce929d0e0e4736"
	traced(t, ctx, passed, through, "/v1/similarities", `{"relation":"similar","item_ids":["lamp-1"]}`)
	wanted[through] = []string{"gateway: gateway similarity-service", "similarity-service: POST /v1/similarities"}
	eventually(t, ctx, "a job, with what it reads of another service", func() error {
		return c.job("similarity-service: job recompute", "profile-service: GET /v1/interactions")
	})
	eventually(t, ctx, "the spans", func() error {
		for trace, list := range wanted {
			if left := c.missing(trace, list); len(left) > 0 {
				c.mu.Lock()
				defer c.mu.Unlock()
				return fmt.Errorf("the trace lacks %q: %q", left, c.spans[trace])
			}
		}
		return nil
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, body := range c.bodies {
		if strings.Contains(body, "visitor-7") {
			t.Errorf("a span names the visitor: %s", body)
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.programs[0].admin(t)+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if page, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(page), `# {trace_id="`+recommended+`"}`) {
		t.Errorf("no exemplar names the trace, %v", err)
	}
}

// traced asks a program a question within a trace of the caller's and looks at the answer's parts of the time.
func traced(t *testing.T, ctx context.Context, p *program, trace, path, body string) {
	t.Helper()
	client := httpclient.New(httpclient.Options{BaseURL: "http://" + p.address})
	resp, err := client.Send(ctx, httpclient.Request{
		Method: http.MethodPost, Path: path, Body: strings.NewReader(body), ContentType: "application/json",
		Header: http.Header{"Traceparent": {"00-" + trace + "-00f067aa0ba902b7-01"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if path == "/v1/recommendations" && !strings.Contains(resp.Header.Get("Server-Timing"), "visitor;dur=") {
		t.Errorf("Server-Timing is %q", resp.Header.Get("Server-Timing"))
	}
}
