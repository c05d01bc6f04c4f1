package catalogue

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

func number(v float64) *float64 { return &v }

func put(s *Shop, items ...profileapi.Item) {
	for _, it := range items {
		s.apply([]profileapi.ItemChange{{ItemID: it.ItemID, Item: &it}})
	}
}

func gone(s *Shop, ids ...string) {
	for _, id := range ids {
		s.apply([]profileapi.ItemChange{{ItemID: id}})
	}
}

// products says of everything that can be recommended: its key, the id under which it is shown, its status, whether it can be bought, and
// its price.
type shownProduct struct {
	Key, ID  string
	Status   Status
	Sellable bool
	Price    float64
}

func products(s *Shop) (list []shownProduct) {
	s.Read(func(v *View) {
		v.Products(func(it *Item) {
			list = append(list, shownProduct{v.ID(it.Index), it.ID, it.Status, it.Sellable, it.Price})
		})
	})
	return list
}

func TestAFamilyIsWhatItsVariantsMakeOfIt(t *testing.T) {
	t.Parallel()
	out := &profileapi.Stock{Status: profileapi.OutOfStock}
	variant := func(id string, price float64, stock *profileapi.Stock, status string) profileapi.Item {
		return profileapi.Item{ItemID: id, ParentID: "p", Price: &price, Stock: stock, Status: status}
	}
	parent := profileapi.Item{ItemID: "p", Title: "P", Price: number(99), Stock: out}
	hidden := parent
	hidden.Status = profileapi.ItemHidden
	for name, c := range map[string]struct {
		items []profileapi.Item
		gone  []string
		want  []shownProduct
	}{
		"without a row its best variant stands for it": {
			[]profileapi.Item{variant("b", 5, nil, ""), variant("a", 4, out, "")}, nil, []shownProduct{{"p", "b", Active, true, 5}},
		},
		"none can be bought: the first": {
			[]profileapi.Item{variant("b", 5, out, ""), variant("a", 6, out, "")}, nil, []shownProduct{{"p", "a", Active, false, 5}},
		},
		"a hidden variant before one sold out": {
			[]profileapi.Item{variant("a", 4, nil, profileapi.ItemHidden), variant("b", 5, out, "")}, nil,
			[]shownProduct{{"p", "b", Active, false, 5}},
		},
		"stock and price are those of the variants": {
			[]profileapi.Item{parent, variant("a", 4, out, ""), variant("b", 7, nil, ""), variant("c", 6, nil, "")}, nil,
			[]shownProduct{{"p", "p", Active, true, 6}},
		},
		"variants before their product": {
			[]profileapi.Item{variant("a", 4, nil, ""), parent}, nil, []shownProduct{{"p", "p", Active, true, 4}},
		},
		"a hidden product": {
			[]profileapi.Item{hidden, variant("a", 4, nil, "")}, nil, []shownProduct{{"p", "p", Hidden, true, 4}},
		},
		"no variant is active": {
			[]profileapi.Item{parent, variant("a", 4, nil, profileapi.ItemArchived)}, nil, []shownProduct{{"p", "p", Archived, false, 99}},
		},
		"without variants a product speaks for itself": {
			[]profileapi.Item{parent, variant("a", 4, nil, "")}, []string{"a"}, []shownProduct{{"p", "p", Active, false, 99}},
		},
		"its row goes": {
			[]profileapi.Item{parent, variant("a", 4, nil, "")}, []string{"p"}, []shownProduct{{"p", "a", Active, true, 4}},
		},
		"all go": {[]profileapi.Item{parent, variant("a", 4, nil, "")}, []string{"p", "a"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop("north", time.Now)
			put(s, c.items...)
			gone(s, c.gone...)
			if diff := cmp.Diff(c.want, products(s)); diff != "" {
				t.Error(diff)
			}
			s.Read(func(v *View) {
				if v.Count() != len(c.items)-len(c.gone) {
					t.Errorf("%d items", v.Count())
				}
			})
		})
	}
}

