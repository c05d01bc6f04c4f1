package evaluate

import (
	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/pattern"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// easeOrderPoints bounds the points tried for the order of histories.
const easeOrderPoints = 10

// settleEASE decides on what has no leave-own-out form: whether the weights of the cut lists are solved again, and how they take the order
// of histories. The model is built without what the cases of parts of the rows hide, and those cases are ranked. It returns what the order
// gains as well, which no case of the leave-own-out shortcut has.
func (s *search) settleEASE(p ease) (ease, gain, error) {
	least := 1
	if s.data.Ordered {
		least = easeMaxCases
	}
	parts, o := s.heldOut.Apart(s.matrix(p.Values), 0, least), s.o.build()
	graphs, built := make([]*neighbours.Graph, len(parts)), map[bool][]*neighbours.Lists{}
	for n, heldOut := range parts {
		var err error
		if graphs[n], err = s.graphOf(heldOut.Rows, p.weighing); err != nil {
			return p, gain{}, err
		}
		cut, gram, err := easeCut(graphs[n], p, o)
		if err != nil {
			return p, gain{}, err
		}
		for _, refit := range []bool{false, true} {
			p.Refit = refit
			lists, err := easeWeights(graphs[n], cut, gram, p, o)
			if err != nil {
				return p, gain{}, err
			}
			built[refit] = append(built[refit], lists)
		}
	}
	ranked := func(p ease) (*scored[ease], error) {
		c := &scored[ease]{at: p}
		for n, heldOut := range parts {
			lists := built[p.Refit][n]
			if p.order() != (neighbours.Order{}) {
				lists = lists.Clone()
				if err := lists.InOrder(s.weighed(graphs[n], p.weighing), o); err != nil {
					return nil, err
				}
			}
			cases, err := s.rankHeld(lists, p.weighing, heldOut.Set)
			if err != nil {
				return nil, err
			}
			c.cases = append(c.cases, cases...)
		}
		return c, nil
	}
	best := &scored[ease]{}
	for _, p.Refit = range []bool{false, true} {
		c, err := ranked(p)
		if err != nil {
			return p, gain{}, err
		}
		if best.better(c) {
			best = c
		}
	}
	asSets := best
	if s.ordersEASE() {
		inOrder := &scored[ease]{}
		p = best.at
		_, _, err := pattern.Search(s.axes(EASE, orderAxes()...), easeOrderPoints, func(at []float64) (float64, error) {
			p.Direction, p.Nearness = at[0], at[1]
			c, err := ranked(p)
			if err != nil {
				return 0, err
			}
			if inOrder.better(c) {
				inOrder = c
			}
			return c.ndcg(), nil
		})
		if err != nil {
			return p, gain{}, err
		}
		if clearlyBetter(inOrder.cases, best.cases) || s.isPinned(EASE, Direction) || s.isPinned(EASE, Nearness) {
			best = inOrder
		}
	}
	was, is := metrics.Mean(asSets.cases), metrics.Mean(best.cases)
	return best.at, gain{is.NDCG - was.NDCG, is.Recall - was.Recall}, nil
}

// ordersEASE reports whether histories have an order that there is time to look at: a point counts all pairs twice.
func (s *search) ordersEASE() bool {
	pairs := 0
	for u := range s.train.Rows {
		d := min(s.train.RowPtr[u+1]-s.train.RowPtr[u], s.o.HistoryCap)
		pairs += d * d
	}
	return s.data.Ordered && 2*float64(easeOrderPoints*pairs)*pairSeconds < easeShare*s.o.BudgetSeconds
}

// easeLists builds the lists of a point from g, which weighs as the point says: refitted and in order where it does.
func easeLists(g *neighbours.Graph, p ease, o neighbours.Options) (*neighbours.Lists, error) {
	cut, gram, err := easeCut(g, p, o)
	if err != nil {
		return nil, err
	}
	lists, err := easeWeights(g, cut, gram, p, o)
	if err != nil || p.order() == (neighbours.Order{}) {
		return lists, err
	}
	return lists, lists.InOrder(g, o)
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
