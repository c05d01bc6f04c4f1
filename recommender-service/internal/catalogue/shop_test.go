package catalogue

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// plainField is Field on the item as the API has it: the oracle.
func plainField(src *profileapi.Item, name string) (any, bool) {
	number := func(v *float64) (any, bool) {
		if v == nil {
			return nil, false
		}
		return *v, true
	}
	switch name {
	case "item_id":
		return src.ItemID, true
	case "title":
		return src.Title, src.Title != ""
	case "description":
		return src.Description, src.Description != ""
	case "category_path":
		return src.CategoryPath, len(src.CategoryPath) > 0
	case "category":
		return profileapi.CategoryValue(src.CategoryPath), len(src.CategoryPath) > 0
	case "brand":
		return src.Brand, src.Brand != ""
	case "price":
		return number(src.Price)
	case "sale_price":
		return number(src.SalePrice)
	case "currency":
		return src.Currency, src.Currency != ""
	case "stock":
		return src.Stock, src.Stock != nil
	case "status":
		return src.Status, src.Status != ""
	case "tags":
		return src.Tags, len(src.Tags) > 0
	case "image_url":
		return src.ImageURL, src.ImageURL != ""
	case "url":
		return src.URL, src.URL != ""
	case "language":
		return src.Language, src.Language != ""
	case "countries":
		return src.Countries, len(src.Countries) > 0
	case "gtin":
		return src.GTIN, src.GTIN != ""
	case "aliases":
		return src.Aliases, len(src.Aliases) > 0
	case "parent_id":
		return src.ParentID, src.ParentID != ""
	case "published_at":
		return src.PublishedAt, !src.PublishedAt.IsZero()
	case "attributes":
		return src.Attributes, len(src.Attributes) > 0
	}
	v, ok := src.Attributes[strings.TrimPrefix(name, AttributePrefix)]
	return v, ok
}

func drawText(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "red", "A > B", "A", "B", "a\x00b", "a", "b"}), rapid.StringN(0, 90, -1),
	).Draw(t, label)
}

func drawNumber(t *rapid.T, label string) *float64 {
	if !rapid.Bool().Draw(t, label) {
		return nil
	}
	v := rapid.OneOf(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, 9.99}), rapid.Float64Range(0, 1e6)).Draw(t, label)
	return &v
}

func drawTexts(t *rapid.T, label string) (list []string) {
	for range rapid.IntRange(0, 4).Draw(t, label) {
		list = append(list, drawText(t, label))
	}
	return list
}

func drawTime(t *rapid.T, label string) wire.Time {
	if !rapid.Bool().Draw(t, label) {
		return wire.Time{}
	}
	return wire.TimeOf(time.UnixMilli(rapid.SampledFrom([]int64{0, 1, 1_700_000_000_123, 1_800_000_000_000}).Draw(t, label)))
}

func drawItem(t *rapid.T, id string, ids []string) *profileapi.Item {
	it := &profileapi.Item{
		ItemID: id, Title: drawText(t, "title"), Description: drawText(t, "description"), CategoryPath: drawTexts(t, "category"),
		Brand: drawText(t, "brand"),
		Price: drawNumber(t, "price"), SalePrice: drawNumber(t, "sale"), Cost: drawNumber(t, "cost"), Currency: drawText(t, "currency"),
		Tags:     drawTexts(t, "tags"),
		Status:   rapid.SampledFrom([]string{"", profileapi.ItemActive, profileapi.ItemHidden}).Draw(t, "status"),
		ImageURL: drawText(t, "image"), URL: drawText(t, "url"),
		Language: drawText(t, "language"), Countries: drawTexts(t, "countries"), GTIN: drawText(t, "gtin"),
		ParentID: rapid.SampledFrom(append([]string{"", "", ""}, ids...)).Draw(t, "parent"), PublishedAt: drawTime(t, "published"),
		UpdatedAt: drawTime(t, "updated"),
	}
	if rapid.Bool().Draw(t, "stock") {
		it.Stock = &profileapi.Stock{Status: drawText(t, "stock status"), Quantity: drawNumber(t, "quantity")}
	}
	for range rapid.IntRange(0, 2).Draw(t, "prices") {
		it.Prices = append(it.Prices, profileapi.MarketPrice{
			Country: drawText(t, "country"), Currency: drawText(t, "price currency"), SalePrice: drawNumber(t, "market sale"),
		})
	}
	it.Attributes = map[string]any{}
	for range rapid.IntRange(0, 4).Draw(t, "attributes") {
		it.Attributes[drawText(t, "attribute")] = rapid.OneOf(
			rapid.Custom(func(t *rapid.T) any { return drawText(t, "value") }),
			rapid.SampledFrom([]any{true, false, nil, 0.0, math.Copysign(0, -1), 12.5}),
			rapid.Custom(func(t *rapid.T) any { return []any{drawText(t, "element"), "red", 1.5} }),
		).Draw(t, "attribute value")
	}
	return it
}

