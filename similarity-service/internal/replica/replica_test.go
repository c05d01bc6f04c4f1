package replica

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// plain is the catalogue as a map: item id → category path.
type plain map[string][]string

// apply reports how many changes of an item's presence or path there were.
func (p plain) apply(changes []profileapi.ItemChange) (changed int) {
	for _, c := range changes {
		before, known := p[c.ItemID]
		switch {
		case c.Item == nil && known:
			delete(p, c.ItemID)
			changed++
		case c.Item != nil && (!known || !cmp.Equal(before, c.Item.CategoryPath)):
			p[c.ItemID] = c.Item.CategoryPath
			changed++
		}
	}
	return changed
}

// distinct is the number of different paths.
func (p plain) distinct() int {
	paths := map[string]bool{}
	for _, path := range p {
		paths[fmt.Sprintf("%q", path)] = true
	}
	return len(paths)
}

func categoriesOf(r *replica, id string) ([]string, bool) {
	path, known := r.items[id]
	if !known {
		return nil, false
	}
	return r.paths.paths[path].names, true
}

func TestReplicaFollowsAnyChanges(t *testing.T) {
	t.Parallel()
	paths := [][]string{
		nil, {"Home"}, {"Home", "Lighting"}, {"Home > Lighting"}, {"Home", "Lighting", "Lamps"}, {"Garden", "Lighting"}, {"Lighting"},
	}
	change := rapid.Custom(func(t *rapid.T) profileapi.ItemChange {
		c := profileapi.ItemChange{ItemID: fmt.Sprint("item", rapid.IntRange(0, 20).Draw(t, "item"))}
		if rapid.IntRange(0, 3).Draw(t, "deleted") > 0 {
			c.Item = &profileapi.Item{
				CategoryPath: rapid.SampledFrom(paths).Draw(t, "path"), Title: rapid.StringN(0, 2, 4).Draw(t, "title"),
			}
		}
		return c
	})
	rapid.Check(t, func(t *rapid.T) {
		r, want := newReplica(), plain{}
		for _, page := range rapid.SliceOf(rapid.SliceOf(change)).Draw(t, "pages") {
			revision := r.revision
			changed := want.apply(page)
			r.apply(page)
			if got := int(r.revision - revision); got != changed {
				t.Fatalf("the revision rose by %d, want %d", got, changed)
			}
			for n := range 21 {
				id := fmt.Sprint("item", n)
				path, known := want[id]
				names, ok := categoriesOf(r, id)
				if diff := cmp.Diff(categories(path), names); ok != known || diff != "" {
					t.Fatalf("%s is known: %v, want %v; categories (-want +got):\n%s", id, ok, known, diff)
				}
			}
			if len(r.paths.numbers) != want.distinct() || len(r.paths.paths)-len(r.paths.free) != want.distinct() {
				t.Fatalf("%d paths are kept under %d numbers, items have %d", len(r.paths.numbers), len(r.paths.paths), want.distinct())
			}
		}
	})
}

func TestEmptyingRaisesTheRevision(t *testing.T) {
	t.Parallel()
	r := newReplica()
	r.apply([]profileapi.ItemChange{{ItemID: "lamp", Item: &profileapi.Item{CategoryPath: []string{"Home"}}}})
	before := r.revision
	gone := r.empty()
	if _, known := categoriesOf(r, "lamp"); known || len(gone) != 1 || r.revision == before {
		t.Errorf("known %v, gone %v, revision %d after %d", known, gone, r.revision, before)
	}
}

func TestCategoriesAreNamedNarrowestFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, want []string }{
		"none": {nil, nil},
		"one":  {[]string{"Home"}, []string{"Home"}},
		"three": {
			[]string{"Home", "Lighting", "Lamps"}, []string{"Home > Lighting > Lamps", "Home > Lighting", "Home"},
		},
		"a part that holds separators": {[]string{"A > B", " > "}, []string{"A > B >  > ", "A > B"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, categories(c.path)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// BenchmarkReplica shows what a catalogue of 100,000 items in 400 categories costs the garbage collector, by item.
func BenchmarkReplica(b *testing.B) {
	const items, page = 100_000, 1000
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		r := newReplica()
		for from := 0; from < items; from += page {
			var changes []profileapi.ItemChange
			for n := from; n < from+page; n++ {
				item := &profileapi.Item{CategoryPath: []string{fmt.Sprint("Department ", n%20), fmt.Sprint("Shelf ", n%400)}}
				changes = append(changes, profileapi.ItemChange{ItemID: fmt.Sprintf("sku-%06d", n), Item: item})
			}
			r.apply(changes)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapObjects-before.HeapObjects)/items, "objects/item")
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/items, "B/item")
		runtime.KeepAlive(r)
	}
}
