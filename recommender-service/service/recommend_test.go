package service_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// scenarios are those that work out of the box.
func scenarios() []string {
	return []string{
		"account.recently_viewed", "cart.complementary", "category.best_sellers", "email.for_you", "home.for_you", "home.trending",
		"order_confirmation.buy_again", "product_detail.bought_together", "product_detail.next", "product_detail.similar",
		"search_no_results.best_sellers",
	}
}

func TestEveryScenarioFillsItsListAndEveryScoreAddsUp(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) {
		d.did("ann", "view_item", "i003", "i050", "i121")
		d.did("ann", "purchase", "i007", "i140")
	})
	for _, user := range []string{"ann", "stranger", ""} {
		for _, scenario := range scenarios() {
			a := s.recommend(t, api.Request{
				Scenario: scenario, UserID: user, ContextItems: []string{"i010"}, Cart: []string{"i020"}, Limit: 30, Explain: "full",
			})
			if len(a.Items) != 30 || len(a.Degraded) > 0 {
				t.Errorf("%s for %q: %d items, degraded %v", scenario, user, len(a.Items), a.Degraded)
			}
			last := 0.0
			for n, item := range a.Items {
				if n > 0 && item.Score > last {
					t.Errorf("%s: item %d scores more than the one above it", scenario, n+1)
				}
				last = item.Score
				if got := added(item.Explanation); got != item.Score {
					t.Errorf("%s: the contributions of %s give %v, its score is %v", scenario, item.ItemID, got, item.Score)
				}
				if item.Position != n+1 || item.Tier == "" || len(item.Reasons) == 0 {
					t.Errorf("%s: %+v", scenario, item)
				}
			}
		}
	}
}

// added is the score that an explanation gives: contributions in order, then boosts in order.
func added(e *api.Explanation) float64 {
	sum := 0.0
	for _, c := range e.Contributions {
		if c.Value != c.Factor*c.Similarity {
			return -1
		}
		sum += c.Value
	}
	if sum != e.BaseScore {
		return -1
	}
	for _, b := range e.Boosts {
		if sum *= b.Factor; sum != b.After {
			return -1
		}
	}
	return sum
}

func TestThePresentEventChangesTheNextAnswer(t *testing.T) {
	t.Parallel()
	s := north(t)
	for i := range 20 {
		item := fmt.Sprintf("i%03d", 30+i*5)
		s.world.edit("north", func(d *shopData) {
			d.profiles["bob"] = nil
			d.did("bob", "view_item", item)
		})
		a := s.recommend(t, api.Request{Scenario: "home.for_you", UserID: "bob", Limit: 1})
		if want := fmt.Sprintf("i%03d", 31+i*5); a.Items[0].ItemID != want ||
			a.Items[0].Reasons[0] != (api.Reason{
				Code: "because_you_viewed", ItemID: item, Title: s.world.shops["north"].items[item].Title,
			}) {
			t.Fatalf("after a view of %s: %+v", item, a.Items)
		}
	}
	page := api.Request{Scenario: "product_detail.similar", ContextItems: []string{"i030"}, Limit: 1}
	s.world.edit("north", func(d *shopData) { // what is not for sale yet has a title that pages may not read
		secret := d.items["i030"]
		secret.Status = profileapi.ItemHidden
		d.put(secret)
	})
	s.await(t, page, func(a api.Answer) bool {
		return len(a.Items) > 0 && a.Items[0].Reasons[0].ItemID == "i030" && a.Items[0].Reasons[0].Title == ""
	})
	a := s.recommend(t, api.Request{
		Scenario: "home.for_you", UserID: "new", Events: []profileapi.Event{{Type: "add_to_cart", ItemID: "i100"}}, Limit: 1,
	})
	if a.Items[0].ItemID != "i101" {
		t.Errorf("an event carried in the request: %+v", a.Items)
	}
}

