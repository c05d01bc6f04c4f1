package replica

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

func item(id, parent string, aliases ...string) profileapi.ItemChange {
	return profileapi.ItemChange{ItemID: id, Item: &profileapi.Item{Title: id, ParentID: parent, Aliases: aliases}}
}

func TestFamiliesWithAndWithoutAParentRow(t *testing.T) {
	t.Parallel()
	r := newReplica()
	hat := item("90", "", "HAT")
	hat.Item.GTIN = "4006381333931"
	r.apply([]profileapi.ItemChange{
		item("v12", "g1"), item("v11", "g1"), item("tee-s", "tee", "SKU-S"), item("tee", "", "12345"), item("cap", "", "CAP-1"),
		item("CAP-2", "", "cap"), item("hat-m", "HAT"), hat,
	})
	type answer struct{ family, head string }
	got := map[string]answer{}
	for _, id := range []string{
		"v11", "v12", "g1", "tee-s", "SKU-S", "tee", "12345", "CAP-1", "cap", "hat-m", "90", "HAT", "4006381333931", "nothing",
	} {
		if family, known := r.family(id); known {
			got[id] = answer{family, r.head(family)}
		}
	}
	want := map[string]answer{
		"v11": {"g1", "v11"}, "v12": {"g1", "v11"}, "g1": {"g1", "v11"}, "tee-s": {"tee", "tee"}, "SKU-S": {"tee", "tee"},
		"tee": {"tee", "tee"}, "12345": {"tee", "tee"},
		// an item of that id wins over the alias of another
		"CAP-1": {"cap", "cap"}, "cap": {"cap", "cap"}, "hat-m": {"90", "90"}, "90": {"90", "90"}, "HAT": {"90", "90"},
		"4006381333931": {"90", "90"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(answer{})); diff != "" {
		t.Error(diff)
	}
}

func TestAFamilyIsOfferedWhenOneOfItCanBeBought(t *testing.T) {
	t.Parallel()
	sold := func(c profileapi.ItemChange) profileapi.ItemChange {
		c.Item.Stock = &profileapi.Stock{Status: profileapi.OutOfStock}
		return c
	}
	hidden := func(c profileapi.ItemChange) profileapi.ItemChange {
		c.Item.Status = profileapi.ItemHidden
		return c
	}
	for name, c := range map[string]struct {
		changes []profileapi.ItemChange
		want    bool
	}{
		"one variant left":               {[]profileapi.ItemChange{sold(item("f", "")), sold(item("a", "f")), item("b", "f")}, true},
		"none left":                      {[]profileapi.ItemChange{item("f", ""), sold(item("a", "f"))}, false},
		"the product is hidden":          {[]profileapi.ItemChange{hidden(item("f", "")), item("a", "f")}, false},
		"what is left is hidden":         {[]profileapi.ItemChange{hidden(item("a", "f")), sold(item("b", "f"))}, false},
		"an item alone":                  {[]profileapi.ItemChange{item("f", "")}, true},
		"an item alone that is sold out": {[]profileapi.ItemChange{sold(item("f", ""))}, false},
		"nothing":                        {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReplica()
			r.apply(c.changes)
			if got := r.offered("f"); got != c.want {
				t.Errorf("offered: %v", got)
			}
		})
	}
}

// TestDescriptionsFollowFamilies applies any changes and holds what listeners were told against what is there.
func TestDescriptionsFollowFamilies(t *testing.T) {
	t.Parallel()
	ids := []string{"a", "b", "c", "f", "g"}
	rapid.Check(t, func(t *rapid.T) {
		r, told := newReplica(), map[string]string{}
		now := map[string]*profileapi.Item{}
		for step := range rapid.IntRange(0, 20).Draw(t, "steps") {
			c := profileapi.ItemChange{ItemID: rapid.SampledFrom(ids).Draw(t, "item")}
			if rapid.IntRange(0, 3).Draw(t, "deleted") > 0 {
				c.Item = &profileapi.Item{
					Title: fmt.Sprint(c.ItemID, step), ParentID: rapid.SampledFrom([]string{"", "f", "g"}).Draw(t, "parent"),
				}
			}
			if now[c.ItemID] = c.Item; c.Item == nil {
				delete(now, c.ItemID)
			}
			for _, d := range r.apply([]profileapi.ItemChange{c}) {
				if delete(told, d.family); d.item != nil {
					told[d.family] = d.item.Title
				}
			}
		}
		members := map[string][]string{}
		for id, it := range now {
			family := id
			if it.ParentID != "" {
				family = it.ParentID
			}
			members[family] = append(members[family], id)
		}
		for family, list := range members {
			slices.Sort(list)
			if _, ok := told[family]; !ok {
				t.Fatalf("nobody was told of %s with %v", family, list)
			}
			if it, own := now[family]; own && it.ParentID == "" && told[family] != it.Title {
				t.Fatalf("%s is described as %q, its product is %q", family, told[family], it.Title)
			}
		}
		for family := range told {
			if len(members[family]) == 0 {
				t.Fatalf("%s is described although nothing of it is left", family)
			}
		}
	})
}
