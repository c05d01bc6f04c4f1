package httpserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

type thing struct {
	Name  string   `json:"name" minLength:"1" maxLength:"5"`
	Parts []part   `json:"parts,omitempty"`
	Other []string `json:"other,omitempty"`
}

type part struct {
	Size int `json:"size" minimum:"1"`
}

// server has one operation, whose handler does what the body's name says.
func server(t *testing.T, log io.Writer, o auth.Options, limits RateLimits) http.Handler {
	t.Helper()
	a, err := auth.NewAuthenticator(o)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Service: "test-service", Version: "1", Auth: a, Logger: slog.New(slog.NewTextHandler(log, nil)), RateLimits: limits})
	type input struct {
		ID    string `path:"id" maxLength:"20"`
		Limit int    `query:"limit" minimum:"1" maximum:"10" default:"5"`
		Body  thing
	}
	type output struct{ Body map[string]any }
	Register(s.API, auth.ScopeEventsWrite, huma.Operation{OperationID: "put", Method: http.MethodPost, Path: "/v1/things/{id}"},
		func(ctx context.Context, in *input) (*output, error) {
			switch in.Body.Name {
			case "panic":
				panic("on purpose")
			case "fail":
				return nil, errors.New("password=secret")
			case "busy":
				return nil, apierror.Unavailable("Later.", 1500*time.Millisecond, nil)
			}
			return &output{map[string]any{"id": in.ID, "shop": auth.Shop(ctx), "limit": in.Limit}}, nil
		})
	return s.Engine
}

