package evaluate

import (
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// parts of the rows judge what has no leave-own-out form, such as the weights of a regression.
const parts = 5

// part has the cases of one part of the rows and training rows without what those cases hide. The rest of their rows stays, as the history
// of somebody who is served stands in what is learnt from.
type part struct {
	rows  *csr.Matrix
	cases *validation
}

// apart returns the parts from one on that have so many cases together, or all that there are, under a reading of the values. Cases of
// later baskets have no rows: they are the first part, and all that teaches knows nothing of them.
func (s *search) apart(values string, from, least int) []part {
	rows := s.matrix(values).First(s.heldOut.rows)
	if s.heldOut.cases[0].row < 0 {
		if from > 0 {
			return nil
		}
		return []part{{rows, s.heldOut.first(max(least, searchCases))}}
	}
	var out []part
	for n := from; n < parts && least > 0; n++ {
		cases := &validation{rows: rows.Rows}
		hidden := map[int32][]int32{}
		for _, c := range s.heldOut.cases {
			if int(c.row)%parts == n {
				cases.cases = append(cases.cases, c)
				hidden[c.row] = c.hidden
			}
		}
		if len(cases.cases) > 0 {
			out = append(out, part{without(rows, hidden), cases})
		}
		least -= len(cases.cases)
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

// graphOf is the graph of rows that are not those of a reading, aged as the validation is.
func (s *search) graphOf(rows *csr.Matrix, p weighing) (*neighbours.Graph, error) {
	g, err := neighbours.NewGraph(rows.Latest(s.o.HistoryCap), s.ages(p.LogHalfLife, rows.Rows, s.heldOut.until))
	if err != nil {
		return nil, err
	}
	return g.WithUserExponent(p.UserExponent), nil
}

// rankHeld ranks cases whose hidden entries are not in the lists.
func (s *search) rankHeld(l *neighbours.Lists, p weighing, cases *validation) ([]metrics.Accuracy, error) {
	m := p.model(l)
	rows := s.matrix(p.Values)
	return cases.each(s.o.ranking(), rows.Cols, func(r *rank.Ranker) func(*validationCase) []int32 {
		t := newCaseScratch(rows.Cols)
		return func(c *validationCase) []int32 {
			t.begin(rows, c)
			return r.Rank(m, t.seeds, t.values, t.exclude, s.o.K)
		}
	})
}
