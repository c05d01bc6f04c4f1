package service_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/apierror"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// told joins the pointers and codes of warnings.
func told(list []apierror.FieldError) string {
	all := make([]string, len(list))
	for n, w := range list {
		all[n] = w.Pointer + " " + w.Code
	}
	return strings.Join(all, ", ")
}

// An answer to a request of which a part has no effect looks like a bad recommendation, or like none. It is given all the same, and says so.
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
		"one of a list": {api.Request{Scenario: "home.trending", Filter: brand([]string{"B1", "b0"})}, "/filter/value/1 absent_brand", `is "B0"`},
		"items": {
			api.Request{Scenario: "cart.complementary", ContextItems: []string{"i001", "x"}, Cart: []string{"y"}},
			"/context_items/1 absent_item, /cart/0 absent_item", `no item "x"`,
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
			Cart: []string{"y"}, Placements: []api.Request{{Scenario: "home.trending", Category: "Nope"}, {Scenario: "home.trending", Cart: []string{"z"}}},
		}, &page)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{told(page.Placements[0].Warnings), told(page.Placements[1].Warnings)}
		want := []string{"/placements/0/category absent_category, /cart/0 absent_item", "/placements/1/cart/0 absent_item"}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
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
