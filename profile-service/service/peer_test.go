package service_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/profile-service/service"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/shared/wire"
)

// peerKey is what the services of this package's tests show each other.
const peerKey = "a-key-that-only-the-services-have"

// peer returns a client that calls a service as another service of the same process does.
func peer(t testing.TB, url string) *profileapi.Client {
	t.Helper()
	if database.IsPostgres(url) {
		if err := migrations.Up(t.Context(), migrations.Profile, url); err != nil {
			t.Fatal(err)
		}
	}
	authenticator, err := auth.NewAuthenticator(auth.Options{ServiceKeys: []string{peerKey}})
	if err != nil {
		t.Fatal(err)
	}
	svc, err := service.New(t.Context(), service.Config{DatabaseURL: url}, process.Deps{
		Auth: authenticator, Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- svc.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("run: %v", err)
		}
		if err := svc.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return profileapi.NewClient(httpclient.New(httpclient.Options{
		BaseURL: "http://profile-service", Key: peerKey, Shop: "north", Transport: httpserver.InProcess{Handler: svc.Handler()},
	}))
}

func viewed(t testing.TB, c *profileapi.Client, user, id string) {
	t.Helper()
	answer, err := c.PostEvents(
		t.Context(),
		[]profileapi.Event{
			{
				EventID: id, Type: "view_item", UserID: user, OccurredAt: wire.TimeOf(time.Now()),
				Items: []profileapi.EventItem{{ItemID: "i" + id}},
			},
		},
	)
	if err != nil || answer.Accepted != 1 {
		t.Fatal(answer, err)
	}
}

func TestAPeerIsToldThatAProfileHolds(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": testenv.SQLite, "postgres": testenv.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := peer(t, url(t))
			ann := profileapi.ProfileQuery{UserID: "ann", SessionID: "tab", Limit: 50}
			viewed(t, client, "ann", "1")
			_, tag, err := client.ProfileUnless(t.Context(), ann, "")
			if err != nil {
				t.Fatal(err)
			}
			for n := range 20 {
				viewed(t, client, "bob", strconv.Itoa(n))
				if _, now, err := client.ProfileUnless(t.Context(), ann, tag); err != nil || now != tag {
					t.Fatalf("somebody else's event changed the tag %s to %s, %v", tag, now, err)
				}
				viewed(t, client, "ann", strconv.Itoa(n+2))
				p, now, err := client.ProfileUnless(t.Context(), ann, tag)
				if err != nil || now == tag || len(p.Recent) != n+2 {
					t.Fatalf("after %d events the profile shows %d, tag %s, %v", n+2, len(p.Recent), now, err)
				}
				tag = now
			}
			if _, now, err := client.ProfileUnless(t.Context(), profileapi.ProfileQuery{UserID: "ann", Limit: 51}, tag); err != nil ||
				now == tag {
				t.Errorf("the tag of another question holds, %v", err)
			}
		})
	}
}

// BenchmarkProfileHolds is the question that every recommendation asks: does the profile of this visitor still hold?
func BenchmarkProfileHolds(b *testing.B) {
	client := peer(b, testenv.SQLite(b))
	ann := profileapi.ProfileQuery{UserID: "user-0123456789", SessionID: "5b1f0c1e-8a77-4c55-9f0b-0d0a6c1f2e3d", Limit: 50}
	viewed(b, client, ann.UserID, "1")
	viewed(b, client, "bob", "2")
	_, tag, err := client.ProfileUnless(b.Context(), ann, "")
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		if _, now, err := client.ForShop("north").ProfileUnless(ctx, ann, tag); err != nil || now != tag {
			b.Fatalf("tag %s, %v", now, err)
		}
	}
}

// BenchmarkEvent is one event, whose commit nobody shares.
func BenchmarkEvent(b *testing.B) {
	client := peer(b, testenv.SQLite(b))
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		viewed(b, client, "user-"+strconv.Itoa(n%1000), strconv.Itoa(n))
	}
}
