package httpserver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/testenv"
)

// limited serves one operation, which takes its key in the body too, and returns its URL. Each of the keys has the secret at its place.
func limited(t *testing.T, keysFile string, limits RateLimits) (url string) {
	t.Helper()
	a, err := auth.NewAuthenticator(auth.Options{KeysFile: keysFile})
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Service: "test", Auth: a, Logger: slog.New(slog.DiscardHandler), RateLimits: limits})
	Register(s.API, auth.ScopeEventsWrite, KeyInBody(huma.Operation{OperationID: "send", Method: http.MethodPost, Path: "/v1/send"}),
		func(ctx context.Context, in *struct{ RawBody []byte }) (*struct{ Body string }, error) {
			if len(in.RawBody) == 0 {
				return nil, apierror.Malformed("The body is gone.")
			}
			return &struct{ Body string }{auth.Shop(ctx)}, nil
		})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL + "/v1/send"
}

// keysOf writes a keys file and returns its path and the secrets.
func keysOf(t *testing.T, keys ...auth.NewKey) (path string, secrets []string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "keys.json")
	for _, n := range keys {
		secret, key, err := auth.Generate(n, time.Now())
		if err == nil {
			err = auth.AppendKey(path, key)
		}
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, secret)
	}
	return path, secrets
}