// edited draws a change of a few fields.
func edited(t *rapid.T, was *profileapi.Item, ids []string) *profileapi.Item {
	it, other := clone(was), drawItem(t, was.ItemID, ids)
	it.Price, it.Stock = other.Price, other.Stock
	switch rapid.IntRange(0, 5).Draw(t, "edited") {
	case 0:
		it.Title = other.Title
	case 1:
		it.GTIN, it.URL = it.URL, it.GTIN
	case 2:
		it.Countries = other.Countries
	case 3:
		it.Attributes = maps.Clone(it.Attributes)
		for name := range it.Attributes {
			it.Attributes[name] = drawText(t, "changed value")
		}
	case 4:
		it.Attributes = other.Attributes
	}
	return it
}

// clone copies what the replica is given, so that nothing it does to it goes unseen.
func clone(it *profileapi.Item) *profileapi.Item {
	c := *it
	return &c
}

// same also tells −0 from 0, and looks into the unexported fields of nothing.
func same(a, b any) bool {
	return gocmp.Equal(a, b, gocmp.Comparer(func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) }),
		gocmp.Comparer(func(x, y wire.Time) bool { return x.Time == y.Time }))
}

func TestReplicaSaysWhatTheFeedSaid(t *testing.T) {
	t.Parallel()
	names := append(ReturnableFields(), "item_id", "nothing")
	rapid.Check(t, func(t *rapid.T) {
		s, catalogue := newShop("north", time.Now), map[string]*profileapi.Item{}
		var ids []string
		for n := range 12 {
			ids = append(ids, fmt.Sprint("item", n))
		}
		for range rapid.IntRange(1, 4).Draw(t, "pages") {
			var page []profileapi.ItemChange
			for range rapid.IntRange(1, 3*changesAtOnce/2).Draw(t, "changes") {
				c := profileapi.ItemChange{ItemID: rapid.SampledFrom(ids).Draw(t, "id")}
				was := catalogue[c.ItemID]
				delete(catalogue, c.ItemID)
				switch kind := rapid.IntRange(0, 4).Draw(t, "kind"); {
				case kind > 1 && was != nil:
					catalogue[c.ItemID] = edited(t, was, ids)
				case kind > 0:
					catalogue[c.ItemID] = drawItem(t, c.ItemID, ids)
				}
				if it := catalogue[c.ItemID]; it != nil {
					c.Item = clone(it)
				}
				page = append(page, c)
			}
			s.apply(page)
		}
		attributes, prices, priced := map[string]bool{}, 0.0, 0
		s.Read(func(v *View) {
			if v.Count() != len(catalogue) {
				t.Fatalf("%d items, want %d", v.Count(), len(catalogue))
			}
			for _, id := range ids {
				want := catalogue[id]
				if i := v.Find(id); want == nil {
					if i != None && v.Row(i) != nil {
						t.Errorf("%s is still there", id)
					}
					continue
				}
				it := v.Row(v.Find(id))
				fields := slices.Clone(names)
				for name := range want.Attributes {
					fields = append(fields, AttributePrefix+name)
					attributes[name] = true
				}
				for _, name := range fields {
					got, ok := it.Field(name)
					expected, known := plainField(want, name)
					if ok != known || ok && !same(got, expected) {
						t.Errorf("%s of %s is %#v, %v; want %#v, %v", name, id, got, ok, expected, known)
					}
				}
				if it.ID != id || !same(it.Source.Cost, want.Cost) || !same(it.Source.Stock, want.Stock) ||
					!slices.Equal(it.Source.rare.prices, want.Prices) {
					t.Errorf("%s has cost %v, stock %v, prices %v", it.ID, it.Source.Cost, it.Source.Stock, it.Source.rare.prices)
				}
				if len(it.Levels) != len(want.CategoryPath) || len(it.Paths) != len(want.CategoryPath) {
					t.Fatalf("%s has levels %v for %q", id, it.Paths, want.CategoryPath)
				}
				for n := range it.Levels {
					if path := profileapi.CategoryValue(want.CategoryPath[:n+1]); it.Paths[n] != path || v.Name(it.Levels[n]) != path ||
						v.Category(path) != it.Levels[n] {
						t.Errorf("level %d of %s is %q, want %q", n, id, it.Paths[n], path)
					}
				}
				head := id
				if want.ParentID != "" {
					head = want.ParentID
				}
				if v.ID(it.Head) != head || v.Head(it.Index) != it.Head ||
					(head != id) != slices.Contains(v.s.variants[it.Head], it.Index) {
					t.Errorf("%s is recommended as %s, want %s", id, v.ID(it.Head), head)
				}
				if it.Price > 0 {
					prices, priced = prices+it.Price, priced+1
				}
			}
			for _, name := range []string{"", "red", "A", "a\x00b", "unheard of"} {
				if v.HasAttribute(name) != attributes[name] {
					t.Errorf("attribute %q is there: %v", name, !attributes[name])
				}
			}
			if mean := v.MeanPrice(); priced > 0 && math.Abs(mean-prices/float64(priced)) > 1/meanUnits {
				t.Errorf("mean price %g, want %g", mean, prices/float64(priced))
			}
		})
		var got []string
		want := plainNewest(catalogue)
		list, at := s.Newest()
		s.Read(func(v *View) {
			for _, i := range list {
				got = append(got, v.ID(i))
			}
		})
		if !slices.Equal(got, want) {
			t.Errorf("newest %v, want %v", got, want)
		}
		s.apply([]profileapi.ItemChange{{ItemID: ids[0]}, {ItemID: ids[1], Item: drawItem(t, ids[1], ids)}})
		var then []int32
		if !s.ReadAt(at, func(v *View) { then = v.Newest() }) || !slices.Equal(then, list) {
			t.Errorf("the newest of then are %v, want %v", then, list)
		}
	})
}

