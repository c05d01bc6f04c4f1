package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// did is an event of a visitor of his own, some hours ago.
func did(eventType, item string, times int, hoursAgo float64) []profileapi.Event {
	events := make([]profileapi.Event, times)
	at := time.Now().Add(-time.Duration(hoursAgo * float64(time.Hour)))
	for n := range events {
		events[n] = profileapi.Event{
			Type: eventType, UserID: fmt.Sprintf("%s-%s-%d", eventType, item, n), ItemID: item, OccurredAt: wire.TimeOf(at),
		}
	}
	return events
}

// shown returns the ids of an answer once it has n of them.
func shown(t *testing.T, ctx context.Context, c clients, n int, r recommenderapi.Request) []string {
	t.Helper()
	var ids []string
	eventually(t, ctx, r.Scenario, func() error {
		a, err := c.recommender.Recommend(ctx, r)
		if err != nil {
			return err
		}
		ids = nil
		for _, it := range a.Items {
			ids = append(ids, it.ItemID)
		}
		if len(ids) != n {
			return fmt.Errorf("%s shows %v, degraded %v; %d items are expected", r.Scenario, ids, a.Degraded, n)
		}
		return nil
	})
	return ids
}

// TestAShopsOwnPopularity has a shop count what is popular its own way: what was put into carts within the hour, in a placement of its own.
func TestAShopsOwnPopularity(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := startStandalone(t, t.TempDir()).connect("")
	items := []profileapi.Item{{ItemID: "classic", Title: "Classic"}, {ItemID: "hot", Title: "Hot"}, {ItemID: "seen", Title: "Seen"}}
	if _, err := c.profile.PutItems(ctx, items); err != nil {
		t.Fatal(err)
	}
	post(
		t, ctx, c, slices.Concat(did("add_to_cart", "classic", 20, 24), did("add_to_cart", "hot", 3, .1), did("view_item", "seen", 50, .1)),
	)

	hour := similarityapi.NewPopularWindow("popular", 1, []string{"add_to_cart"})
	var own similarityapi.PopularAnswer
	eventually(t, ctx, "carts of the hour", func() (err error) {
		if own, err = c.similarity.Popular(ctx, similarityapi.PopularQuery{Window: hour}); err == nil && len(own.Items) != 2 {
			err = fmt.Errorf("the list is %v", own.Items)
		}
		return err
	})
	if own.Items[0].ItemID != "hot" || own.HalfLifeHours != 1 || !slices.Equal(own.EventTypes, []string{"add_to_cart"}) {
		t.Errorf("carts of the hour: %+v", own)
	}

	placement := recommenderapi.Scenario{
		ScenarioID: "hot.now",
		Sources:    []recommenderapi.Source{{Kind: "popular", Weight: 1, HalfLifeHours: 1, EventTypes: []string{"add_to_cart"}}},
		Fallback:   []string{}, AllowPurchased: true,
	}
	if _, err := c.recommender.PutScenario(ctx, placement, 0); err != nil {
		t.Fatal(err)
	}
	ask := recommenderapi.Request{Scenario: "hot.now", Fallback: "strict"}
	if diff := cmp.Diff([]string{"hot", "classic"}, shown(t, ctx, c, 2, ask)); diff != "" {
		t.Errorf("the placement (-want +got):\n%s", diff)
	}
	a, err := c.recommender.Recommend(ctx, ask)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "replay", func() error {
		again, err := c.recommender.Replay(ctx, a.RecommendationID)
		if err == nil && !again.Identical {
			err = fmt.Errorf("the answer is not made again: %+v", again)
		}
		return err
	})

	for name, w := range map[string]similarityapi.PopularWindow{
		"a type that is none": {Name: "popular", EventTypes: "add_to_kart"}, "an instant": {Name: "popular", HalfLifeHours: .01},
	} {
		if _, err := c.similarity.Popular(ctx, similarityapi.PopularQuery{Window: w}); status(err) != 422 {
			t.Errorf("%s: %v, want 422", name, err)
		}
	}
	placement.Sources[0] = recommenderapi.Source{Kind: "history", Weight: 1, HalfLifeHours: 1}
	if _, err := c.recommender.PutScenario(ctx, placement, 0); status(err) != 422 {
		t.Errorf("a half-life of the history's neighbours is stored: %v, want 422", err)
	}
	for n := range 8 {
		_, err = c.similarity.Popular(ctx, similarityapi.PopularQuery{
			Window: similarityapi.PopularWindow{Name: "trending", HalfLifeHours: float64(n + 1)},
		})
	}
	if status(err) != 422 {
		t.Errorf("a ninth window of its own: %v, want 422", err)
	}
}

// counted has popularity counted now: any recompute does, also one that finds too little to learn from.
func counted(t *testing.T, ctx context.Context, c clients) {
	t.Helper()
	job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{Relations: []string{similarityapi.BoughtTogether}, BudgetSeconds: 1})
	if err != nil {
		t.Fatal(err)
	}
	if job, err = c.similarity.WaitForJob(ctx, job.JobID, nil); job.FinishedAt.IsZero() {
		t.Fatalf("the job has not ended: %v", err)
	}
}

