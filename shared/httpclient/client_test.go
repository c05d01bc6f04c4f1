package httpclient

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
)

func TestClient(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/problem":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusServiceUnavailable)
			json.NewEncoder(w).Encode(apierror.Unavailable("Later.", 0, nil))
		case "/proxy":
			http.Error(w, "<html>", http.StatusBadGateway)
		case "/broken":
			w.Write([]byte("{"))
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		default:
			json.NewEncoder(w).Encode(map[string]string{
				"key": r.Header.Get("Authorization"), "shop": r.Header.Get("X-Aisle-Shop"), "q": r.URL.Query().Get("q"),
			})
		}
	}))
	t.Cleanup(server.Close)
	ctx := context.Background()
	c := New(Options{BaseURL: server.URL + "/", Key: "sk_x"})

	got, err := JSON[map[string]string](ctx, c.ForShop("red"), http.MethodGet, "/echo", map[string][]string{"q": {"a b"}}, nil)
	if err != nil || got["key"] != "Bearer sk_x" || got["shop"] != "red" || got["q"] != "a b" {
		t.Errorf("echo: %v, %v", got, err)
	}
	err = c.Call(ctx, http.MethodGet, "/problem", nil, nil, nil)
	if p := apierror.From(err); p.Code != "unavailable" || p.RetryAfter != 7*time.Second {
		t.Errorf("problem: %+v", p)
	}
	if err := c.Call(ctx, http.MethodGet, "/proxy", nil, nil, nil); !apierror.Is(err, http.StatusBadGateway) {
		t.Errorf("an answer that is no problem: %v", err)
	}
	var out any
	if err := c.Call(ctx, http.MethodGet, "/broken", nil, nil, &out); err == nil {
		t.Error("half an answer was accepted")
	}
	if err := c.Call(ctx, http.MethodDelete, "/none", nil, nil, &out); err != nil {
		t.Errorf("no content: %v", err)
	}
	if err := c.Call(ctx, http.MethodPost, "/echo", nil, make(chan int), nil); err == nil {
		t.Error("a body that cannot be JSON was sent")
	}
}

func TestAnswersOfEverySizeAreReadWhole(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 500, 20_000, largestAnnounced + 10_000} {
		for _, announced := range []bool{true, false} {
			body, err := json.Marshal(strings.Repeat("x", size))
			if err != nil {
				t.Fatal(err)
			}
			resp := &http.Response{Body: io.NopCloser(iotest.HalfReader(bytes.NewReader(body))), ContentLength: -1}
			if announced {
				resp.ContentLength = int64(len(body))
			}
			var got string
			if err := Decode(resp, Request{}, &got); err != nil || len(got) != size {
				t.Errorf("%d bytes, announced %t: read %d, %v", size, announced, len(got), err)
			}
		}
	}
}

// TestConnectionsToAPeerAreKept calls a peer from many goroutines, twice: the second time no connection is opened.
func TestConnectionsToAPeerAreKept(t *testing.T) {
	t.Parallel()
	const callers = 16
	var opened atomic.Int32
	var together sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		together.Done()
		together.Wait() // so that every call has a connection of its own
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := New(Options{BaseURL: server.URL})
	for range 3 {
		together.Add(callers)
		var calls sync.WaitGroup
		for range callers {
			calls.Go(func() {
				if err := c.Call(t.Context(), http.MethodGet, "/", nil, nil, nil); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
	}
	// A connection is free a moment after its answer has been read, so that a call or two may open one more.
	if n := opened.Load(); n < callers || n >= 2*callers {
		t.Errorf("%d callers opened %d connections in three rounds", callers, n)
	}
}