// sent posts a body and returns the status, and of a refusal the code. A header may come several times.
func sent(t *testing.T, url, body string, header ...string) (status int, code string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/plain")
	for n := 0; n < len(header); n += 2 {
		r.Header.Add(header[n], header[n+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	var p apierror.Problem
	_ = json.Unmarshal(data, &p)
	return resp.StatusCode, p.Code
}

// seldom is a rate that gives nothing back during a test: one request at once, since the least burst is one.
const seldom = 1e-6

func TestVisitorsBehindAProxyAreCountedApart(t *testing.T) {
	t.Parallel()
	path, keys := keysOf(t, auth.NewKey{Kind: auth.KindPublishable, Shop: "red"})
	here, err := ParseProxies([]string{"127.0.0.0/8", "10.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	const from = "X-Forwarded-For"
	for name, c := range map[string]struct {
		proxies []string
		calls   [][]string // headers; all but the last are let in
	}{
		"each has an address of his own": {
			[]string{"here"}, [][]string{{from, "203.0.113.1"}, {from, "203.0.113.2"}, {from, "203.0.113.1"}},
		},
		"what a visitor writes himself does not count": {
			[]string{"here"}, [][]string{{from, "198.51.100.1, 203.0.113.1"}, {from, "198.51.100.2, 203.0.113.1"}},
		},
		"nor in a line of its own": {
			[]string{"here"}, [][]string{{from, "198.51.100.1", from, "203.0.113.1"}, {from, "198.51.100.2", from, "203.0.113.1"}},
		},
		"a chain of proxies is followed": {
			[]string{"here"}, [][]string{{from, "203.0.113.1, 10.0.0.1"}, {from, "203.0.113.2, 10.0.0.1"}, {from, "203.0.113.2:1234"}},
		},
		"a customer's IPv6 network is one": {
			[]string{"here"}, [][]string{{from, "2001:db8:1:2::1"}, {from, "2001:db8:1:3::1"}, {from, "[2001:db8:1:2::ffff]:80"}},
		},
		"another than a proxy is not believed": {nil, [][]string{{from, "203.0.113.1"}, {from, "203.0.113.2"}}},
		"an entry that is none ends the chain": {
			[]string{"here"}, [][]string{{from, "203.0.113.1, unknown"}, {from, "203.0.113.2, unknown"}},
		},
		"another header than X-Forwarded-For is not looked into": {
			[]string{"here"}, [][]string{{"X-Real-Ip", "203.0.113.1"}, {"X-Real-Ip", "203.0.113.2"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limits := RateLimits{PublishablePerSecond: seldom}
			if c.proxies != nil {
				limits.TrustedProxies = here
			}
			url := limited(t, path, limits)
			for n, header := range c.calls {
				want := map[bool]int{false: 200, true: 429}[n == len(c.calls)-1]
				if status, code := sent(t, url, "{}", append([]string{"X-API-Key", keys[0]}, header...)...); status != want {
					t.Errorf("call %d from %v: %d %s, want %d", n, header, status, code, want)
				}
			}
		})
	}
}

func TestAKeyMayHaveARateOfItsOwn(t *testing.T) {
	t.Parallel()
	path, keys := keysOf(t, auth.NewKey{
		Kind: auth.KindPublishable, Shop: "red", Rate: 1000,
	}, auth.NewKey{Kind: auth.KindSecret, Shop: "red", Rate: seldom},
		auth.NewKey{Kind: auth.KindSecret, Shop: "red"}, auth.NewKey{Kind: auth.KindService})
	url := limited(t, path, RateLimits{PublishablePerSecond: seldom, SecretPerSecond: 1000})
	for n, want := range [][]int{{200, 200}, {200, 429}, {200, 200}, {200, 200}} {
		for call, status := range want {
			if got, code := sent(t, url, "{}", "X-API-Key", keys[n]); got != status {
				t.Errorf("call %d with key %d: %d %s, want %d", call, n, got, code, status)
			}
		}
	}
}

func TestABeaconIsLimitedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	path, keys := keysOf(t, auth.NewKey{
		Kind: auth.KindPublishable, Shop: "red", Rate: 1000,
	}, auth.NewKey{Kind: auth.KindSecret, Shop: "red"},
		auth.NewKey{Kind: auth.KindPublishable, Shop: "red", Rate: seldom})
	url := limited(t, path, RateLimits{PublishablePerSecond: 2}) // six at once
	for n, c := range []struct {
		body, code string
		status     int
	}{
		{`{"events":[{"a":[1,2]}],"key":"` + keys[0] + `"}`, "", 200},
		{`{"key":"pk_wrong","events":[]}`, "unauthorized", 401},
		{`{"key":"` + keys[1] + `"}`, "publishable_key_needed", 403},
		{`{"key":"` + keys[0] + `","pad":"` + strings.Repeat("x", maxBeacon) + `"}`, "too_large", 413},
		{`{"key":`, "malformed_request", 400},
		{`[{"key":"` + keys[0] + `"}]`, "unauthorized", 401},
		{`{"key":"` + keys[0] + `"}`, "rate_limited", 429},
	} {
		if status, code := sent(t, url, c.body); status != c.status || code != c.code {
			t.Errorf("beacon %d: %d %s, want %d %s", n, status, code, c.status, c.code)
		}
	}
	url = limited(t, path, RateLimits{PublishablePerSecond: 100})
	for call, want := range []int{200, 429} {
		if status, _ := sent(t, url, `{"key":"`+keys[2]+`"}`); status != want {
			t.Errorf("call %d with a key of its own rate: %d, want %d", call, status, want)
		}
	}
}

// TestReplicasShareTheirCount has two servers on one Redis: what one lets in, the other does not let in once more.
func TestReplicasShareTheirCount(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(t *testing.T) string{
		"one server":         func(t *testing.T) string { return testenv.Redis(t) },
		"a cluster of three": func(t *testing.T) string { return testenv.RedisCluster(t).URL() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sharedCount(t, url(t))
		})
	}
}

func sharedCount(t *testing.T, redisURL string) {
	t.Helper()
	path, keys := keysOf(t, auth.NewKey{Kind: auth.KindPublishable, Shop: "red"}, auth.NewKey{Kind: auth.KindPublishable, Shop: "red"},
		auth.NewKey{Kind: auth.KindPublishable, Shop: "blue"}, auth.NewKey{Kind: auth.KindPublishable, Shop: "blue"})
	options, err := database.ParseRedisURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewUniversalClient(options)
	defer client.Close()
	limits := RateLimits{PublishablePerSecond: seldom, Redis: client}
	one, other := limited(t, path, limits), limited(t, path, limits)
	for _, key := range keys { // which a cluster has on several nodes
		var statuses []int
		for n := range 4 {
			status, _ := sent(t, []string{one, other}[n%2], "{}", "X-API-Key", key)
			statuses = append(statuses, status)
		}
		if !slices.Equal(statuses, []int{200, 429, 429, 429}) {
			t.Errorf("statuses %v", statuses)
		}
	}
	if status, _ := sent(t, other, "{}", "X-API-Key", keys[0], "X-Forwarded-For", "203.0.113.1"); status != 429 {
		t.Errorf("a header got round it: %d", status)
	}
}

func TestWithoutItsRedisAProcessCountsForItself(t *testing.T) {
	t.Parallel()
	path, keys := keysOf(t, auth.NewKey{Kind: auth.KindPublishable, Shop: "red"})
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	client := redis.NewClient(&redis.Options{Addr: nobody.Addr().String(), MaxRetries: -1})
	defer client.Close()
	url := limited(t, path, RateLimits{PublishablePerSecond: seldom, Redis: client})
	for call, want := range []int{200, 429, 429} {
		if status, _ := sent(t, url, "{}", "X-API-Key", keys[0]); status != want {
			t.Errorf("call %d: %d, want %d", call, status, want)
		}
	}
}

// asked counts the questions of a limiter that a client of Redis sends.
type asked struct{ atomic.Int32 }

func (a *asked) DialHook(next redis.DialHook) redis.DialHook { return next }

func (a *asked) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (a *asked) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" {
			a.Add(1)
		}
		return next(ctx, cmd)
	}
}

// TestARedisThatHangsIsAskedOnce has many requests of one key come at once: they must not wait for it one after the other.
func TestARedisThatHangsIsAskedOnce(t *testing.T) {
	t.Parallel()
	hung, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and answers nothing
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close()
	options, err := database.ParseRedisURL("redis://" + hung.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewUniversalClient(options)
	defer client.Close()
	commands := &asked{}
	client.AddHook(commands)
	l := newLimiter(Options{Service: "test", Logger: slog.New(slog.DiscardHandler), RateLimits: RateLimits{Redis: client}})
	var calls sync.WaitGroup
	var passed atomic.Int32
	for range 8 {
		calls.Go(func() {
			if _, ok := l.take(t.Context(), "key", seldom, 4); ok {
				passed.Add(1)
			}
		})
	}
	calls.Wait()
	if commands.Load() != 1 || passed.Load() != 4 {
		t.Errorf("asked %d times, %d requests passed; want 1 and the 4 that this process has for the key", commands.Load(), passed.Load())
	}
}

func TestProxiesThatAreNoNetworksAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"proxy.example", "10.0.0.0/33", "*", ""} {
		if networks, err := ParseProxies([]string{text}); err == nil {
			t.Errorf("%q gives %v", text, networks)
		}
	}
	if networks, err := ParseProxies([]string{" 10.1.2.3/8", "::1"}); err != nil || fmt.Sprint(networks) != "[10.0.0.0/8 ::1/128]" {
		t.Errorf("%v, %v", networks, err)
	}
}

// BenchmarkLimit is what the limits cost a request of a page that is counted in this process.
func BenchmarkLimit(b *testing.B) {
	l := newLimiter(Options{Service: "bench", RateLimits: RateLimits{PublishablePerSecond: auth.MaxRate}})
	p := auth.Principal{KeyID: "key_abc", Kind: auth.KindPublishable}
	r := httptest.NewRequest(http.MethodPost, "/v1/events", nil)
	proxies, _ := ParseProxies([]string{"192.0.2.0/24"})
	l.limits.TrustedProxies = proxies
	r.Header.Set("X-Forwarded-For", "203.0.113.1")
	for b.Loop() {
		caller, perSecond := l.of(p, r)
		l.take(r.Context(), caller, perSecond, 10)
	}
}
