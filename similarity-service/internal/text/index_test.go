package text

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newIndex(tb testing.TB, o Options, items ...Item) *Index {
	tb.Helper()
	ix, err := NewIndex(o)
	if err != nil {
		tb.Fatal(err)
	}
	for _, item := range items {
		ix.Upsert(item)
	}
	return ix
}

func ids(list []Neighbour[string]) []string {
	var out []string
	for _, n := range list {
		out = append(out, n.ID)
	}
	return out
}

// catalogue makes items of families that share words, categories and brands.
func catalogue(seed uint64, n int) []Item {
	r := rand.New(rand.NewPCG(seed, 2))
	var out []Item
	for i := range n {
		family := r.IntN(1 + n/20)
		out = append(out, Item{
			ID:    fmt.Sprintf("sku-%06d", i),
			Title: fmt.Sprintf("family%d model%d colour%d", family, r.IntN(1+n/5), r.IntN(12)),
			Description: fmt.Sprintf(
				"made of material%d for use%d with feature%d and feature%d", r.IntN(30), family%17, r.IntN(200), r.IntN(200),
			),
			Category: []string{fmt.Sprintf("department%d", family%8), fmt.Sprintf("shelf%d", family)},
			Brand:    fmt.Sprintf("brand%d", family%40),
			Tags:     []string{fmt.Sprintf("tag%d", r.IntN(50))},
			Language: "en",
		})
	}
	return out
}

// described adds attributes and translations, whose words are those of the titles with another ending.
func described(items []Item) []Item {
	german := strings.NewReplacer("family", "familie", "model", "modell", "colour", "farbe")
	for n := range items {
		items[n].Attributes = []Attribute{
			{"colour", fmt.Sprint("tone", n%12)}, {"material", fmt.Sprint("stuff", n%30)}, {"pattern", fmt.Sprint("form", n%200)},
		}
		items[n].Translations = []Translation{{Language: "de", Title: german.Replace(items[n].Title)}}
	}
	return items
}

func shop() []Item {
	return []Item{
		{ID: "mug-red", Title: "Red coffee mug", Category: []string{"Kitchen", "Mugs"}, Brand: "Clay", Language: "en"},
		{ID: "mug-blue", Title: "Blue coffee mugs", Category: []string{"Kitchen", "Mugs"}, Brand: "Clay", Language: "en"},
		{ID: "cup", Title: "Tea cup", Category: []string{"Kitchen", "Cups"}, Brand: "Clay", Language: "en"},
		{ID: "shoe", Title: "Running shoe", Category: []string{"Sport"}, Brand: "Fleet", Tags: []string{"outdoor"}, Language: "en"},
		{ID: "sock", Title: "Running socks", Category: []string{"Sport"}, Brand: "Fleet", Language: "en"},
		{ID: "blank"},
	}
}

