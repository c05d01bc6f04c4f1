package validation

import (
	"slices"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/modeltest"
)

// TestOrdersAreNotCut has histories of three orders each, and some of one.
func TestOrdersAreNotCut(t *testing.T) {
	t.Parallel()
	d := &dataset.Data{Relation: dataset.Similar, Ordered: true, Train: modeltest.Random(2000, 40, 9)}
	for u := range d.Train.Rows {
		from, to := d.Train.RowPtr[u], d.Train.RowPtr[u+1]
		for p := from + 1; p < to; p++ {
			if u%3 == 0 || (p-from)%3 != 0 {
				d.Together.Add(p)
			}
		}
	}
	v, err := New(d, 1, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Cases) <= fewCases {
		t.Fatalf("%d cases", len(v.Cases))
	}
	for _, c := range v.Cases {
		if c.Row%3 == 0 || len(c.Known)%3 != 0 {
			t.Fatalf("row %d: %d are known and %d hidden", c.Row, len(c.Known), len(c.Hidden))
		}
	}
	d.Train = d.Train.First(60)
	v, err = New(d, 1, 10_000)
	if err != nil || !slices.ContainsFunc(v.Cases, func(c Case) bool { return c.Row%3 == 0 }) {
		t.Errorf("where there are few, histories of one order are asked too: %v", err)
	}
}

func TestPartsHideWhatTheirCasesHide(t *testing.T) {
	t.Parallel()
	d := &dataset.Data{Relation: dataset.Similar, Train: modeltest.Random(100, 20, 3)}
	v, err := New(d, 1, 1000)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int32]bool{}
	for n, p := range v.Apart(d.Train, 0, 1000) {
		hidden := map[[2]int32]bool{}
		for _, c := range p.Set.Cases {
			if seen[c.Row] {
				t.Errorf("part %d has the case of row %d again", n, c.Row)
			}
			seen[c.Row] = true
			for _, j := range c.Hidden {
				hidden[[2]int32{c.Row, j}] = true
			}
		}
		for u := range d.Train.Rows {
			left, _ := p.Rows.Row(u)
			has := metrics.Among(left)
			all, _ := d.Train.Row(u)
			for _, j := range all {
				if has(j) == hidden[[2]int32{int32(u), j}] {
					t.Fatalf("part %d: row %d, item %d: taught is %v, hidden is %v", n, u, j, has(j), !has(j))
				}
			}
		}
	}
	if len(seen) != len(v.Cases) {
		t.Errorf("the parts have %d cases, want %d", len(seen), len(v.Cases))
	}
	if some := v.Apart(d.Train, 3, 1); len(some) != 1 || some[0].Set.Cases[0].Row%Parts != 3 {
		t.Errorf("one case from part 3 on gives %d parts", len(some))
	}
}
