package recommend

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue/cataloguetest"
	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// lamps are six items of two categories and two brands; the last has neither, and no price.
func lamps() []profileapi.Item {
	item := func(id, category, brand, colour string, price float64) profileapi.Item {
		return profileapi.Item{
			ItemID: id, CategoryPath: []string{"Home", category}, Brand: brand, Price: &price, Currency: "EUR",
			Attributes: map[string]any{"colour": colour},
		}
	}
	return []profileapi.Item{
		item("a", "Desk", "Lux", "red", 10), item("b", "Desk", "Lux", "blue", 20), item("c", "Desk", "Ora", "red", 30),
		item("d", "Floor", "Ora", "red", 40), item("e", "Floor", "Lux", "green", 50), {ItemID: "f"},
	}
}

// newRun is a question about a scenario, on its way to the items; the visitor is a stranger.
func newRun(shop *catalogue.Shop, scenario api.Scenario, req api.Request) *run {
	engine := &Engine{Now: func() time.Time { return noon }}
	return &run{
		question: question{
			visit: &visit{engine: engine, shop: shop, now: noon}, nonce: 7, scenario: &scenario, req: &req,
			rules: rules.InOrder(nil, scenario.Rules),
		},
		person:  &person{visitor: visitor.Cold("ann", "", noon)},
		scratch: &scratch{},
	}
}

// weighed proposes items with weights that are their scores: that of the source is the largest.
func weighed(r *run, weights map[string]float32) *plan {
	row := &candidate.Row{}
	largest := float32(0)
	r.read(func(v *catalogue.View) {
		for i := range int32(v.Len()) {
			if w, ok := weights[v.ID(i)]; ok {
				row.Items, row.Weights, largest = append(row.Items, i), append(row.Weights, w), max(largest, w)
			}
		}
	})
	return &plan{[]planSource{{
		kind: api.SourceTrending, weight: float64(largest), terms: []candidate.Term{{Seed: candidate.Seed{Weight: 1}, Row: row}},
	}}}
}

// choose lets a run take its items from a plan, and returns their ids in order.
func choose(r *run, p *plan) string {
	ids := ""
	r.read(func(v *catalogue.View) {
		s := newSelection(r, v)
		s.score(p)
		s.rerank(true)
		r.attribute(p, s, r.picks)
	})
	r.pin()
	r.read(func(v *catalogue.View) {
		for n := range r.picks {
			ids += v.ID(r.picks[n].index)
		}
	})
	return ids
}

