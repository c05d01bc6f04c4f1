package httpserver

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/shared/auth"
)

// confirming returns a server that confirms the tag "now" of every thing, and counts the questions that reach its operation.
func confirming(t testing.TB, asked *int) (*Server, *prometheus.Registry) {
	t.Helper()
	a, err := auth.NewAuthenticator(auth.Options{ServiceKeys: []string{"peer"}})
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	s := New(Options{Service: "test-service", Version: "1", Auth: a, Logger: slog.New(slog.DiscardHandler), Registry: registry})
	type input struct {
		ID          string `path:"id"`
		IfNoneMatch string `header:"If-None-Match"`
	}
	Register(s.API, auth.ScopeUsersRead, huma.Operation{OperationID: "thing", Method: http.MethodGet, Path: "/v1/things/{id}/state"},
		func(_ context.Context, in *input) (*struct{}, error) {
			*asked++
			return nil, nil
		})
	s.Confirm(auth.ScopeUsersRead, "/v1/things/{id}/state", func(shop, id string, query url.Values, tag string) bool {
		return shop == "north" && id == "a/b" && query.Get("limit") == "" && tag == `"now"`
	})
	return s, registry
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path string
		header     map[string]string
		confirmed  bool
	}{
		{name: "the tag holds", path: "/v1/things/a%2Fb/state", confirmed: true},
		{name: "another tag", path: "/v1/things/a%2Fb/state", header: map[string]string{"If-None-Match": `"then"`}},
		{name: "another id", path: "/v1/things/b/state"},
		{name: "another query", path: "/v1/things/a%2Fb/state?limit=3"},
		{name: "another shop", path: "/v1/things/a%2Fb/state", header: map[string]string{auth.ShopHeader: "south"}},
		{name: "another path", path: "/v1/things/a%2Fb/c/state"},
		{name: "no tag", path: "/v1/things/a%2Fb/state", header: map[string]string{"If-None-Match": ""}},
		{name: "a key that is not known", path: "/v1/things/a%2Fb/state", header: map[string]string{"Authorization": "Bearer stranger"}},
		{name: "a caller that is no peer", path: "/v1/things/a%2Fb/state", header: map[string]string{"Authorization": ""}},
		{name: "a traced request", path: "/v1/things/a%2Fb/state", header: map[string]string{"Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			s, registry := confirming(t, &asked)
			resp, err := InProcess{Handler: s}.RoundTrip(question(t, c.path, c.header))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := resp.StatusCode == http.StatusNotModified; got != c.confirmed || got && asked > 0 {
				t.Errorf("status %d, the operation was asked %d times", resp.StatusCode, asked)
			}
			if c.confirmed && resp.Header.Get("ETag") != `"now"` {
				t.Errorf("ETag %s", resp.Header.Get("ETag"))
			}
			count := 0
			if c.confirmed {
				count = 1
			}
			series := fmt.Sprintf(`_count{method="GET",route="/v1/things/:id/state",service="test-service",status="304"} %d`, count)
			metrics := call(Admin(registry, nil), http.MethodGet, "/metrics", "").Body.String()
			if !strings.Contains(metrics, series) {
				t.Errorf("the metrics lack %s", series)
			}
		})
	}
}

func question(t testing.TB, path string, header map[string]string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer peer")
	r.Header.Set(auth.ShopHeader, "north")
	r.Header.Set("If-None-Match", `"now"`)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return r
}

// BenchmarkInProcess is a conditional question of a peer that is confirmed at once, and one that the operation answers.
func BenchmarkInProcess(b *testing.B) {
	asked := 0
	s, _ := confirming(b, &asked)
	transport := InProcess{Handler: s}
	for name, path := range map[string]string{"confirmed": "/v1/things/a%2Fb/state", "operation": "/v1/things/c/state"} {
		b.Run(name, func(b *testing.B) {
			r := question(b, path, nil)
			b.ReportAllocs()
			for b.Loop() {
				resp, err := transport.RoundTrip(r)
				if err != nil {
					b.Fatal(err)
				}
				resp.Body.Close()
			}
		})
	}
}
