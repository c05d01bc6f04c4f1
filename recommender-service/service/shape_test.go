package service_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// put stores a scenario of the shop.
func (r *running) put(t *testing.T, id string, sc api.Scenario) {
	t.Helper()
	if _, err := r.call(t, http.MethodPut, "/v1/scenarios/"+id, nil, sc, nil); err != nil {
		t.Fatal(err)
	}
}

func trending() api.Scenario {
	return api.Scenario{Sources: []api.Source{{Kind: "trending", Weight: 1}}, Limit: 10}
}

func TestRotationLowersWhatWasJustShownAndCanBeReplayed(t *testing.T) {
	t.Parallel()
	s := north(t)
	sc := trending()
	sc.Rotation = .9
	s.put(t, "turning", sc)
	req := api.Request{Scenario: "turning", UserID: "ann", Explain: "full"}
	first, second := s.recommend(t, req), s.recommend(t, req)
	if slices.ContainsFunc(ids(second), func(id string) bool { return slices.Contains(ids(first), id) }) {
		t.Errorf("shown again: %v after %v", ids(second), ids(first))
	}
	if other := s.recommend(t, api.Request{Scenario: "turning", UserID: "bob"}); !slices.Equal(ids(other), ids(first)) {
		t.Errorf("another visitor got %v", ids(other))
	}
	s.recommend(t, req)
	var again api.Replay
	if _, err := s.call(t, http.MethodPost, "/v1/recommendations/"+second.RecommendationID+"/replay", nil, nil, &again); err != nil ||
		!again.Identical {
		t.Errorf("replay: %v, gone %v", err, again.Gone)
	}
}

func TestExplorationGivesPlacesToWhatIsShownLeastAndCanBeReplayed(t *testing.T) {
	t.Parallel()
	s := north(t)
	sc := trending()
	sc.Exploration = .5
	s.put(t, "curious", sc)
	explored := 0
	for range 20 {
		a := s.recommend(t, api.Request{Scenario: "curious", Explain: "full"})
		if a.Items[0].Tier != "popular" {
			t.Errorf("the first place was explored")
		}
		for _, item := range a.Items {
			if item.Tier == "exploration" {
				explored++
			}
			if added(item.Explanation) != item.Score {
				t.Errorf("%s does not add up", item.ItemID)
			}
		}
		var again api.Replay
		if _, err := s.call(t, http.MethodPost, "/v1/recommendations/"+a.RecommendationID+"/replay", nil, nil, &again); err != nil ||
			!again.Identical {
			t.Fatalf("replay: %v, gone %v", err, again.Gone)
		}
	}
	if explored < 40 || explored > 140 { // 20 lists of 9 places at one half: 90 expected, 6.7 standard deviation
		t.Errorf("%d places explored", explored)
	}
}

func TestObjectiveCapsAndMarketShapeTheList(t *testing.T) {
	t.Parallel()
	s := north(t)
	sc := trending()
	sc.Objective, sc.MaxPerCategory = "revenue", 2
	s.put(t, "rich", sc)
	a := s.recommend(t, api.Request{Scenario: "rich", Explain: "full", Fields: []string{"category"}})
	perCategory := map[any]int{}
	for _, item := range a.Items {
		if perCategory[item.Fields.Get("category")]++; perCategory[item.Fields.Get("category")] > 2 {
			t.Errorf("more than two of %v", item.Fields.Get("category"))
		}
		if added(item.Explanation) != item.Score {
			t.Errorf("%s does not add up", item.ItemID)
		}
	}
	if len(a.Items) != 8 || a.Items[0].Explanation.Boosts[0].Source != "objective:revenue" {
		t.Errorf("got %d items, boosts %v", len(a.Items), a.Items[0].Explanation.Boosts)
	}
	s.world.edit("north", func(d *shopData) {
		abroad, local := d.items["i000"], d.items["i001"]
		abroad.Countries = []string{"US"}
		local.Currency, local.Prices = "GBP", []profileapi.MarketPrice{{Country: "DE", Currency: "EUR", Price: 7}}
		pounds := d.items["i002"]
		pounds.Currency = "GBP"
		d.put(abroad, local, pounds)
	})
	req := api.Request{
		Scenario: "home.trending", Limit: 2, Market: &api.Market{Country: "DE", Currency: "EUR"}, Fields: []string{"price", "currency"},
	}
	a = s.await(t, req, func(a api.Answer) bool { return a.Items[0].ItemID != "i000" })
	if got := ids(a); got[0] != "i001" || got[1] != "i003" || a.Items[0].Fields.Get("price") != 7.0 ||
		a.Items[0].Fields.Get("currency") != "EUR" {
		t.Errorf("in the market: %+v", a.Items)
	}
}

func TestWithoutConsentNothingPersonalIsUsed(t *testing.T) {
	t.Parallel()
	s := north(t)
	no := false
	s.world.edit("north", func(d *shopData) { d.did("ann", "view_item", "i090") })
	before := s.world.times("profile")
	a := s.recommend(t, api.Request{
		Scenario: "home.for_you", UserID: "ann", Limit: 3, Consent: &profileapi.Consent{Personalization: &no},
		Events: []profileapi.Event{{Type: "view_item", ItemID: "i050"}},
	})
	if s.world.times("profile") != before || ids(a)[0] != "i000" || a.Items[0].Tier != "popular" {
		t.Errorf("got %v of tier %s after %d profile reads", ids(a), a.Items[0].Tier, s.world.times("profile")-before)
	}
}