func TestSimilar(t *testing.T) {
	t.Parallel()
	ix := newIndex(t, DefaultOptions(), shop()...)
	for id, want := range map[string][]string{
		"mug-red": {"mug-blue", "cup"}, "shoe": {"sock"}, "sock": {"shoe"}, "blank": nil, "unknown": nil,
	} {
		t.Run("of "+id, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, ids(ix.Similar(id, 10))); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("an item that is not in the index", func(t *testing.T) {
		t.Parallel()
		got := ix.SimilarTo(Item{ID: "new", Title: "A mug never seen", Language: "en"}, 2)
		if len(got) != 2 || got[0].ID != "mug-blue" && got[0].ID != "mug-red" {
			t.Errorf("got %v", got)
		}
	})
	t.Run("is the same asked by id or by content", func(t *testing.T) {
		t.Parallel()
		if diff := cmp.Diff(ix.Similar("shoe", 5), ix.SimilarTo(shop()[3], 5)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("k of 0 or less answers nothing", func(t *testing.T) {
		t.Parallel()
		if ix.Similar("shoe", 0) != nil || ix.SimilarTo(shop()[3], -1) != nil {
			t.Error("answered")
		}
	})
	t.Run("equal items tie by id at cosine 1", func(t *testing.T) {
		t.Parallel()
		twins := newIndex(
			t, DefaultOptions(), Item{ID: "c", Title: "oak table"}, Item{ID: "b", Title: "oak table"}, Item{ID: "a", Title: "oak table"},
		)
		got := twins.Similar("b", 5)
		if diff := cmp.Diff([]string{"a", "c"}, ids(got)); diff != "" || math.Abs(got[0].Score-1) > 1e-12 {
			t.Errorf("%v %s", got, diff)
		}
	})
	t.Run("inflected forms meet in other scripts", func(t *testing.T) {
		t.Parallel()
		world := newIndex(t, DefaultOptions(),
			Item{ID: "ru1", Title: "красная кружка", Language: "ru"},
			Item{ID: "ru2", Title: "синие кружки", Language: "ru"},
			Item{ID: "ja1", Title: "赤いコーヒーカップ"}, Item{ID: "ja2", Title: "青いコーヒーカップ"},
			Item{ID: "de1", Title: "Wanderschuhe", Language: "de"}, Item{ID: "de2", Title: "Wanderschuh", Language: "de"})
		for a, b := range map[string]string{"ru1": "ru2", "ja1": "ja2", "de1": "de2"} {
			if got := ids(world.Similar(a, 1)); len(got) != 1 || got[0] != b {
				t.Errorf("like %s: %v, want %s", a, got, b)
			}
		}
	})
}

func TestSharedTermsSumToTheCosine(t *testing.T) {
	t.Parallel()
	ix := newIndex(t, DefaultOptions(), shop()...)
	for _, n := range ix.Similar("mug-red", 10) {
		var sum float64
		for _, w := range ix.SharedTerms("mug-red", n.ID) {
			sum += w.Weight
		}
		if math.Abs(sum-n.Score) > 1e-12 {
			t.Errorf("%s: terms sum to %v, cosine is %v", n.ID, sum, n.Score)
		}
	}
	got := ix.SharedTerms("shoe", "sock")
	var names []string
	for _, w := range got {
		names = append(names, w.Term)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"brand/fleet", "category/sport", "fleet", "run", "sport"}, names); diff != "" {
		t.Error(diff)
	}
	if ix.SharedTerms("shoe", "unknown") != nil || ix.SharedTerms("shoe", "mug-red") != nil {
		t.Error("terms shared with nothing")
	}
}

// TestSimilarEqualsComparingAllPairs is the oracle: every pair's cosine from the terms, by maps.
func TestSimilarEqualsComparingAllPairs(t *testing.T) {
	t.Parallel()
	items := catalogue(1, 150)
	ix := newIndex(t, DefaultOptions(), items...)
	vectors := map[string]map[string]float64{}
	count := map[string]float64{}
	for _, item := range items {
		terms := newReader(DefaultOptions()).analyse(item).terms
		vectors[item.ID] = map[string]float64{}
		for _, x := range terms {
			vectors[item.ID][x.name] = x.weight
			count[x.name]++
		}
	}
	for _, v := range vectors {
		var square float64
		for name := range v {
			v[name] *= math.Log(1 + (150-count[name]+.5)/(count[name]+.5))
			square += v[name] * v[name]
		}
		for name := range v {
			v[name] /= math.Sqrt(square)
		}
	}
	for _, a := range items {
		want := map[string]float64{}
		for _, b := range items {
			for name, w := range vectors[a.ID] {
				if a.ID != b.ID && vectors[b.ID][name] > 0 {
					want[b.ID] += w * vectors[b.ID][name]
				}
			}
		}
		got := ix.Similar(a.ID, 150)
		if len(got) != len(want) || !slices.IsSortedFunc(got, byScore) {
			t.Fatalf("%s has %d neighbours, want %d, sorted", a.ID, len(got), len(want))
		}
		for _, n := range got {
			if math.Abs(n.Score-want[n.ID]) > 1e-9 {
				t.Fatalf("%s–%s: %v, want %v", a.ID, n.ID, n.Score, want[n.ID])
			}
		}
	}
}

func TestAnswersDoNotDependOnTheHistoryOfUpdates(t *testing.T) {
	t.Parallel()
	items := catalogue(2, 900)
	straight := newIndex(t, DefaultOptions(), items...)
	winding := newIndex(t, DefaultOptions())
	r := rand.New(rand.NewPCG(3, 3))
	for _, n := range r.Perm(len(items)) { // other contents first, then deleted or replaced: compacts on the way
		winding.Upsert(Item{ID: items[n].ID, Title: "draft " + items[len(items)-1-n].Title})
	}
	for round := range 3 {
		for _, n := range r.Perm(len(items)) {
			if round == 1 && n%3 == 0 && !winding.Delete(items[n].ID) {
				t.Fatalf("%s was not there to delete", items[n].ID)
			}
			if round != 1 || n%3 != 0 {
				winding.Upsert(items[n])
			}
		}
	}
	if straight.Len() != 900 || winding.Len() != 900 || len(winding.documents) > 900+compactAfter+1 {
		t.Fatalf("%d and %d items, %d documents", straight.Len(), winding.Len(), len(winding.documents))
	}
	for _, item := range items[:200] {
		if diff := cmp.Diff(straight.Similar(item.ID, 20), winding.Similar(item.ID, 20)); diff != "" {
			t.Fatalf("%s: %s", item.ID, diff)
		}
	}
}

func TestUpsertAndDeleteShowAtOnce(t *testing.T) {
	t.Parallel()
	ix := newIndex(t, DefaultOptions(), shop()...)
	ix.Upsert(Item{ID: "lace", Title: "Shoe laces for running", Brand: "Fleet", Language: "en"})
	if got := ids(ix.Similar("lace", 5)); !slices.Contains(got, "shoe") {
		t.Errorf("a new item has neighbours %v", got)
	}
	ix.Upsert(Item{ID: "lace", Title: "Coffee mug", Language: "en"})
	if got := ids(ix.Similar("lace", 5)); slices.Contains(got, "shoe") {
		t.Errorf("a replaced item keeps its old neighbours %v", got)
	}
	if !ix.Delete("lace") || ix.Delete("lace") {
		t.Error("delete does not tell whether the item was there")
	}
	ix.Upsert(Item{ID: "sock"})
	if ix.Has("sock") || ix.Has("blank") || ix.Len() != len(shop())-2 {
		t.Error("an item that has no text, or has lost it, is held")
	}
	if got := ids(ix.Similar("mug-red", 9)); slices.Contains(got, "lace") {
		t.Error("a deleted item is a neighbour")
	}
}

func TestPostingsBoundSkipsCommonTerms(t *testing.T) {
	t.Parallel()
	items := make([]Item, 0, 202)
	for i := range 200 {
		items = append(items, Item{ID: fmt.Sprint("plain", i), Title: "common thing"})
	}
	items = append(items, Item{ID: "x", Title: "common rareword"}, Item{ID: "y", Title: "common rareword"})
	o := DefaultOptions()
	o.MaxPostings = 100
	got := newIndex(t, o, items...).Similar("x", 10)
	if diff := cmp.Diff([]string{"y"}, ids(got)); diff != "" {
		t.Error(diff)
	}
	if math.Abs(got[0].Score-1) > 1e-12 {
		t.Errorf("score %v leaves the common term out", got[0].Score)
	}
}

func TestReadersAndWritersAtOnce(t *testing.T) {
	t.Parallel()
	items := catalogue(4, 400)
	ix := newIndex(t, DefaultOptions(), items[:200]...)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := w; n < 400; n += 4 {
				ix.Upsert(items[n])
				ix.Similar(items[n].ID, 10)
				ix.SimilarTo(items[399-n], 10)
				ix.SharedTerms(items[n].ID, items[0].ID)
				if n%7 == 0 {
					ix.Delete(items[n].ID)
				}
			}
		})
	}
	wg.Wait()
	if want := 400 - 58; ix.Len() != want {
		t.Errorf("%d items, want %d", ix.Len(), want)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Options){
		"weight": func(o *Options) { o.Title.Weight = math.NaN() }, "damping": func(o *Options) { o.Brand.Damping = 2 },
		"saturation": func(o *Options) { o.Saturation = 0 }, "language": func(o *Options) { o.Language = "English!" },
		"candidates": func(o *Options) { o.Candidates = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := DefaultOptions()
			change(&o)
			if _, err := NewIndex(o); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func BenchmarkIndex(b *testing.B) {
	items := catalogue(5, 100_000)
	b.Run("build of 100k items", func(b *testing.B) {
		for b.Loop() {
			newIndex(b, DefaultOptions(), items...)
		}
	})
	ix := newIndex(b, DefaultOptions(), items...)
	b.Run("query among 100k items", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			ix.Similar(items[n*7919%len(items)].ID, 200)
		}
	})
	items = described(catalogue(5, 100_000))
	for n := range items { // every other item in one language
		if n%2 == 1 {
			items[n].Translations = nil
		}
	}
	ix = newIndex(b, DefaultOptions(), items...)
	b.Run("learning translations of 50k items", func(b *testing.B) {
		for b.Loop() {
			ix.LearnTranslations()
		}
	})
	b.Run("query among 100k items in two languages", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			ix.Similar(items[n*7919%len(items)].ID, 200)
		}
	})
	b.Run("words among 100k items in two languages", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			ix.Search(items[n*7919%len(items)].Title, "", 100)
		}
	})
	b.Run("explaining an item among 100k", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			ix.Explain(items[n*7919%len(items)])
		}
	})
}

func TestTextsIsAFingerprintOfTheTextsAlone(t *testing.T) {
	t.Parallel()
	build := func(items ...Item) *Index {
		ix, err := NewIndex(DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			ix.Upsert(it)
		}
		return ix
	}
	lamp, vase := Item{ID: "1", Title: "Red lamp", Category: []string{"Home"}, Tags: []string{"new"}}, Item{ID: "2", Title: "Vase"}
	ix := build(lamp, vase)
	both := ix.Texts()
	if other := build(vase, lamp, lamp); other.Texts() != both {
		t.Error("the order and a repeat of the items count")
	}
	moved := lamp
	moved.Category, moved.Tags = []string{"Home", "new"}, nil
	ix.Upsert(moved)
	if ix.Texts() == both {
		t.Error("a tag that became a category does not count")
	}
	ix.Upsert(lamp)
	if ix.Texts() != both {
		t.Error("a change that was taken back still counts")
	}
	ix.Delete("1")
	if ix.Texts() == both || ix.Texts() != build(vase).Texts() {
		t.Error("a deleted item still counts")
	}
}
