package evaluate

import (
	"math"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/pattern"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

const (
	// ridgeShare of the budget may go into its search, at ridgeSeconds per entry of the data and neighbour of its item for each build.
	ridgeShare   = .4
	ridgeSeconds = 25e-9
	// ridgePoints bounds the points tried; fewer than ridgeLeast would be no search.
	ridgePoints, ridgeLeast = 24, 3
	// ridgeScalings bounds the exponents that are tried for the lists of one point.
	ridgeScalings = 6
	// ridgeChoice cases at least choose, ridgeCases others, where there are more, tell what is gained.
	ridgeChoice, ridgeCases = easeMaxCases, validation.GuideCases
)

// ridgeStart is where the search begins: at the reading of rows and seeds that suits the two-hop family.
func (s *search) ridgeStart(hop twoHop) ridge {
	p := ridge{weighing: hop.weighing, Lambda: .2}
	p.UserExponent = -.3
	p.weighing = s.pinned(Ridge, p.weighing)
	if lambda, given := s.o.Pinned[Ridge][Lambda]; given {
		p.Lambda = lambda
	}
	return p
}

// ridgeEvaluations is the number of points that the budget allows, 0 when they are too few.
func (s *search) ridgeEvaluations() int {
	// a point is built for each part that chooses
	builds := min(max(ridgeChoice*validation.Parts/len(s.heldOut.Cases), 1), validation.Parts)
	if !s.heldOut.OfRows() {
		builds = 1
	}
	each := ridgeSeconds * float64(s.o.Neighbours) * float64(s.train.NNZ()) * float64(builds)
	limit := int(min(ridgeShare*s.o.BudgetSeconds/each, ridgePoints))
	if len(s.o.Pinned[Ridge]) == 0 && (limit < ridgeLeast || s.verdict == easeAhead) {
		return 0
	}
	return max(limit, ridgeLeast)
}

// searchRidge looks for λ, the user exponent and the half-life of rows, and for each of them scans what only scales the lists. It returns
// nil when it does not gain on the two-hop lists or the budget has no room for it. Without a two-hop search before it, it makes one.
func searchRidge(s *search) (*candidate, error) {
	limit := s.ridgeEvaluations()
	if limit == 0 {
		return nil, nil
	}
	base, err := s.bestTwoHop()
	if err != nil {
		return nil, err
	}
	start := s.ridgeStart(base.at)
	best, calls := &scored[ridge]{at: start}, 0
	chosen := s.heldOut.Apart(s.matrix(start.Values), 0, ridgeChoice)
	axes := []pattern.Axis{
		{Name: Lambda, Start: math.Log2(start.Lambda), Step: 1, Last: .5, Low: -8, High: 8},
		{Name: UserExponent, Start: start.UserExponent, Step: .2, Last: .1, Low: -1.5, High: .5},
	}
	if s.data.RowTimes != nil {
		axes = append(axes, pattern.Axis{Name: HalfLifeDays, Start: float64(start.LogHalfLife), Step: 1, Last: .5, Low: 2, High: noDecay})
	}
	_, _, err = pattern.Search(s.axes(Ridge, axes...), limit, func(at []float64) (float64, error) {
		p := best.at // its exponents of degrees, which move little from point to point
		if p.UserExponent = at[1]; !s.isPinned(Ridge, Lambda) {
			p.Lambda = math.Exp2(at[0])
		}
		if len(at) > 2 {
			p.LogHalfLife = logDays(at[2])
		}
		c, err := s.bestScaling(p, chosen, ridgeScalings)
		if err != nil {
			return 0, err
		}
		if calls++; s.o.Progress != nil {
			s.o.Progress("search "+Ridge, min(calls, limit), limit)
		}
		s.tried(c.at, c.cases)
		if best.better(c) {
			best = c
		}
		return c.ndcg(), nil
	})
	if err != nil {
		return nil, err
	}
	gained, err := s.ridgeGain(best.at, base.at, len(chosen))
	if err != nil || gained.ndcg <= 0 && len(s.o.Pinned[Ridge]) == 0 {
		return nil, err
	}
	return found(Ridge, &scored[ridge]{best.at, gained.added(base.cases)}), nil
}

// bestScaling solves for the weights of a point once for each part and scans the exponents of the degrees of seeds and targets, which only
// scale them, from those of p.
func (s *search) bestScaling(p ridge, parts []validation.Part, scalings int) (*scored[ridge], error) {
	graphs, solved := make([]*neighbours.Graph, len(parts)), make([]*neighbours.Lists, len(parts))
	for n, heldOut := range parts {
		var err error
		if graphs[n], err = s.graphOf(heldOut.Rows, p.weighing); err != nil {
			return nil, err
		}
		if solved[n], err = s.solve(graphs[n], p); err != nil {
			return nil, err
		}
	}
	best := &scored[ridge]{}
	axes := s.axes(Ridge,
		pattern.Axis{Name: SourceExponent, Start: p.SourceExponent, Step: .1, Last: .05, Low: -1, High: 1.5},
		pattern.Axis{Name: TargetExponent, Start: p.TargetExponent, Step: .1, Last: .05, Low: -1, High: 1},
	)
	_, _, err := pattern.Search(axes, scalings, func(at []float64) (float64, error) {
		p.SourceExponent, p.TargetExponent = at[0], at[1]
		c := &scored[ridge]{at: p}
		for n, heldOut := range parts {
			cases, err := s.rankHeld(p.scaled(graphs[n], solved[n]), p.weighing, heldOut.Set)
			if err != nil {
				return 0, err
			}
			c.cases = append(c.cases, cases...)
		}
		if best.better(c) {
			best = c
		}
		return c.ndcg(), nil
	})
	return best, err
}

// gain is what a ridge adds to the mean accuracy of two-hop lists; below 0 it takes away.
type gain struct{ ndcg, recall float64 }

// added returns cases whose means are higher by the gain, as far as there is room up to 1: each by its part of what it lacks, so that none
// is better than perfect.
func (g gain) added(cases []metrics.Accuracy) []metrics.Accuracy {
	out, mean := slices.Clone(cases), metrics.Mean(cases)
	for at := range out {
		out[at].NDCG = lifted(out[at].NDCG, mean.NDCG, g.ndcg)
		out[at].Recall = lifted(out[at].Recall, mean.Recall, g.recall)
	}
	return out
}

// lifted moves a figure between 0 and 1 so that the mean over all moves by a gain, which may be a loss.
func lifted(figure, mean, gained float64) float64 {
	switch {
	case gained > 0 && mean < 1:
		return figure + min(gained, 1-mean)*(1-figure)/(1-mean)
	case gained < 0 && mean > 0:
		return figure + max(gained, -mean)*figure/mean
	}
	return figure
}

// ridgeGain compares a ridge with two-hop lists on parts of the rows that have not chosen it. Where all parts have, on all of them: as the
// other families are chosen and measured on the same cases where these are few.
func (s *search) ridgeGain(p ridge, hop twoHop, chosen int) (gain, error) {
	heldOut := s.heldOut.Apart(s.matrix(p.Values), chosen, ridgeCases)
	if len(heldOut) == 0 {
		heldOut = s.heldOut.Apart(s.matrix(p.Values), 0, ridgeCases)
	}
	var before, after []metrics.Accuracy
	for _, h := range heldOut {
		g, err := s.graphOf(h.Rows, hop.weighing)
		if err != nil {
			return gain{}, err
		}
		lists, err := neighbours.Build(g, hop.similarity(g), s.o.build())
		if err != nil {
			return gain{}, err
		}
		ranked, err := s.rankHeld(lists, hop.weighing, h.Set)
		if err != nil {
			return gain{}, err
		}
		before = append(before, ranked...)
		c, err := s.bestScaling(p, []validation.Part{h}, 1)
		if err != nil {
			return gain{}, err
		}
		after = append(after, c.cases...)
	}
	was, is := metrics.Mean(before), metrics.Mean(after)
	return gain{is.NDCG - was.NDCG, is.Recall - was.Recall}, nil
}
