package dataset_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
)

func TestLatestPart(t *testing.T) {
	t.Parallel()
	for orders, want := range map[string]int{ // a letter for each order
		"": 0, "a": 0, "aaaa": 0, "ab": 1, "abcde": 1, "abcdefgh": 2, "aaaabbbb": 4, "aaaaaaab": 1, "abbbbbbb": 7,
		"aaaaabbbbbcccccdddde": 5, "aabbccddee": 2, "aaaaaaabcc": 2, "aaaaaaabbc": 3,
	} {
		together := func(n int) bool { return orders[n] == orders[n-1] }
		if got := dataset.LatestPart(len(orders), together); got != want {
			t.Errorf("of %q it has %d entries, want %d", orders, got, want)
		}
	}
}

// A row of five entries of which the second and third came with the first, and the fifth with the fourth, loses some.
func TestTogetherIn(t *testing.T) {
	t.Parallel()
	var all csr.Marks
	for _, p := range []int{3, 4, 6} {
		all.Add(p)
	}
	d := &dataset.Data{Train: &csr.Matrix{Rows: 2, Cols: 7, RowPtr: []int{0, 2, 7}, ColIdx: []int32{5, 6, 0, 1, 2, 3, 4}}, Together: all}
	for name, test := range map[string]struct{ row, want []int32 }{
		"all are left":               {[]int32{0, 1, 2, 3, 4}, []int32{1, 2, 4}},
		"without the first":          {[]int32{1, 2, 3, 4}, []int32{2, 4}},
		"without one in the middle":  {[]int32{0, 2, 3, 4}, []int32{2, 4}},
		"without the first of a day": {[]int32{0, 1, 2, 4}, []int32{1, 2}},
		"the latest":                 {[]int32{3, 4}, []int32{4}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &csr.Matrix{Rows: 2, Cols: 7, RowPtr: []int{0, 2, 2 + len(test.row)}, ColIdx: append([]int32{5, 6}, test.row...)}
			marks := d.TogetherIn(m)
			var got []int32
			for p := range m.NNZ() {
				if marks.Has(p) {
					got = append(got, m.ColIdx[p])
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
