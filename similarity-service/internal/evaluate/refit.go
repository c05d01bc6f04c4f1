package evaluate

import (
	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/pattern"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// easeOrderPoints bounds the points tried for the order of histories.
const easeOrderPoints = 10

// settleEASE decides on what has no leave-own-out form: whether the weights of the cut lists are solved again, and how they take the order
// of histories. It returns what the order gains as well, which no case of the leave-own-out shortcut has.
func (s *search) settleEASE(p ease) (ease, gain, error) {
	parts, err := s.easeParts(p)
	if err != nil {
		return p, gain{}, err
	}
	asSets := &scored[ease]{}
	for _, p.Refit = range []bool{false, true} {
		c, err := parts.rank(p)
		if err != nil {
			return p, gain{}, err
		}
		if asSets.better(c) {
			asSets = c
		}
	}
	if p = asSets.at; !s.ordersEASE() {
		return p, gain{}, nil
	}
	inOrder := &scored[ease]{}
	_, _, err = pattern.Search(s.axes(EASE, orderAxes()...), easeOrderPoints, func(at []float64) (float64, error) {
		p.Direction, p.Nearness = at[0], at[1]
		c, err := parts.rank(p)
		if err != nil {
			return 0, err
		}
		if inOrder.better(c) {
			inOrder = c
		}
		return c.ndcg(), nil
	})
	if err != nil || !clearlyBetter(inOrder.cases, asSets.cases) && !s.isPinned(EASE, Direction) && !s.isPinned(EASE, Nearness) {
		return asSets.at, gain{}, err
	}
	was, is := metrics.Mean(asSets.cases), metrics.Mean(inOrder.cases)
	return inOrder.at, gain{is.NDCG - was.NDCG, is.Recall - was.Recall}, nil
}

// easeParts are parts of the held-out cases with a point's lists for each, built without what its cases hide.
type easeParts struct {
	*search
	parts  []validation.Part
	graphs []*neighbours.Graph
	lists  map[bool][]*neighbours.Lists // with weights that were solved again, or not
}

func (s *search) easeParts(p ease) (*easeParts, error) {
	least := 1
	if s.data.Ordered {
		least = easeMaxCases
	}
	e := &easeParts{search: s, parts: s.heldOut.Apart(s.matrix(p.Values), 0, least), lists: map[bool][]*neighbours.Lists{}}
	for _, heldOut := range e.parts {
		g, err := s.graphOf(heldOut.Rows, p.weighing)
		if err != nil {
			return nil, err
		}
		cut, gram, err := easeCut(g, p, s.o.build())
		if err != nil {
			return nil, err
		}
		for _, p.Refit = range []bool{false, true} {
			lists, err := easeWeights(g, cut, gram, p, s.o.build())
			if err != nil {
				return nil, err
			}
			e.lists[p.Refit] = append(e.lists[p.Refit], lists)
		}
		e.graphs = append(e.graphs, g)
	}
	return e, nil
}

// rank ranks the cases of all parts by lists that are in order where p says so.
func (e *easeParts) rank(p ease) (*scored[ease], error) {
	c := &scored[ease]{at: p}
	for n, heldOut := range e.parts {
		lists := e.lists[p.Refit][n]
		if p.order() != (neighbours.Order{}) {
			lists = lists.Clone()
			if err := lists.InOrder(e.weighed(e.graphs[n], p.weighing), e.o.build()); err != nil {
				return nil, err
			}
		}
		cases, err := e.rankHeld(lists, p.weighing, heldOut.Set)
		if err != nil {
			return nil, err
		}
		c.cases = append(c.cases, cases...)
	}
	return c, nil
}

// ordersEASE reports whether histories have an order that there is time to look at: a point counts all pairs twice.
func (s *search) ordersEASE() bool {
	return s.data.Ordered && 2*easeOrderPoints*s.pairSeconds(s.train) < easeShare*s.o.BudgetSeconds
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