func TestWhatIsChosen(t *testing.T) {
	t.Parallel()
	shop := cataloguetest.Shop(t, lamps()...)
	falling := map[string]float32{"a": 6, "b": 5, "c": 4, "d": 3, "e": 2, "f": 1}
	condition := func(field string, value any) *api.Condition { return &api.Condition{Field: field, Value: value} }
	for name, c := range map[string]struct {
		scenario api.Scenario
		req      api.Request
		weights  map[string]float32
		want     string
		more     bool
	}{
		"best first":             {api.Scenario{Limit: 3}, api.Request{}, falling, "abc", true},
		"no more than there are": {api.Scenario{Limit: 9}, api.Request{}, falling, "abcdef", false},
		"ties by item id": {api.Scenario{Limit: 4}, api.Request{},
			map[string]float32{"d": 2, "b": 2, "c": 2, "a": 1}, "bcda", false},
		"nothing of no candidates": {api.Scenario{Limit: 4}, api.Request{}, nil, "", false},
		"nothing that scores 0 or less": {api.Scenario{Limit: 4}, api.Request{},
			map[string]float32{"a": 0, "b": -1, "c": 1}, "c", false},
		"nothing of negative scores alone":    {api.Scenario{Limit: 4}, api.Request{}, map[string]float32{"a": -2, "b": -1}, "", false},
		"nothing when the filter leaves none": {api.Scenario{Limit: 4}, api.Request{Filter: condition("brand", "No")}, falling, "", false},
		"what the filter leaves": {api.Scenario{Limit: 4}, api.Request{Filter: condition("brand", "Ora")},
			falling, "cd", false},
		"what both filters leave": {
			api.Scenario{Limit: 4, Filter: condition("category", "Home > Desk")},
			api.Request{Filter: condition("brand", "Lux")}, falling, "ab", false},
		"not what is on the page, in the cart or excluded": {
			api.Scenario{Limit: 2}, api.Request{ContextItems: []string{"a"}, Cart: []string{"b"}, ExcludeItems: []string{"c", "nowhere"}},
			falling, "de", true},
		"two of a category, and what has none": {api.Scenario{Limit: 9, MaxPerCategory: 2}, api.Request{}, falling, "abdef", true},
		"one of a brand, and what has none":    {api.Scenario{Limit: 9, MaxPerBrand: 1}, api.Request{}, falling, "acf", true},
		"both limits": {api.Scenario{Limit: 9, MaxPerCategory: 1, MaxPerBrand: 1}, api.Request{},
			falling, "adf", true},
		"one of an attribute's value, and what lacks it": {
			api.Scenario{Limit: 9, Rules: []api.Rule{{Action: "limit_per", Field: "attributes.colour", Max: 1}}}, api.Request{}, falling,
			"abef", true},
		"buried": {
			api.Scenario{Limit: 3, Rules: []api.Rule{{Action: "bury", Factor: .1, Where: condition("brand", "Lux")}}},
			api.Request{}, falling,
			"cdf", true},
		"buried to nothing": {
			api.Scenario{Limit: 9, Rules: []api.Rule{{Action: "bury", Factor: 0, Where: condition("brand", "Lux")}}},
			api.Request{}, falling,
			"cdf", false},
		"raised, then lowered again": {
			api.Scenario{Limit: 2, Rules: []api.Rule{
				{Action: "boost", Factor: 8, ItemID: "e"}, {Action: "bury", Factor: .25, Where: condition("category", "Home > Floor")}}},
			api.Request{}, falling, "ab", true},
		"a rule that is not on yet": {
			api.Scenario{Limit: 2, Rules: []api.Rule{{Action: "hide", ItemID: "a", Disabled: true}}}, api.Request{}, falling, "ab", true},
		"pinned from behind": {
			api.Scenario{Limit: 3, Rules: []api.Rule{{Action: "pin", ItemID: "e", Position: 2}}}, api.Request{}, falling, "aeb", true},
		"pinned from within the list": {
			api.Scenario{Limit: 3, Rules: []api.Rule{{Action: "pin", ItemID: "c", Position: 1}}}, api.Request{}, falling, "cab", true},
		"pinned behind the end": {
			api.Scenario{Limit: 5, Rules: []api.Rule{{Action: "pin", ItemID: "f", Position: 4}}}, api.Request{},
			map[string]float32{"a": 1}, "af", false},
		"pinned to a place that the list lacks": {
			api.Scenario{Limit: 2, Rules: []api.Rule{{Action: "pin", ItemID: "f", Position: 4}}}, api.Request{}, falling, "ab", true},
		"not pinned when excluded": {
			api.Scenario{Limit: 2, Rules: []api.Rule{{Action: "pin", ItemID: "f", Position: 1}}}, api.Request{ExcludeItems: []string{"f"}},
			falling, "ab", true},
		"diverse: another category before another brand before the same": {
			api.Scenario{Limit: 4, Diversity: .6}, api.Request{}, map[string]float32{"a": 4, "b": 3.9, "c": 3.8, "d": 3.7}, "adcb", false},
		"diverse within a limit": {
			api.Scenario{Limit: 4, Diversity: .6, MaxPerCategory: 1}, api.Request{},
			map[string]float32{"a": 4, "b": 3.9, "c": 3.8, "d": 3.7},
			"ad", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(shop, c.scenario, c.req)
			r.resolveCart()
			if got := choose(r, weighed(r, c.weights)); got != c.want || r.more != c.more {
				t.Errorf("chose %q, more %t; want %q, %t", got, r.more, c.want, c.more)
			}
		})
	}
}

// resolveCart is what resolve does with the cart; the rest of it needs an engine.
func (r *run) resolveCart() { r.cart = r.req.Cart }

func TestALaterPlanFillsWhatAnEarlierOneLeft(t *testing.T) {
	t.Parallel()
	r := newRun(cataloguetest.Shop(t, lamps()...), api.Scenario{Limit: 4, MaxPerCategory: 2}, api.Request{})
	if got := choose(r, weighed(r, map[string]float32{"c": 2, "b": 1})); got != "cb" {
		t.Fatalf("the first plan gives %q", got)
	}
	if got := choose(r, weighed(r, map[string]float32{"a": 9, "c": 8, "d": 7, "e": 6})); got != "cbde" {
		t.Errorf("%q: the picks of before stay where they are, count for the limit and are not picked again", got)
	}
}

