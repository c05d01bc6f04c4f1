package gateway

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// replicaThat answers with its name, or drops the connection of a request that it has read while broken.
type replicaThat struct {
	*httptest.Server
	asked  atomic.Int64
	broken atomic.Bool
}

func newReplica(t *testing.T, name string) *replicaThat {
	t.Helper()
	r := &replicaThat{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		if req.URL.Path != "/" { // a probe
			r.asked.Add(1)
		}
		if r.broken.Load() {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, name+" got "+string(body))
	}))
	t.Cleanup(r.Close)
	return r
}

func newTestPool(t *testing.T, addresses ...string) *pool {
	t.Helper()
	p, err := newPool("service", addresses, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func ask(t *testing.T, h http.Handler, method, path string, body io.Reader) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), method, path, body)
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// stream is a body of unknown length.
type stream struct{ io.Reader }

func TestARequestIsRepeatedOnceWhereThatIsSafe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, path string
		body         func() io.Reader
		gone         bool // the first replica takes no connection; else it drops those that it has
		want         int
		asked        int64 // requests that the first replica read
	}{
		"a reading, answer lost":             {http.MethodGet, "/v1/items/a", nil, false, 200, 1},
		"a question, answer lost":            {http.MethodPost, "/v1/recommendations", text("{}"), false, 200, 1},
		"a write by id, answer lost":         {http.MethodPut, "/v1/items/a", text("{}"), false, 200, 1},
		"events, answer lost":                {http.MethodPost, "/v1/events", text("{}"), false, 502, 1},
		"events, nobody reached":             {http.MethodPost, "/v1/events", text("{}"), true, 200, 0},
		"a long import, nobody reached":      {http.MethodPost, "/v1/imports", streamed("lines"), true, 200, 0},
		"a long stream of PUT, answer lost":  {http.MethodPut, "/v1/items/a", streamed("lines"), false, 502, 1},
		"a name that begins like a question": {http.MethodPost, "/v1/rankings-of-old", text("{}"), false, 502, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := newReplica(t, "first"), newReplica(t, "second")
			first.broken.Store(true)
			if c.gone {
				first.Close()
			}
			pool := newTestPool(t, second.URL, first.URL) // which begins with the one after the first
			var body io.Reader = http.NoBody
			if c.body != nil {
				body = c.body()
			}
			status, said := ask(t, proxy(pool, nil), c.method, c.path, body)
			if status != c.want || first.asked.Load() != c.asked {
				t.Errorf("%d %s, want %d; the first replica was asked %d times, want %d", status, said, c.want, first.asked.Load(), c.asked)
			}
			if status == 200 && c.body != nil && !strings.HasSuffix(said, " got {}") && !strings.HasSuffix(said, " got lines") {
				t.Errorf("the body of the repeat is not that of the request: %s", said)
			}
		})
	}
}

func text(s string) func() io.Reader { return func() io.Reader { return strings.NewReader(s) } }

func streamed(s string) func() io.Reader {
	return func() io.Reader { return stream{strings.NewReader(s)} }
}

func TestAReplicaThatFailedIsLeftOutUntilItAnswers(t *testing.T) {
	t.Parallel()
	first, second := newReplica(t, "first"), newReplica(t, "second")
	pool := newTestPool(t, second.URL, first.URL)
	h := proxy(pool, nil)
	first.broken.Store(true)
	for range 20 {
		if status, said := ask(t, h, http.MethodGet, "/v1/items", nil); status != 200 || !strings.HasPrefix(said, "second") {
			t.Fatalf("%d %s", status, said)
		}
	}
	if first.asked.Load() != 1 || pool.Up() != 1 {
		t.Errorf("the replica that failed was asked %d times, %d are up", first.asked.Load(), pool.Up())
	}
	first.broken.Store(false)
	pool.probes.Wait() // which end when it answers
	if pool.Up() != 2 {
		t.Errorf("%d replicas are up", pool.Up())
	}
	before := first.asked.Load()
	for range 20 {
		ask(t, h, http.MethodGet, "/v1/items", nil)
	}
	if got := first.asked.Load() - before; got != 10 {
		t.Errorf("of 20 requests %d went to one of two replicas", got)
	}
}

func TestWithoutAReplicaTheAnswerSaysWhatToDo(t *testing.T) {
	t.Parallel()
	gone := newReplica(t, "gone")
	gone.Close()
	status, said := ask(t, proxy(newTestPool(t, gone.URL), nil), http.MethodPost, "/v1/events", strings.NewReader("{}"))
	if status != http.StatusServiceUnavailable || !strings.Contains(said, "unavailable") {
		t.Errorf("%d %s", status, said)
	}
}

func TestAddressesAreRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "host:8081", "ftp://host", "http://", "http://host/below"} {
		if _, err := newPool("service", []string{address}, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
}

func TestUndone(t *testing.T) {
	t.Parallel()
	if !undone(&net.OpError{Op: "dial", Err: errors.New("refused")}) || undone(&net.OpError{Op: "read", Err: errors.New("reset")}) ||
		undone(io.EOF) {
		t.Error("only a connection that was never made has done nothing")
	}
}