func TestFiltersExclusionsAndInvariantsHold(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) {
		d.did("ann", "view_item", "i003")
		d.did("ann", "purchase", "i004")
		d.profiles["ann"].Hidden = []string{"i005"}
		hidden := d.items["i006"]
		hidden.Status = profileapi.ItemHidden
		gone := d.items["i007"]
		gone.Stock = &profileapi.Stock{Status: profileapi.OutOfStock}
		zero := 0.0
		empty := d.items["i008"]
		empty.Stock = &profileapi.Stock{Status: profileapi.InStock, Quantity: &zero}
		later := d.items["i009"]
		later.Stock = &profileapi.Stock{Status: profileapi.Preorder, Quantity: &zero}
		d.put(hidden, gone, empty, later)
	})
	req := api.Request{Scenario: "home.for_you", UserID: "ann", Limit: 2, Fallback: "strict", ExcludeItems: []string{"i011"}}
	a := s.await(t, req, func(a api.Answer) bool { return !slices.Contains(ids(a), "i006") })
	if diff := cmp.Diff([]string{"i009", "i010"}, ids(a)); diff != "" {
		t.Error(diff)
	}
	stages := map[string]string{
		"i003": "candidates", "i004": "seen", "i005": "not_interested", "i006": "status", "i007": "out_of_stock", "i008": "out_of_stock",
		"i009": "shown", "i011": "excluded",
		"i012": "rank", "i150": "candidates", "nothing": "catalogue",
	}
	for id, stage := range stages {
		e, err := s.api.Explain(t.Context(), api.ExplainRequest{Request: req, ItemID: id})
		if err != nil {
			t.Fatal(err)
		}
		if e.Stage != stage || e.Included != (stage == "shown") {
			t.Errorf("why not %s: %s, want %s", id, e.Stage, stage)
		}
	}
	three := 3.0
	rated := req
	rated.Events = []profileapi.Event{{Type: "rate", ItemID: "i010", Value: &three}} // says neither yes nor no, but that the visitor has it
	if diff := cmp.Diff([]string{"i009", "i012"}, ids(s.recommend(t, rated))); diff != "" {
		t.Error(diff)
	}
	red := api.Condition{All: []api.Condition{
		{Field: "attributes.colour", Value: "red"}, {Field: "price", Op: "lt", Value: 10.0}, {Field: "category", Value: "Home > C0"},
	}}
	for _, item := range s.recommend(t, api.Request{
		Scenario: "home.trending", Limit: 20, Filter: &red, Fields: []string{"price", "category", "attributes.colour"},
	}).Items {
		if item.Fields.Get("price").(float64) >= 10 || item.Fields.Get("category") != "Home > C0" ||
			item.Fields.Get("attributes.colour") != "red" {
			t.Errorf("the filter let %v through", item.Fields)
		}
	}
}

func TestPagesAndPlacementsRepeatNothing(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) { d.did("ann", "view_item", "i003", "i050", "i121") })
	seen := map[string]bool{}
	req := api.Request{Scenario: "home.for_you", UserID: "ann", Limit: 25}
	for range 6 {
		a := s.recommend(t, req)
		for _, id := range ids(a) {
			if seen[id] {
				t.Fatalf("%s is on two pages", id)
			}
			seen[id] = true
		}
		if a.NextCursor == nil {
			break
		}
		req.Cursor = *a.NextCursor
	}
	if len(seen) < 150 {
		t.Errorf("only %d items on all pages", len(seen))
	}
	var page api.PageAnswer
	before := s.world.times("profile")
	err := s.http.Call(t.Context(), http.MethodPost, "/v1/recommendations/batch", nil, api.PageRequest{
		UserID: "ann",
		Placements: []api.Request{
			{Scenario: "home.for_you", Limit: 10}, {Scenario: "home.trending", Limit: 10}, {Scenario: "home.for_you", Limit: 10},
		},
	}, &page)
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(ids(page.Placements[0]), ids(page.Placements[1]), ids(page.Placements[2]))
	slices.Sort(all)
	if len(slices.Compact(slices.Clone(all))) != 30 {
		t.Errorf("the placements repeat items: %v", all)
	}
	if asked := s.world.times("profile") - before; asked != 1 {
		t.Errorf("the profile was read %d times", asked)
	}
}

func TestWhatWasLookedAtStandsInItsOwnPlacementToo(t *testing.T) {
	t.Parallel()
	s := north(t)
	popular := ids(s.recommend(t, api.Request{Scenario: "home.trending", Limit: 3}))
	s.world.edit("north", func(d *shopData) { d.did("ann", "view_item", popular[1]) })
	var page api.PageAnswer
	if err := s.http.Call(t.Context(), http.MethodPost, "/v1/recommendations/batch", nil, api.PageRequest{
		UserID: "ann", Placements: []api.Request{
			{Scenario: "home.trending", Limit: 3}, {Scenario: "account.recently_viewed", Limit: 3},
			{Scenario: "account.recently_viewed", Limit: 3, Fallback: "strict"},
		},
	}, &page); err != nil {
		t.Fatal(err)
	}
	filled, strict := ids(page.Placements[1]), ids(page.Placements[2])
	if filled[0] != popular[1] || slices.Contains(filled, popular[0]) || slices.Contains(filled, popular[2]) {
		t.Errorf("%v was shown, %s looked at, but the page goes on with %v", popular, popular[1], filled)
	}
	if !slices.Equal(strict, []string{popular[1]}) {
		t.Errorf("without a fallback it is %v", strict)
	}
}

