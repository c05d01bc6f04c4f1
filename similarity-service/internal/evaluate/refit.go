package evaluate

import (
	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// parts of the rows: the cases of one of them judge what has no own-out form.
const parts = 5

// refitHelps reports whether refitting the weights of the cut lists raises NDCG. The own-out shortcut has no closed form
// for refitted weights, so the model is built without what the cases of a fifth of the rows hide, and those cases are ranked.
func (s *search) refitHelps(p ease) (bool, error) {
	rows, cases := s.apart(p.weighing, 0)
	if len(cases.cases) == 0 {
		return false, nil
	}
	g, err := s.graphOf(rows, p.weighing)
	if err != nil {
		return false, err
	}
	o := s.o.build()
	cut, gram, err := easeCut(g, p, o)
	if err != nil {
		return false, err
	}
	var ndcg [2]float64
	for at, refit := range []bool{false, true} {
		p.Refit = refit
		lists, err := easeWeights(g, cut, gram, p, o)
		if err != nil {
			return false, err
		}
		ranked, err := s.rankHeld(lists, p.weighing, cases)
		if err != nil {
			return false, err
		}
		ndcg[at] = metrics.Mean(ranked).NDCG
	}
	return ndcg[1] > ndcg[0], nil
}

// apart returns the cases of one part of the rows and training rows without what those cases hide. The rest of their rows stays, as
// the history of somebody who is served stands in what is learnt from. Cases of later baskets have no rows: all of them, and all that teaches.
func (s *search) apart(p weighing, part int32) (*csr.Matrix, *validation) {
	rows := s.matrix(p.Values).First(s.held.rows)
	if s.held.cases[0].row < 0 {
		return rows, s.held
	}
	cases := &validation{rows: rows.Rows}
	hidden := map[int32][]int32{}
	for _, c := range s.held.cases {
		if c.row%parts == part {
			cases.cases = append(cases.cases, c)
			hidden[c.row] = c.hidden
		}
	}
	return without(rows, hidden), cases
}

// graphOf is the graph of rows that are not those of a reading, aged as the validation is.
func (s *search) graphOf(rows *csr.Matrix, p weighing) (*neighbours.Graph, error) {
	g, err := neighbours.NewGraph(rows.Latest(s.o.HistoryCap), s.ages(p.LogHalfLife, rows.Rows, s.held.until))
	if err != nil {
		return nil, err
	}
	return g.WithUserExponent(p.UserExponent), nil
}

// without returns m less the given items of rows.
func without(m *csr.Matrix, items map[int32][]int32) *csr.Matrix {
	out := &csr.Matrix{Rows: m.Rows, Cols: m.Cols, RowPtr: make([]int, 1, m.Rows+1)}
	for u := range m.Rows {
		row, val := m.Row(u)
		gone := contains(items[int32(u)])
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

// easeLists builds the lists of a point from g, refitted if the point says so.
func easeLists(g *neighbours.Graph, p ease, o neighbours.Options) (*neighbours.Lists, error) {
	cut, gram, err := easeCut(g, p, o)
	if err != nil {
		return nil, err
	}
	return easeWeights(g, cut, gram, p, o)
}

// easeCut solves for all weights and cuts them to the largest of each item. It returns the Gram matrix beside them.
func easeCut(g *neighbours.Graph, p ease, o neighbours.Options) (*neighbours.Lists, *closedform.Dense, error) {
	gram, err := closedform.Gram(g, o)
	if err != nil {
		return nil, nil, err
	}
	precision, err := closedform.Precision(gram, p.Lambda, o)
	if err != nil {
		return nil, nil, err
	}
	lists, err := closedform.Lists(precision, o)
	return lists, gram, err
}

// easeWeights gives the cut lists of a point the weights that it serves with.
func easeWeights(
	g *neighbours.Graph, lists *neighbours.Lists, gram *closedform.Dense, p ease, o neighbours.Options,
) (*neighbours.Lists, error) {
	if p.Refit {
		var err error
		if lists, err = closedform.Refit(lists, gram, p.Lambda, o); err != nil {
			return nil, err
		}
	}
	return lists.Scaled(neighbours.Powers(g.Degree(), -p.SourceExponent), neighbours.Powers(g.Degree(), -p.TargetExponent)), nil
}

// rankHeld ranks cases whose hidden entries are not in the lists.
func (s *search) rankHeld(l *neighbours.Lists, p weighing, cases *validation) ([]metrics.Accuracy, error) {
	m := p.trained(l)
	rows := s.matrix(p.Values)
	return cases.each(s.o, rows.Cols, func(r *Ranker) func(*heldCase) []int32 {
		t := newTrial(rows.Cols)
		return func(c *heldCase) []int32 {
			t.begin(rows, c)
			return r.Rank(m, t.seeds, t.values, t.exclude, s.o.K)
		}
	})
}
