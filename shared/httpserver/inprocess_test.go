package httpserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpclient"
)

// large returns a handler whose answer fits no buffer, and a channel that tells how its context ended once it has returned. That
// must be context.Canceled: huma takes a write that fails for any other reason as a failure of the handler, and panics.
func large(t *testing.T, log *bytes.Buffer) (http.Handler, <-chan error) {
	t.Helper()
	a, err := auth.NewAuthenticator(auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Service: "test-service", Version: "1", Auth: a, Logger: slog.New(slog.NewTextHandler(log, nil))})
	type output struct{ Body []string }
	Register(s.API, "", huma.Operation{OperationID: "large", Method: http.MethodGet, Path: "/large"},
		func(context.Context, *struct{}) (*output, error) {
			return &output{strings.Split(strings.Repeat("x ", 1<<20), " ")}, nil
		})
	returned := make(chan error, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Engine.ServeHTTP(w, r)
		returned <- r.Context().Err()
	}), returned
}

func TestACallerWhoLeavesAnInProcessCallIsNoError(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		context func(context.Context) (context.Context, context.CancelFunc)
	}{
		{"its time is up", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithDeadline(ctx, time.Unix(1, 0))
		}},
		{"it has cancelled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		}},
		{"it closes the body unread", context.WithCancel},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			h, returned := large(t, &log)
			ctx, cancel := c.context(t.Context())
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/large", nil)
			if err != nil {
				t.Fatal(err)
			}
			if resp, err := (InProcess{Handler: h}).RoundTrip(r); err == nil {
				resp.Body.Close()
			}
			if err := <-returned; !errors.Is(err, context.Canceled) {
				t.Errorf("the handler's context ended with %v", err)
			}
			if log.Len() > 0 {
				t.Errorf("logged: %.300s", log.String())
			}
		})
	}
}

// TestACallerWhoStaysGetsTheWholeAnswer reads, after the handler has returned, an answer that fits no buffer, and one that broke off.
func TestACallerWhoStaysGetsTheWholeAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(httpclient.Staying(t.Context()))
	cancel() // which the caller does not look at
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/", nil)
	if err != nil {
		t.Fatal(err)
	}
	returned := false
	resp, err := InProcess{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		for range 100 {
			fmt.Fprint(w, strings.Repeat("x", 1000))
			w.(http.Flusher).Flush()
		}
		returned = r.Context().Err() == nil
	})}.RoundTrip(r)
	if err != nil || !returned || resp.StatusCode != http.StatusOK || resp.Header.Get("ETag") != `"1"` || resp.ContentLength != 100_000 {
		t.Fatalf("%v, returned %v: %+v", err, returned, resp)
	}
	if data, err := io.ReadAll(resp.Body); err != nil || len(data) != 100_000 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	resp, err = InProcess{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half")
		panic("the rest is lost")
	})}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(resp.Body); err == nil || string(data) != "half" {
		t.Errorf("%q, %v", data, err)
	}
}