// plainNewest lists the ids of the products that are shown, the newest first, ties by the id under which they are shown: the oracle.
func plainNewest(catalogue map[string]*profileapi.Item) []string {
	type product struct {
		key, id string
		ms      int64
	}
	ms := func(it *profileapi.Item) int64 {
		if it.PublishedAt.IsZero() {
			return 0
		}
		return it.PublishedAt.UnixMilli()
	}
	isVariant := func(it *profileapi.Item) bool { return it.ParentID != "" && it.ParentID != it.ItemID }
	members := map[string][]*profileapi.Item{}
	for _, id := range slices.Sorted(maps.Keys(catalogue)) {
		if it := catalogue[id]; isVariant(it) {
			members[it.ParentID] = append(members[it.ParentID], it)
		} else {
			members[id] = append(members[id], nil)[:len(members[id])]
		}
	}
	active := func(it *profileapi.Item) bool { return it.Status != profileapi.ItemHidden }
	var list []product
	for key, variants := range members {
		own := catalogue[key]
		if own != nil && (isVariant(own) || !active(own)) || len(variants) > 0 && !slices.ContainsFunc(variants, active) {
			continue
		}
		p := product{key: key, id: key}
		if own != nil {
			p.ms = ms(own)
		} else {
			p.id, p.ms = variants[0].ItemID, ms(variants[0])
			if n := slices.IndexFunc(variants, active); n >= 0 {
				p.id = variants[n].ItemID
			}
			if n := slices.IndexFunc(variants, func(it *profileapi.Item) bool { return active(it) && sellable(it.Stock) }); n >= 0 {
				p.id = variants[n].ItemID
			}
			for _, it := range variants {
				p.ms = min(p.ms, ms(it))
			}
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b product) int { return cmp.Or(cmp.Compare(b.ms, a.ms), cmp.Compare(a.id, b.id)) })
	keys := []string{}
	for _, p := range list {
		keys = append(keys, p.key)
	}
	return keys
}

// TestNewestOfMany compares the selection with sorting everything.
func TestNewestOfMany(t *testing.T) {
	t.Parallel()
	for name, published := range map[string]func(n int) int64{
		"the later the newer": func(n int) int64 { return int64(n) }, "the later the older": func(n int) int64 { return int64(-n) },
		"all at once": func(int) int64 { return 1 }, "mixed": func(n int) int64 { return int64(n * 7919 % 1000) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, size := range []int{0, 1, newestListed, 2*newestListed - 1, 2 * newestListed, 7777} {
				items := make([]*Item, size)
				for n := range items {
					items[n] = &Item{ID: fmt.Sprintf("%05d", n*31%size), Index: int32(n), Head: int32(n), PublishedMs: published(n)}
				}
				want := slices.Clone(items)
				slices.SortFunc(want, func(a, b *Item) int {
					return cmp.Or(cmp.Compare(b.PublishedMs, a.PublishedMs), cmp.Compare(a.ID, b.ID))
				})
				got := newestOf(items)
				if len(got) != min(size, newestListed) {
					t.Fatalf("%d of %d items", len(got), size)
				}
				for n, i := range got {
					if i != want[n].Index {
						t.Fatalf("of %d items, place %d has %s, want %s", size, n, items[i].ID, want[n].ID)
					}
				}
			}
		})
	}
}

