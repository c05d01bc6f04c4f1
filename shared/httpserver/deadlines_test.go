package httpserver

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/auth"
)

// ages is longer than any test takes: what waits for it has failed.
const ages = 5 * time.Minute

// serving serves a handler with a patience and returns the address and what ends the server.
func serving(t *testing.T, h http.Handler, most int, p patience) (address string, stop func() error) {
	t.Helper()
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, l, most, h, slog.New(slog.DiscardHandler), p) }()
	stop = func() error {
		cancel()
		err := <-served
		served <- err
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return l.Addr().String(), stop
}

// sends opens a connection and writes text. Reading from it fails after ages.
func sends(t *testing.T, address, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(ages)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn
}

// waits is a patience that never runs out in a test, for tests to shorten one part of.
func waits() patience {
	return patience{head: ages, request: ages, answer: ages, linger: ages, grace: ages, drain: 2 * ages}
}

func TestABodyThatDoesNotComeHoldsNoConnectionThatWasAnswered(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	secret, key, err := auth.Generate(auth.NewKey{Kind: auth.KindPublishable, Shop: "red"}, time.Now())
	if err == nil {
		err = auth.AppendKey(path, key)
	}
	if err != nil {
		t.Fatal(err)
	}
	p := waits()
	p.linger = 10 * time.Millisecond
	address, _ := serving(t, server(t, io.Discard, auth.Options{KeysFile: path}, RateLimits{PublishablePerSecond: 1e-9}), 100, p)
	for name, c := range map[string]struct{ line, key, want string }{
		"401": {"POST /v1/things/a", "wrong", "401"}, "404": {"POST /v1/nothing", secret, "404"},
		"405": {"DELETE /v1/things/a", secret, "405"},
		"429": {"POST /v1/things/a", secret, "429"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var status string
			for status != c.want { // of the limited one, the first are let in and their bodies are refused
				body := "["
				if c.want == "429" {
					body = "{}"
				}
				head := c.line + " HTTP/1.1\r\nHost: localhost\r\nX-API-Key: " + c.key +
					"\r\nContent-Type: application/json\r\nContent-Length: "
				conn := sends(t, address, head+map[string]string{"[": "100000", "{}": "2"}[body]+"\r\n\r\n"+body)
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				status = resp.Status[:3]
				if c.want != "429" && status != c.want {
					t.Fatalf("answered %s", resp.Status)
				}
				if c.want != "429" || status == "429" {
					conn := sends(t, address, head+"100000\r\n\r\n[")
					if _, err := io.ReadAll(conn); err != nil { // until the server closes it
						t.Error(err)
					}
				}
			}
		})
	}
}

func TestAnAnswerThatNobodyReadsEnds(t *testing.T) {
	t.Parallel()
	p := waits()
	p.answer = 50 * time.Millisecond
	failed := make(chan error, 1)
	address, _ := serving(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				failed <- err
				return
			}
		}
	}), 10, p)
	sends(t, address, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("writing ended with %v, want the deadline", err)
	}
}

func TestAStreamMayTakeLongerThanAnAnswer(t *testing.T) {
	t.Parallel()
	p := waits()
	p.answer, p.request = time.Nanosecond, 50*time.Millisecond
	authenticator, err := auth.NewAuthenticator(auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Service: "test", Auth: authenticator, Logger: slog.New(slog.DiscardHandler)})
	Register(s.API, auth.ScopeEventsRead, huma.Operation{OperationID: "follow", Method: http.MethodGet, Path: "/v1/follow"},
		func(context.Context, *struct{}) (*huma.StreamResponse, error) {
			return &huma.StreamResponse{Body: func(c huma.Context) {
				io.WriteString(c.BodyWriter(), "one ")
				select { // longer than a request may take to arrive
				case <-time.After(200 * time.Millisecond):
					io.WriteString(c.BodyWriter(), "two")
				case <-c.Context().Done():
				}
			}}, nil
		})
	address, _ := serving(t, s, 10, p)
	resp, err := http.Get("http://" + address + "/v1/follow")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || string(text) != "one two" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestThoseWhoWaitMakeRoomWhenTheServerIsFull(t *testing.T) {
	t.Parallel()
	address, _ := serving(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }), 4, waits())
	const head = "GET / HTTP/1.1\r\nHost: localhost\r\n"
	var held []net.Conn
	for range 10 { // each holds a connection after an answer, or before its request is complete
		idle := sends(t, address, head+"\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(idle), nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("a caller is kept out: %v", err)
		}
		held = append(held, idle, sends(t, address, head))
	}
	if _, err := io.ReadAll(held[0]); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the first is still held: %v", err)
	}
}

func TestStoppingDoesNotWaitForRequestsThatDoNotCome(t *testing.T) {
	t.Parallel()
	p := waits()
	p.grace = time.Millisecond
	begun := make(chan struct{})
	address, stop := serving(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		io.Copy(io.Discard, r.Body)
	}), 10, p)
	sends(t, address, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n[")
	sends(t, address, "POST / HTTP/1.1\r\n")
	<-begun
	if err := stop(); err != nil { // after two times ages, if it waited
		t.Error(err)
	}
}
