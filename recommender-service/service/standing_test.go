package service_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// reused returns how many answers were made from an earlier order of the visitor's candidates.
func (r *running) reused(t testing.TB) float64 {
	t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "aisle_rankings_reused_total" {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatal("there is no such counter")
	return 0
}

// drawRules draws rules that change scores, drop items and limit them.
func drawRules(t *rapid.T) []api.Rule {
	colour := func() *api.Condition {
		return &api.Condition{Field: "attributes.colour", Value: rapid.SampledFrom([]string{"red", "blue", "green"}).Draw(t, "colour")}
	}
	var list []api.Rule
	for n := range rapid.IntRange(0, 2).Draw(t, "rules") {
		r := api.Rule{RuleID: fmt.Sprint("r", n), Where: colour()}
		switch r.Action = rapid.SampledFrom([]string{"boost", "bury", "hide", "limit_per"}).Draw(t, "action"); r.Action {
		case "boost":
			r.Factor = rapid.Float64Range(1.01, 8).Draw(t, "factor")
		case "bury":
			r.Factor = rapid.Float64Range(.01, .99).Draw(t, "factor")
		case "limit_per":
			r.Where, r.Field, r.Max = nil, "category", rapid.IntRange(1, 6).Draw(t, "max")
		}
		list = append(list, r)
	}
	return list
}

func drawRequest(t *rapid.T) api.Request {
	req := api.Request{Scenario: "drawn", Limit: rapid.IntRange(1, 60).Draw(t, "limit"), Explain: "full", Fallback: rapid.SampledFrom([]string{"fill", "strict"}).Draw(t, "fallback")}
	if rapid.Bool().Draw(t, "diverse") {
		req.Diversity = new(rapid.Float64Range(0, .9).Draw(t, "diversity"))
	}
	if rapid.Bool().Draw(t, "filtered") {
		req.Filter = &api.Condition{Field: "price", Op: "lt", Value: rapid.Float64Range(1, 17).Draw(t, "price")}
	}
	for range rapid.IntRange(0, 3).Draw(t, "excluded") {
		req.ExcludeItems = append(req.ExcludeItems, fmt.Sprintf("i%03d", rapid.IntRange(0, 199).Draw(t, "item")))
	}
	return req
}

// TestAVisitorWhoComesAgainGetsWhatOneWhoIsNewWouldGet: who asks again is answered from the order in which the candidates stood; a twin with the same
// history, never seen before, is answered from the start. Whatever changes in between, the two answers are the same bit for bit.
func TestAVisitorWhoComesAgainGetsWhatOneWhoIsNewWouldGet(t *testing.T) {
	t.Parallel()
	s := north(t)
	history := []string{"i003", "i050", "i121", "i011", "i180", "i077"}
	twins := 0
	twin := func() string {
		twins++
		name := fmt.Sprint("twin", twins)
		s.world.edit("north", func(d *shopData) {
			d.did(name, "view_item", history...)
			d.edition-- // ann's profile stays
		})
		return name
	}
	s.world.edit("north", func(d *shopData) { d.did("ann", "view_item", history...) })
	version := 1
	change := map[string]func(t *rapid.T){
		"an event": func(t *rapid.T) {
			item := fmt.Sprintf("i%03d", rapid.IntRange(0, 199).Draw(t, "seen"))
			if slices.Contains(history, item) {
				return
			}
			history = append(history, item)
			s.world.edit("north", func(d *shopData) { d.did("ann", "view_item", item) })
		},
		"a status": func(rt *rapid.T) {
			item := fmt.Sprintf("i%03d", rapid.IntRange(100, 199).Draw(rt, "item"))
			s.world.edit("north", func(d *shopData) {
				it := d.items[item]
				it.Status = profileapi.ItemHidden
				d.put(it)
				d.edition--
			})
			s.explained(t, item, func(e api.ExplainAnswer) bool { return slices.Contains(e.Dropped, "status") })
		},
		"a family": func(rt *rapid.T) {
			item := rapid.IntRange(0, 99).Draw(rt, "variant")
			parent := fmt.Sprintf("i%03d", 100+item)
			s.world.edit("north", func(d *shopData) {
				it := d.items[fmt.Sprintf("i%03d", item)]
				it.ParentID = parent
				d.put(it)
				d.edition--
			})
			s.explained(t, fmt.Sprintf("i%03d", item), func(e api.ExplainAnswer) bool {
				return e.RecommendedInstead == parent || e.Item != nil && e.Item.ItemID == parent
			})
		},
		"a model": func(rt *rapid.T) {
			version++
			s.world.edit("north", func(d *shopData) {
				d.version = fmt.Sprint("m", version)
				for item, list := range d.lists["similar"] {
					d.lists["similar"][item] = append(slices.Clone(list[1:]), similarityapi.Neighbour{ItemID: list[0].ItemID, Score: .05})
				}
				d.edition--
			})
			s.await(t, api.Request{Scenario: "home.for_you", UserID: twin()}, func(a api.Answer) bool { return a.ModelVersions["similar"] == fmt.Sprint("m", version) })
		},
		"nothing": func(*rapid.T) {},
	}
	names := []string{"an event", "a status", "a family", "a model", "nothing", "nothing"}
	asked := 0
	rapid.Check(t, func(rt *rapid.T) {
		sc := api.Scenario{Sources: []api.Source{{Kind: api.SourceHistory, Weight: 1}, {Kind: api.SourceTrending, Weight: .1}}, Limit: 20, Seen: "exclude", Rules: drawRules(rt)}
		s.put(t, "drawn", sc)
		req := drawRequest(rt)
		for range 2 {
			change[rapid.SampledFrom(names).Draw(rt, "change")](rt)
			again := req
			again.UserID = "ann"
			for range 3 { // the first may be a new profile, the second keeps the order, the third uses it
				asked++
				s.recommend(t, again)
			}
			got := s.recommend(t, again)
			fresh := req
			fresh.UserID = twin()
			if diff := cmp.Diff(s.recommend(t, fresh).Items, got.Items); diff != "" {
				rt.Fatalf("new (-) and again (+):\n%s", diff)
			}
			var replay api.Replay
			if _, err := s.call(t, http.MethodPost, "/v1/recommendations/"+got.RecommendationID+"/replay", nil, nil, &replay); err != nil || !replay.Identical {
				rt.Fatalf("replay: %v, gone %v", err, replay.Gone)
			}
		}
	})
	if share := s.reused(t) / float64(asked); share < .4 {
		t.Errorf("only %.0f %% of the answers were made from an earlier order", 100*share)
	}
}

// explained waits until the explanation of an item is as wanted.
func (r *running) explained(t *testing.T, item string, want func(api.ExplainAnswer) bool) {
	t.Helper()
	for range 3000 {
		var e api.ExplainAnswer
		in := map[string]any{"scenario": "home.trending", "item_id": item, "deadline_ms": 5000}
		if _, err := r.call(t, http.MethodPost, "/v1/recommendations/explain", nil, in, &e); err != nil {
			t.Fatal(err)
		}
		if want(e) {
			return
		}
	}
	t.Fatalf("the explanation of %s did not become as wanted", item)
}