func TestAFamilyCanBeSeenAsItWas(t *testing.T) {
	t.Parallel()
	s := newShop("north", time.Now)
	put(s, profileapi.Item{ItemID: "a", ParentID: "p", Price: number(4)})
	var then int64
	s.Read(func(v *View) { then = v.Sequence() })
	put(s, profileapi.Item{ItemID: "a", ParentID: "p", Price: number(3)}, profileapi.Item{ItemID: "p"})
	known := s.ReadAt(then, func(v *View) {
		if it := v.Item(v.Find("p")); it == nil || it.ID != "a" || it.Price != 4 || v.Row(v.Find("p")) != nil ||
			v.Head(v.Find("a")) != v.Find("p") {
			t.Errorf("it was %+v", it)
		}
	})
	if !known {
		t.Error("the past is not known")
	}
}

func TestAliasesFindItems(t *testing.T) {
	t.Parallel()
	s := newShop("north", time.Now)
	found := func() map[string]string {
		got := map[string]string{}
		s.Read(func(v *View) {
			for _, id := range []string{"cap", "CAP-1", "4006381333931", "shared", "mug"} {
				if i := v.Find(id); i >= 0 && v.Item(i) != nil {
					got[id] = v.ID(i)
				}
			}
		})
		return got
	}
	check := func(step string, want map[string]string) {
		t.Helper()
		if diff := cmp.Diff(want, found()); diff != "" {
			t.Errorf("%s: %s", step, diff)
		}
	}
	put(s, profileapi.Item{ItemID: "mug", Aliases: []string{"shared"}}, profileapi.Item{
		ItemID: "cap", Aliases: []string{"CAP-1", "shared", "mug"}, GTIN: "4006381333931",
	})
	check("an id goes before an alias, and the smaller id before the larger", map[string]string{
		"cap": "cap", "CAP-1": "cap", "4006381333931": "cap", "shared": "cap", "mug": "mug",
	})
	gone(s, "mug")
	check("the alias of another once the item is gone", map[string]string{
		"cap": "cap", "CAP-1": "cap", "4006381333931": "cap", "shared": "cap", "mug": "cap",
	})
	put(s, profileapi.Item{ItemID: "mug", Aliases: []string{"shared"}}, profileapi.Item{ItemID: "cap"})
	check("aliases that were taken back", map[string]string{"cap": "cap", "shared": "mug", "mug": "mug"})
}

func TestAListThatNamesAnAliasMeansTheItem(t *testing.T) {
	t.Parallel()
	s := newShop("north", time.Now)
	head := func() (id string) {
		named := s.Intern(nil, []string{"CAP-1"})
		s.Read(func(v *View) {
			id = v.ID(named[0])
			if heads := v.Heads(); heads != nil {
				id = v.ID(heads[named[0]])
			}
		})
		return id
	}
	s.Intern(nil, []string{"CAP-1"})
	put(s, profileapi.Item{ItemID: "cap", Aliases: []string{"CAP-1"}})
	if got := head(); got != "cap" {
		t.Errorf("the alias is %s", got)
	}
	put(s, profileapi.Item{ItemID: "cap"})
	if got := head(); got != "CAP-1" {
		t.Errorf("the former alias is %s", got)
	}
}

func TestAParentNamedByAnAlias(t *testing.T) {
	t.Parallel()
	s := newShop("north", time.Now)
	put(s, profileapi.Item{ItemID: "a", ParentID: "HANDLE", Price: number(4)}, profileapi.Item{ItemID: "90", Aliases: []string{"HANDLE"}})
	if diff := cmp.Diff([]shownProduct{{"90", "90", Active, true, 4}}, products(s)); diff != "" {
		t.Error(diff)
	}
	gone(s, "90")
	if diff := cmp.Diff([]shownProduct{{"HANDLE", "a", Active, true, 4}}, products(s)); diff != "" {
		t.Error(diff)
	}
}
