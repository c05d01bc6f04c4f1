package httpserver

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/readiness"
)

// idle is a service that does nothing and is never ready.
type idle struct{}

func (idle) Handler() http.Handler { return http.NotFoundHandler() }

func (idle) AdminHandler() http.Handler {
	return Admin(prometheus.NewRegistry(), func(context.Context) []readiness.Part {
		return []readiness.Part{{Name: "database", Err: errors.New("db.internal does not answer")}}
	})
}

func (idle) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

func (idle) Close() error { return nil }

// adminOf runs a service and returns the address of its admin port.
func adminOf(t *testing.T, o auth.Options, profiles bool) string {
	t.Helper()
	authenticator, err := auth.NewAuthenticator(o)
	if err != nil {
		t.Fatal(err)
	}
	ports := Ports{Auth: authenticator, Profiles: profiles}
	if ports.Public, err = Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if ports.Admin, err = Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, idle{}, ports, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return ports.Admin.Addr().String()
}

// ask sends a GET with headers, of which Host is one.
func ask(t *testing.T, address, path string, header ...string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(header); n += 2 {
		if header[n] == "Host" {
			r.Host = header[n+1]
			continue
		}
		r.Header.Set(header[n], header[n+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestTheAdminPortIsForThisMachineAndForServiceKeys(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	keys := map[string]string{}
	for name, n := range map[string]auth.NewKey{
		"shop": {Kind: auth.KindSecret, Shop: "red"}, "operator": {Kind: auth.KindService, Scopes: []string{auth.ScopeAdminRead}},
		"peer": {Kind: auth.KindService, Scopes: []string{auth.ScopeUsersRead}},
	} {
		secret, key, err := auth.Generate(n, time.Now())
		if err == nil {
			err = auth.AppendKey(path, key)
		}
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = secret
	}
	withKeys, open := adminOf(t, auth.Options{KeysFile: path}, false), adminOf(t, auth.Options{}, false)
	for _, c := range []struct {
		name, address, path string
		header              []string
		status              int
	}{
		{"this machine", withKeys, "/metrics", nil, 200},
		{"this machine, without keys", open, "/metrics", nil, 200},
		{"a name that was made to point here", open, "/metrics", []string{"Host", "evil.example"}, 403},
		{"the same with keys", withKeys, "/metrics", []string{"Host", "evil.example"}, 401},
		{"a page of another origin", open, "/metrics", []string{"Origin", "https://evil.example"}, 403},
		{"through a proxy", withKeys, "/metrics", []string{"X-Forwarded-For", "203.0.113.7"}, 401},
		{
			"through a proxy, as operator", withKeys, "/metrics", []string{"X-Forwarded-For", "203.0.113.7", "X-API-Key", keys["operator"]},
			200,
		},
		{"with a shop's key", withKeys, "/metrics", []string{"Host", "aisle.example", "X-API-Key", keys["shop"]}, 403},
		{
			"with a service key that lacks the scope", withKeys, "/metrics", []string{"Host", "aisle.example", "X-API-Key", keys["peer"]},
			403,
		},
		{"a probe has no key", withKeys, "/livez", []string{"Host", "10.0.0.7:9080"}, 200},
		{"a probe has no key and is told the truth", withKeys, "/readyz", []string{"Host", "10.0.0.7:9080"}, 503},
		{"profiles were not asked for", open, "/debug/pprof/", nil, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			status, body := ask(t, c.address, c.path, c.header...)
			if status != c.status {
				t.Errorf("%d, want %d: %s", status, c.status, body)
			}
			if len(c.header) > 0 && strings.Contains(body, "db.internal") {
				t.Errorf("a stranger reads %s", body)
			}
		})
	}
	if _, body := ask(t, open, "/readyz"); !strings.Contains(body, "db.internal") {
		t.Errorf("this machine is not told why: %s", body)
	}
}

func TestProfilesDoNotShowTheCommandLine(t *testing.T) {
	t.Parallel()
	address := adminOf(t, auth.Options{}, true)
	if status, _ := ask(t, address, "/debug/pprof/goroutine?debug=1"); status != 200 {
		t.Errorf("the profile of goroutines: %d", status)
	}
	if status, body := ask(t, address, "/debug/pprof/cmdline"); status != 404 {
		t.Errorf("the command line: %d %s", status, body)
	}
}
