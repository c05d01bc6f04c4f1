package validation

import (
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// Parts of the rows judge what has no leave-own-out form, such as the weights of a regression.
const Parts = 5

// Part has the cases of one part of the rows and training rows without what those cases hide. The rest of their rows stays, as the history
// of somebody who is served stands in what is learnt from.
type Part struct {
	Rows *csr.Matrix
	Set  *Set
}

// Apart returns the parts from one on that have so many cases together, or all that there are; rows are the training rows under a reading
// of their values. Cases of later baskets have no rows: they are the first part, and all that teaches knows nothing of them.
func (v *Set) Apart(rows *csr.Matrix, from, least int) []Part {
	rows = rows.First(v.Rows)
	if !v.OfRows() {
		if from > 0 {
			return nil
		}
		return []Part{{rows, v.First(max(least, GuideCases))}}
	}
	var out []Part
	for n := from; n < Parts && least > 0; n++ {
		cases := &Set{Rows: rows.Rows}
		hidden := map[int32][]int32{}
		for _, c := range v.Cases {
			if int(c.Row)%Parts == n {
				cases.Cases = append(cases.Cases, c)
				hidden[c.Row] = c.Hidden
			}
		}
		if len(cases.Cases) > 0 {
			out = append(out, Part{without(rows, hidden), cases})
		}
		least -= len(cases.Cases)
	}
	return out
}

// without returns m less the given items of rows, as a copy. Rows and columns keep their
// numbers.
func without(m *csr.Matrix, items map[int32][]int32) *csr.Matrix {
	out := &csr.Matrix{Rows: m.Rows, Cols: m.Cols, RowPtr: make([]int, 1, m.Rows+1)}
	for u := range m.Rows {
		row, val := m.Row(u)
		gone := metrics.Among(items[int32(u)])
		for p, j := range row {
			if gone(j) {
				continue
			}
			out.ColIdx = append(out.ColIdx, j)
			if val != nil {
				out.Val = append(out.Val, val[p])
			}
		}
		out.RowPtr = append(out.RowPtr, len(out.ColIdx))
	}
	return out
}
