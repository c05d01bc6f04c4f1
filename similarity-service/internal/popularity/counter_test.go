package popularity

import (
	stdcmp "cmp"
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

var start = time.Date(1998, 1, 1, 0, 0, 0, 0, time.UTC)

// event is one interaction of a block: days after start.
type event struct {
	item, kind string
	weight     float32
	day        float64
}

func blockOf(events ...event) *profileapi.InteractionBlock {
	b := &profileapi.InteractionBlock{}
	index := func(table *[]string, text string) int32 {
		if at := slices.Index(*table, text); at >= 0 {
			return int32(at)
		}
		*table = append(*table, text)
		return int32(len(*table) - 1)
	}
	for _, e := range events {
		b.Item = append(b.Item, index(&b.Items, e.item))
		b.Type = append(b.Type, index(&b.Types, e.kind))
		b.Weight = append(b.Weight, e.weight)
		b.OccurredAt = append(b.OccurredAt, start.Add(time.Duration(e.day*24*float64(time.Hour))).UnixMilli())
	}
	return b
}

// bench is a Popularity over shelves, with a clock that the test moves.
type bench struct {
	*Popularity
	*shelves
	*counter
	clock time.Time
}

func newBench() *bench {
	b := &bench{shelves: &shelves{items: map[string][]string{}}, counter: newCounter(windows(), start), clock: start}
	b.Popularity = New(nil, b.shelves, nil, time.Minute, slog.New(slog.DiscardHandler), func() time.Time { return b.clock })
	return b
}

func (b *bench) publish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.shop("north")
	s.counter = b.counter
	b.Popularity.publish("north", s)
}

// list returns a list of one of the windows that every shop has.
func (b *bench) list(window, category string, n int) []similarityapi.Neighbour {
	answer, _ := b.List(context.Background(), "north", similarityapi.PopularWindow{Name: window}, category, n)
	return answer.Items
}

func (b *bench) score(window, item string) float64 {
	for _, n := range b.list(window, wholeShop, listed) {
		if n.ItemID == item {
			return n.Score
		}
	}
	return math.NaN()
}

func TestListsFadeWithTimeAndOutliveALongSilence(t *testing.T) {
	t.Parallel()
	b := newBench()
	b.put("old")
	b.put("young")
	b.add(blockOf(event{"old", "purchase", 1, 0}))
	b.add(blockOf(event{"young", "purchase", 1, 60}))
	for _, c := range []struct {
		name       string
		days       float64
		old, young float64 // expected best_sellers scores, half-life 30 days
	}{
		{"now", 60, .25, 1},
		{"a month later", 90, .125, .5},
		{"twenty half-lives of silence", 660, .25 * 0x1p-20, 0x1p-20},
		{"decades of silence", 30 * 365, .25 * 0x1p-20, 0x1p-20},
	} {
		b.clock = start.Add(time.Duration(c.days * 24 * float64(time.Hour)))
		b.publish()
		for item, want := range map[string]float64{"old": c.old, "young": c.young} {
			if got := b.score("best_sellers", item); math.Abs(got-want) > 1e-9*want {
				t.Errorf("%s: %s scores %v, want %v", c.name, item, got, want)
			}
		}
	}
}

func TestVariantsCountWithTheirProduct(t *testing.T) {
	t.Parallel()
	b := newBench()
	b.put("tee", "Tees")
	b.put("mug", "Mugs")
	b.variants = map[string]string{"tee-s": "tee", "tee-m": "tee"}
	b.add(blockOf(event{"tee-s", "purchase", 5, 0}, event{"tee-m", "purchase", 5, 0}, event{"mug", "purchase", 5, 0}))
	b.publish()
	for _, category := range []string{wholeShop, "Tees"} {
		items := b.list("popular", category, listed)
		if len(items) == 0 || items[0].ItemID != "tee" || items[0].Score != 10 {
			t.Errorf("%q: %+v", category, items)
		}
	}
	b.variants = nil // the variants are products of their own now, and the shop has neither
	b.put("mug", "Mugs")
	b.publish()
	if got := b.score("popular", "tee"); !math.IsNaN(got) {
		t.Errorf("tee still has %v", got)
	}
}

