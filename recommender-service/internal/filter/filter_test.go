package filter_test

import (
	"slices"
	"testing"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue/cataloguetest"
	"github.com/aisle-rec/aisle/recommender-service/internal/filter"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestAProductIsShownWhileAVariantIsLeft(t *testing.T) {
	t.Parallel()
	cataloguetest.Shop(t,
		profileapi.Item{ItemID: "shirt"}, profileapi.Item{ItemID: "shirt-s", ParentID: "shirt", Brand: "Lux"},
		profileapi.Item{ItemID: "shirt-m", ParentID: "shirt", Brand: "Ora"}, profileapi.Item{ItemID: "mug", Brand: "Lux"},
	).Read(func(v *catalogue.View) {
		is := func(brand string) filter.Check {
			return filter.Check{Name: brand, Drop: func(it *catalogue.Item) bool { return it.Brand == v.Brand(brand) }}
		}
		shirt, mug := v.Item(v.Find("shirt")), v.Item(v.Find("mug"))
		c := filter.Of(v, []filter.Check{is("Lux")})
		if first := c.First(shirt); first != "" || len(c.Offers()) != 1 || c.Offers()[0].ID != "shirt-m" {
			t.Errorf("without Lux: dropped by %q, offers %v", first, c.Offers())
		}
		if first := c.First(mug); first != "Lux" {
			t.Errorf("a mug of Lux is dropped by %q", first)
		}
		c.Add(is("Ora"))
		if first, all := c.First(shirt), c.All(shirt); first != "Ora" || !slices.Equal(all, []string{"Ora"}) {
			t.Errorf("without both: dropped by %q, in all by %q", first, all)
		}
	})
}

func TestAListDropsAnItemAndItsProduct(t *testing.T) {
	t.Parallel()
	cataloguetest.Shop(t,
		profileapi.Item{ItemID: "shirt"}, profileapi.Item{ItemID: "shirt-s", ParentID: "shirt"}, profileapi.Item{ItemID: "mug"},
	).Read(func(v *catalogue.View) {
		var marked filter.Table
		marked.Clear()
		c := filter.New(v, &marked)
		c.AddList("cart", 1, func(int) int32 { return v.Find("shirt-s") })
		c.AddPlaced()
		c.Place(v.Find("mug"))
		shirt, mug := v.Item(v.Find("shirt")), v.Item(v.Find("mug"))
		if first := c.First(shirt); first != "cart" {
			t.Errorf("a product whose variant is in the cart is dropped by %q", first)
		}
		if first, but := c.First(mug), c.FirstButPlaced(mug); first != "placed" || but != "" {
			t.Errorf("what has its place is dropped by %q, and by %q of where it stands", first, but)
		}
	})
}
