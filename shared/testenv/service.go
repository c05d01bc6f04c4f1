package testenv

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Service is one of the three, as its programs run it.
type Service interface {
	Handler() http.Handler
	Run(ctx context.Context) error
	Close() error
}

// Serve runs a service until the test ends and returns its address, "http://127.0.0.1:PORT".
// Its handler and its background work run as in a program; an error of either end fails the
// test.
func Serve(t testing.TB, service Service) string {
	t.Helper()
	server := httptest.NewServer(service.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- service.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		server.Close()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("run: %v", err)
		}
		if err := service.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return server.URL
}
