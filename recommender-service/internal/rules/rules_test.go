package rules_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue/cataloguetest"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// shelf is a replica with three items, filled through the change feed.
func shelf(t testing.TB) *catalogue.Shop {
	t.Helper()
	price, cost, quantity := 10.0, 4.0, 3.0
	items := []profileapi.Item{
		{ItemID: "lamp", Title: "Red Lamp", CategoryPath: []string{"Home", "Lighting"}, Brand: "Lux", Price: &price,
			Cost: &cost, Tags: []string{"new", "gift"},
			Attributes: map[string]any{
				"colour": "red", "watts": 40.0, "sizes": []any{"S", "M"},
			}, PublishedAt: wire.TimeOf(time.Unix(0, 0).Add(24 * time.Hour))},
		{ItemID: "bulb", Title: "Bulb", CategoryPath: []string{"Home"}, Stock: &profileapi.Stock{Status: "in_stock", Quantity: &quantity}},
		{ItemID: "bare"},
	}
	return cataloguetest.Shop(t, items...)
}

func TestConditionsMatchItems(t *testing.T) {
	t.Parallel()
	shop := shelf(t)
	audience := func(field string) (any, bool) {
		v, ok := map[string]any{"seed.brand": "Lux", "user.segments": []string{"vip"}}[field]
		return v, ok
	}
	for text, want := range map[string][]string{
		`{"field":"brand","value":"Lux"}`:                                                      {"lamp"},
		`{"field":"brand","op":"ne","value":"Lux"}`:                                            {"bulb", "bare"},
		`{"field":"category","value":"Home"}`:                                                  {"lamp", "bulb"},
		`{"field":"category","op":"in","value":["Home > Lighting","Garden"]}`:                  {"lamp"},
		`{"field":"category_path","op":"contains","value":"light"}`:                            {"lamp"},
		`{"field":"price","op":"gte","value":10}`:                                              {"lamp"},
		`{"field":"price","op":"lt","value":10}`:                                               nil,
		`{"field":"margin","op":"gt","value":5}`:                                               {"lamp"},
		`{"field":"tags","op":"contains_any","value":["sale","gift"]}`:                         {"lamp"},
		`{"field":"title","op":"contains","value":"red l"}`:                                    {"lamp"},
		`{"field":"title","op":"starts_with","value":"Bu"}`:                                    {"bulb"},
		`{"field":"brand","op":"exists","value":false}`:                                        {"bulb", "bare"},
		`{"field":"attributes.watts","op":"lte","value":40}`:                                   {"lamp"},
		`{"field":"attributes.sizes","value":"M"}`:                                             {"lamp"},
		`{"field":"stock.quantity","op":"gt","value":2}`:                                       {"bulb"},
		`{"field":"stock.status","value":"in_stock"}`:                                          {"lamp", "bulb", "bare"},
		`{"field":"age_days","op":"lt","value":2}`:                                             {"lamp"},
		`{"field":"brand","value":{"ref":"seed.brand"}}`:                                       {"lamp"},
		`{"field":"brand","value":{"ref":"seed.title"}}`:                                       nil,
		`{"not":{"any":[{"field":"brand","value":"Lux"},{"field":"item_id","value":"bare"}]}}`: {"bulb"},
		`{"all":[]}`: {"lamp", "bulb", "bare"},
	} {
		var c api.Condition
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(err)
		}
		p := &rules.Problems{}
		if rules.Check(p, "", rules.Items, &c); len(p.Fields) > 0 {
			t.Errorf("%s: %v", text, p.Fields)
		}
		var got []string
		shop.Read(func(v *catalogue.View) {
			match := rules.Compile(&c, v, audience, time.Unix(0, 0).Add(48*time.Hour))
			v.Items(func(it *catalogue.Item) {
				if match(it) {
					got = append(got, it.ID)
				}
			})
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	if !rules.Holds(&api.Condition{Field: "user.segments", Op: "contains", Value: "vip"}, audience) ||
		rules.Holds(&api.Condition{Field: "user.known", Value: true}, audience) {
		t.Error("conditions on the audience")
	}
}

func TestMistakesAreFoundWithTheirPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`{}`:                                   {""},
		`{"field":"brand","all":[]}`:           {""},
		`{"all":[{"field":"brnd","value":1}]}`: {"/all/0/field"},
		`{"not":{"field":"price","op":"gt","value":"x"}}`:  {"/not/value"},
		`{"field":"brand","op":"in","value":[1,"a",true]}`: {"/value/0", "/value/2"},
		`{"field":"brand","op":"like","value":"a"}`:        {"/op"},
		`{"field":"brand","op":"in","value":[]}`:           {"/value"},
		`{"field":"price","value":{"ref":"seed.nothing"}}`: {"/value/ref"},
		`{"all":[],"op":"eq"}`:                             {"/op"},
	} {
		var c api.Condition
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(err)
		}
		p := &rules.Problems{}
		rules.Check(p, "", rules.Items, &c)
		var got []string
		for _, f := range p.Fields {
			got = append(got, f.Pointer)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestRulesThatContradictEachOtherAreRefused(t *testing.T) {
	t.Parallel()
	p := &rules.Problems{}
	rules.CheckRules(p, "/rules", []api.Rule{
		{RuleID: "a", Action: "pin", ItemID: "x", Position: 1}, {RuleID: "b", Action: "pin", ItemID: "y", Position: 1},
		{RuleID: "c", Action: "hide", Where: &api.Condition{Field: "item_id", Value: "x"}}, {RuleID: "d", Action: "boost", Factor: .5},
		{RuleID: "e", Action: "limit_per", Field: "brand"},
		{RuleID: "f", Action: "bury", Factor: .5, From: wire.TimeOf(time.Unix(9, 0)), Until: wire.TimeOf(time.Unix(8, 0))},
	})
	var got []string
	for _, f := range p.Fields {
		got = append(got, f.Pointer)
		if f.Pointer == "/rules/1" && !strings.HasPrefix(f.Detail, "rule a already pins position 1") {
			t.Errorf("the other rule is not named: %s", f.Detail)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"/rules/0", "/rules/1", "/rules/3/factor", "/rules/4/max", "/rules/5/until"}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzConditions(f *testing.F) {
	f.Add(`{"all":[{"field":"brand","value":"Lux"},{"not":{"any":[]}}]}`)
	f.Add(`{"field":"price","op":"gt","value":{"ref":"seed.price"}}`)
	f.Add(`{"field":"attributes.x","op":"in","value":[[1],{"a":2}]}`)
	shop := shelf(f)
	f.Fuzz(func(t *testing.T, text string) {
		var c api.Condition
		if json.Unmarshal([]byte(text), &c) != nil {
			return
		}
		rules.Check(&rules.Problems{}, "", rules.Items, &c)
		shop.Read(func(v *catalogue.View) {
			match := rules.Compile(&c, v, rules.Nobody, time.Now())
			v.Items(func(it *catalogue.Item) { match(it) })
		})
		rules.Holds(&c, rules.Nobody)
	})
}