func TestSumsOfManyYearsDoNotOverflow(t *testing.T) {
	t.Parallel()
	b := newBench()
	b.put("steady")
	for day := 0.0; day <= 12_000; day += 1000 {
		b.add(blockOf(event{"steady", "purchase", 1, day}))
	}
	b.clock = start.Add(12_000 * 24 * time.Hour)
	b.publish()
	if got := b.score("trending", "steady"); math.Abs(got-1) > 1e-6 {
		t.Errorf("trending score %v, want 1", got)
	}
}

func TestNothingNewIsNoWork(t *testing.T) {
	t.Parallel()
	b := newBench()
	b.put("lamp", "Home")
	b.add(blockOf(event{"lamp", "purchase", 1, 0}, event{"gone", "purchase", 1, 0}))
	b.publish()
	ranking, asked := b.ranking, b.asked
	b.clock = b.clock.Add(30 * 24 * time.Hour)
	b.add(&profileapi.InteractionBlock{})
	b.publish()
	if b.ranking != ranking || b.asked != asked {
		t.Errorf("ranked again, the catalogue was asked %d times", b.asked-asked)
	}
	answer, _ := b.List(t.Context(), "north", similarityapi.PopularWindow{Name: "popular"}, "Home", 10)
	if want := []similarityapi.Neighbour{{ItemID: "lamp", Score: .5}}; !cmp.Equal(answer.Items, want) || !answer.AsOf.Equal(b.clock) {
		t.Errorf("%v as of %v, want %v as of %v", answer.Items, answer.AsOf, want, b.clock)
	}
	b.put("gone", "Home")
	b.publish()
	if math.IsNaN(b.score("popular", "gone")) {
		t.Error("an item that came into the catalogue after its events is not listed")
	}
}

func TestAnythingIsListedAsThePlainWayListsIt(t *testing.T) {
	t.Parallel()
	categories := [][]string{nil, {"Home"}, {"Home > Lighting", "Home"}, {"Garden > Lighting", "Garden"}}
	item := rapid.Custom(func(t *rapid.T) string { return fmt.Sprint("item", rapid.IntRange(0, 12).Draw(t, "item")) })
	rapid.Check(t, func(t *rapid.T) {
		b, oracle := newBench(), newPlain()
		day := 0.0
		drawn := rapid.Custom(func(t *rapid.T) event {
			// Weights that repeat make ties, and days before the last ones late events.
			return event{
				item: item.Draw(t, "item"), kind: rapid.SampledFrom([]string{"view_item", "purchase", "refund"}).Draw(t, "kind"),
				weight: rapid.SampledFrom([]float32{-5, 1, 1, 5, .3}).Draw(t, "weight"),
				day:    max(0, day-rapid.SampledFrom([]float64{0, 0, 1, 7, 400}).Draw(t, "late")),
			}
		})
		t.Repeat(map[string]func(*rapid.T){
			"events": func(t *rapid.T) {
				block := blockOf(rapid.SliceOf(drawn).Draw(t, "events")...)
				b.add(block)
				oracle.add(block)
			},
			"an item":      func(t *rapid.T) { b.put(item.Draw(t, "item"), rapid.SampledFrom(categories).Draw(t, "names")...) },
			"an item goes": func(t *rapid.T) { b.remove(item.Draw(t, "item")) },
			"time": func(t *rapid.T) {
				day += rapid.SampledFrom([]float64{.01, 1, 30, 800}).Draw(t, "days")
				b.clock = start.Add(time.Duration(day * 24 * float64(time.Hour)))
			},
			"": func(t *rapid.T) {
				b.publish()
				want := oracle.rank(b.shelves, "north", b.clock)
				for _, window := range windows() {
					for _, category := range []string{wholeShop, "Home", "Home > Lighting", "Garden", "Garden > Lighting", "Lighting"} {
						if diff := cmp.Diff(want[window.Name][category], b.list(window.Name, category, listed)); diff != "" {
							t.Fatalf("%s of %q (-want +got):\n%s", window.Name, category, diff)
						}
					}
				}
			},
		})
	})
}

