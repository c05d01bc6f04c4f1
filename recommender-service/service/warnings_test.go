package service_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// told joins the pointers and codes of warnings.
func told(list []apierror.FieldError) string {
	all := make([]string, len(list))
	for n, w := range list {
		all[n] = w.Pointer + " " + w.Code
	}
	return strings.Join(all, ", ")
}

// An answer to a request of which a part has no effect looks like a bad recommendation, or like none. It is given all the same, and
// says so.
func TestAnAnswerWarnsOfWhatTheShopDoesNotHave(t *testing.T) {
	t.Parallel()
	s := north(t)
	brand := func(value any) *api.Condition { return &api.Condition{Field: "brand", Op: "in", Value: value} }
	for name, c := range map[string]struct {
		request api.Request
		want    string // pointers and codes
		detail  string
	}{
		"a category that is none": {
			api.Request{Scenario: "category.best_sellers", Category: "Kitchen"}, "/category absent_category", `in the category "Kitchen";`,
		},
		"in other letters": {
			api.Request{Scenario: "category.best_sellers", Category: "home > c1"}, "/category absent_category", `there is "Home > C1"`,
		},
		"the narrowest level alone": {
			api.Request{Scenario: "home.for_you", Category: "C1"}, "/category absent_category", `there is "Home > C1"`,
		},
		"joined otherwise": {
			api.Request{Scenario: "category.best_sellers", Category: "Home/C1"}, "/category absent_category", `there is "Home > C1"`,
		},
		"a category of the shop": {api.Request{Scenario: "category.best_sellers", Category: "Home > C1"}, "", ""},
		"no category": {
			api.Request{Scenario: "category.best_sellers"}, "/category nothing_to_go_by", "category.best_sellers goes by the page alone",
		},
		"a filter": {
			api.Request{Scenario: "home.trending", Filter: &api.Condition{All: []api.Condition{{Field: "category", Value: "Nope"}}}},
			"/filter/all/0/value absent_category", "",
		},
		"one of a list": {
			api.Request{Scenario: "home.trending", Filter: brand([]string{"B1", "b0"})}, "/filter/value/1 absent_brand", `is "B0"`,
		},
		"items": {
			api.Request{Scenario: "cart.complementary", ContextItems: []string{"i001", "x"}, Cart: []string{"y"}},
			"/context_items/1 absent_item, /cart/0 absent_item", `no item "x"`,
		},
		"a market":                {api.Request{Scenario: "home.trending", Market: &api.Market{Country: "DE", Language: "de"}}, "", ""},
		"words that find nothing": {api.Request{Scenario: "search.for_query", Q: "teapot"}, "/q nothing_found", "no item has a word of it"},
		"words that find items":   {api.Request{Scenario: "search.for_query", Q: "Lamp i007"}, "", ""},
		"a filter that no item meets": {
			api.Request{Scenario: "home.trending", Filter: &api.Condition{Field: "price", Op: "gt", Value: 1000}}, "/filter no_match",
			"none of the 200 items",
		},
		"a filter that is met, of a list that is empty for another reason": {
			api.Request{Scenario: "account.recently_viewed", UserID: "nobody", Fallback: "strict",
				Filter: &api.Condition{Field: "price", Op: "lt", Value: 1000}}, "", "",
		},
		"what the visitor has just done": {
			api.Request{Scenario: "home.for_you", UserID: "ann", Events: []profileapi.Event{
				{Type: "view_item", ItemID: "i001"}, {Type: "view_item", ItemID: "x"},
				{Type: "purchase", OrderID: "o1", Items: []profileapi.EventItem{{ItemID: "y"}}},
			}}, "/events/1/item_id absent_item, /events/2/items/0/item_id absent_item", `no item "x"`,
		},
		"a page without an item": {
			api.Request{Scenario: "product_detail.similar", UserID: "ann"}, "/context_items nothing_to_go_by", "Send context_items.",
		},
		"a stranger, an empty cart, items to leave out": {
			api.Request{Scenario: "cart.complementary", UserID: "nobody", ExcludeItems: []string{"x"}}, "", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := s.recommend(t, c.request)
			if got := told(a.Warnings); got != c.want || len(a.Warnings) > 0 && !strings.Contains(a.Warnings[0].Detail, c.detail) {
				t.Errorf("%+v, want %s with %q", a.Warnings, c.want, c.detail)
			}
		})
	}
	t.Run("a long list is told by its beginning", func(t *testing.T) {
		t.Parallel()
		a := s.recommend(t, api.Request{Scenario: "cart.complementary", Cart: slices.Repeat([]string{"x"}, 200)})
		if len(a.Warnings) != 10 {
			t.Errorf("%d warnings", len(a.Warnings))
		}
	})
	t.Run("of a page by its placements", func(t *testing.T) {
		t.Parallel()
		var page api.PageAnswer
		_, err := s.call(t, http.MethodPost, "/v1/recommendations/batch", nil, api.PageRequest{
			Cart: []string{"y"}, Placements: []api.Request{
				{Scenario: "home.trending", Category: "Nope"}, {Scenario: "home.trending", Cart: []string{"z"}},
				{Scenario: "search.for_query", Q: "teapot"},
			},
		}, &page)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{told(page.Placements[0].Warnings), told(page.Placements[1].Warnings), told(page.Placements[2].Warnings)}
		want := []string{
			"/placements/0/category absent_category, /cart/0 absent_item", "/placements/1/cart/0 absent_item",
			"/cart/0 absent_item, /placements/2/q nothing_found",
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
	t.Run("of a preview by its request", func(t *testing.T) {
		t.Parallel()
		var preview api.PreviewAnswer
		_, err := s.call(t, http.MethodPost, "/v1/scenarios/search.for_query/preview", nil, map[string]any{
			"request": map[string]any{"q": "teapot", "cart": []string{"y"}}, "rules": []any{},
		}, &preview)
		if err != nil {
			t.Fatal(err)
		}
		const want = "/request/cart/0 absent_item, /request/q nothing_found"
		if live, tried := told(preview.Live.Warnings), told(preview.Preview.Warnings); live != want || tried != want {
			t.Errorf("%q and %q, want %q", live, tried, want)
		}
	})
	t.Run("of an export when it is started", func(t *testing.T) {
		t.Parallel()
		var started api.Export
		_, err := s.call(t, http.MethodPost, "/v1/exports", nil, api.ExportRequest{
			Scenario: "email.for_you", UserIDs: []string{"ann"}, Filter: &api.Condition{Field: "category", Value: "Nope"},
		}, &started)
		if got := told(started.Warnings); err != nil || got != "/filter/value absent_category" {
			t.Errorf("%v, %q", err, got)
		}
	})
}

func TestAnEmptyListWarnsOfAMarketInWhichNothingIsSold(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) {
		for n := range 200 {
			price := 5.0
			d.put(profileapi.Item{ItemID: fmt.Sprintf("i%03d", n), Title: "Lamp", Price: &price, Currency: "EUR"})
		}
	})
	request := api.Request{Scenario: "home.trending", Market: &api.Market{Country: "CH", Currency: "CHF"}}
	a := s.await(t, request, func(a api.Answer) bool { return len(a.Items) == 0 })
	if told(a.Warnings) != "/market absent_market" || !strings.Contains(a.Warnings[0].Detail, "none of the 200 items") {
		t.Errorf("%+v", a.Warnings)
	}
	request.Market.Currency = "EUR"
	if a := s.recommend(t, request); len(a.Items) == 0 || len(a.Warnings) > 0 {
		t.Errorf("in euros: %d items, %+v", len(a.Items), a.Warnings)
	}
}