func TestBadRequestsNameEveryField(t *testing.T) {
	t.Parallel()
	s := north(t)
	_, err := s.api.Recommend(t.Context(), api.Request{Scenario: "home.nothing"})
	if !apierror.Is(err, http.StatusNotFound) {
		t.Errorf("unknown scenario: %v", err)
	}
	_, err = s.api.Recommend(t.Context(), api.Request{
		Scenario: "home.for_you", Fields: []string{"title", "titel"}, Cursor: "xxx", Events: []profileapi.Event{{Type: "view_item"}},
		Filter: &api.Condition{Any: []api.Condition{{Field: "attributes.size", Value: "L"}, {Field: "price", Op: "gt", Value: "ten"}, {}}},
	})
	var pointers []string
	for _, f := range apierror.From(err).Errors {
		pointers = append(pointers, f.Pointer)
	}
	slices.Sort(pointers)
	if diff := cmp.Diff(
		[]string{"/cursor", "/events/0/item_id", "/fields/1", "/filter/any/0/field", "/filter/any/1/value", "/filter/any/2"}, pointers,
	); diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err = s.api.Recommend(t.Context(), api.Request{
		Scenario: "home.for_you", Limit: 500,
	}); !apierror.Is(err, http.StatusUnprocessableEntity) {
		t.Errorf("limit out of range: %v", err)
	}
}

func TestShopsAreApart(t *testing.T) {
	t.Parallel()
	s := north(t)
	south := api.NewClient(s.as("south"))
	a, err := south.Recommend(t.Context(), api.Request{Scenario: "home.trending", DeadlineMS: 5000})
	if err != nil || len(a.Items) > 0 {
		t.Errorf("a shop without items was shown %v, %v", ids(a), err)
	}
	sc := api.Scenario{Sources: []api.Source{{Kind: "newest", Weight: 1}}, Limit: 3}
	if err := s.http.Call(t.Context(), http.MethodPut, "/v1/scenarios/mine", nil, sc, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := south.Recommend(t.Context(), api.Request{Scenario: "mine"}); !apierror.Is(err, http.StatusNotFound) {
		t.Errorf("another shop's scenario: %v", err)
	}
	mine := s.recommend(t, api.Request{Scenario: "mine"})
	if err := s.as("south").Call(
		t.Context(), http.MethodGet, "/v1/recommendations/"+mine.RecommendationID, nil, nil, nil,
	); !apierror.Is(err, http.StatusNotFound) {
		t.Errorf("another shop's decision: %v", err)
	}
}

func TestVariantsGiveTheirParent(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) {
		out := &profileapi.Stock{Status: profileapi.OutOfStock}
		d.put(profileapi.Item{ItemID: "shirt", Title: "Shirt"}, profileapi.Item{
			ItemID: "shirt-s", ParentID: "shirt", Stock: out,
		}, profileapi.Item{ItemID: "shirt-m", ParentID: "shirt"},
			profileapi.Item{ItemID: "hat", Title: "Hat"}, profileapi.Item{ItemID: "hat-1", ParentID: "hat", Stock: out})
		near := d.lists["similar"]["i000"]
		near[0].ItemID, near[1].ItemID, near[2].ItemID = "shirt-s", "hat-1", "shirt-m"
	})
	a := s.await(t, api.Request{
		Scenario: "product_detail.similar", ContextItems: []string{"i000"}, Limit: 5, Fallback: "strict",
	}, func(a api.Answer) bool {
		return slices.Contains(ids(a), "shirt")
	})
	if a.Items[0].ItemID != "shirt" || a.Items[0].VariantID != "shirt-m" || slices.Contains(ids(a), "hat") ||
		slices.Contains(ids(a), "shirt-m") {
		t.Errorf("got %+v", a.Items)
	}
}

// TestPagesEndWhenAllIsShown pages through lists that leave candidates out page by page, for variety, for exploration or for a limit: none
// is lost, and the last page is known to be it.
func TestPagesEndWhenAllIsShown(t *testing.T) {
	t.Parallel()
	s := north(t)
	s.world.edit("north", func(d *shopData) { d.did("ann", "view_item", "i003", "i050", "i121") })
	plain := api.Scenario{ScenarioID: "plain", Sources: []api.Source{{Kind: "history", Weight: 1}}, Fallback: []string{"newest"}}
	through := func(change func(*api.Scenario)) []string {
		sc := plain
		change(&sc)
		if _, err := s.api.PutScenario(t.Context(), sc, 0); err != nil {
			t.Fatal(err)
		}
		var all []string
		for cursor := ""; ; {
			a := s.recommend(t, api.Request{Scenario: "plain", UserID: "ann", Limit: 7, Cursor: cursor})
			all = append(all, ids(a)...)
			if a.NextCursor == nil {
				break
			}
			cursor = *a.NextCursor
		}
		slices.Sort(all)
		return all
	}
	want := through(func(*api.Scenario) {})
	if len(want) < 50 {
		t.Fatalf("the list has only %d items", len(want))
	}
	for name, change := range map[string]func(*api.Scenario){
		"variety":            func(sc *api.Scenario) { sc.Diversity = .6 },
		"exploration":        func(sc *api.Scenario) { sc.Exploration = .4 },
		"two of a category":  func(sc *api.Scenario) { sc.MaxPerCategory = 2 },
		"all of it together": func(sc *api.Scenario) { sc.Diversity, sc.Exploration, sc.MaxPerCategory = .6, .4, 2 },
	} {
		if diff := cmp.Diff(want, through(change)); diff != "" {
			t.Errorf("%s (-without +with):\n%s", name, diff)
		}
	}
}
