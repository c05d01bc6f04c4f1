package evaluate

import (
	"math"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// Ridge is the two-hop family with its weights solved again by a weak ridge regression on the listed pairs. It needs no dense
// inverse and takes catalogues of any size; a build costs several times that of the two-hop lists that it starts from.
const Ridge = "ridge"

const (
	// ridgePoints bounds the ridges tried.
	ridgePoints = 6
	// ridgeShare of the budget may go into them, at ridgeSeconds per entry of the data and neighbour of its item for each.
	ridgeShare   = .4
	ridgeSeconds = 15e-9
	// ridgeCases are asked for to tell what the chosen ridge gains.
	ridgeCases = searchCases
)

// ridge is one member: a point of the two-hop family, whose weights are solved again.
type ridge struct {
	weighing
	Lambda float64 `json:"lambda,omitempty"` // in units of ridgeUnit
}

func (p ridge) twoHop() twoHop { return twoHop{p.weighing} }

func ridgeFamily(relations []string) family {
	return family{
		name: Ridge, relations: relations, base: TwoHop, parameters: []Parameter{lambdaParameter}, search: searchRidge,
		read: func(r *Recipe) (member, error) { return decode(r, ridge{weighing: weighing{LogHalfLife: noDecay}}) },
	}
}

// searchRidge looks for the ridge at the point that the two-hop search chose, and returns nil when none helps or the budget has no room for
// them. Without a two-hop search before it, it makes one.
func searchRidge(s *search) (*candidate, error) {
	lambda, given := s.o.Pinned[Ridge][Lambda]
	seconds := (ridgePoints + 3) * ridgeSeconds * float64(s.o.Neighbours) * float64(s.train.NNZ())
	if !given && (s.standing == easeAhead || seconds > ridgeShare*s.o.BudgetSeconds) {
		return nil, nil
	}
	base, err := s.bestTwoHop()
	if err != nil {
		return nil, err
	}
	trial, err := s.ridgeTrial(base.at, 0)
	if err != nil || len(trial.cases.cases) == 0 {
		return nil, err
	}
	best := ridge{weighing: base.at.weighing}
	most := gain{}
	axes := s.axes(Ridge, axis{name: Lambda, start: 1, step: 1, last: .5, low: -3, top: 8})
	_, _, err = patternSearch(axes, ridgePoints, func(at []float64) (float64, error) {
		p := best
		if p.Lambda = lambda; !given {
			p.Lambda = math.Exp2(at[0])
		}
		g, err := trial.gain(p)
		if err != nil {
			return 0, err
		}
		s.tried(p, g.added(base.cases))
		if best.Lambda == 0 || g.ndcg > most.ndcg {
			best, most = p, g
		}
		return g.ndcg, nil
	})
	if err != nil || !given && most.ndcg <= 0 {
		return nil, err
	}
	if most, err = s.ridgeGain(best); err != nil || !given && most.ndcg <= 0 {
		return nil, err
	}
	return found(Ridge, &scored[ridge]{best, most.added(base.cases)}), nil
}

// gain is what a ridge adds to the mean accuracy of the two-hop lists that it starts from.
type gain struct{ ndcg, recall float64 }

// added returns cases that are better by the gain.
func (g gain) added(cases []metrics.Accuracy) []metrics.Accuracy {
	out := slices.Clone(cases)
	for at := range out {
		out[at].NDCG += g.ndcg
		out[at].Recall += g.recall
	}
	return out
}

// ridgeTrial compares ridges with the two-hop lists that they start from. Weights of a regression have no cheap own-out form,
// so both are built without what the cases of a part of the rows hide, as for the refit of EASE, and those cases are ranked.
type ridgeTrial struct {
	*search
	cases *validation
	graph *neighbours.Graph
	lists *neighbours.Lists
	start metrics.Accuracy // of lists
}

func (s *search) ridgeTrial(p twoHop, part int32) (*ridgeTrial, error) {
	rows, cases := s.apart(p.weighing, part)
	g, err := s.graphOf(rows, p.weighing)
	if err != nil {
		return nil, err
	}
	t := &ridgeTrial{search: s, cases: cases, graph: g}
	if t.lists, err = neighbours.Build(g, p.similarity(g), s.o.build()); err != nil {
		return nil, err
	}
	ranked, err := s.rankHeld(t.lists, p.weighing, cases)
	t.start = metrics.Mean(ranked)
	return t, err
}

func (t *ridgeTrial) gain(p ridge) (gain, error) {
	lists, err := t.ridgeLists(t.graph, t.lists, p)
	if err != nil {
		return gain{}, err
	}
	ranked, err := t.rankHeld(lists, p.weighing, t.cases)
	got := metrics.Mean(ranked)
	return gain{got.NDCG - t.start.NDCG, got.Recall - t.start.Recall}, err
}

// ridgeGain measures a ridge on parts of the rows that have not chosen it, as many as have enough cases. Later baskets, of which there
// are no parts, tell it themselves: one number chosen on thousands of them does not flatter it.
func (s *search) ridgeGain(p ridge) (gain, error) {
	var sum gain
	seen := 0
	for part := range int32(parts) {
		later := s.held.cases[0].row < 0
		if part == 0 && !later || seen >= ridgeCases || later && part > 0 {
			continue
		}
		t, err := s.ridgeTrial(p.twoHop(), part)
		if err != nil {
			return gain{}, err
		}
		g, err := t.gain(p)
		if err != nil {
			return gain{}, err
		}
		n := len(t.cases.cases)
		sum.ndcg, sum.recall, seen = sum.ndcg+g.ndcg*float64(n), sum.recall+g.recall*float64(n), seen+n
	}
	return gain{sum.ndcg / float64(max(seen, 1)), sum.recall / float64(max(seen, 1))}, nil
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
	g, err := s.ridgeGain(p)
	return g.added(cases), err
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
