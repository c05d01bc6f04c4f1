package lookup

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/text"
)

// TestBlend: the text gets the model's scale (here 2) and a share of 5/(5+support), and behaviour gives way to it as far as the best
// cosine, here a half, goes.
func TestBlend(t *testing.T) {
	t.Parallel()
	type list = []similarityapi.Neighbour
	row := list{{ItemID: "a", Score: 8}, {ItemID: "b", Score: -4}}
	alike := []text.Neighbour[string]{{ID: "a", Score: .5}, {ID: "c", Score: .25}}
	for name, c := range map[string]struct {
		row     list
		alike   []text.Neighbour[string]
		support float64
		limit   int
		want    list
	}{
		"no events: text alone": {nil, alike, 0, 10, list{{ItemID: "a", Score: 1}, {ItemID: "c", Score: .5}}},
		"five events: text has half of what it says": {
			row, alike, 5, 10, list{{ItemID: "a", Score: 6.5}, {ItemID: "b", Score: -3}, {ItemID: "c", Score: .25}},
		},
		"three times as many: text has a quarter": {
			row, alike, 15, 10, list{{ItemID: "a", Score: 7.25}, {ItemID: "b", Score: -3.5}, {ItemID: "c", Score: .125}},
		},
		"the list is cut, what says most stays": {row, alike, 5, 2, list{{ItemID: "a", Score: 6.5}, {ItemID: "b", Score: -3}}},
		"ties go to the lower id": {
			list{{ItemID: "z", Score: 1}, {ItemID: "y", Score: 1}}, nil, 5, 10, list{{ItemID: "y", Score: 1}, {ItemID: "z", Score: 1}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, blend(c.row, c.alike, c.support, 2, c.limit)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
