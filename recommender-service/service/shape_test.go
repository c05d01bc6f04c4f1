package service_test

import (
	"math"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func TestExplorationGivesPlacesToWhatTheListLeavesOutAndCanBeReplayed(t *testing.T) {
	t.Parallel()
	s := north(t)
	sc := trending()
	s.put(t, "plain", sc)
	plain := ids(s.recommend(t, api.Request{Scenario: "plain"}))
	sc.Exploration = .5
	s.put(t, "curious", sc)
	explored := 0
	for range 20 {
		a := s.recommend(t, api.Request{Scenario: "curious", Explain: "full"})
		if a.Items[0].Tier != "popular" {
			t.Errorf("the first place was explored")
		}
		for n, item := range a.Items {
			if item.Tier == "exploration" {
				explored++
				if slices.Contains(plain, item.ItemID) {
					t.Errorf("%s is explored and stands in the list without exploration", item.ItemID)
				}
			} else if item.ItemID != plain[n] {
				t.Errorf("place %d has %s, want %s", n+1, item.ItemID, plain[n])
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

// TestThePriceBandOfTheVisitorRanks has a visitor who bought lamps of 10 to 17: those go up by as much as is said, in an explanation that
// adds up and an answer that can be made again; nobody else sees another list.
func TestThePriceBandOfTheVisitorRanks(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) { d.did("ann", "purchase", "i111", "i112") }) // of 10 and 11, in the band 10-20
	sc := trending()
	s.put(t, "plain", sc)
	sc.PriceBand = .5
	s.put(t, "priced", sc)
	plain := s.recommend(t, api.Request{Scenario: "plain", UserID: "ann", Limit: 200})
	priced := s.recommend(t, api.Request{Scenario: "priced", UserID: "ann", Limit: 200, Explain: "full", Fields: []string{"price"}})
	before := map[string]float64{}
	for _, it := range plain.Items {
		before[it.ItemID] = it.Score
	}
	raised := 0
	for _, it := range priced.Items {
		price, _ := it.Fields.Get("price").(float64)
		want := before[it.ItemID]
		if price >= 10 {
			want *= 1.5
			if raised++; len(it.Explanation.Boosts) != 1 || it.Explanation.Boosts[0].Source != "price_band" {
				t.Errorf("%s of %g: boosts %v", it.ItemID, price, it.Explanation.Boosts)
			}
		}
		if math.Abs(it.Score-want) > 1e-9 || added(it.Explanation) != it.Score {
			t.Errorf("%s of %g scores %g, not %g", it.ItemID, price, it.Score, want)
		}
	}
	if raised < 20 || ids(priced)[0] == ids(plain)[0] {
		t.Errorf("%d items are raised, the first is %s", raised, ids(priced)[0])
	}
	var again api.Replay
	if _, err := s.call(t, http.MethodPost, "/v1/recommendations/"+priced.RecommendationID+"/replay", nil, nil,
		&again); err != nil || !again.Identical {
		t.Errorf("made again: %+v, %v", again, err)
	}
	stranger := api.Request{Scenario: "priced", UserID: "new", Limit: 50}
	if diff := cmp.Diff(ids(plain)[:3], ids(s.recommend(t, stranger))[:3]); diff != "" {
		t.Errorf("a visitor who likes nothing: %s", diff)
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
