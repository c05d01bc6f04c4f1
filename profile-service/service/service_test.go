package service_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/profile-service/service"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/shared/wire"
)

// onBoth runs a test against the service on SQLite and on Postgres.
func onBoth(t *testing.T, f func(t *testing.T, s *running)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, start(t, service.Config{DatabaseURL: testenv.SQLite(t)}))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, start(t, service.Config{DatabaseURL: testenv.Postgres(t)}))
	})
}

// running is a service on a socket with a key for each of two shops.
type running struct {
	url         string
	keys        map[string]string // by shop
	publishable string            // of the shop north
	secret      auth.UserSecret   // of the shop north
	client      *profileapi.Client
	http        *httpclient.Client
	registry    *prometheus.Registry
}

func start(t *testing.T, config service.Config) *running {
	t.Helper()
	if database.IsPostgres(config.DatabaseURL) {
		if err := migrations.Up(t.Context(), migrations.Profile, config.DatabaseURL); err != nil {
			t.Fatal(err)
		}
	}
	r := &running{keys: map[string]string{}}
	keysFile := filepath.Join(t.TempDir(), "keys.json")
	for _, n := range []auth.NewKey{
		{Kind: auth.KindSecret, Shop: "north"}, {Kind: auth.KindSecret, Shop: "south"},
		{Kind: auth.KindPublishable, Shop: "north", Origins: []string{"https://shop.example"}},
	} {
		secret, key, err := auth.Generate(n, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := auth.AppendKey(keysFile, key); err != nil {
			t.Fatal(err)
		}
		if n.Kind == auth.KindPublishable {
			r.publishable = secret
		} else {
			r.keys[n.Shop] = secret
		}
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
	r.registry = prometheus.NewRegistry()
	svc, err := service.New(t.Context(), config, process.Deps{
		Auth: authenticator, Logger: slog.New(slog.NewTextHandler(testWriter{t}, nil)), Registry: r.registry,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.url = testenv.Serve(t, svc)
	r.http = r.as("north")
	r.client = profileapi.NewClient(r.http)
	return r
}

// userToken binds a page of the shop north to a user.
func (r *running) userToken(t *testing.T, user string) string {
	t.Helper()
	token, err := auth.SignUserToken(r.secret, r.secret.Secret, user, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// as returns a client with the secret key of a shop.
func (r *running) as(shop string) *httpclient.Client {
	return httpclient.New(httpclient.Options{BaseURL: r.url, Key: r.keys[shop]})
}

// testWriter sends the service's log to the test's.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}

func post(t *testing.T, c *profileapi.Client, events ...profileapi.Event) profileapi.EventsAnswer {
	t.Helper()
	answer, err := c.PostEvents(t.Context(), events)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func profileOf(t *testing.T, c *profileapi.Client, q profileapi.ProfileQuery) profileapi.Profile {
	t.Helper()
	p, err := c.Profile(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProfileReflectsAcknowledgedEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		price := 12.5
		items := []profileapi.Item{
			{ItemID: "lamp", Title: "Lamp", CategoryPath: []string{"Home", "Lighting"}, Brand: "Lux", Price: &price},
			{ItemID: "a/b", Title: "Slash"},
		}
		if _, err := s.client.PutItems(t.Context(), items); err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			post(t, s.client, profileapi.Event{
				EventID: fmt.Sprint("e", i), Type: "view_item", UserID: "u/1", ItemID: fmt.Sprint("item", i),
			})
			p := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "u/1"})
			if len(p.Recent) != i+1 || p.Recent[0].ItemID != fmt.Sprint("item", i) || p.LastEventID != fmt.Sprint("e", i) {
				t.Fatalf("after event %d the profile shows %d items, first %+v", i, len(p.Recent), p.Recent)
			}
		}
		answer := post(t, s.client,
			profileapi.Event{
				EventID: "p1", Type: "Order Completed", UserID: "u/1", OrderID: "o1",
				Items: []profileapi.EventItem{{ItemID: "lamp"}, {ItemID: "a/b"}},
			},
			profileapi.Event{EventID: "e1", Type: "view_item", UserID: "u/1", ItemID: "item1"},
			profileapi.Event{EventID: "p2", Type: "purchase", UserID: "u/1", OrderID: "o1", ItemID: "lamp"})
		if answer.Accepted != 1 || answer.Duplicates != 2 {
			t.Fatalf("got %+v", answer)
		}
		p := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "u/1"})
		if len(p.Purchased) != 2 || p.Purchased[0].Count != 1 {
			t.Errorf("purchased: %+v", p.Purchased)
		}
		want := []string{"Home", "Home > Lighting"}
		for i, c := range p.Affinity.Categories {
			if c.Value != want[i] || c.Weight < 4.99 || c.Weight > 5 {
				t.Errorf("category %d: %+v", i, c)
			}
		}
		if len(p.Affinity.PriceBands) != 1 || p.Affinity.PriceBands[0].Value != "10-20" {
			t.Errorf("price bands: %+v", p.Affinity.PriceBands)
		}
	})
}

func TestChangeFeedWaitsForTheNextChange(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		page, err := s.client.ItemChanges(t.Context(), "", 10, 0)
		if err != nil || len(page.Changes) != 0 {
			t.Fatalf("got %+v, %v", page, err)
		}
		got := make(chan profileapi.ItemChanges, 1)
		go func() {
			page, err := s.client.ItemChanges(context.Background(), page.Next, 10, 20*time.Second)
			if err != nil {
				t.Error(err)
			}
			got <- page
		}()
		if _, err := s.client.PutItems(t.Context(), []profileapi.Item{{ItemID: "x", Title: "X"}}); err != nil {
			t.Fatal(err)
		}
		if page := <-got; len(page.Changes) != 1 || page.Changes[0].Item.Title != "X" || page.Changes[0].Item.Version != 1 {
			t.Errorf("got %+v", page)
		}
	})
}

