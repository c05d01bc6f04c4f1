package evaluate

import (
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// Ridge is the two-hop family with its weights solved again by a weak ridge regression on the listed pairs. It competes only
// when it is asked for by name: a build costs several times that of the two-hop lists that it starts from.
const Ridge = "ridge"

// ridgePoints bounds the ridges tried.
const ridgePoints = 6

// ridge is one member: a point of the two-hop family, whose weights are solved again.
type ridge struct {
	weighing
	Lambda float64 `json:"lambda,omitempty"` // in units of ridgeUnit
}

func (p ridge) twoHop() twoHop { return twoHop{weighing: p.weighing} }

func ridgeFamily(relations []string) family {
	return family{
		name: Ridge, relations: relations, base: TwoHop, byName: true, parameters: []Parameter{lambdaParameter}, search: searchRidge,
		read: func(r *Recipe) (member, error) { return decode(r, ridge{weighing: weighing{LogHalfLife: noDecay}}) },
	}
}

// searchRidge looks for the ridge at the point that the two-hop search chose, and returns nil when no ridge helps. Without a
// two-hop search before it, it makes one.
func searchRidge(s *search) (*candidate, error) {
	base, err := s.bestTwoHop()
	if err != nil {
		return nil, err
	}
	trials, err := s.ridgeTrials(base)
	if err != nil || len(trials.cases.cases) == 0 {
		return nil, err
	}
	best := &scored[ridge]{}
	lambda, given := s.o.Pinned[Ridge][Lambda]
	axes := s.axes(Ridge, axis{name: Lambda, start: 1, step: 1, last: .5, low: -3, top: 8})
	_, _, err = patternSearch(axes, ridgePoints, func(at []float64) (float64, error) {
		if !given {
			lambda = math.Exp2(at[0])
		}
		c, err := trials.score(lambda)
		if err != nil {
			return 0, err
		}
		if best.better(c) {
			best = c
		}
		return c.ndcg(), nil
	})
	if err != nil || !given && best.ndcg() <= base.ndcg() {
		return nil, err
	}
	return found(Ridge, best), nil
}

// ridgeTrials compares ridges with the two-hop lists that they start from. Weights of a regression have no cheap own-out form,
// so both are built without a tenth of the rows, as for the refit of EASE, and a ridge counts as the own-out accuracy of the
// two-hop lists plus what it gained on the cases of those rows.
type ridgeTrials struct {
	*search
	base  *scored[twoHop]
	cases *validation
	graph *neighbours.Graph
	lists *neighbours.Lists
	start metrics.Accuracy // of lists
}

func (s *search) ridgeTrials(base *scored[twoHop]) (*ridgeTrials, error) {
	p := base.at
	rows, cases := s.apart(p.weighing)
	g, err := s.graphOf(rows, p.weighing)
	if err != nil {
		return nil, err
	}
	t := &ridgeTrials{search: s, base: base, cases: cases, graph: g}
	if t.lists, err = neighbours.Build(g, p.similarity(g), s.o.build()); err != nil {
		return nil, err
	}
	ranked, err := s.rankHeld(t.lists, p.weighing, cases)
	t.start = metrics.Mean(ranked)
	return t, err
}

func (t *ridgeTrials) score(lambda float64) (*scored[ridge], error) {
	p := ridge{t.base.at.weighing, lambda}
	lists, err := t.ridgeLists(t.graph, t.lists, p)
	if err != nil {
		return nil, err
	}
	ranked, err := t.rankHeld(lists, p.weighing, t.cases)
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
	t.tried(p, cases)
	return &scored[ridge]{p, cases}, nil
}

func (p ridge) parameters(s *search) map[string]any {
	out := p.weighing.parameters(s)
	out["lambda"] = p.Lambda
	return out
}

func (p ridge) validate(s *search, held *validation) ([]metrics.Accuracy, error) {
	cases, err := p.twoHop().validate(s, held)
	if err != nil {
		return nil, err
	}
	trials, err := s.ridgeTrials(&scored[twoHop]{p.twoHop(), cases})
	if err != nil {
		return nil, err
	}
	c, err := trials.score(p.Lambda)
	if err != nil {
		return nil, err
	}
	return c.cases, nil
}

// build makes the two-hop lists and solves for their weights.
func (p ridge) build(s *search) (*Trained, error) {
	t, err := p.twoHop().build(s)
	if err != nil {
		return nil, err
	}
	g, err := s.whole(p.weighing)
	if err != nil {
		return nil, err
	}
	t.Lists, err = s.ridgeLists(g, t.Lists, p)
	return t, err
}

// ridgeLists solves for the weights of support with λ in units of [ridgeUnit], and scales them by the degrees as p scales
// two-hop weights: c_ij = d_i^½·d_j^½·(R̃ᵀR̃)_ij makes d_i^−α·d_j^−β·c_ij = d_i^{½−α}·d_j^{½−β}·(R̃ᵀR̃)_ij.
func (s *search) ridgeLists(g *neighbours.Graph, support *neighbours.Lists, p ridge) (*neighbours.Lists, error) {
	lists, err := closedform.Ridge(g, support, p.Lambda*ridgeUnit(g), s.o.build())
	if err != nil {
		return nil, err
	}
	return lists.Scaled(neighbours.Powers(g.Degree(), .5-p.SourceExponent), neighbours.Powers(g.Degree(), .5-p.TargetExponent)), nil
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
