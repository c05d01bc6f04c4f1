package httpserver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// typicalRequest is what a shop's page sends: about 300 bytes.
const typicalRequest = `{"scenario":"home.for_you","user_id":"user-0123456789",` +
	`"session_id":"5b1f0c1e-8a77-4c55-9f0b-0d0a6c1f2e3d","limit":20,` +
	`"context_items":["item-004711","item-000815"],"cart":["item-012345"],"fields":["title","price"],"explain":"reasons",` +
	`"market":{"country":"DE","language":"de","currency":"EUR"}}`

// typicalAnswer is an answer of about 6 kB.
func typicalAnswer() recommenderapi.Answer {
	a := recommenderapi.Answer{
		RecommendationID: "rec_01j9z0v7q4n6x8c2m5b3k1h7g9_0123456789", Scenario: "home.for_you", ScenarioVersion: 3,
		ModelVersions: map[string]string{
			"similar": "20260101T000000Z", "bought_together": "20260101T000000Z", "viewed_next": "20260101T000000Z",
		},
	}
	for i := range 20 {
		a.Items = append(a.Items, recommenderapi.RecommendedItem{
			ItemID: fmt.Sprintf("item-%06d", i), Position: i + 1, Score: 1 / float64(i+3), Tier: "personal",
			Reasons: []recommenderapi.Reason{
				{Code: "because_you_viewed", ItemID: "item-004711"}, {Code: "popular_in_category", Value: "Garden > Tools"},
			},
			Fields: recommenderapi.Fields{{Name: "title", Value: "A spade with a handle of ash"}, {Name: "price", Value: 24.95}},
		})
	}
	return a
}

type frontInput struct{ Body recommenderapi.Request }

type frontOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         recommenderapi.Answer
}

// front is the whole frame around a handler that has its answer ready.
func front(b *testing.B) http.Handler {
	b.Helper()
	a, err := auth.NewAuthenticator(auth.Options{ServiceKeys: []string{"a-key-that-only-the-services-have"}})
	if err != nil {
		b.Fatal(err)
	}
	s := New(Options{Service: "bench", Version: "1", Auth: a, Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
	answer := typicalAnswer()
	Register(s.API, auth.ScopeRecommendationsRead, huma.Operation{
		OperationID: "recommend", Method: http.MethodPost, Path: "/v1/recommendations",
	},
		func(context.Context, *frontInput) (*frontOutput, error) {
			return &frontOutput{CacheControl: "no-store", Body: answer}, nil
		})
	return s.Engine
}

// bare is the least that gin can do for such a request and such an answer.
func bare() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	answer := typicalAnswer()
	engine.POST("/v1/recommendations", func(c *gin.Context) {
		var request recommenderapi.Request
		if err := c.ShouldBindJSON(&request); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		c.JSON(http.StatusOK, answer)
	})
	return engine
}

// BenchmarkFront compares the frame with a bare gin handler, called directly and over a socket.
func BenchmarkFront(b *testing.B) {
	for _, c := range []struct {
		name    string
		handler http.Handler
	}{{"bare", bare()}, {"frame", front(b)}} {
		b.Run(c.name+"/direct", func(b *testing.B) {
			body := bytes.NewReader(nil)
			r := httptest.NewRequest(http.MethodPost, "http://localhost/v1/recommendations", nil)
			r.Header.Set("Content-Type", "application/json")
			r.Body = io.NopCloser(body)
			b.ReportAllocs()
			for b.Loop() {
				body.Reset([]byte(typicalRequest))
				w := discard{header: http.Header{}}
				c.handler.ServeHTTP(&w, r)
				if w.status != http.StatusOK {
					b.Fatal(w.status)
				}
			}
		})
		b.Run(c.name+"/socket", func(b *testing.B) {
			server := httptest.NewServer(c.handler)
			defer server.Close()
			b.ReportAllocs()
			for b.Loop() {
				resp, err := http.Post(server.URL+"/v1/recommendations", "application/json", bytes.NewReader([]byte(typicalRequest)))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
					b.Fatal(resp.Status, err)
				}
				resp.Body.Close()
			}
		})
	}
}

// discard is a ResponseWriter that keeps nothing but the status.
type discard struct {
	header http.Header
	status int
}

func (w *discard) Header() http.Header { return w.header }

func (w *discard) WriteHeader(status int) { w.status = status }

func (w *discard) Write(p []byte) (int, error) { return len(p), nil }