func readAll(t *testing.T, c *profileapi.Client, q profileapi.InteractionsQuery) []profileapi.Interaction {
	t.Helper()
	r, err := c.Interactions(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []profileapi.Interaction
	at := func(table []string, i int32) string {
		if i < 0 {
			return ""
		}
		return table[i]
	}
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			all = append(all, profileapi.Interaction{UserID: at(b.Users, b.User[i]),
				SessionID: at(b.Sessions, b.Session[i]), ItemID: at(b.Items, b.Item[i]),
				OrderID: at(b.Orders, b.Order[i]), Type: at(b.Types, b.Type[i]), Weight: b.Weight[i],
				Quantity: b.Quantity[i], OccurredAt: wire.TimeOf(time.UnixMilli(b.OccurredAt[i]))})
		}
	}
}

func TestInteractionsHoldEveryWeightedLine(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		two, rating := 2.0, 1.0
		at := wire.TimeOf(time.Now().Add(-time.Hour))
		post(t, s.client,
			profileapi.Event{EventID: "1", Type: "view_item", UserID: "u", SessionID: "s", ItemID: "a", OccurredAt: at},
			profileapi.Event{EventID: "2", Type: "search", UserID: "u", OccurredAt: at},
			profileapi.Event{
				EventID: "3", Type: "purchase", UserID: "u", Items: []profileapi.EventItem{{ItemID: "a", Quantity: &two}, {ItemID: "b"}},
				OccurredAt: at,
			},
			profileapi.Event{EventID: "4", Type: "rate", SessionID: "s2", ItemID: "c", Value: &rating, OccurredAt: at})
		want := []profileapi.Interaction{
			{UserID: "u", SessionID: "s", ItemID: "a", Type: "view_item", Weight: 1, Quantity: 1, OccurredAt: at},
			{UserID: "u", ItemID: "a", Type: "purchase", OrderID: "3", Weight: 5, Quantity: 2, OccurredAt: at},
			{UserID: "u", ItemID: "b", Type: "purchase", OrderID: "3", Weight: 5, Quantity: 1, OccurredAt: at},
			{SessionID: "s2", ItemID: "c", Type: "rate", Weight: -2, Quantity: 1, OccurredAt: at},
		}
		if diff := cmp.Diff(want, readAll(t, s.client, profileapi.InteractionsQuery{})); diff != "" {
			t.Error(diff)
		}
		learned := append(want[:3:3], want[3])
		learned[3].Weight = .2 // somebody had it, whatever was thought of it
		if diff := cmp.Diff(learned, readAll(t, s.client, profileapi.InteractionsQuery{Relation: "similar"})); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(want[1:3], readAll(t, s.client, profileapi.InteractionsQuery{Relation: "bought_together"})); diff != "" {
			t.Error(diff)
		}
	})
}

