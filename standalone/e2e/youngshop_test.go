package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// post sends events in batches and fails when one is not accepted.
func post(t testing.TB, ctx context.Context, c clients, events []profileapi.Event) {
	t.Helper()
	for len(events) > 0 {
		n := min(1000, len(events))
		answer, err := c.profile.PostEvents(ctx, events[:n])
		if err != nil || answer.Accepted != n {
			t.Fatalf("post events: %d of %d accepted, %v", answer.Accepted, n, err)
		}
		events = events[n:]
	}
}

// recomputed runs a short recompute and returns the models of relations that were stored.
func recomputed(t *testing.T, ctx context.Context, c clients, relations ...string) []similarityapi.Model {
	t.Helper()
	job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{Relations: relations, BudgetSeconds: 2})
	if err != nil {
		t.Fatal(err)
	}
	if job, err = c.similarity.WaitForJob(ctx, job.JobID, nil); err != nil {
		t.Fatal(err)
	}
	var models []similarityapi.Model
	for _, version := range job.Models {
		m, err := c.similarity.Model(ctx, version)
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, m)
	}
	return models
}

// TestAShopOfGuestsGetsAModel has visitors who come once and never again: 600 of them with one of three tastes. What goes together can be
// learned and measured within their visits.
func TestAShopOfGuestsGetsAModel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := startStandalone(t, t.TempDir()).connect("")
	var items []profileapi.Item
	for _, taste := range "SBG" {
		for k := range 20 {
			items = append(items, profileapi.Item{ItemID: fmt.Sprintf("%c%02d", taste, k), Title: fmt.Sprintf("Thing %c %d", taste, k)})
		}
	}
	if _, err := c.profile.PutItems(ctx, items); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 7))
	var events []profileapi.Event
	now := time.Now()
	for u := range 600 {
		at := now.Add(-time.Duration((rng.Float64()*30 + .2) * 24 * float64(time.Hour)))
		for range 4 + rng.IntN(6) {
			taste := u % 3
			if rng.Float64() > .9 {
				taste = rng.IntN(3)
			}
			id := fmt.Sprintf("%c%02d", "SBG"[taste], min(int(rng.ExpFloat64()*7), 19))
			at = at.Add(time.Duration(20+rng.IntN(180)) * time.Second)
			events = append(events, profileapi.Event{
				Type: "view_item", SessionID: fmt.Sprint("s", u), ItemID: id, OccurredAt: wire.TimeOf(at),
			})
		}
	}
	post(t, ctx, c, events)
	models := recomputed(t, ctx, c, similarityapi.Similar)
	if len(models) != 1 || models[0].State != "live" || models[0].Gate.Verdict != "passed" {
		t.Fatalf("%+v", models)
	}
	// Of 60 things a guest wants those 20 of his taste: on such data popularity reaches about .28 and a model that knows tastes about .54.
	for _, check := range models[0].Gate.Checks {
		if ndcg := models[0].Metrics["ndcg@20"].Value; check.Name == "not_worse_than_popularity" && check.Value < .4*ndcg {
			t.Errorf("NDCG %.3f, %.3f over popularity", ndcg, check.Value)
		}
	}
}

// TestVariantsAreOneProduct sells 60 variants of a tee, each to two people, and 40 mugs, each to three: the tee is what is most popular,
// and its variants do not stand in each other's lists.
func TestVariantsAreOneProduct(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := startStandalone(t, t.TempDir()).connect("")
	items := []profileapi.Item{{ItemID: "TEE", Title: "Band tee", CategoryPath: []string{"Tees"}}}
	var events []profileapi.Event
	buy := func(who, item string) {
		events = append(events, profileapi.Event{Type: "purchase", UserID: who, OrderID: who, ItemID: item})
	}
	for k := range 60 {
		id := fmt.Sprint("TEE-", k)
		items = append(items, profileapi.Item{
			ItemID: id, Title: fmt.Sprintf("Band tee - colour %d size %d", k%10, k/10), CategoryPath: []string{"Tees"}, ParentID: "TEE",
			Aliases: []string{"SKU" + id},
		})
		buy(fmt.Sprint("a", k), id)
		buy(fmt.Sprint("b", k), "SKU"+id)
	}
	for k := range 40 {
		id := fmt.Sprint("MUG-", k)
		items = append(items, profileapi.Item{ItemID: id, Title: fmt.Sprint("Band mug number ", k), CategoryPath: []string{"Mugs"}})
		for _, who := range []string{"c", "d", "e"} {
			buy(fmt.Sprint(who, k), id)
		}
	}
	for k := range 6 {
		items = append(items, profileapi.Item{
			ItemID: fmt.Sprint("OTHERTEE-", k), Title: fmt.Sprint("Other band tee ", k), CategoryPath: []string{"Tees"},
		})
	}
	if _, err := c.profile.PutItems(ctx, items); err != nil {
		t.Fatal(err)
	}
	post(t, ctx, c, events)
	// it counts popularity anew, whatever else it makes
	if job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{BudgetSeconds: 1}); err == nil {
		_, _ = c.similarity.WaitForJob(ctx, job.JobID, nil)
	}
	eventually(t, ctx, "popularity counts families", func() error {
		popular, err := c.similarity.Popular(ctx, similarityapi.PopularQuery{Limit: 10})
		if err != nil {
			return err
		}
		if len(popular.Items) < 10 || popular.Items[0].ItemID != "TEE" || !strings.HasPrefix(popular.Items[1].ItemID, "MUG") {
			return fmt.Errorf("%+v", popular.Items)
		}
		return nil
	})
	for _, id := range []string{"TEE-7", "SKUTEE-7"} {
		answer, err := c.recommender.Recommend(ctx, recommenderapi.Request{
			Scenario: "product_detail.similar", ContextItems: []string{id}, Limit: 6, DeadlineMS: 5000,
		})
		if err != nil {
			t.Fatal(err)
		}
		for n, it := range answer.Items {
			if !strings.HasPrefix(it.ItemID, "OTHERTEE-") {
				t.Errorf("%s: place %d is %s", id, n+1, it.ItemID)
			}
		}
		if len(answer.Items) != 6 {
			t.Errorf("%s: %d items", id, len(answer.Items))
		}
	}
}
