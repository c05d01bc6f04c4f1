package evaluate

import (
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

func TestPartsHideWhatTheirCasesHide(t *testing.T) {
	t.Parallel()
	d := &dataset.Data{Relation: dataset.Similar, Train: randomMatrix(t, 100, 20, false)}
	s := newSearch(d, Options{K: 5, Neighbours: 10, Seed: 1, BudgetSeconds: 1}.withDefaults())
	var err error
	if s.heldOut, err = newValidation(d, 1, 1000); err != nil {
		t.Fatal(err)
	}
	seen := map[int32]bool{}
	for n, p := range s.apart("", 0, 1000) {
		hidden := map[[2]int32]bool{}
		for _, c := range p.cases.cases {
			if seen[c.row] {
				t.Errorf("part %d has the case of row %d again", n, c.row)
			}
			seen[c.row] = true
			for _, j := range c.hidden {
				hidden[[2]int32{c.row, j}] = true
			}
		}
		for u := range d.Train.Rows {
			left, _ := p.rows.Row(u)
			has := metrics.Among(left)
			all, _ := d.Train.Row(u)
			for _, j := range all {
				if has(j) == hidden[[2]int32{int32(u), j}] {
					t.Fatalf("part %d: row %d, item %d: taught is %v, hidden is %v", n, u, j, has(j), !has(j))
				}
			}
		}
	}
	if len(seen) != len(s.heldOut.cases) {
		t.Errorf("the parts have %d cases, want %d", len(seen), len(s.heldOut.cases))
	}
	if some := s.apart("", 3, 1); len(some) != 1 || some[0].cases.cases[0].row%parts != 3 {
		t.Errorf("one case from part 3 on gives %d parts", len(some))
	}
}
