package service_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

func amount(v float64) *float64 { return &v }

// families starts a service for a shop with a shirt of three sizes, a sleeve whose variants have no product row, and a mug known by its
// SKU.
func families(t *testing.T) *running {
	t.Helper()
	s := north(t)
	out := &profileapi.Stock{Status: profileapi.OutOfStock}
	size := func(id, parent, size string, price float64, stock *profileapi.Stock) profileapi.Item {
		return profileapi.Item{
			ItemID: id, ParentID: parent, Title: "Size " + size, Price: &price, Currency: "EUR", Stock: stock,
			Attributes: map[string]any{"size": size},
		}
	}
	s.world.edit("north", func(d *shopData) {
		d.put(
			size("shirt-s", "shirt", "S", 20, out), size("shirt-m", "shirt", "M", 22, nil), size("shirt-l", "shirt", "L", 25, nil),
			profileapi.Item{ItemID: "shirt", Title: "Shirt", Brand: "Ora", CategoryPath: []string{"Tops"}, Stock: out, Price: amount(99)},
			size("v11", "g1", "15", 32, nil), size("v12", "g1", "13", 30, nil),
			profileapi.Item{ItemID: "mug", Title: "Mug", Aliases: []string{"MUG-1"}, GTIN: "4006381333931", Price: amount(8)},
		)
		near := d.lists["similar"]["i000"]
		near[0].ItemID, near[1].ItemID, near[2].ItemID, near[3].ItemID = "shirt-s", "v11", "MUG-1", "v12"
		d.list("similar", "mug", near...)
	})
	s.await(t, similarTo("i000"), func(a api.Answer) bool { return slices.Contains(ids(a), "mug") })
	return s
}

func similarTo(item string) api.Request {
	return api.Request{Scenario: "product_detail.similar", ContextItems: []string{item}, Limit: 20, Fallback: "strict"}
}

// first returns the answer's items that are not lamps, as item/variant/family.
func others(a api.Answer) (list []string) {
	for _, it := range a.Items {
		if it.ItemID[0] != 'i' {
			list = append(list, it.ItemID+"/"+it.VariantID+"/"+it.FamilyID)
		}
	}
	slices.Sort(list)
	return list
}