func TestRulesThatDoNothingAreWarnedOf(t *testing.T) {
	t.Parallel()
	s := north(t)
	never := api.Condition{Field: "price", Op: "lt", Value: 0.5}
	always := api.Condition{Field: "price", Op: "gt", Value: 0}
	for name, c := range map[string]struct {
		rule api.Rule
		want string
	}{
		"that no item meets":  {api.Rule{Action: "boost", Factor: 2, Where: &never}, "/where no_effect"},
		"that all items meet": {api.Rule{Action: "bury", Factor: .5, Where: &always}, "/where no_effect"},
		"that keeps nothing":  {api.Rule{Action: "filter", Where: &never}, "/where hides_all"},
		"that keeps all":      {api.Rule{Action: "filter", Where: &always}, "/where no_effect"},
		"that hides all":      {api.Rule{Action: "hide", Where: &always}, "/where hides_all"},
		"that is over": {
			api.Rule{Action: "hide", Where: &always, Until: wire.TimeOf(time.Unix(1e9, 0))}, "/until rule_over",
		},
		"that is switched off":          {api.Rule{Action: "hide", Where: &never, Disabled: true}, ""},
		"that does something":           {api.Rule{Action: "hide", Where: &api.Condition{Field: "brand", Value: "B1"}}, ""},
		"of what nothing is said about": {api.Rule{Action: "limit_per", Field: "attributes.colou", Max: 2}, "/field absent_field"},
		"of the page's item": {
			api.Rule{Action: "boost", Factor: 2, Where: &api.Condition{Field: "brand", Value: map[string]any{"ref": "seed.brand"}}}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), "'", "")
			var stored api.SavedRule
			if _, err := s.call(t, http.MethodPut, "/v1/rules/"+id, nil, c.rule, &stored); err != nil || told(stored.Warnings) != c.want {
				t.Errorf("for all scenarios: %v, %+v, want %s", err, stored.Warnings, c.want)
			}
			want := c.want
			if want != "" {
				want = "/rules/0" + want
			}
			var saved api.SavedScenario
			_, err := s.call(t, http.MethodPut, "/v1/scenarios/my."+id, nil, api.Scenario{
				Title: "T", Sources: []api.Source{{Kind: "trending", Weight: 1}}, Rules: []api.Rule{c.rule},
			}, &saved)
			if err != nil || told(saved.Warnings) != want {
				t.Errorf("of one scenario: %v, %+v, want %s", err, saved.Warnings, want)
			}
		})
	}
}

