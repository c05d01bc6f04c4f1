package httpserver

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/shared/auth"
)

// methodLabels are the methods that the durations of a registry were recorded under, and how many series there are.
func methodLabels(t *testing.T, registry prometheus.Gatherer) (methods []string, series int) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "aisle_http_request_duration_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			series++
			for _, label := range metric.GetLabel() {
				if label.GetName() == "method" && !slices.Contains(methods, label.GetValue()) {
					methods = append(methods, label.GetValue())
				}
			}
		}
	}
	slices.Sort(methods)
	return methods, series
}

func TestAMadeUpMethodOrPathIsNoLabelOfItsOwn(t *testing.T) {
	t.Parallel()
	authenticator, err := auth.NewAuthenticator(auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	s := New(Options{Service: "test", Auth: authenticator, Logger: slog.New(slog.DiscardHandler), Registry: registry})
	server := httptest.NewServer(s)
	defer server.Close()
	for n := range 200 {
		for _, method := range []string{fmt.Sprintf("MADE%d", n), http.MethodGet, "get"} {
			for _, path := range []string{fmt.Sprintf("/v1/made-up-%d", n), "/reference"} {
				r, err := http.NewRequest(method, server.URL+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := server.Client().Do(r)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			}
		}
	}
	methods, series := methodLabels(t, registry)
	if !slices.Equal(methods, []string{"GET", "other"}) {
		t.Errorf("%d methods became labels, such as %v", len(methods), methods[:min(5, len(methods))])
	}
	if most := 4; series > most { // GET and other, a route that is none and the page
		t.Errorf("%d series, want at most %d", series, most)
	}
}
