package tune

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/standalone/internal/app"
	"github.com/aisle-rec/aisle/standalone/internal/feed"
)

// pairs is a shop in which every order holds an item and its partner, and all pairs are bought alike: what sells best says nothing about
// the rest of an order, and what is bought together says it all.
func pairs(start time.Time) []profileapi.Event {
	rng := rand.New(rand.NewPCG(7, 7))
	const pairs, orders = 30, 1200
	var events []profileapi.Event
	for n := range orders {
		p := rng.IntN(pairs)
		e := did(
			fmt.Sprintf("buyer%d", n), "purchase", start.Add(time.Duration(n)*time.Hour), fmt.Sprintf("item%02d", p),
			fmt.Sprintf("item%02d", p+pairs),
		)
		e.EventID = fmt.Sprint("e", n)
		events = append(events, e)
	}
	return events
}

func quiet(string, int, int) {}

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// startShop runs an Aisle until the test ends.
func startShop(t *testing.T) app.Clients {
	t.Helper()
	a, err := app.New(t.Context(), app.Config{DataDir: t.TempDir(), SearchSeconds: 1}, discard())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a.Clients()
}

func TestTuneFindsTheInformativeSourceOfARunningShop(t *testing.T) {
	t.Parallel()
	clients := startShop(t)
	now := time.Now()
	if _, err := feed.Events(t.Context(), clients.Profile, pairs(now.Add(-50*24*time.Hour)), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	placement := api.Scenario{
		ScenarioID: "page.with_this", Limit: 20, AllowPurchased: true, Rotation: 1, Exploration: .5,
		Sources: []api.Source{{Kind: api.SourceBestSellers, Weight: 2}, {Kind: api.SourceContextTogether, Weight: .02}},
	}
	if _, err := clients.Recommender.PutScenario(t.Context(), placement, 0); err != nil {
		t.Fatal(err)
	}
	shop, err := FromServer(t.Context(), clients.Profile, quiet)
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := clients.Recommender.Scenarios(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Only: []string{placement.ScenarioID, "home.trending", "order_confirmation.buy_again"}, Holdout: 12 * 24 * time.Hour, Questions: 280,
		Seed: 1, SearchSeconds: 1,
		TempDir: t.TempDir(), Now: now, Progress: quiet,
	}
	result, err := Run(t.Context(), shop, scenarios, o, discard())
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(o.TempDir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	found := result.Scenarios[0]
	if found.State != Better || found.Asked != AskTogether || found.Gain.Low <= 0 || found.After.NDCG < .95 {
		t.Errorf("%s: %s, gain %+v, NDCG %v → %v", found.State, found.Reason, found.Gain, found.Before.NDCG, found.After.NDCG)
	}
	if w := found.Proposed; len(w) != 2 || w[0].Weight != 2 || w[1].Weight < 1 {
		t.Errorf("proposed %+v", w)
	}
	if alone := found.Alone; len(alone) != 2 || alone[1].Figures.NDCG < .95 || alone[0].Figures.NDCG > alone[1].Figures.NDCG {
		t.Errorf("alone: %+v", alone)
	}
	if one := result.Scenarios[1]; one.State != Untunable || one.Gain != nil {
		t.Errorf("one source: %+v", one)
	}
	if none := result.Scenarios[2]; none.State != TooLittle || none.Questions != 0 || none.Reason == "" {
		t.Errorf("nobody bought twice: %+v", none)
	}
	applied(t, clients, placement, result)
}

// applied applies a result twice: the second time the scenario is no longer the one that the result is about.
func applied(t *testing.T, clients app.Clients, placement api.Scenario, result *Result) {
	t.Helper()
	if err := Apply(t.Context(), clients.Recommender, result); err != nil {
		t.Fatal(err)
	}
	now := scenarioNamed(t, clients, placement.ScenarioID)
	if !reflect.DeepEqual(now.Sources, result.Scenarios[0].Proposed) || now.Version != 2 || result.Scenarios[0].Applied != 2 ||
		now.Rotation != 1 || now.Exploration != .5 {
		t.Errorf("applied: %+v", now)
	}
	if err := Apply(t.Context(), clients.Recommender, result); !apierror.Is(err, http.StatusPreconditionFailed) {
		t.Errorf("weights for a scenario that was changed meanwhile: %v", err)
	}
	if now := scenarioNamed(t, clients, placement.ScenarioID); now.Version != 2 {
		t.Errorf("the refused change made version %d", now.Version)
	}
}

func scenarioNamed(t *testing.T, clients app.Clients, id string) api.Scenario {
	t.Helper()
	all, err := clients.Recommender.Scenarios(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all[slices.IndexFunc(all, func(s api.Scenario) bool { return s.ScenarioID == id })]
}

func TestCancellingRemovesTheFolder(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	shop := &Shop{Events: pairs(cutAt)}
	if err := shop.normalise(); err != nil {
		t.Fatal(err)
	}
	o := Options{Questions: 10, SearchSeconds: 1, TempDir: t.TempDir(), Now: time.Now(), Progress: func(stage string, _, _ int) {
		if stage != "import the catalogue" {
			cancel()
		}
	}}
	if _, err := Run(ctx, shop, nil, o, discard()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if left, err := os.ReadDir(o.TempDir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestEventsWithoutConsentAreNotRead(t *testing.T) {
	t.Parallel()
	clients := startShop(t)
	no := false
	events := []profileapi.Event{did("ann", "view_item", time.Now(), "a"), did("ben", "view_item", time.Now(), "b")}
	events[1].Consent = &profileapi.Consent{Personalization: &no}
	if _, err := feed.Events(t.Context(), clients.Profile, events, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	shop, err := FromServer(t.Context(), clients.Profile, quiet)
	if err != nil || len(shop.Events) != 1 || shop.Events[0].UserID != "ann" {
		t.Errorf("%v: %+v", err, shop.Events)
	}
}
