package profile

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/visitorstate"
)

var at = time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC)

// days returns the epoch milliseconds of n days before at.
func days(n int) int64 { return at.AddDate(0, 0, -n).UnixMilli() }

func stored(eventType, order string, daysAgo int, items ...string) store.Event {
	e := store.Event{EventID: eventType, Type: eventType, OrderID: order, OccurredMs: days(daysAgo)}
	var lines []event.Line
	for _, i := range items {
		lines = append(lines, event.Line{ItemID: i, Quantity: 1})
	}
	e.Lines = event.AppendLines(nil, lines)
	return e
}

func computed(t *testing.T, o options, facts map[string]store.ItemFacts, events ...store.Event) profileapi.Profile {
	t.Helper()
	state := &visitorstate.State{}
	for n := range events {
		events[n].Seq = int64(n + 1)
	}
	if err := visitor.NewMover(profileapi.DefaultEventWeights(), o.HalfLife).Apply(state, events); err != nil {
		t.Fatal(err)
	}
	var p profileapi.Profile
	compute(&p, state, facts, o)
	return p
}

func TestProfileOfAKnownHistory(t *testing.T) {
	t.Parallel()
	options := options{At: at, HalfLife: 30 * 24 * time.Hour, Limit: 10}
	price := 12.0
	facts := map[string]store.ItemFacts{
		"lamp":  {Category: "Home" + store.CategorySeparator + "Light", Brand: "Lux", Price: &price},
		"chair": {Category: "Home"},
	}
	p := computed(t, options, facts,
		stored("purchase", "6", 60, "lamp"),
		stored("view_item_list", "", 30, "shown"),
		stored("purchase", "7", 30, "lamp", "new"),
		stored("view_item", "", 0, "lamp"),
		stored("add_to_cart", "", 0, "cup"),
		stored("not_interested", "", 0, "chair"))
	approx := cmpopts.EquateApprox(0, 1e-6) // sums are kept as float32
	wantRecent := []struct {
		id, typ        string
		weight, decays float64
		// halved once and twice by 30 and 60 days
	}{
		{"chair", "not_interested", -2, -2}, {"cup", "add_to_cart", 3, 3}, {"lamp", "purchase", 11, 1 + 2.5 + 1.25},
		{"new", "purchase", 5, 2.5},
	}
	if len(p.Recent) != len(wantRecent) {
		t.Fatalf("recent: %+v", p.Recent)
	}
	for i, want := range wantRecent {
		if got := p.Recent[i]; got.ItemID != want.id || got.Type != want.typ || got.Weight != want.weight ||
			math.Abs(got.Decayed-want.decays) > 1e-6 {
			t.Errorf("recent %d: %+v, want %+v", i, got, want)
		}
	}
	affinity := profileapi.Affinity{
		Categories: []profileapi.AffinityValue{{Value: "Home > Light", Weight: 4.75}, {Value: "Home", Weight: 2.75}},
		Brands:     []profileapi.AffinityValue{{Value: "Lux", Weight: 4.75}},
		PriceBands: []profileapi.AffinityValue{{Value: "10-20", Weight: 4.75}},
	}
	if diff := cmp.Diff(affinity, p.Affinity, approx); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"chair"}, p.Hidden); diff != "" {
		t.Error(diff)
	}
	if len(p.Cart) != 1 || p.Cart[0].ItemID != "cup" || p.Cart[0].Quantity != 1 {
		t.Errorf("cart: %+v", p.Cart)
	}
	if lamp := p.Purchased[0]; lamp.ItemID != "lamp" || lamp.Count != 2 || len(lamp.Times) != 2 || lamp.Times[0].UnixMilli() != days(60) {
		t.Errorf("purchased: %+v", p.Purchased)
	}
}

func TestEmptyHistoryHasNoNils(t *testing.T) {
	t.Parallel()
	p := computed(t, options{At: at, HalfLife: time.Hour, Limit: 1}, nil)
	if p.Recent == nil || p.Session == nil || p.Hidden == nil || p.Purchased == nil || p.Cart == nil || p.Affinity.Brands == nil {
		t.Errorf("%+v", p)
	}
}
