package text

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSearchReadsAQueryInTheLanguagesOfTheItems(t *testing.T) {
	t.Parallel()
	ix := newIndex(t, DefaultOptions())
	for n, item := range []Item{
		{Title: "Teapot with roses", Language: "en"},
		{Title: "Teapots for children", Description: "Roses are painted on the pot.", Language: "en"},
		{Title: "Kanne mit Rosen", Language: "de"}, {Title: "Vase", Language: "de"}, {Title: "Tasse", Brand: "Rosenthal", Language: "de"},
	} {
		item.ID = fmt.Sprintf("%d", n)
		ix.Upsert(item)
	}
	for query, want := range map[string][]string{
		"teapots": {"0", "1"}, "rose teapot": {"0", "1", "2"}, "Rose": {"2", "0", "1"}, "KANNEN": {"2"}, "rosenthal": {"4"},
		"nothing of it": nil, "": nil,
	} {
		if diff := cmp.Diff(want, ids(ix.Search(query, "", 3))); diff != "" {
			t.Errorf("%q: %s", query, diff)
		}
	}
	ix.Delete("0")
	if diff := cmp.Diff([]string{"1"}, ids(ix.Search("teapots", "en", 3))); diff != "" {
		t.Error(diff)
	}
}

// TestSearchFindsAWordThatMostItemsHave has more of them than a question about one item may look at.
func TestSearchFindsAWordThatMostItemsHave(t *testing.T) {
	t.Parallel()
	ix := newIndex(t, DefaultOptions())
	for n := range DefaultOptions().MaxPostings + 100 {
		ix.Upsert(Item{ID: fmt.Sprintf("%05d", n), Title: "Lamp", Language: "en"})
	}
	if diff := cmp.Diff([]string{"00000", "00001", "00002"}, ids(ix.Search("lamp", "", 3))); diff != "" {
		t.Error(diff)
	}
}
