package evaluate

import (
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// Ridge is the two-hop family with its weights solved again by a weak ridge regression on the listed pairs. It competes only
// when it is asked for by name: a build costs several times that of the two-hop lists that it starts from.
const Ridge = "ridge"

// ridgePoints bounds the ridges tried.
const ridgePoints = 6

// searchRidge looks for the ridge at the point that the two-hop search chose, and returns nil when no ridge helps. Without a
// two-hop search before it, it makes one.
func (s *search) searchRidge() (*candidate, error) {
	if s.twoHop == nil {
		if _, err := s.searchTwoHop(); err != nil {
			return nil, err
		}
	}
	trials, err := s.ridgeTrials(s.twoHop)
	if err != nil || len(trials.cases.cases) == 0 {
		return nil, err
	}
	best := &candidate{}
	lambda, given := s.o.Pinned[Ridge][Lambda]
	axes := s.axes(Ridge, axis{name: Lambda, start: 1, step: 1, last: .5, low: -3, top: 8})
	_, _, err = patternSearch(axes, ridgePoints, func(at []float64) (float64, error) {
		if !given {
			lambda = math.Exp2(at[0])
		}
		c, err := trials.candidate(lambda)
		if err != nil {
			return 0, err
		}
		if best.better(c) {
			best = c
		}
		return metrics.Mean(c.cases).NDCG, nil
	})
	if err != nil || !given && !s.twoHop.better(best) {
		return nil, err
	}
	return best, nil
}

// ridgeTrials compares ridges with the two-hop lists that they start from. Weights of a regression have no cheap own-out form,
// so both are built without a tenth of the rows, as for the refit of EASE, and a ridge counts as the own-out accuracy of the
// two-hop lists plus what it gained on the cases of those rows.
type ridgeTrials struct {
	*search
	base  *candidate
	cases *validation
	graph *neighbours.Graph
	lists *neighbours.Lists
	start metrics.Accuracy // of lists
}

func (s *search) ridgeTrials(base *candidate) (*ridgeTrials, error) {
	p := base.point
	rows, cases := s.apart(p)
	g, err := neighbours.NewGraph(rows.Latest(s.o.HistoryCap), s.ages(p.logHalfLife, rows.Rows, s.held.until))
	if err != nil {
		return nil, err
	}
	t := &ridgeTrials{search: s, base: base, cases: cases, graph: g.WithUserExponent(p.hop.UserExponent)}
	if t.lists, err = neighbours.Build(t.graph, p.hop.Similarity(t.graph), neighbours.Options{K: s.o.Neighbours, Workers: s.o.Workers, Stop: s.o.Stop}); err != nil {
		return nil, err
	}
	ranked, err := s.rankHeld(t.lists, p, cases)
	t.start = metrics.Mean(ranked)
	return t, err
}

func (t *ridgeTrials) candidate(lambda float64) (*candidate, error) {
	lists, err := t.ridgeLists(t.graph, t.lists, t.base.point, lambda)
	if err != nil {
		return nil, err
	}
	ranked, err := t.rankHeld(lists, t.base.point, t.cases)
	if err != nil {
		return nil, err
	}
	got := metrics.Mean(ranked)
	cases := make([]metrics.Accuracy, len(t.base.cases))
	for at, a := range t.base.cases {
		a.NDCG += got.NDCG - t.start.NDCG
		a.Recall += got.Recall - t.start.Recall
		cases[at] = a
	}
	p := t.base.point
	parameters := p.parameters(t.search)
	parameters["lambda"] = lambda
	return &candidate{
		name: Ridge, parameters: parameters, cases: cases, point: p, lambda: lambda,
		build: func(s *search) (*Model, *csr.Matrix, error) { return s.buildRidge(p, lambda) },
	}, nil
}

// buildRidge builds the two-hop lists of p on the whole training part and solves for their weights.
func (s *search) buildRidge(p twoHopPoint, lambda float64) (*Model, *csr.Matrix, error) {
	model, rows, err := s.buildTwoHop(p)
	if err != nil {
		return nil, nil, err
	}
	g, err := s.graph(p, s.data.Train.Rows, s.data.Until)
	if err != nil {
		return nil, nil, err
	}
	model.Lists, err = s.ridgeLists(g, model.Lists, p, lambda)
	return model, rows, err
}

// ridgeLists solves for the weights of support with λ in units of [ridgeUnit], and scales them by the degrees as p scales
// two-hop weights: c_ij = d_i^½·d_j^½·(R̃ᵀR̃)_ij makes d_i^−α·d_j^−β·c_ij = d_i^{½−α}·d_j^{½−β}·(R̃ᵀR̃)_ij.
func (s *search) ridgeLists(g *neighbours.Graph, support *neighbours.Lists, p twoHopPoint, lambda float64) (*neighbours.Lists, error) {
	lists, err := closedform.Ridge(g, support, lambda*ridgeUnit(g), neighbours.Options{K: s.o.Neighbours, Workers: s.o.Workers, Stop: s.o.Stop})
	if err != nil {
		return nil, err
	}
	return lists.Scaled(neighbours.Powers(g.Degree(), .5-p.hop.SourceExponent), neighbours.Powers(g.Degree(), .5-p.hop.TargetExponent)), nil
}

// ridgeUnit is the Rayleigh quotient of R̃ᵀR̃ at the vector √d, Σ_u w_u·d_u² / Σ_i d_i: 1, the largest eigenvalue, for a = −1,
// and about as large as that elsewhere.
func ridgeUnit(g *neighbours.Graph) float64 {
	above, below := 0.0, 0.0
	for u, mass := range g.Users().RowMass() {
		above += g.RowWeight(int32(u)) * mass * mass
	}
	for _, d := range g.Degree() {
		below += d
	}
	if above == 0 || below == 0 {
		return 1
	}
	return above / below
}