func call(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "localhost"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestProblems(t *testing.T) {
	t.Parallel()
	h := server(t, io.Discard, auth.Options{}, RateLimits{})
	for _, c := range []struct {
		name, method, target, body string
		status                     int
		code                       string
		where                      []string // pointers and parameters
	}{
		{"every bad field is named", "POST", "/v1/things/a?limit=11",
			`{"name":"too long","parts":[{"size":1},{"size":0}],"colour":1}`, 422, "invalid_request",
			[]string{"limit", "/parts/1/size", "/name", "/colour"}},
		{"a body that is not JSON", "POST", "/v1/things/a", `{"name":`, 400, "malformed_request", []string{""}},
		{"a number that no type can hold", "POST", "/v1/things/a", `{"name":1e400}`, 400, "malformed_request", []string{""}},
		{"bytes that are not text", "POST", "/v1/things/a", "{\"name\":\"\xff\"}", 400, "malformed_request", []string{""}},
		{"deep nesting", "POST", "/v1/things/a", strings.Repeat("[", 100000), 400, "malformed_request", []string{""}},
		{
			"a query parameter that does not exist", "POST", "/v1/things/a?colour=red", `{"name":"a"}`, 422, "invalid_request",
			[]string{"colour"},
		},
		{"another path", "GET", "/v1/nothing", "", 404, "no_such_path", nil},
		{"another method", "PUT", "/v1/things/a", "{}", 405, "method_not_allowed", nil},
		{"a large body", "POST", "/v1/things/a", `{"name":"` + strings.Repeat("x", defaultMaxBodyBytes) + `"}`, 413, "too_large", nil},
		{"a failure of the server", "POST", "/v1/things/a", `{"name":"fail"}`, 500, "internal_error", nil},
		{"a panic", "POST", "/v1/things/a", `{"name":"panic"}`, 500, "internal_error", nil},
		{"a busy server", "POST", "/v1/things/a", `{"name":"busy"}`, 503, "unavailable", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := call(h, c.method, c.target, c.body)
			if w.Code != c.status || w.Header().Get("Content-Type") != apierror.ContentType {
				t.Fatalf("%d %s: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			var p apierror.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			if p.Code != c.code || p.Status != c.status || p.RequestID == "" || p.Detail == "" ||
				strings.Contains(w.Body.String(), "secret") || strings.Contains(w.Body.String(), "Go value") {
				t.Errorf("problem %s", w.Body)
			}
			var where []string
			for _, f := range p.Errors {
				where = append(where, f.Pointer+f.Parameter)
			}
			if len(c.where) != len(where) {
				t.Errorf("fields %v, want %v", where, c.where)
			}
			for _, want := range c.where {
				if !strings.Contains(" "+strings.Join(where, " ")+" ", want) {
					t.Errorf("fields %v lack %s", where, want)
				}
			}
		})
	}
}

// TestTheContentTypeOfABodyIsNamed posts JSON as curl does that is not told what it is.
func TestTheContentTypeOfABodyIsNamed(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "http://localhost/v1/things/a", strings.NewReader(`{"name":"a"}`))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	server(t, io.Discard, auth.Options{}, RateLimits{}).ServeHTTP(w, r)
	if w.Code != http.StatusUnsupportedMediaType || !strings.Contains(w.Body.String(), "unsupported_media_type") ||
		!strings.Contains(w.Body.String(), "Content-Type: application/json") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestACompressedBodyIsRefusedAsOne(t *testing.T) {
	t.Parallel()
	h := server(t, io.Discard, auth.Options{}, RateLimits{})
	for coding, want := range map[string]int{"gzip": 415, "br": 415, "identity": 200, "": 200} {
		w := call(h, "POST", "/v1/things/a", `{"name":"a"}`, "Content-Encoding", coding)
		if w.Code != want || want == 415 && !strings.Contains(w.Body.String(), "compressed (Content-Encoding: "+coding) {
			t.Errorf("%q: %d %s", coding, w.Code, w.Body)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	h := server(t, io.Discard, auth.Options{}, RateLimits{})
	t.Run("an id may hold a slash", func(t *testing.T) {
		t.Parallel()
		w := call(h, "POST", "/v1/things/a%2Fb", `{"name":"a"}`)
		if w.Code != 200 || strings.TrimSpace(w.Body.String()) != `{"id":"a/b","limit":5,"shop":"default"}` {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	t.Run("a harmless request id is kept, another replaced", func(t *testing.T) {
		t.Parallel()
		if got := call(h, "GET", "/v1/x", "", "X-Request-Id", "abc-1").Header().Get("X-Request-Id"); got != "abc-1" {
			t.Errorf("id %q", got)
		}
		if got := call(h, "GET", "/v1/x", "", "X-Request-Id", "a b\"<").Header().Get("X-Request-Id"); len(got) != 36 {
			t.Errorf("id %q", got)
		}
	})
	t.Run("Retry-After is rounded up", func(t *testing.T) {
		t.Parallel()
		if got := call(h, "POST", "/v1/things/a", `{"name":"busy"}`).Header().Get("Retry-After"); got != "2" {
			t.Errorf("Retry-After %q", got)
		}
	})
	t.Run("the reference needs no network", func(t *testing.T) {
		t.Parallel()
		w := call(h, "GET", "/reference", "")
		if w.Code != 200 || strings.Contains(w.Body.String(), "cdn") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w := call(h, "GET", "/openapi.json", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"/v1/things/{id}"`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func TestACauseIsLoggedAndNotSent(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := call(server(t, &log, auth.Options{}, RateLimits{}), "POST", "/v1/things/a", `{"name":"fail"}`)
	if !strings.Contains(log.String(), "password=secret") || !strings.Contains(log.String(), w.Header().Get("X-Request-Id")) {
		t.Errorf("log: %s", &log)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/keys.json"
	var secrets []string
	for _, n := range []auth.NewKey{
		{Kind: auth.KindPublishable, Shop: "red", Origins: []string{"https://red.example"}},
		{Kind: auth.KindSecret, Shop: "red", Scopes: []string{auth.ScopeEventsRead}},
	} {
		secret, key, err := auth.Generate(n, time.Now())
		if err == nil {
			err = auth.AppendKey(path, key)
		}
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, secret)
	}
	h := server(t, io.Discard, auth.Options{KeysFile: path}, RateLimits{PublishablePerSecond: 1})
	if w := call(h, "POST", "/v1/things/a", `{"name":"a"}`); w.Code != 401 || w.Header().Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("without a key: %d", w.Code)
	}
	if w := call(h, "POST", "/v1/things/a", `{"name":"a"}`, "X-API-Key", secrets[1]); w.Code != 403 ||
		!strings.Contains(w.Body.String(), "aisle keys create --scope "+auth.ScopeEventsWrite) {
		t.Errorf("without the scope: %d %s", w.Code, w.Body)
	}
	if said := lacking(auth.KindPublishable, auth.ScopeUsersRead); !strings.Contains(said, "with a secret key") {
		t.Errorf("a page's key without the scope: %s", said)
	}
	w := call(h, "OPTIONS", "/v1/things/a", "", "Origin", "https://red.example", "Access-Control-Request-Method", "POST")
	if w.Code != 204 || w.Header().Get("Access-Control-Allow-Origin") != "https://red.example" {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
	if w := call(
		h, "OPTIONS", "/v1/things/a", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST",
	); w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight of another page: %v", w.Header())
	}
	var codes []int
	for range 4 { // one per second, three at once
		w = call(h, "POST", "/v1/things/a", `{"name":"a"}`, "X-API-Key", secrets[0], "Origin", "https://red.example")
		codes = append(codes, w.Code)
	}
	if diff := cmp.Diff([]int{200, 200, 200, 429}, codes); diff != "" || w.Header().Get("Retry-After") != "1" ||
		w.Header().Get("RateLimit") == "" {
		t.Errorf("codes (-want +got):\n%s%v", diff, w.Header())
	}
}

func TestInProcess(t *testing.T) {
	t.Parallel()
	get := func(ctx context.Context, h http.HandlerFunc) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://service/path", nil)
		if err != nil {
			t.Fatal(err)
		}
		return InProcess{h}.RoundTrip(r)
	}
	t.Run("a body streams while the handler writes it", func(t *testing.T) {
		t.Parallel()
		read := make(chan struct{})
		resp, err := get(context.Background(), func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "one")
			w.(http.Flusher).Flush()
			<-read
			io.WriteString(w, "two")
		})
		if err != nil {
			t.Fatal(err)
		}
		first := make([]byte, 3)
		io.ReadFull(resp.Body, first)
		close(read)
		rest, _ := io.ReadAll(resp.Body)
		if string(first)+string(rest) != "onetwo" {
			t.Errorf("read %q and %q", first, rest)
		}
	})
	t.Run("a handler that gives up gives an error, not a short body", func(t *testing.T) {
		t.Parallel()
		resp, err := get(context.Background(), func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("closing the body ends the handler", func(t *testing.T) {
		t.Parallel()
		ended := make(chan struct{})
		resp, err := get(context.Background(), func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			close(ended)
		})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		<-ended
	})
	t.Run("a handler that hangs holds no reader whose time is up", func(t *testing.T) {
		t.Parallel()
		hung := make(chan struct{})
		t.Cleanup(func() { close(hung) })
		ctx, cancel := context.WithCancel(context.Background())
		resp, err := get(ctx, func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			<-hung
		})
		if err != nil {
			t.Fatal(err)
		}
		io.ReadFull(resp.Body, make([]byte, 4))
		cancel()
		if _, err := io.ReadAll(resp.Body); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a handler that panics behind a body that was not sent yet gives an error", func(t *testing.T) {
		t.Parallel()
		resp, err := get(context.Background(), func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			panic("boom")
		})
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); string(body) != "half" || err == nil {
			t.Errorf("read %q, error %v", body, err)
		}
	})
	t.Run("bodies of every size arrive whole", func(t *testing.T) {
		t.Parallel()
		for _, size := range []int{0, 1, bodyBuffer - 1, bodyBuffer, bodyBuffer + 1, 5*bodyBuffer + 7} {
			for _, piece := range []int{1 + size/3, 1 + size/40} {
				want := bytes.Repeat([]byte("0123456789abcdef!"), 1+size/17)[:size]
				resp, err := get(context.Background(), func(w http.ResponseWriter, _ *http.Request) {
					for part := range slices.Chunk(want, piece) {
						w.Write(part)
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes by %d: got %d, %v", size, piece, len(got), err)
				}
			}
		}
	})
	t.Run("a caller that leaves gets its context's error", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(context.Background())
		_, err := get(ctx, func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

func TestServeDrains(t *testing.T) {
	t.Parallel()
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(l.Addr().String()); err == nil || !strings.Contains(err.Error(), "already in use") {
		t.Errorf("the same address again: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	started := make(chan struct{})
	served := make(chan error, 1)
	go func() {
		served <- Serve(ctx, l, 10, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(started)
			<-ctx.Done() // the server is told to stop while this request runs
			io.WriteString(w, "done")
		}), slog.New(slog.DiscardHandler))
	}()
	answered := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			answered <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answered <- string(body)
	}()
	<-started
	cancel()
	if got := <-answered; got != "done" {
		t.Errorf("the running request got %q", got)
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
}

func FuzzCheckJSON(f *testing.F) {
	f.Add([]byte(`{"a":["\"]",{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if CheckJSON(data) == nil && !json.Valid(data) {
			return // it only promises depth and encoding
		}
		if CheckJSON(data) != nil && json.Valid(data) && bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) <= 64 &&
			len(bytes.ToValidUTF8(data, nil)) == len(data) {
			t.Errorf("refused %q", data)
		}
	})
}

// FuzzUnmarshal holds the decoder of bodies against encoding/json, on what that takes for JSON.
func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(typicalRequest))
	f.Add([]byte(
		`{"SCENARIO":"a","scenario":"b","limit":null,"cart":null,"cart":["\ud83d\ude00\ud800"],"diversity":1e-3,` +
			`"filter":{"and":[{"field":"price","op":"lt","value":[1,"2",null]}]},"x":{}}`,
	))
	f.Add([]byte(
		`{"item_id":"a","events":[{"type":"view_item","occurred_at":"2026-01-02T03:04:05Z","properties":{"a":[1.5,` +
			`true]}}],"consent":{"personalization":false}}`,
	))
	f.Fuzz(func(t *testing.T, data []byte) {
		var generic any
		if unmarshal(data, &generic) != nil {
			return // huma goes no further
		}
		var got, want recommenderapi.ExplainRequest
		err, wantErr := unmarshal(data, &got), json.Unmarshal(data, &want)
		if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%s gives\n%+v, %v, instead of\n%+v, %v", data, got, err, want, wantErr)
		}
	})
}
