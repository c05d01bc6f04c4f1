package service_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// replay makes an answer again.
func (r *running) replay(t *testing.T, id string) api.Replay {
	t.Helper()
	var again api.Replay
	if _, err := r.call(t, http.MethodPost, "/v1/recommendations/"+id+"/replay", nil, nil, &again); err != nil {
		t.Fatal(err)
	}
	return again
}

// repriced gives every lamp another price and adds a lamp that is newer than all, and waits until the service has heard of them.
func (r *running) repriced(t *testing.T) {
	t.Helper()
	r.world.edit("north", func(d *shopData) {
		for n := range 200 {
			it := d.items[fmt.Sprintf("i%03d", n)]
			price := 5 * float64(n+1)
			it.Price = &price
			d.put(it)
		}
		d.put(profileapi.Item{ItemID: "brand new", Title: "A new lamp", PublishedAt: wire.TimeOf(time.Now().Add(-time.Minute))})
	})
	r.put(t, "newest", api.Scenario{Sources: []api.Source{{Kind: api.SourceNewest, Weight: 1}}, Limit: 5})
	r.await(t, api.Request{Scenario: "newest"}, func(a api.Answer) bool { return ids(a)[0] == "brand new" })
}

// TestEveryKindOfAnswerCanBeReplayed makes answers of each kind, changes what they were made from, and makes them again.
func TestEveryKindOfAnswerCanBeReplayed(t *testing.T) {
	t.Parallel()
	answers := map[string]func(t *testing.T, s *running) []string{
		"the placements of a page": func(t *testing.T, s *running) []string {
			var page api.PageAnswer
			in := api.PageRequest{
				UserID: "ann",
				Placements: []api.Request{
					{Scenario: "home.for_you", Limit: 5}, {Scenario: "home.for_you", Limit: 5}, {Scenario: "home.trending", Limit: 5},
				},
			}
			if _, err := s.call(t, http.MethodPost, "/v1/recommendations/batch", nil, in, &page); err != nil {
				t.Fatal(err)
			}
			var list []string
			for _, a := range page.Placements {
				list = append(list, a.RecommendationID)
			}
			return list
		},
		"the rows of a page": func(t *testing.T, s *running) []string {
			s.put(t, "rows", api.Scenario{Limit: 10, Seen: "exclude", Rows: []api.RowPlan{
				{Kind: "because_you_viewed"}, {Kind: "categories_for_you"}, {Kind: "brands_for_you"},
				{Kind: "scenario", Scenario: "home.trending"},
			}})
			var list []string
			for _, row := range s.recommend(t, api.Request{Scenario: "rows", UserID: "ann"}).Rows {
				list = append(list, row.RecommendationID)
			}
			if len(list) != 4 {
				t.Fatalf("%d rows", len(list))
			}
			return list
		},
		"an objective": func(t *testing.T, s *running) []string {
			sc := trending()
			sc.Objective = "revenue"
			s.put(t, "worth", sc)
			return []string{s.recommend(t, api.Request{Scenario: "worth", UserID: "ann"}).RecommendationID}
		},
		"an arm of an experiment that was edited": func(t *testing.T, s *running) []string {
			sc := trending()
			sc.Rules = []api.Rule{
				{RuleID: "red", Action: "boost", Factor: 3, Where: &api.Condition{Field: "attributes.colour", Value: "red"}},
			}
			x := api.Experiment{
				Status: "running", Traffic: 1, Scenarios: []string{"home.for_you"},
				Arms: []api.ExperimentArm{{Name: "a", Share: .5, Configuration: &sc}, {Name: "b", Share: .5, Configuration: &sc}},
			}
			put := func() {
				if _, err := s.call(t, http.MethodPut, "/v1/experiments/x", nil, x, nil); err != nil {
					t.Fatal(err)
				}
			}
			put()
			id := s.recommend(t, api.Request{Scenario: "home.for_you", UserID: "ann"}).RecommendationID
			other := sc
			other.Rules = []api.Rule{{RuleID: "red", Action: "hide", Where: &api.Condition{Field: "attributes.colour", Value: "red"}}}
			x.Arms[0].Configuration, x.Arms[1].Configuration = &other, &other
			put()
			return []string{id}
		},
		"a scenario that was edited": func(t *testing.T, s *running) []string {
			id := s.recommend(t, api.Request{Scenario: "home.for_you", UserID: "ann"}).RecommendationID
			s.put(t, "home.for_you", trending())
			return []string{id}
		},
		"the newest items": func(t *testing.T, s *running) []string {
			s.put(t, "newest", api.Scenario{Sources: []api.Source{{Kind: api.SourceNewest, Weight: 1}}, Limit: 5})
			return []string{s.recommend(t, api.Request{Scenario: "newest", UserID: "ann"}).RecommendationID}
		},
		"events that the request carries": func(t *testing.T, s *running) []string {
			events := []profileapi.Event{{Type: "view_item", ItemID: "i020"}, {Type: "purchase", ItemID: "i021"}}
			return []string{s.recommend(t, api.Request{Scenario: "home.for_you", UserID: "ann", Events: events}).RecommendationID}
		},
		"a second page": func(t *testing.T, s *running) []string {
			first := s.recommend(t, api.Request{Scenario: "home.for_you", UserID: "ann", Limit: 4})
			return []string{
				s.recommend(t, api.Request{Scenario: "home.for_you", UserID: "ann", Limit: 4, Cursor: *first.NextCursor}).RecommendationID,
			}
		},
	}
	for name, make := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := north(t)
			s.world.edit("north", func(d *shopData) { d.did("ann", "view_item", "i003", "i051", "i123") })
			list := make(t, s)
			s.repriced(t)
			for n, id := range list {
				again := s.replay(t, id)
				if !again.Identical || len(again.Answer.Items) == 0 {
					t.Errorf("answer %d with %d items: gone %v", n+1, len(again.Answer.Items), again.Gone)
				}
			}
		})
	}
}

// TestAModelThatCameLaterLeavesThePastAsItWas replays an answer that was made before there was a model.
func TestAModelThatCameLaterLeavesThePastAsItWas(t *testing.T) {
	t.Parallel()
	s := north(t)
	var lists map[string]map[string][]similarityapi.Neighbour
	s.world.edit("north", func(d *shopData) {
		d.did("ann", "view_item", "i003", "i051")
		lists, d.lists, d.version = d.lists, nil, ""
	})
	ask := api.Request{Scenario: "home.for_you", UserID: "ann"}
	past := s.await(t, ask, func(a api.Answer) bool { return len(a.ModelVersions) == 0 })
	s.world.edit("north", func(d *shopData) { d.lists, d.version = lists, "m2" })
	s.await(t, ask, func(a api.Answer) bool { return a.ModelVersions["similar"] == "m2" && ids(a)[0] != ids(past)[0] })
	if again := s.replay(t, past.RecommendationID); !again.Identical {
		t.Errorf("gone: %v", again.Gone)
	}
}
