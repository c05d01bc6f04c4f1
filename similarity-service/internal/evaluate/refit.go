package evaluate

import (
	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// refitHelps reports whether refitting the weights of the cut lists raises NDCG. The leave-own-out shortcut has no closed form
// for refitted weights, so the model is built without what the cases of a fifth of the rows hide, and those cases are ranked.
func (s *search) refitHelps(p ease) (bool, error) {
	heldOut := s.heldOut.Apart(s.matrix(p.Values), 0, 1)[0]
	g, err := s.graphOf(heldOut.Rows, p.weighing)
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
		ranked, err := s.rankHeld(lists, p.weighing, heldOut.Set)
		if err != nil {
			return false, err
		}
		ndcg[at] = metrics.Mean(ranked).NDCG
	}
	return ndcg[1] > ndcg[0], nil
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
