package e2e

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// TestBundlesAreSoldAsTheyAreBought has orders of a coffee set of three, of a pair of which one is sold out afterwards, others by chance,
// and some of an assistant, from which nothing is to be learnt.
func TestBundlesAreSoldAsTheyAreBought(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := startStandalone(t, t.TempDir(), "--untrained-channels", "agent").connect("")
	price := func(v float64) *float64 { return &v }
	items := []profileapi.Item{
		{ItemID: "pot", Title: "Pot", Price: price(20), Currency: "EUR"},
		{ItemID: "cup", Title: "Cup", Price: price(5.5), SalePrice: price(4.5), Currency: "EUR"},
		{ItemID: "tray-xl", ParentID: "tray", Title: "Tray XL", Price: price(9), Currency: "EUR"},
		{ItemID: "vase", Title: "Vase", Price: price(1), Currency: "EUR"},
	}
	for k := range 40 {
		items = append(items, profileapi.Item{
			ItemID: fmt.Sprintf("x%02d", k), Title: fmt.Sprintf("Thing %d", k), Price: price(1), Currency: "EUR",
		})
	}
	if _, err := c.profile.PutItems(ctx, items); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	var events []profileapi.Event
	order := func(u int, ids ...string) {
		e := profileapi.Event{
			Type: "purchase", UserID: fmt.Sprintf("u%d", u), OrderID: fmt.Sprintf("o%d", len(events)),
			OccurredAt: wire.TimeOf(time.Now().Add(-time.Duration(3000-len(events)) * time.Minute)),
		}
		for _, id := range ids {
			e.Items = append(e.Items, profileapi.EventItem{ItemID: id})
		}
		events = append(events, e)
	}
	for u := range 900 {
		order(u, fmt.Sprintf("x%02d", random.IntN(40)), fmt.Sprintf("x%02d", random.IntN(40)))
		if u%15 == 0 {
			order(u, "pot", "cup", "tray-xl")
			order(u, "pot", "vase")
		}
	}
	learnt := len(events)
	for u := range 60 { // which would make a bundle
		order(u, "x00", "x01")
		events[len(events)-1].Channel = "agent"
	}
	post(t, ctx, c, events)
	if models := recomputed(t, ctx, c, similarityapi.BoughtTogether); len(models) != 1 {
		t.Fatalf("models %+v", models)
	}
	asked, err := c.similarity.Bundles(ctx, similarityapi.BundlesRequest{ItemIDs: []string{"cup"}})
	if err != nil || len(asked.Bundles) == 0 || asked.Orders != learnt {
		t.Fatalf("%+v, %v", asked, err)
	}
	if !slices.ContainsFunc(asked.Bundles, func(b similarityapi.Bundle) bool {
		return slices.Equal(b.ItemIDs, []string{"cup", "pot", "tray-xl"}) && b.Support == 60 && b.Confidence == 1 && b.Lift > 100
	}) {
		t.Errorf("the coffee set is not among %+v", asked.Bundles)
	}

	ask := recommenderapi.Request{Scenario: "product_detail.bundles", ContextItems: []string{"pot"}, UserID: "u1", DeadlineMS: 5000}
	rows := func() map[int]recommenderapi.Row {
		t.Helper()
		a, err := c.recommender.Recommend(ctx, ask)
		if err != nil || len(a.Degraded) > 0 {
			t.Fatalf("%+v, %v", a, err)
		}
		by := map[int]recommenderapi.Row{}
		for _, row := range a.Rows {
			by[len(row.Items)] = row
		}
		return by
	}
	eventually(t, ctx, "both bundles are shown", func() error {
		if got := rows(); len(got) != 2 {
			return fmt.Errorf("%+v", got)
		}
		return nil
	})
	set := rows()[2]
	if set.ItemID != "pot" || set.Title != "Pot" || set.Bundle == nil || set.Bundle.Support != 60 ||
		math.Abs(set.Bundle.Confidence-.5) > 1e-9 ||
		set.Bundle.Price == nil || *set.Bundle.Price != 33.5 || set.Bundle.Currency != "EUR" {
		t.Errorf("the coffee set: %+v %+v", set, set.Bundle)
	}
	if replayed, err := c.recommender.Replay(ctx, set.RecommendationID); err != nil || !replayed.Identical {
		t.Errorf("a replay of the row: %+v, %v", replayed, err)
	}
	if _, err := c.profile.PutItems(ctx, []profileapi.Item{
		{ItemID: "vase", Title: "Vase", Price: price(1), Stock: &profileapi.Stock{Status: "out_of_stock"}},
	}); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "the pair with what is sold out is gone", func() error {
		if got := rows(); len(got) != 1 || len(got[2].Items) != 2 {
			return fmt.Errorf("%+v", got)
		}
		return nil
	})
}