func TestNewestFollowsWhatMattersToIt(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_800_000_000_000)
	s := newShop("north", func() time.Time { return now })
	put := func(id string, published int64, price float64) {
		s.apply([]profileapi.ItemChange{
			{ItemID: id, Item: &profileapi.Item{ItemID: id, Price: &price, PublishedAt: wire.TimeOf(time.UnixMilli(published))}},
		})
	}
	if list, _ := s.Newest(); len(list) != 0 {
		t.Fatal("an empty catalogue has newest items")
	}
	put("a", 1, 1)
	put("b", 2, 1)
	first, _ := s.Newest()
	put("a", 1, 2)
	now = now.Add(time.Hour)
	if again, _ := s.Newest(); &again[0] != &first[0] {
		t.Error("a new price made the list again")
	}
	put("a", 3, 2)
	if list, _ := s.Newest(); !slices.Equal(list, []int32{0, 1}) {
		t.Errorf("newest %v an hour after the list was made", list)
	}
	put("b", 4, 2)
	now = now.Add(newestEvery / 2)
	if list, _ := s.Newest(); !slices.Equal(list, []int32{0, 1}) {
		t.Errorf("newest %v soon after the list was made", list)
	}
	now = now.Add(newestEvery)
	s.apply([]profileapi.ItemChange{{ItemID: "a"}})
	if list, _ := s.Newest(); !slices.Equal(list, []int32{1}) {
		t.Errorf("newest %v after a deletion", list)
	}
}

func TestReadersSeeWholeItemsWhileChangesArrive(t *testing.T) {
	t.Parallel()
	s := newShop("north", time.Now)
	page := func(round int) []profileapi.ItemChange {
		list := make([]profileapi.ItemChange, 4*changesAtOnce)
		for n := range list {
			price := float64(round + 1)
			list[n] = profileapi.ItemChange{ItemID: fmt.Sprint(n), Item: &profileapi.Item{
				Title: fmt.Sprint("round ", round), Price: &price, Attributes: map[string]any{"round": price},
				UpdatedAt: wire.TimeOf(time.UnixMilli(int64(round + 1))),
			}}
		}
		return list
	}
	s.apply(page(0))
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		defer close(done)
		for round := range 30 {
			s.apply(page(round))
			s.setState(true)
		}
	})
	for range 2 {
		group.Go(func() {
			for {
				s.Read(func(v *View) {
					v.Items(func(it *Item) {
						round, _ := it.Field("attributes.round")
						if title, _ := it.Field("title"); round != it.Price || title != fmt.Sprint("round ", it.Price-1) {
							t.Errorf("item %s of round %v has the title %v and the price %g", it.ID, round, title, it.Price)
						}
					})
				})
				s.Newest()
				s.State()
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	group.Wait()
	if !s.ChangedSince(time.UnixMilli(29)) || s.ChangedSince(time.UnixMilli(30)) {
		t.Error("the last change was at 30 ms")
	}
	s.apply([]profileapi.ItemChange{{ItemID: "0"}})
	if !s.ChangedSince(time.UnixMilli(30)) {
		t.Error("a deletion is no change")
	}
}

func TestPoolForgetsWhatNobodyUses(t *testing.T) {
	t.Parallel()
	p := newInterner()
	first := p.text("always")
	for n := range 5 * internerLength {
		unique := fmt.Sprint("value ", n)
		if got := p.value(unique); got != unique {
			t.Fatalf("%q became %q", unique, got)
		}
		if v := float64(n); p.value(v) != v {
			t.Fatalf("%g became another number", v)
		}
		if got := p.list([]string{unique, "always"}); !slices.Equal(got, []string{unique, "always"}) {
			t.Fatalf("%q became %q", unique, got)
		}
	}
	for kind, held := range map[string]int{
		"texts": len(p.strings.young) + len(p.strings.old), "values": len(p.boxed.young) + len(p.boxed.old),
		"numbers": len(p.numbers.young) + len(p.numbers.old), "lists": len(p.lists.young) + len(p.lists.old),
	} {
		if held > 2*internerLength {
			t.Errorf("%d %s are remembered", held, kind)
		}
	}
	if again := p.text("alw" + "ays"); again != first {
		t.Errorf("%q became %q", first, again)
	}
}
