package dataset_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/idmap"
)

func matrix(t *testing.T, rows [][]int32) *csr.Matrix {
	t.Helper()
	m, err := csr.FromRows(rows, 8)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFoldsOfHistoriesTestEveryEntryOnce(t *testing.T) {
	t.Parallel()
	rows := [][]int32{{0, 1, 2, 3, 4}, {5}, {}, {7, 6, 5, 4}}
	d := &dataset.Data{
		Relation: dataset.Similar, Items: &idmap.Map{}, Ordered: true, Train: matrix(t, rows),
		Tests: []dataset.Case{{Row: 0, Relevant: []int32{7}}},
	}
	tested := make([][]int32, len(rows))
	for f := range 3 {
		fold, err := d.Fold(f, 3, 1)
		if err != nil {
			t.Fatal(err)
		}
		again, err := d.Fold(f, 3, 1)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fold.Tests, again.Tests); diff != "" {
			t.Error("the same seed draws other folds:", diff)
		}
		if fold.Ordered {
			t.Error("entries at random are tested, but what is chosen in the fold is chosen for the latest")
		}
		for _, c := range fold.Tests {
			left, _ := fold.Train.Row(int(c.Row))
			if got := slices.Sorted(
				slices.Values(slices.Concat(left, c.Relevant)),
			); !slices.Equal(got, slices.Sorted(slices.Values(rows[c.Row]))) {
				t.Errorf("fold %d has %v of row %v", f, got, rows[c.Row])
			}
			tested[c.Row] = append(tested[c.Row], c.Relevant...)
		}
	}
	for u, row := range rows {
		if slices.Sort(tested[u]); !slices.Equal(tested[u], slices.Sorted(slices.Values(row))) {
			t.Errorf("row %v was tested on %v", row, tested[u])
		}
	}
}

func TestFoldsOfOrdersAndSessionsLearnFromThePast(t *testing.T) {
	t.Parallel()
	rows := slices.Repeat([][]int32{{0, 1, 2}}, 12)
	times := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	orders := &dataset.Data{Relation: dataset.BoughtTogether, Train: matrix(t, rows), RowTimes: times, Until: 99}
	sessions := &dataset.Data{Relation: dataset.ViewedNext, Sessions: rows}
	for f, past := range []int{6, 8, 10} {
		o, err := orders.Fold(f, 3, 1)
		if err != nil {
			t.Fatal(err)
		}
		if o.Train.Rows != past || len(o.RowTimes) != past || o.Until != times[past] || len(o.Tests) != 2 {
			t.Errorf(
				"fold %d: %d orders until %d, %d tests; want %d until %d, 2", f, o.Train.Rows, o.Until, len(o.Tests), past, times[past],
			)
		}
		s, err := sessions.Fold(f, 3, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Sessions) != past || len(s.Tests) != 4 { // two sessions with two clicks to foresee
			t.Errorf("fold %d: %d sessions and %d tests, want %d and 4", f, len(s.Sessions), len(s.Tests), past)
		}
	}
	orders.RowTimes = nil
	if o, err := orders.Fold(0, 3, 1); err != nil || o.Train.Rows != 8 || len(o.Tests) != 4 {
		t.Errorf("orders without times: %v, %v", o, err)
	}
}

func TestFoldRefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	d := &dataset.Data{Relation: dataset.ViewedNext, Sessions: [][]int32{{0, 1}}}
	for _, c := range [][2]int{{0, 1}, {3, 3}, {-1, 3}, {0, 2}} {
		if _, err := d.Fold(c[0], c[1], 1); err == nil {
			t.Errorf("fold %d of %d: want an error", c[0], c[1])
		}
	}
}
