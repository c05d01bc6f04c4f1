package visitor_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestTheCartIsTheProfilesWithWhatTheRequestAdds(t *testing.T) {
	t.Parallel()
	now := time.Unix(1.7e9, 0)
	inSession := []profileapi.ProfileItem{{ItemID: "lamp", Type: "add_to_cart", Types: []string{"add_to_cart"}}}
	for name, c := range map[string]struct {
		cart   []profileapi.CartItem
		events []profileapi.Event
		want   []string
	}{
		"the profile's":                             {cart: []profileapi.CartItem{{ItemID: "mug", Quantity: 2}, {ItemID: "cup"}}, want: []string{"mug", "cup"}},
		"an empty one is empty":                     {cart: []profileapi.CartItem{}},
		"a profile that does not tell: the session": {want: []string{"lamp"}},
		"what was just added, taken out and bought": {
			cart:   []profileapi.CartItem{{ItemID: "mug"}, {ItemID: "cup"}},
			events: []profileapi.Event{{Type: "add_to_cart", ItemID: "pot"}, {Type: "remove_from_cart", ItemID: "mug"}, {Type: "purchase", Items: []profileapi.EventItem{{ItemID: "cup"}}}},
			want:   []string{"pot"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := visitor.Of(&profileapi.Profile{Cart: c.cart, Session: inSession})
			before := *v
			v.Add(c.events, now)
			got := v.Cart()
			if len(got) == 0 {
				got = nil
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if len(c.cart) > 0 && len(before.Cart()) != len(c.cart) {
				t.Errorf("the visitor that others share has now %v", before.Cart())
			}
		})
	}
}

func TestWhatWasGivenBackIsNotBought(t *testing.T) {
	t.Parallel()
	two := 2.0
	v := visitor.Of(&profileapi.Profile{Purchased: []profileapi.PurchasedItem{{ItemID: "lamp", Quantity: 0}, {ItemID: "mug", Quantity: 2}, {ItemID: "cup", Quantity: 2}}})
	v.Add([]profileapi.Event{{Type: "refund", Items: []profileapi.EventItem{{ItemID: "mug", Quantity: &two}, {ItemID: "cup"}}}}, time.Unix(1.7e9, 0))
	if len(v.Purchased) != 1 || v.Purchased[0].ItemID != "cup" || v.Purchased[0].Quantity != 1 {
		t.Errorf("bought: %+v", v.Purchased)
	}
}