// TestAStreamIsResumedOrFollowed reads a stream, has another event come, and asks for the rest of the stream and for what came since.
func TestAStreamIsResumedOrFollowed(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		post(t, s.client, profileapi.Event{Type: "view_item", UserID: "ann", ItemID: "a"})
		read := func(q profileapi.InteractionsQuery) (n int, cursor string) {
			t.Helper()
			r, err := s.client.Interactions(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			for {
				b, err := r.Next()
				if errors.Is(err, io.EOF) {
					return n, cursor
				}
				if err != nil {
					t.Fatal(err)
				}
				n, cursor = n+b.Len(), b.Cursor
			}
		}
		n, cursor := read(profileapi.InteractionsQuery{})
		post(t, s.client, profileapi.Event{Type: "view_item", UserID: "ann", ItemID: "b"})
		rest, _ := read(profileapi.InteractionsQuery{Resume: cursor})
		since, _ := read(profileapi.InteractionsQuery{After: cursor})
		if n != 1 || rest != 0 || since != 1 {
			t.Errorf("the stream has %d, its rest %d, and %d came since; want 1, 0 and 1", n, rest, since)
		}
		if _, err := s.client.Interactions(t.Context(),
			profileapi.InteractionsQuery{Resume: cursor, After: cursor}); !apierror.Is(err, 422) {
			t.Errorf("the rest and what came since at once: %v", err)
		}
		if _, err := s.client.Interactions(t.Context(), profileapi.InteractionsQuery{After: "x"}); !apierror.Is(err, 400) {
			t.Errorf("behind a cursor that is none: %v", err)
		}
	})
}

func TestModelsLearnNothingFromAnUntrainedChannel(t *testing.T) {
	t.Parallel()
	s := start(t, service.Config{DatabaseURL: testenv.SQLite(t), UntrainedChannels: []string{"agent"}})
	post(
		t, s.client, profileapi.Event{EventID: "1", Type: "view_item", UserID: "u", ItemID: "a", Channel: "agent", Page: "/a"},
		profileapi.Event{EventID: "2", Type: "view_item", UserID: "u", ItemID: "b", Channel: "app"},
		profileapi.Event{EventID: "3", Type: "view_item", UserID: "u", ItemID: "c", Properties: map[string]any{"channel": "agent"}},
	)
	var learnt []string
	for _, i := range readAll(t, s.client, profileapi.InteractionsQuery{Relation: "similar"}) {
		learnt = append(learnt, i.ItemID)
	}
	if diff := cmp.Diff([]string{"b", "c"}, learnt); diff != "" {
		t.Error(diff)
	}
	events, err := s.client.Events(t.Context(), profileapi.EventsQuery{UserID: "u", ItemID: "a"})
	if err != nil || len(events.Items) != 1 || events.Items[0].Channel != "agent" {
		t.Errorf("got %+v, %v", events, err)
	}
	answer := post(t, s.client, profileapi.Event{EventID: "4", Type: "view_item", UserID: "u", ItemID: "a", Channel: "Agents"})
	if w := answer.Results[0].Warnings; len(w) != 1 || w[0].Code != "invalid_channel" || w[0].Pointer != "/0/channel" {
		t.Errorf("an unknown channel: %+v", answer.Results)
	}
}

func TestAnAnswerSaysWhatItDependsOn(t *testing.T) {
	t.Parallel()
	s := start(t, service.Config{DatabaseURL: testenv.SQLite(t)})
	for path, want := range map[string][]string{
		"/v1/interactions": {"Origin", "Authorization", "X-API-Key", "Aisle-User-Token", "Accept", "Accept-Encoding"},
		"/v1/items":        {"Origin", "Authorization", "X-API-Key", "Aisle-User-Token"},
	} {
		for _, origin := range []string{"https://shop.example", ""} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+s.keys["north"])
			if origin != "" {
				req.Header.Set("Origin", origin)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			got := strings.Split(strings.Join(resp.Header.Values("Vary"), ", "), ", ")
			if slices.Sort(got); resp.StatusCode != http.StatusOK || !slices.Equal(got, slices.Sorted(slices.Values(want))) {
				t.Errorf("%s for %q: %d, Vary %v, want %v", path, origin, resp.StatusCode, got, want)
			}
		}
	}
}
