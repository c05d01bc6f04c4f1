package text

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// world has teapots, lamps and shoes with names in two languages, and further ones in one.
func world() []Item {
	var items []Item
	colours := [][2]string{{"Red", "Rote"}, {"Blue", "Blaue"}, {"Green", "Grüne"}, {"Black", "Schwarze"}}
	things := [][2]string{{"teapot", "Teekanne"}, {"lamp", "Lampe"}, {"shoe", "Schuhe"}}
	for n, c := range colours {
		for m, th := range things {
			items = append(items, Item{
				ID: fmt.Sprintf("both-%d-%d", n, m), Title: c[0] + " " + th[0], Language: "en",
				Translations: []Translation{{Language: "de", Title: c[1] + " " + th[1]}},
			})
		}
	}
	return append(items,
		Item{ID: "en-pot", Title: "Teapot with lid", Language: "en"}, Item{ID: "en-lamp", Title: "Lamp of brass", Language: "en"},
		Item{ID: "de-pot", Title: "Teekanne mit Deckel", Language: "de", Brand: "Clay"},
		Item{ID: "de-shoe", Title: "Schuhe aus Leder", Language: "de"},
		Item{ID: "fr-pot", Title: "Théière", Language: "fr", Brand: "Clay"},
	)
}

func taughtWorld(t *testing.T) *Index {
	ix := newIndex(t, DefaultOptions(), world()...)
	if _, learnt := ix.Parallel(); learnt {
		t.Error("what was not learnt is learnt")
	}
	ix.LearnTranslations()
	if p, learnt := ix.Parallel(); !learnt || p.Pairs != 12*4 {
		t.Errorf("of %d pairs, learnt: %v", p.Pairs, learnt)
	}
	return ix
}

func TestWordsFindItemsInOtherLanguages(t *testing.T) {
	t.Parallel()
	ix := taughtWorld(t)
	for query, want := range map[string]string{"Teekannen": "en-pot", "teapots": "de-pot", "Lampe": "en-lamp", "shoes": "de-shoe"} {
		if got := ids(ix.Search(query, "", 20)); !slices.Contains(got, want) {
			t.Errorf("%s: %v, want %s among them", query, got, want)
		}
	}
	if got := ids(ix.Search("Teekannen", "de", 20)); !slices.Contains(got, "en-pot") {
		t.Errorf("a query in German finds %v", got)
	}
	for _, n := range ix.Search("rote Teekanne", "de", 20) {
		if n.Score <= 0 || n.Score > 1 {
			t.Errorf("%s scores %v", n.ID, n.Score)
		}
	}
	if got := ix.Search("Teekanne", "de", 1); got[0].ID != "de-pot" && got[0].ID[:4] != "both" {
		t.Errorf("the word itself does not come first: %v", got)
	}
}

func TestItemsInOtherLanguagesAreNeighbours(t *testing.T) {
	t.Parallel()
	before := newIndex(t, DefaultOptions(), world()...)
	if got := ids(before.Similar("de-pot", 30)); slices.Contains(got, "en-pot") || !slices.Contains(got, "fr-pot") {
		t.Fatalf("without a dictionary %v are like the German pot", got)
	}
	ix := taughtWorld(t)
	got := ix.Similar("de-pot", 30)
	if !slices.Contains(ids(got), "en-pot") || slices.Contains(ids(got), "en-lamp") || !slices.Contains(ids(got), "fr-pot") {
		t.Errorf("like the German pot: %v", got)
	}
	for _, n := range got {
		var sum float64
		for _, w := range ix.SharedTerms("de-pot", n.ID) {
			sum += w.Weight
		}
		if math.Abs(min(1, sum)-n.Score) > 1e-12 {
			t.Errorf("%s: terms sum to %v, the likeness is %v", n.ID, sum, n.Score)
		}
	}
	if diff := cmp.Diff(scoreOf(before.Similar("en-pot", 30), "both-0-0"), scoreOf(ix.Similar("en-pot", 30), "both-0-0")); diff == "" {
		t.Error("an item in both languages gains nothing from a dictionary")
	}
}

func scoreOf(list []Neighbour[string], id string) float64 {
	for _, n := range list {
		if n.ID == id {
			return n.Score
		}
	}
	return 0
}

func TestTheDictionaryFollowsTheItemsAlone(t *testing.T) {
	t.Parallel()
	want := taughtWorld(t)
	ix := newIndex(t, DefaultOptions())
	items := world()
	r := rand.New(rand.NewPCG(8, 8))
	for n := range compactAfter * 2 { // compacts on the way
		at := r.IntN(len(items))
		other := items[at]
		other.Title += fmt.Sprint(" draft", n)
		ix.Upsert(other)
	}
	for _, at := range r.Perm(len(items)) {
		ix.Delete(items[at].ID)
		ix.Upsert(items[at])
	}
	ix.LearnTranslations()
	if ix.Texts() != want.Texts() {
		t.Error("the fingerprint depends on the updates")
	}
	if diff := cmp.Diff(want.Similar("de-pot", 30), ix.Similar("de-pot", 30)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want.Search("Teekanne", "", 30), ix.Search("Teekanne", "", 30)); diff != "" {
		t.Error(diff)
	}
	for _, item := range items {
		ix.Delete(item.ID)
	}
	if p, _ := ix.Parallel(); p != (Parallel{}) || len(ix.speaking()) != 0 {
		t.Errorf("left behind: %+v, %v", p, ix.speaking())
	}
}