// TestACategoryThatAppearsLaterHasAPopularityList asks for a category before there is one, and then has items put there that have long been
// sold.
func TestACategoryThatAppearsLaterHasAPopularityList(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := startStandalone(t, t.TempDir()).connect("")
	if _, err := c.profile.PutItems(ctx, []profileapi.Item{{ItemID: "lamp", Title: "Lamp"}, {ItemID: "pot", Title: "Pot"}}); err != nil {
		t.Fatal(err)
	}
	post(t, ctx, c, slices.Concat(did("purchase", "lamp", 2, 1), did("purchase", "pot", 1, 1)))
	counted(t, ctx, c)
	ask := recommenderapi.Request{Scenario: "category.best_sellers", Category: "Light", Fallback: "strict"}
	shown(t, ctx, c, 0, ask)
	items := []profileapi.Item{
		{ItemID: "lamp", Title: "Lamp", CategoryPath: []string{"Light"}}, {ItemID: "pot", Title: "Pot", CategoryPath: []string{"Light"}},
	}
	if _, err := c.profile.PutItems(ctx, items); err != nil {
		t.Fatal(err)
	}
	counted(t, ctx, c)
	if diff := cmp.Diff([]string{"lamp", "pot"}, shown(t, ctx, c, 2, ask)); diff != "" {
		t.Errorf("best sellers of the category (-want +got):\n%s", diff)
	}
}

// TestTheShopsWeightsReachEventsOfARequest has views weigh more than purchases and a type of the shop's own: what a request carries weighs
// the same.
func TestTheShopsWeightsReachEventsOfARequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p := start(
		t, []string{"AISLE_EVENT_WEIGHTS=view_item=9,quiz_answer=4"}, "aisle", "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0",
		"--admin-listen", "off",
	)
	c := connectTo(p, "")
	var items []profileapi.Item
	for _, id := range []string{"a", "b", "c"} {
		items = append(items, profileapi.Item{ItemID: id, Title: id, CategoryPath: []string{"Of " + id}})
	}
	if _, err := c.profile.PutItems(ctx, items); err != nil {
		t.Fatal(err)
	}
	types, err := c.profile.EventTypes(ctx)
	if err != nil || types.Weights["view_item"] != 9 || types.Weights["quiz_answer"] != 4 || types.Weights["purchase"] != 5 {
		t.Errorf("the types of event are %v, %v", types, err)
	}
	events := []profileapi.Event{{Type: "quiz_answer", ItemID: "a"}, {Type: "view_item", ItemID: "b"}, {Type: "add_to_cart", ItemID: "c"}}
	eventually(t, ctx, "the weights are known", func() error { // the recommender-service has read the weights
		_, err := c.recommender.Recommend(ctx, recommenderapi.Request{Scenario: "home.for_you", SessionID: "new-session", Events: events})
		return err
	})
}

// status returns the HTTP status of a problem; 0 for no error.
func status(err error) int {
	if err == nil {
		return 0
	}
	return apierror.From(err).Status
}

// TestAnObjectiveOfConversionPrefersWhatIsBought has one item that many look at and few buy, and one the other way round.
func TestAnObjectiveOfConversionPrefersWhatIsBought(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := startStandalone(t, t.TempDir()).connect("")
	if _, err := c.profile.PutItems(ctx, []profileapi.Item{
		{ItemID: "looked-at", Title: "A"}, {ItemID: "bought", Title: "B"}, {ItemID: "neither", Title: "C"},
	}); err != nil {
		t.Fatal(err)
	}
	post(t, ctx, c, slices.Concat(did(
		"view_item", "looked-at", 400, 1,
	), did("purchase", "looked-at", 1, 1), did("view_item", "bought", 50, 1), did("purchase", "bought", 30, 1),
		did("view_item", "neither", 10, 1)))
	placement := recommenderapi.Scenario{
		Sources: []recommenderapi.Source{{Kind: "popular", Weight: 1}}, Fallback: []string{}, AllowPurchased: true,
	}
	for name, want := range map[string][]string{
		"clicks": {"looked-at", "bought", "neither"}, "conversion": {"bought", "looked-at", "neither"},
	} {
		placement.ScenarioID, placement.Objective, placement.ObjectiveStrength = name, name, 1
		if _, err := c.recommender.PutScenario(ctx, placement, 0); err != nil {
			t.Fatal(err)
		}
		ask := recommenderapi.Request{Scenario: name, Fallback: "strict", Explain: "full", DeadlineMS: 5000}
		var a recommenderapi.Answer
		eventually(t, ctx, name, func() (err error) {
			if a, err = c.recommender.Recommend(ctx, ask); err == nil && (len(a.Items) != 3 || len(a.Degraded) > 0) {
				err = fmt.Errorf("%d items, degraded %v", len(a.Items), a.Degraded)
			}
			return err
		})
		var got []string
		for _, it := range a.Items {
			got = append(got, it.ItemID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if boosts := a.Items[0].Explanation.Boosts; name == "conversion" &&
			(len(boosts) != 1 || boosts[0].Source != "objective:conversion" || boosts[0].Factor <= 1) {
			t.Errorf("what is bought is boosted by %+v", boosts)
		}
		eventually(t, ctx, "replay", func() error {
			again, err := c.recommender.Replay(ctx, a.RecommendationID)
			if err == nil && !again.Identical {
				err = fmt.Errorf("the answer is not made again: %+v", again.Gone)
			}
			return err
		})
	}
}