func TestExperimentsOfArmsThatShowTheSameAreWarnedOf(t *testing.T) {
	t.Parallel()
	s := north(t)
	for name, c := range map[string]struct {
		arm  api.ExperimentArm
		want string
	}{
		"nothing of its own":         {api.ExperimentArm{}, "/arms/1 equal_arms"},
		"the scenario as it is":      {api.ExperimentArm{Scenario: "home.for_you"}, "/arms/1 equal_arms"},
		"compared in the background": {api.ExperimentArm{Shadow: true}, "/arms/1 equal_arms"},
		"another scenario":           {api.ExperimentArm{Scenario: "home.trending"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.arm.Name = "new"
			arms := []api.ExperimentArm{{Name: "now", Share: .5}, c.arm}
			if arms[1].Share = .5; c.arm.Shadow {
				arms[0].Share, arms[1].Share = 1, 0 // a shadow is shown to nobody
			}
			var saved api.SavedExperiment
			_, err := s.call(t, http.MethodPut, "/v1/experiments/"+strings.ReplaceAll(name, " ", "-")[:7], nil, api.Experiment{
				Status: "draft", Scenarios: []string{"home.for_you"}, Traffic: 1, Arms: arms,
			}, &saved)
			if err != nil || told(saved.Warnings) != c.want {
				t.Errorf("%v, %+v, want %q", err, saved.Warnings, c.want)
			}
		})
	}
}

func TestATimeThatCannotBeReadIsRefusedAsATime(t *testing.T) {
	t.Parallel()
	s := north(t)
	_, err := s.call(t, http.MethodPut, "/v1/rules/x", nil, map[string]any{
		"action": "hide", "where": map[string]any{"field": "brand", "value": "B1"}, "from": "2026-12-24T00:00:00",
	}, nil)
	list := apierror.From(err).Errors
	if told(list) != "/from invalid_time" || !strings.Contains(list[0].Detail, "with its zone") {
		t.Errorf("%+v", list)
	}
}
