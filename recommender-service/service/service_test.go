package service_test

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/recommender-service/service"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/testenv"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"), goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreTopFunction("internal/poll.runtime_pollWait"),
		// of the proxy of the tests, which may forget a link whose connection it cuts
		goleak.IgnoreTopFunction("github.com/Shopify/toxiproxy/v2/toxics.(*NoopToxic).Pipe"),
		// The frame's rate limiter has no end; its background work stops when it is collected.
		goleak.IgnoreAnyFunction("github.com/maypok86/otter/v2.periodicCleanUp[...]"))
}

// browser names the publishable key of the shop north.
const browser = "north, in a browser"

// running is a service on a socket with a key for each of two shops.
type running struct {
	world *world
	url   string
	keys  map[string]string
	// secret signs user tokens of the shop north.
	secret auth.UserSecret
	api    *recommenderapi.Client // of the shop north
	http   *httpclient.Client

	registry *prometheus.Registry
}

func start(t testing.TB, w *world, databaseURL string) *running {
	t.Helper()
	return startWith(t, w, databaseURL, nil)
}

// startWith is start with a Redis, which may be nil.
func startWith(t testing.TB, w *world, databaseURL string, shared redis.UniversalClient) *running {
	t.Helper()
	if database.IsPostgres(databaseURL) {
		if err := migrations.Up(t.Context(), migrations.Recommender, databaseURL); err != nil {
			t.Fatal(err)
		}
	}
	r := &running{world: w, keys: map[string]string{}, registry: prometheus.NewRegistry()}
	keysFile := filepath.Join(t.TempDir(), "keys.json")
	for name, wanted := range map[string]auth.NewKey{
		"north": {Kind: auth.KindSecret, Shop: "north"}, "south": {Kind: auth.KindSecret, Shop: "south"},
		browser: {Kind: auth.KindPublishable, Shop: "north"},
	} {
		secret, key, err := auth.Generate(wanted, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := auth.AppendKey(keysFile, key); err != nil {
			t.Fatal(err)
		}
		r.keys[name] = secret
	}
	secret, _, err := auth.GenerateUserSecret(auth.HS256, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r.secret = secret
	if err := auth.EditShop(
		keysFile, "north", func(s *auth.ShopSettings) error { s.UserSecrets = []auth.UserSecret{secret}; return nil },
	); err != nil {
		t.Fatal(err)
	}
	authenticator, err := auth.NewAuthenticator(auth.Options{KeysFile: keysFile})
	if err != nil {
		t.Fatal(err)
	}
	svc, err := service.New(t.Context(), service.Config{
		DatabaseURL: databaseURL, ProfileURL: w.profile.URL, SimilarityURL: w.similarity.URL,
	},
		process.Deps{
			Auth: authenticator, Logger: slog.New(slog.DiscardHandler), Registry: r.registry, Limits: httpserver.RateLimits{Redis: shared},
		})
	if err != nil {
		t.Fatal(err)
	}
	r.url = testenv.Serve(t, svc)
	r.http = httpclient.New(httpclient.Options{BaseURL: r.url, Key: r.keys["north"]})
	r.api = recommenderapi.NewClient(r.http)
	return r
}

// north starts a service for a shop of 200 lamps and waits until it knows them.
func north(t testing.TB) *running {
	t.Helper()
	w := newWorld(t)
	w.edit("north", func(s *shopData) { lamps(s, 200) })
	r := start(t, w, testenv.SQLite(t))
	r.await(
		t, recommenderapi.Request{Scenario: "home.trending"},
		func(a recommenderapi.Answer) bool { return len(a.Items) == 20 && len(a.Degraded) == 0 },
	)
	return r
}

func (r *running) recommend(t testing.TB, req recommenderapi.Request) recommenderapi.Answer {
	t.Helper()
	if req.DeadlineMS == 0 {
		req.DeadlineMS = 5000 // a slow machine must not look like a peer that is away
	}
	a, err := r.api.Recommend(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// await asks until the answer is as wanted.
func (r *running) await(t testing.TB, req recommenderapi.Request, want func(recommenderapi.Answer) bool) recommenderapi.Answer {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		a := r.recommend(t, req)
		if want(a) {
			return a
		}
		select {
		case <-deadline:
			t.Fatalf("waited in vain; the last answer was %+v", a)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func ids(a recommenderapi.Answer) []string {
	list := make([]string, len(a.Items))
	for n := range a.Items {
		list[n] = a.Items[n].ItemID
	}
	return list
}

// as returns a client with the key of a shop or of a browser.
func (r *running) as(name string) *httpclient.Client {
	return httpclient.New(httpclient.Options{BaseURL: r.url, Key: r.keys[name]})
}