func TestListsCanBeReadWhileTheyAreMade(t *testing.T) {
	t.Parallel()
	b := newBench()
	b.put("item0")
	b.publish()
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				items := b.list("popular", "Home", 50)
				if len(items) == 0 ||
					!slices.IsSortedFunc(items, func(a, b similarityapi.Neighbour) int { return stdcmp.Compare(b.Score, a.Score) }) {
					t.Errorf("none, or out of order: %v", items)
					return
				}
			}
		})
	}
	for n := range 200 {
		item := fmt.Sprint("item", n)
		b.put(item, fmt.Sprint("Home > Shelf ", n%9), "Home")
		b.add(blockOf(event{item, "purchase", float32(n % 7), float64(n)}))
		b.publish()
	}
	close(stop)
	readers.Wait()
}

// busy returns shelves of n items in 400 categories below 20, and a block of events of most of them.
func busy(n, events int) (*shelves, *profileapi.InteractionBlock) {
	s := &shelves{items: map[string][]string{}}
	r := rand.New(rand.NewPCG(1, 2))
	b := &profileapi.InteractionBlock{Types: []string{"view_item", "purchase"}}
	for i := range n {
		department := fmt.Sprint("Department ", i%20)
		b.Items = append(b.Items, fmt.Sprintf("sku-%06d", i))
		s.put(b.Items[i], fmt.Sprint(department, " > Shelf ", i%400), department)
	}
	for range events {
		b.Item = append(b.Item, int32(r.IntN(n)))
		b.Type = append(b.Type, int32(r.IntN(2)))
		b.Weight = append(b.Weight, 1)
		b.OccurredAt = append(b.OccurredAt, start.Add(time.Duration(r.Int64N(int64(90*24*time.Hour)))).UnixMilli())
	}
	return s, b
}

func TestLongListsAreCutToTheBest(t *testing.T) {
	t.Parallel()
	b, oracle := newBench(), newPlain()
	var block *profileapi.InteractionBlock
	*b.shelves, block = func() (shelves, *profileapi.InteractionBlock) { s, block := busy(15_000, 40_000); return *s, block }()
	b.add(block)
	oracle.add(block)
	b.clock = start.Add(90 * 24 * time.Hour)
	b.publish()
	want := oracle.rank(b.shelves, "north", b.clock)
	for _, window := range windows() {
		for category, items := range want[window.Name] {
			if diff := cmp.Diff(items[:min(len(items), 300)], b.list(window.Name, category, 300)); diff != "" {
				t.Fatalf("%s of %q (-want +got):\n%s", window.Name, category, diff)
			}
		}
	}
	if got := len(want["popular"]["Department 3"]); got != listed {
		t.Errorf("a department lists %d items, want %d: the test cuts nothing", got, listed)
	}
}

func BenchmarkRefresh(b *testing.B) {
	s, all := busy(100_000, 400_000)
	_, few := busy(3000, 3000)
	prepared := func() *bench {
		t := newBench()
		t.shelves = s
		t.Popularity.catalogue = s
		t.add(all)
		t.publish()
		return t
	}
	b.Run("events, the plain way", func(b *testing.B) {
		oracle := newPlain()
		oracle.add(all)
		for b.Loop() {
			oracle.add(few)
			oracle.rank(s, "north", start)
		}
	})
	for name, step := range map[string]func(*bench){
		"nothing":   func(t *bench) {},
		"events":    func(t *bench) { t.add(few) },
		"catalogue": func(t *bench) { s.revision++ },
	} {
		b.Run(name, func(b *testing.B) {
			t := prepared()
			b.ReportAllocs()
			for b.Loop() {
				step(t)
				t.publish()
			}
		})
	}
}
