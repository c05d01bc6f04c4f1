package recommend

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue/cataloguetest"
	"github.com/aisle-rec/aisle/recommender-service/internal/rotation"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// factorsOf returns what each factor of a run makes of an item's score, by name.
func factorsOf(r *run, id string) map[string]float64 {
	got := map[string]float64{}
	r.read(func(v *catalogue.View) {
		for _, f := range r.factors(v) {
			got[f.Name] = math.Round(f.Of(v.Item(v.Find(id)))*1e6) / 1e6
		}
	})
	return got
}

func TestRotationFadesWithinHours(t *testing.T) {
	t.Parallel()
	variant := profileapi.Item{ItemID: "a1", ParentID: "a"}
	shop := cataloguetest.Shop(t, append(lamps(), variant)...)
	ago := func(d time.Duration, items ...string) rotation.List {
		return rotation.List{AtMs: noon.Add(-d).UnixMilli(), Items: items}
	}
	none := 0.
	for name, c := range map[string]struct {
		req   api.Request
		shown []rotation.List
		want  map[string]float64
	}{
		"just now":                  {api.Request{}, []rotation.List{ago(0, "b")}, map[string]float64{"rotation": .6}},
		"half as much after 30 min": {api.Request{}, []rotation.List{ago(30*time.Minute, "b")}, map[string]float64{"rotation": .8}},
		"the latest time counts": {api.Request{}, []rotation.List{ago(30*time.Minute, "b"), ago(time.Hour, "b")},
			map[string]float64{"rotation": .8}},
		"a clock that was ahead":      {api.Request{}, []rotation.List{ago(-time.Hour, "b")}, map[string]float64{"rotation": .6}},
		"another item":                {api.Request{}, []rotation.List{ago(0, "c")}, map[string]float64{"rotation": 1}},
		"items that are gone":         {api.Request{}, []rotation.List{ago(0, "gone")}, map[string]float64{}},
		"nothing shown":               {api.Request{}, nil, map[string]float64{}},
		"switched off by the request": {api.Request{Rotation: &none}, []rotation.List{ago(0, "b")}, map[string]float64{}},
	} {
		r := newRun(shop, api.Scenario{Rotation: .4}, c.req)
		r.shown = c.shown
		if diff := cmp.Diff(c.want, factorsOf(r, "b")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	r := newRun(shop, api.Scenario{Rotation: .4}, api.Request{})
	r.shown = []rotation.List{ago(0, "a1")}
	if got := factorsOf(r, "a")["rotation"]; got != .6 {
		t.Errorf("a product whose variant was shown has the factor %v", got)
	}
}

func TestPriceBandsRaiseWhatCostsAsMuchAsWhatIsLiked(t *testing.T) {
	t.Parallel()
	shop := cataloguetest.Shop(t, lamps()...)
	touched := func(id string, decayed, disliked float64) visitor.HistoryItem {
		return visitor.HistoryItem{ItemID: id, Item: visitor.Unknown, Decayed: decayed, Disliked: disliked}
	}
	if one, other := profileapi.PriceBand(10), profileapi.PriceBand(50); one == other {
		t.Fatalf("10 and 50 are both of the band %s", one)
	}
	r := newRun(shop, api.Scenario{PriceBand: .5}, api.Request{})
	r.visitor.History = []visitor.HistoryItem{
		touched("a", 3, 0), touched("e", 1, 0), touched("f", 9, 0), touched("gone", 9, 0),
	}
	for id, want := range map[string]float64{"a": 1 + .5*.75, "e": 1 + .5*.25, "f": 1} {
		if got := factorsOf(r, id)["price_band"]; got != want {
			t.Errorf("%s of which the visitor likes the price has the factor %v, want %v", id, got, want)
		}
	}
	r = newRun(shop, api.Scenario{PriceBand: .5}, api.Request{})
	r.visitor.History = []visitor.HistoryItem{touched("a", -2, -2), touched("e", -1, 0)}
	if got := factorsOf(r, "a"); len(got) != 0 {
		t.Errorf("dislikes alone change scores: %v", got)
	}
}

func TestAPlacementHasPriceBandsWhateverThoseBeforeItAskedFor(t *testing.T) {
	t.Parallel()
	shop := cataloguetest.Shop(t, lamps()...)
	first := newRun(shop, api.Scenario{}, api.Request{})
	first.visitor.History = []visitor.HistoryItem{{ItemID: "a", Item: visitor.Unknown, Decayed: 1}}
	first.affinity()
	second := newRun(shop, api.Scenario{PriceBand: .5}, api.Request{})
	second.person = first.person // of the same page
	if got := factorsOf(second, "a")["price_band"]; got != 1.5 {
		t.Errorf("the factor is %v, want 1.5", got)
	}
}

func TestDislikesCountForTheNarrowestCategoryAlone(t *testing.T) {
	t.Parallel()
	r := newRun(cataloguetest.Shop(t, lamps()...), api.Scenario{}, api.Request{})
	r.visitor.History = []visitor.HistoryItem{
		{ItemID: "a", Item: visitor.Unknown, Decayed: 2}, {ItemID: "d", Item: visitor.Unknown, Decayed: -3, Disliked: -3},
	}
	likes := r.affinity()
	want := []profileapi.AffinityValue{
		{Value: "Home", Weight: 2}, {Value: "Home > Desk", Weight: 2}, {Value: "Home > Floor", Weight: -3},
	}
	if diff := cmp.Diff(want, likes.Categories); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]profileapi.AffinityValue{{Value: "Lux", Weight: 2}}, likes.Brands); diff != "" {
		t.Error(diff)
	}
}

func TestObjectivesMultiplyByWorthRelativeToTheMean(t *testing.T) {
	t.Parallel()
	shop := cataloguetest.Shop(t, lamps()...) // prices of 10 to 50, 30 in the mean
	for name, c := range map[string]struct {
		scenario api.Scenario
		item     string
		want     map[string]float64
	}{
		"revenue, by its root when nothing is said": {
			api.Scenario{Objective: "revenue"}, "a", map[string]float64{"objective:revenue": .57735}}, // √(1/3)
		"revenue in full": {api.Scenario{Objective: "revenue", ObjectiveStrength: 1}, "e",
			map[string]float64{"objective:revenue": 1.666667}},
		"an unknown price":  {api.Scenario{Objective: "revenue"}, "f", map[string]float64{"objective:revenue": 1}},
		"no margin known":   {api.Scenario{Objective: "margin"}, "a", map[string]float64{"objective:margin": 1}},
		"clicks":            {api.Scenario{Objective: "clicks"}, "a", map[string]float64{}},
		"no figures so far": {api.Scenario{Objective: "conversion"}, "a", map[string]float64{}},
	} {
		if diff := cmp.Diff(c.want, factorsOf(newRun(shop, c.scenario, api.Request{}), c.item)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