func TestAnswersNameTheFamilyAndItsBestVariant(t *testing.T) {
	t.Parallel()
	s := families(t)
	s.world.edit("north", func(d *shopData) {
		d.put(
			profileapi.Item{ItemID: "dress-l", ParentID: "dress", Attributes: map[string]any{"size": "L"}},
			profileapi.Item{ItemID: "dress-m", ParentID: "dress", Attributes: map[string]any{"size": "M"}},
		)
		d.did("lea", "view_item", "dress-l")
		d.did("mia", "view_item", "dress-m")
	})
	mug := "mug//"
	for name, c := range map[string]struct {
		user  string
		where *api.Condition
		cart  []string
		not   []string
		want  []string
	}{
		"the first that can be bought": {want: []string{mug, "shirt/shirt-l/shirt", "v11//g1"}},
		"the visitor's size":           {user: "mia", want: []string{mug, "shirt/shirt-m/shirt", "v11//g1"}},
		"another visitor's size":       {user: "lea", want: []string{mug, "shirt/shirt-l/shirt", "v11//g1"}},
		"the variant that the filter wants": {
			where: &api.Condition{Field: "price", Op: "lte", Value: 30.0}, want: []string{mug, "shirt/shirt-l/shirt", "v12//g1"},
		},
		"one variant meets all of a filter": {
			where: &api.Condition{All: []api.Condition{{Field: "price", Op: "lt", Value: 23.0}, {Field: "attributes.size", Value: "L"}}},
		},
		"a variant that cannot be bought": {where: &api.Condition{Field: "attributes.size", Value: "S"}},
		"a variant has its product's brand": {
			where: &api.Condition{All: []api.Condition{{Field: "brand", Value: "Ora"}, {Field: "attributes.size", Value: "M"}}},
			want:  []string{"shirt/shirt-m/shirt"},
		},
		"a filter by family id": {
			where: &api.Condition{Field: "item_id", Op: "in", Value: []any{"g1", "4006381333931"}}, want: []string{mug, "v11//g1"},
		},
		"a filter against a variant": {
			where: &api.Condition{Field: "item_id", Op: "ne", Value: "v11"}, want: []string{mug, "shirt/shirt-l/shirt", "v12//g1"},
		},
		"what is in the cart is offered nowhere":     {cart: []string{"shirt-m", "MUG-1"}, want: []string{"v11//g1"}},
		"an excluded family, and one by its variant": {not: []string{"g1", "shirt-s"}, want: []string{mug}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := similarTo("i000")
			req.UserID, req.Filter, req.Cart, req.ExcludeItems = c.user, c.where, c.cart, c.not
			got := others(s.await(t, req, func(a api.Answer) bool { return slices.Equal(others(a), c.want) || c.user == "" }))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheFieldsOfAFamilyAreThoseOfWhatIsOffered(t *testing.T) {
	t.Parallel()
	s := families(t)
	req := similarTo("i000")
	req.Fields = []string{"title", "price", "price_range", "stock", "attributes.size", "brand"}
	a := s.recommend(t, req)
	got := map[string]map[string]any{}
	for _, it := range a.Items {
		got[it.ItemID] = map[string]any{}
		for _, f := range it.Fields {
			got[it.ItemID][f.Name] = f.Value
		}
	}
	want := map[string]map[string]any{
		"shirt": {
			"title": "Shirt", "price": 22.0, "price_range": map[string]any{"min": 22.0, "max": 25.0}, "attributes.size": "L",
			"brand": "Ora",
		},
		"v11": {"title": "Size 15", "price": 32.0, "price_range": map[string]any{"min": 30.0, "max": 32.0}, "attributes.size": "15"},
		"mug": {"title": "Mug", "price": 8.0},
	}
	for id := range want {
		if diff := cmp.Diff(want[id], got[id]); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
}

func TestRulesAndQuestionsFindItemsByAnyID(t *testing.T) {
	t.Parallel()
	s := families(t)
	sc := trending()
	sc.Rules = []api.Rule{
		{RuleID: "sleeve", Action: "pin", ItemID: "v12", Position: 1}, {RuleID: "mug", Action: "pin", ItemID: "4006381333931", Position: 2},
	}
	s.put(t, "mine", sc)
	if diff := cmp.Diff([]string{"mug//", "v12//g1"}, others(s.recommend(t, api.Request{Scenario: "mine", Limit: 3}))); diff != "" {
		t.Error(diff)
	}
	for asked, want := range map[string]struct {
		included bool
		instead  string
	}{
		"MUG-1": {true, "mug"}, "mug": {true, ""}, "g1": {true, "v11"}, "v12": {true, "v11"}, "v11": {true, ""}, "shirt-m": {true, "shirt"},
		"shirt-l": {true, ""},
	} {
		got, err := s.api.Explain(t.Context(), api.ExplainRequest{Request: similarTo("i000"), ItemID: asked})
		if err != nil || got.Included != want.included || got.RecommendedInstead != want.instead {
			t.Errorf("%s: %v included %v, instead %q (%s), want %+v", asked, err, got.Included, got.RecommendedInstead, got.Stage, want)
		}
	}
	from := s.recommend(t, similarTo("MUG-1"))
	if !slices.Contains(ids(from), "shirt") || slices.Contains(ids(from), "mug") {
		t.Errorf("of the page of an alias: %v", ids(from))
	}
	var ranked api.RankAnswer
	if err := s.http.Call(
		t.Context(), http.MethodPost, "/v1/rankings", nil, api.RankRequest{ItemIDs: []string{"shirt-s", "shirt-m", "g1", "MUG-1", "none"}},
		&ranked,
	); err != nil {
		t.Fatal(err)
	}
	var available []bool
	for _, it := range ranked.Items {
		available = append(available, it.Available)
	}
	if !slices.Equal(available, []bool{false, true, true, true, false}) {
		t.Errorf("available: %v", available)
	}
}

func TestWhyNotGivesTheRank(t *testing.T) {
	t.Parallel()
	s := north(t)
	got, err := s.api.Explain(t.Context(), api.ExplainRequest{
		Request: api.Request{Scenario: "home.trending", Limit: 5, DeadlineMS: 5000}, ItemID: "i011",
	})
	if err != nil || got.Stage != "rank" || got.Rank != 12 || got.Total != 200 {
		t.Errorf("%v: stage %s, rank %d of %d; want 12 of 200", err, got.Stage, got.Rank, got.Total)
	}
}

func TestVariantsOfOneProductAreOneSeed(t *testing.T) {
	t.Parallel()
	s := families(t)
	s.world.edit("north", func(d *shopData) {
		d.did("ann", "view_item", "shirt-m", "shirt-l", "i003")
		for _, id := range []string{"shirt-m", "shirt-l"} {
			d.list("similar", id, d.lists["similar"]["i050"]...)
		}
	})
	seeds := func(a api.Answer) map[string]float64 {
		got := map[string]float64{}
		for _, it := range a.Items {
			for _, c := range it.Explanation.Contributions {
				got[c.SeedItemID] = c.SeedWeight
			}
		}
		return got
	}
	a := s.recommend(t, api.Request{Scenario: "email.for_you", UserID: "ann", Limit: 30, Explain: "full", Fallback: "strict"})
	// A view weighs 1, saturated 1/2; two of one product weigh 2, saturated 2/3; they decay while the test runs.
	if diff := cmp.Diff(map[string]float64{"shirt-m": 2. / 3, "i003": .5}, seeds(a), cmpopts.EquateApprox(0, 1e-3)); diff != "" {
		t.Error(diff)
	}
	req := similarTo("shirt-m")
	req.ContextItems, req.Explain = []string{"shirt-m", "shirt-l"}, "full"
	if diff := cmp.Diff(map[string]float64{"shirt-m": 1}, seeds(s.recommend(t, req))); diff != "" {
		t.Error(diff)
	}
}
