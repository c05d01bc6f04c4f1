package readiness

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func TestEachPartHasALine(t *testing.T) {
	t.Parallel()
	parts := []Part{{Name: "database"}, {Name: "models", Note: []string{"v2 is damaged", "v1 serves"}}}
	h := Handler(func(context.Context) []Part { return parts })
	ask := func() (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		return w.Code, w.Body.String()
	}
	if code, body := ask(); code != http.StatusOK || body != "ok\ndatabase: ok\nmodels: ok, but v2 is damaged; v1 serves\n" {
		t.Errorf("%d %q", code, body)
	}
	parts[0].Err = errors.New("no room is left")
	if code, body := ask(); code != http.StatusServiceUnavailable ||
		body != "not ready\ndatabase: no room is left\nmodels: ok, but v2 is damaged; v1 serves\n" {
		t.Errorf("%d %q", code, body)
	}
}

func TestAGateOpens(t *testing.T) {
	t.Parallel()
	const patience = 10 * time.Second
	opened := func(g *Gate) bool {
		synctest.Wait()
		select {
		case <-g.Started():
			return true
		default:
			return false
		}
	}
	t.Run("once all shops are read", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g := NewGate("catalogue", "profile-service", []string{"north", "south"}, patience, time.Now)
			g.Synced("north")
			if opened(g) || g.Part().Err == nil {
				t.Error("it is open before south is read")
			}
			for range 10 { // a large catalogue
				time.Sleep(patience - time.Second)
				g.Progress("south")
			}
			if opened(g) {
				t.Error("it is open while south is being read")
			}
			g.Synced("south")
			if p := g.Part(); !opened(g) || p.Err != nil || p.Note != nil {
				t.Errorf("it is shut: %+v", p)
			}
			time.Sleep(time.Minute) // until its timer has seen that
		})
	})
	t.Run("once it is no use to wait", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g := NewGate("catalogue", "profile-service", []string{"north"}, patience, time.Now)
			g.Failed(errors.New("refused"))
			time.Sleep(patience - time.Second)
			if opened(g) {
				t.Error("it is open too early")
			}
			time.Sleep(2 * time.Second)
			if p := g.Part(); !opened(g) || p.Err != nil || len(p.Note) != 1 {
				t.Errorf("it is shut, or does not say why it is open: %+v", p)
			}
			g.Synced("north")
			if p := g.Part(); p.Note != nil {
				t.Errorf("once north is read after all: %+v", p)
			}
		})
	})
	t.Run("at once without shops", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			if !opened(NewGate("catalogue", "profile-service", nil, patience, time.Now)) {
				t.Error("it is shut")
			}
		})
	})
}

type slow chan struct{}

func (s slow) Started() <-chan struct{} { return s }

// TestCallersWaitForTheService calls before the service stands: the call is answered afterwards.
func TestCallersWaitForTheService(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	standing := make(slow)
	begun := make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		select {
		case <-standing:
			_, _ = io.WriteString(w, "after")
		default:
			_, _ = io.WriteString(w, "before")
		}
	})}
	go func() { _ = server.Serve(Hold(l, standing)) }()
	defer server.Close()
	answered := make(chan string)
	go func() {
		close(begun)
		resp, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			answered <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answered <- string(body)
	}()
	<-begun
	close(standing)
	if body := <-answered; body != "after" {
		t.Errorf("the answer is %q", body)
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	held := Hold(other, make(slow))
	ended := make(chan error)
	go func() { _, err := held.Accept(); ended <- err }()
	held.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a listener that was closed before the service stood: %v", err)
	}
}
