package httpserver

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/auth"
)

// stall sends the head of a request and the first byte of its body, and returns the status line of the answer.
func stall(t *testing.T, address string, hangUp bool) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /v1/raw HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n["); err != nil {
		t.Fatal(err)
	}
	if hangUp {
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	answer, err := io.ReadAll(io.LimitReader(conn, 12))
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestABodyThatIsReadByHandMustNotStall(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		timeout time.Duration
		hangUp  bool
		want    string
	}{
		"a sender that stalls is told":         {time.Millisecond, false, "HTTP/1.1 408"},
		"a sender that hangs up is no failure": {0, true, "HTTP/1.1 400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			authenticator, err := auth.NewAuthenticator(auth.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := New(Options{Service: "test", Auth: authenticator, Logger: slog.New(slog.DiscardHandler)})
			op := huma.Operation{OperationID: "raw", Method: http.MethodPost, Path: "/v1/raw", BodyReadTimeout: test.timeout}
			Register(
				s.API, auth.ScopeEventsWrite, op, func(context.Context, *struct{ RawBody []byte }) (*struct{}, error) { return nil, nil },
			)
			if got := s.API.OpenAPI().Paths["/v1/raw"].Post.BodyReadTimeout; test.timeout == 0 && got != bodyTimeout {
				t.Errorf("the body may take %v, want %v", got, bodyTimeout)
			}
			server := httptest.NewServer(s.Engine)
			defer server.Close()
			if got := stall(t, server.Listener.Addr().String(), test.hangUp); got != test.want {
				t.Errorf("answer %q, want %q", got, test.want)
			}
		})
	}
}

func TestAStreamedBodyMustNotStall(t *testing.T) {
	t.Parallel()
	failed := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := StreamedBody(w, r).(*streamedBody)
		body.patience = time.Millisecond
		_, err := io.ReadAll(body)
		failed <- err
		w.WriteHeader(http.StatusRequestTimeout)
	}))
	defer server.Close()
	if got := stall(t, server.Listener.Addr().String(), false); got != "HTTP/1.1 408" {
		t.Errorf("answer %q", got)
	}
	if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading ended with %v, want the deadline", err)
	}
}

func TestAStreamedBodyNeedsNoConnection(t *testing.T) {
	t.Parallel()
	body := StreamedBody(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader("file")))
	if data, err := io.ReadAll(body); err != nil || string(data) != "file" {
		t.Errorf("read %q, %v", data, err)
	}
}
