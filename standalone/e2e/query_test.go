package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// TestWordsAreASeed asks for words: what has them comes first, then what visitors look at who look at that, and nothing that cannot be
// sold.
func TestWordsAreASeed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := startStandalone(t, t.TempDir()).connect("")
	items := []profileapi.Item{
		{ItemID: "p1", Title: "Teapot with roses", Brand: "Ora"}, {ItemID: "p2", Title: "Small teapots", Brand: "Bel"},
		{ItemID: "p3", Title: "Teapot of iron", Brand: "Bel", Stock: &profileapi.Stock{Status: "out_of_stock"}},
		{ItemID: "warmer", Title: "Candle stand", Brand: "Ora"},
	}
	for k := range 30 {
		items = append(items, profileapi.Item{ItemID: fmt.Sprintf("x%02d", k), Title: fmt.Sprintf("Shelf %d", k), Brand: "Ikon"})
	}
	if _, err := c.profile.PutItems(ctx, items); err != nil {
		t.Fatal(err)
	}
	var events []profileapi.Event
	for u := range 200 {
		view := func(ids ...string) {
			for _, id := range ids {
				events = append(events, profileapi.Event{
					Type: "view_item", UserID: fmt.Sprintf("u%d", u), ItemID: id,
					OccurredAt: wire.TimeOf(time.Now().Add(-time.Duration(900-len(events)) * time.Minute)),
				})
			}
		}
		if view(fmt.Sprintf("x%02d", u%30), fmt.Sprintf("x%02d", (u*7+1)%30)); u%4 == 0 {
			view("p1", "warmer")
		}
	}
	post(t, ctx, c, events)
	recomputed(t, ctx, c, similarityapi.Similar)
	ask := recommenderapi.Request{
		Scenario: "search.for_query", Q: "tea pots TEAPOT", Fallback: "strict", Explain: "full", Facets: 1, DeadlineMS: 5000,
	}
	var answer recommenderapi.Answer
	eventually(t, ctx, "the words find the teapots, and what goes with them", func() (err error) {
		if answer, err = c.recommender.Recommend(ctx, ask); err != nil {
			return err
		}
		ids := make([]string, len(answer.Items))
		for n := range answer.Items {
			ids[n] = answer.Items[n].ItemID
		}
		if at := slices.Index(ids, "warmer"); len(ids) < 3 || !slices.Contains(ids[:2], "p1") || !slices.Contains(ids[:2], "p2") ||
			at < 2 || slices.Contains(ids, "p3") {
			return fmt.Errorf("%v", ids)
		}
		return nil
	})
	if r := answer.Items[0].Reasons; len(r) == 0 || r[0].Code != "matches_search" {
		t.Errorf("reasons %+v", r)
	}
	sum := 0.0
	for _, c := range answer.Items[2].Explanation.Contributions {
		sum += c.Value
	}
	if sum != answer.Items[2].Explanation.BaseScore {
		t.Errorf("%+v does not add up", answer.Items[2].Explanation)
	}
	if len(answer.Facets) != 1 || answer.Facets[0].Field != "brand" {
		t.Errorf("facets %+v", answer.Facets)
	}
	if again, err := c.recommender.Replay(ctx, answer.RecommendationID); err != nil || !again.Identical {
		t.Errorf("a replay: %+v, %v", again, err)
	}
	found, err := c.similarity.Search(ctx, similarityapi.SearchRequest{Q: "p3", Limit: 5})
	if err != nil || len(found.Items) != 1 || found.Items[0].ItemID != "p3" || *found.Items[0].Available {
		t.Errorf("an id as words: %+v, %v", found, err)
	}
}
