package visitor_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/visitorstate"
)

const halfLife = 30 * 24 * time.Hour

var now = time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC)

func daysAgo(n int) int64 { return now.AddDate(0, 0, -n).UnixMilli() }

// of reads a visitor from items of a state whose types are view_item and purchase.
func of(t *testing.T, items ...visitorstate.Item) *visitor.Visitor {
	t.Helper()
	s := visitorstate.State{Seq: 7, LastEvent: "e7", Types: []string{"view_item", "purchase"}, SessionID: "s", Items: items}
	if len(items) > 0 {
		s.Session = items[:1]
	}
	a := visitorstate.Answer{
		LastSeq: 9, Known: true, HalfLife: halfLife, Person: []byte(`{"segments":["vip"],"locale":"de"}`), State: s.Append(nil),
	}
	v, err := visitor.Of(&a, "ann", "s", now)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAVisitorIsReadFromItsState(t *testing.T) {
	t.Parallel()
	v := of(t,
		visitorstate.Item{
			ID: "mug", FirstMs: daysAgo(0), LastMs: daysAgo(0), Count: 1, Types: 1, Weight: 1, Decayed: 1, Strongest: 1, Cart: 2,
			CartMs: daysAgo(0),
		},
		visitorstate.Item{
			ID: "lamp", FirstMs: daysAgo(60), LastMs: daysAgo(30), Count: 2, Types: 3, Top: 1, Weight: 6, Decayed: 4, Strongest: 5,
			Purchases: []visitorstate.Purchase{{AtMs: daysAgo(30), Quantity: 1}, {AtMs: daysAgo(60), Quantity: 2}},
		},
		visitorstate.Item{
			ID: "vase", FirstMs: daysAgo(40), LastMs: daysAgo(40), Count: 1, Types: 1, Weight: -2, Decayed: -2, Strongest: 2, Hidden: true,
		})
	lamp := v.History[1]
	// 4, halved once by 30 days, is 2; 2/(1+2) is ⅔
	if lamp.ItemID != "lamp" || lamp.Type != "purchase" || lamp.Decayed != 2 || lamp.Weight != 2.0/3 || lamp.AgeHours != 30*24 ||
		!v.Did(&lamp, "view_item") || v.Did(&v.History[0], "purchase") {
		t.Errorf("%+v", lamp)
	}
	if diff := cmp.Diff(
		[]visitor.Bought{{ItemID: "lamp", Item: visitor.Unknown, Quantity: 3, Times: []int64{daysAgo(60), daysAgo(30)}}}, v.Purchased,
		cmpopts.IgnoreUnexported(visitor.Bought{}),
	); diff != "" {
		t.Error(diff)
	}
	v.Join(func(id string) int32 { return int32(len(id)) })
	if v.History[1].Item != 4 || v.Purchased[0].Item != 4 {
		t.Errorf("the lamp is %d in the history and %d among what was bought", v.History[1].Item, v.Purchased[0].Item)
	}
	if diff := cmp.Diff([][]string{{"mug"}, {"vase"}, {"vip"}}, [][]string{v.Cart, v.Hidden, v.Segments}); diff != "" {
		t.Error(diff)
	}
	if len(v.Session) != 1 || v.Session[0].ItemID != "mug" || v.Locale != "de" || v.LastEventID != "e7" || v.Watermark != 9 {
		t.Errorf("%+v", v)
	}
}

func TestWithoutConsentNothingIsKnown(t *testing.T) {
	t.Parallel()
	v, err := visitor.Of(&visitorstate.Answer{Known: true, Withheld: true}, "ann", "", now)
	if err != nil || v.Personal || len(v.History) > 0 {
		t.Errorf("%+v, %v", v, err)
	}
	v.Add([]profileapi.Event{{Type: "view_item", ItemID: "mug"}}, profileapi.DefaultEventWeights(), now)
	if len(v.History) > 0 {
		t.Error("an event of the request was added without consent")
	}
}

func TestTheRequestAddsToTheCart(t *testing.T) {
	t.Parallel()
	inCart := func(id string) visitorstate.Item {
		return visitorstate.Item{
			ID: id, FirstMs: daysAgo(1), LastMs: daysAgo(1), Count: 1, Types: 1, Weight: 3, Decayed: 3, Strongest: 3, Cart: 1,
			CartMs: daysAgo(1),
		}
	}
	shared := of(t, inCart("mug"), inCart("cup"))
	v := *shared
	v.Add(
		[]profileapi.Event{
			{Type: "add_to_cart", ItemID: "pot"}, {Type: "remove_from_cart", ItemID: "mug"},
			{Type: "purchase", Items: []profileapi.EventItem{{ItemID: "cup"}}},
		},
		profileapi.DefaultEventWeights(), now,
	)
	if diff := cmp.Diff([]string{"pot"}, v.Cart); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"mug", "cup"}, shared.Cart); diff != "" || len(shared.History) != 2 || shared.History[0].ItemID != "mug" {
		t.Errorf("the visitor that others share has changed: %s %+v", diff, shared.History)
	}
	if v.History[0].ItemID != "cup" || !v.Did(&v.History[0], "purchase") || len(v.Purchased) != 1 {
		t.Errorf("%+v", v.History)
	}
}

func TestWhatWasGivenBackIsNotBought(t *testing.T) {
	t.Parallel()
	bought := func(id string) visitorstate.Item {
		return visitorstate.Item{
			ID: id, FirstMs: daysAgo(1), LastMs: daysAgo(1), Count: 1, Types: 2, Top: 1, Weight: 5, Decayed: 5, Strongest: 5,
			Purchases: []visitorstate.Purchase{{AtMs: daysAgo(1), Quantity: 2}},
		}
	}
	two := 2.0
	v := of(t, bought("mug"), bought("cup"))
	v.Add(
		[]profileapi.Event{{Type: "refund", Items: []profileapi.EventItem{{ItemID: "mug", Quantity: &two}, {ItemID: "cup"}}}},
		profileapi.DefaultEventWeights(), now,
	)
	if len(v.Purchased) != 1 || v.Purchased[0].ItemID != "cup" || v.Purchased[0].Quantity != 1 {
		t.Errorf("bought: %+v", v.Purchased)
	}
}

func TestEventsOfARequestWeighWhatTheShopSays(t *testing.T) {
	t.Parallel()
	v := visitor.Cold("", "s1", now)
	five := 5.0
	v.Add([]profileapi.Event{
		{Type: "view_item", ItemID: "mug"}, {Type: "quiz_answer", ItemID: "pot"}, {Type: "rate", ItemID: "cup", Value: &five},
		{Type: "search"},
	},
		profileapi.EventWeights{"view_item": 9, "quiz_answer": 4, "rate": 0, "search": 0}, now)
	got := map[string]float64{}
	for _, touched := range v.History {
		got[touched.ItemID] = touched.Decayed
	}
	if diff := cmp.Diff(map[string]float64{"mug": 9, "pot": 4, "cup": 2}, got); diff != "" {
		t.Errorf("weights (-want +got):\n%s", diff)
	}
}
