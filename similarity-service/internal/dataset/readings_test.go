package dataset_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

func TestReadingsOfValues(t *testing.T) {
	t.Parallel()
	b := csr.NewBuilder(3)
	for j, v := range []float32{4, 1, 5} { // of one row: item 0 is liked, 1 is not, 2 is liked most
		b.Add(int32(j), v)
	}
	if err := b.EndRow(); err != nil {
		t.Fatal(err)
	}
	valued := b.Matrix()
	ones := *valued
	ones.Val = nil
	items, err := idmap.New([]string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	type row map[int32]float32
	all := row{0: 1, 1: 1, 2: 1}
	for name, c := range map[string]struct {
		data *dataset.Data
		want map[string]row
		most int32
	}{
		"ratings": {
			&dataset.Data{Train: valued, Rated: true, Liked: 4},
			map[string]row{"ones": all, "graded": {0: .8, 1: .2, 2: 1}, "liked": {0: 1, 2: 1}}, 2,
		},
		"weights":  {&dataset.Data{Train: valued, Liked: 2}, map[string]row{"ones": all, "weights": {0: 4, 1: 1, 2: 5}}, 2},
		"ones":     {&dataset.Data{Train: &ones}, map[string]row{"ones": all}, 0},
		"sessions": {&dataset.Data{Sessions: [][]int32{{1, 0, 1, 2}}, Items: items}, map[string]row{"ones": all}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := map[string]row{}
			for _, r := range c.data.Readings() {
				at := row{}
				items, values := r.Rows.Row(0)
				for p, j := range items {
					if at[j] = 1; values != nil {
						at[j] = values[p]
					}
				}
				got[r.Name] = at
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			counts := c.data.Popularity()
			if at := slices.Index(counts, slices.Max(counts)); at != int(c.most) {
				t.Errorf("item %d of %v is the most popular, want %d", at, counts, c.most)
			}
		})
	}
}