func TestContributionsAndBoostsGiveTheScoreBitForBit(t *testing.T) {
	t.Parallel()
	shop := cataloguetest.Shop(t, lamps()...)
	r := newRun(shop, api.Scenario{Limit: 6, Objective: "revenue", Rules: []api.Rule{
		{Action: "boost", Factor: 1.1, Where: &api.Condition{Field: "brand", Value: "Lux"}}, {Action: "bury", Factor: .7, ItemID: "c"},
	}}, api.Request{})
	term := func(seed float64, items []int32, weights ...float32) candidate.Term {
		return candidate.Term{Seed: candidate.Seed{Weight: seed}, Row: &candidate.Row{Items: items, Weights: weights}}
	}
	p := &plan{[]planSource{
		{api.SourceHistory, 1, []candidate.Term{
			term(.3, []int32{0, 1, 2}, .9, .1, .7), term(-.1, []int32{2, 3}, .8, .2), term(.7, []int32{3, 0, 4}, .3, .1, .6),
		}},
		{api.SourceTrending, .1, []candidate.Term{term(1, []int32{5, 4, 3, 2, 1, 0}, 3, 2, 1.7, 1.3, 1.1, .1)}},
	}}
	choose(r, p)
	if len(r.picks) != 6 {
		t.Fatalf("%d picks", len(r.picks))
	}
	boosted := 0
	for _, pick := range r.picks {
		sum := 0.
		for _, c := range pick.contributions {
			sum += c.Value
		}
		if sum != pick.base {
			t.Errorf("contributions to item %d sum to %v, its base score is %v", pick.index, sum, pick.base)
		}
		for _, b := range pick.boosts {
			if sum *= b.Factor; sum != b.After {
				t.Errorf("%s of item %d gives %v, said to be %v", b.Source, pick.index, sum, b.After)
			}
			boosted++
		}
		if sum != pick.score {
			t.Errorf("boosts of item %d give %v, its score is %v", pick.index, sum, pick.score)
		}
	}
	if boosted != 4+3+1 { // prices other than the mean of 30, three of brand Lux, and c
		t.Errorf("%d boosts", boosted)
	}
}

// letters are 26 items, a to z, and weights by which they stand in this order.
func letters(t *testing.T) (*catalogue.Shop, map[string]float32) {
	t.Helper()
	var items []profileapi.Item
	weights := map[string]float32{}
	for n := range 26 {
		id := string(rune('a' + n))
		items, weights[id] = append(items, profileapi.Item{ItemID: id, Brand: strconv.Itoa(n)}), float32(26-n)
	}
	return cataloguetest.Shop(t, items...), weights
}

func TestExplorationTakesPlacesButTheFirst(t *testing.T) {
	t.Parallel()
	shop, weights := letters(t)
	explored := func(share float64, nonce uint64) string {
		r := newRun(shop, api.Scenario{Limit: 2, Exploration: share, MaxPerBrand: 1}, api.Request{})
		r.nonce = nonce
		return choose(r, weighed(r, weights))
	}
	if got := explored(0, 1); got != "ab" {
		t.Errorf("without a share: %s", got)
	}
	all := explored(1, 1)
	if all[0] != 'a' || all != explored(1, 1) {
		t.Errorf("with everything explored: %s, then %s", all, explored(1, 1))
	}
	for n := range 20 {
		got := explored(1, uint64(n)) // from ten times as many as places, behind the list
		if got[0] != 'a' || got[1] < 'c' || got[1] > 'c'+19 {
			t.Errorf("explored %s", got)
		}
	}
	r := newRun(shop, api.Scenario{Limit: 9, Exploration: 1}, api.Request{})
	got := []byte(choose(r, weighed(r, weights)))
	slices.Sort(got)
	if len(slices.Compact(got)) != 9 {
		t.Errorf("%s: an item twice", got)
	}
}

func TestAnExploredItemTakesThePlaceInTheLimitsToo(t *testing.T) {
	t.Parallel()
	// The list is a, with no limit of its own, and d, the one item of Ora that the limit allows. Only the others of Ora can be explored.
	shop := cataloguetest.Shop(t, profileapi.Item{ItemID: "a"}, profileapi.Item{ItemID: "d", Brand: "Ora"},
		profileapi.Item{ItemID: "e", Brand: "Ora"}, profileapi.Item{ItemID: "f", Brand: "Ora"})
	weights := map[string]float32{"a": 4, "d": 3, "e": 2, "f": 1}
	r := newRun(shop, api.Scenario{Limit: 2, Exploration: 1, MaxPerBrand: 1}, api.Request{})
	if got := choose(r, weighed(r, weights)); got != "ae" && got != "af" {
		t.Errorf("%s: another item of the brand is not explored in the place of d", got)
	}
	// Three places: whatever is drawn for the second, the third must not make it two of the brand.
	shop = cataloguetest.Shop(t, profileapi.Item{ItemID: "a"}, profileapi.Item{ItemID: "b", Brand: "Ora"},
		profileapi.Item{ItemID: "c", Brand: "Lux"}, profileapi.Item{ItemID: "d", Brand: "Lux"}, profileapi.Item{ItemID: "e", Brand: "Ora"})
	weights = map[string]float32{"a": 5, "b": 4, "c": 3, "d": 2, "e": 1}
	for nonce := range uint64(20) {
		r := newRun(shop, api.Scenario{Limit: 3, Exploration: 1, MaxPerBrand: 1}, api.Request{})
		r.nonce = nonce
		if got := choose(r, weighed(r, weights)); got != "abd" && got != "aed" && got != "aec" && got != "abc" {
			t.Errorf("%s has two items of a brand", got)
		}
	}
}

