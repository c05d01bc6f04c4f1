package offer_test

import (
	"fmt"
	"testing"

	"github.com/aisle-rec/aisle/recommender-service/internal/affinity"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue/cataloguetest"
	"github.com/aisle-rec/aisle/recommender-service/internal/offer"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// sizes are the variants of a shirt, which costs more the larger it is.
func sizes() []profileapi.Item {
	list := []profileapi.Item{{ItemID: "shirt", Title: "Shirt", Attributes: map[string]any{"fit": "slim"}}}
	for n, size := range []string{"L", "M", "S"} {
		price := float64(30 - n)
		list = append(list, profileapi.Item{
			ItemID: "shirt-" + size, ParentID: "shirt", Price: &price, Attributes: map[string]any{"size": size},
		})
	}
	return list
}

func TestWhichVariantIsSold(t *testing.T) {
	t.Parallel()
	cataloguetest.Shop(t, sizes()...).Read(func(v *catalogue.View) {
		members := v.Item(v.Find("shirt")).Family.Members
		named := func(id string) func(*catalogue.Item) bool {
			return func(it *catalogue.Item) bool { return it.ID == id }
		}
		taste := affinity.Taste{"size": {"M": 1.}}
		sells := map[int32]bool{v.Find("shirt-S"): true}
		for want, c := range map[string]offer.Choice{
			"shirt-L": {Named: named("shirt-L"), Taste: taste, Sells: sells}, // before the visitor's size
			"shirt-M": {Named: named(""), Taste: taste, Sells: sells},        // before the one that sells best
			"shirt-S": {Named: named(""), Sells: sells},
		} {
			if got := c.Best(members); got.ID != want {
				t.Errorf("%s is sold, want %s", got.ID, want)
			}
		}
		if got := (&offer.Choice{Named: named("")}).Best(members); got != members[0] {
			t.Errorf("%s is sold, want the first", got.ID)
		}
	})
}

func TestFieldsAreOfTheVariantOrItsProduct(t *testing.T) {
	t.Parallel()
	cataloguetest.Shop(t, sizes()...).Read(func(v *catalogue.View) {
		family := v.Item(v.Find("shirt")).Family
		f := offer.Offer{Shown: family.Row, Variant: v.Item(v.Find("shirt-L")), Members: family.Members}
		got := f.AppendFields(nil, []string{"title", "price", "price_range", "attributes.size", "attributes.fit", "brand"}, nil)
		want := "[{title Shirt} {price 28} {price_range {28 30}} {attributes.size L} {attributes.fit slim}]"
		if fmt.Sprint(got) != want {
			t.Errorf("%v, want %s", got, want)
		}
	})
}