func TestWhatIsSeldomLookedAtIsExploredMore(t *testing.T) {
	t.Parallel()
	shop, weights := letters(t)
	// Of the pool, c to v, nobody has looked at k to v, and at c to j nine times as often as at a: the mean is 0.9 of theirs.
	viewed := &candidate.Row{Items: []int32{0}, Weights: []float32{1}}
	for n := int32(2); n < 10; n++ {
		viewed.Items, viewed.Weights = append(viewed.Items, n), append(viewed.Weights, 9)
	}
	looked := 0
	const lists = 1000
	for nonce := range uint64(lists) {
		r := newRun(shop, api.Scenario{Limit: 2, Exploration: 1}, api.Request{})
		r.nonce, r.viewed = nonce, viewed
		if choose(r, weighed(r, weights))[1] <= 'j' {
			looked++
		}
	}
	// 12 weigh 1, and 8 weigh 1/(1 + 9/(73/9)) = .474 each: 24 % of the places, with a standard deviation of 1.35 %.
	if looked < 187 || looked > 294 {
		t.Errorf("%d of %d explored places have what is looked at often", looked, lists)
	}
}

func TestAReplaySaysThatAPopularityListIsGone(t *testing.T) {
	t.Parallel()
	r := newRun(cataloguetest.Shop(t, lamps()...), api.Scenario{}, api.Request{})
	r.engine.Peers = peers.New(peers.Options{CacheBytes: 1 << 20, Now: r.engine.Now, Registry: prometheus.NewRegistry()})
	defer r.engine.Peers.Close()
	input := decision.NewPopularInput(viewedWindow(), "", noon)
	r.past = &inputs{decision: &decision.Decision{Popular: []decision.PopularInput{input}}}
	if list, err := r.popularList(t.Context(), boughtWindow(), ""); list != nil || err != nil || len(r.past.gone) > 0 {
		t.Errorf("of a list that the decision did not use: %v, %v, gone %v", list, err, r.past.gone)
	}
	if list, err := r.popularList(t.Context(), viewedWindow(), ""); list != nil || err != nil || len(r.past.gone) != 1 {
		t.Errorf("of a list that is not remembered: %v, %v, gone %v", list, err, r.past.gone)
	}
}

func TestChecksNameTheFirstReasonAndAll(t *testing.T) {
	t.Parallel()
	items := lamps()
	items[0].Status = profileapi.ItemHidden
	items[0].Stock = &profileapi.Stock{Status: profileapi.OutOfStock}
	shop := cataloguetest.Shop(t, items...)
	r := newRun(shop, api.Scenario{Limit: 3, Seen: "exclude"}, api.Request{
		ExcludeItems: []string{"a"}, Filter: &api.Condition{Field: "brand", Value: "Ora"},
	})
	r.visitor.History = []visitor.HistoryItem{{ItemID: "a", Item: visitor.Unknown}, {ItemID: "c", Item: visitor.Unknown}}
	r.visitor.Purchased = []visitor.Bought{{ItemID: "d", Item: visitor.Unknown}}
	r.read(func(v *catalogue.View) {
		c := newChecks(r, v)
		for id, want := range map[string][]string{
			"a": {"excluded", "seen", "filter", "status", "out_of_stock"}, "b": {"filter"}, "c": {"seen"}, "d": {"purchased"},
		} {
			it := v.Item(v.Find(id))
			if got := c.First(it); got != want[0] {
				t.Errorf("%s is dropped by %q first, want %q", id, got, want[0])
			}
			if diff := cmp.Diff(want, c.All(it)); diff != "" {
				t.Errorf("%s: %s", id, diff)
			}
		}
		c.Place(v.Find("c"))
		if got := c.All(v.Item(v.Find("c"))); !slices.Equal(got, []string{"seen"}) {
			t.Errorf("a place in the list is a reason of its own: %v", got)
		}
	})
}
