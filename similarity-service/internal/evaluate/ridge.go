package evaluate

import (
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// Ridge gives every item a ridge regression on the items whose two-hop lists have it. It needs no dense inverse and takes catalogues of
// any size; a build costs several times that of the two-hop lists that say which pairs there are.
const Ridge = "ridge"

// supportExponent is β of the two-hop lists that say which pairs there are; between .1 and .5 it hardly matters.
const supportExponent = .3

// ridge is one member. Its exponents are not those that suit two-hop lists: a regression takes out by itself what long histories and
// popular items say twice.
type ridge struct {
	weighing
	Lambda float64 `json:"lambda,omitempty"` // in units of ridgeUnit
}

func (p ridge) twoHop() twoHop { return twoHop{p.weighing} }

func ridgeFamily(relations []string) family {
	return family{
		name: Ridge, relations: relations, base: TwoHop, parameters: append(weighingParameters(), lambdaParameter), search: searchRidge,
		read: func(r *Recipe) (member, error) { return decode(r, ridge{weighing: weighing{LogHalfLife: noDecay}}) },
	}
}

func (p ridge) parameters(s *search) map[string]any {
	out := p.weighing.parameters(s)
	out["lambda"] = math.Round(p.Lambda*1e6) / 1e6
	return out
}

// validate gives the figures of the two-hop lists with what a ridge gains on them: it has no
// leave-own-out form of its own.
func (p ridge) validate(s *search, heldOut *validation.Set) ([]metrics.Accuracy, error) {
	cases, err := p.twoHop().validate(s, heldOut)
	if err != nil {
		return nil, err
	}
	gained, err := s.ridgeGain(p, p.twoHop(), 0)
	return gained.added(cases), err
}

// build makes the lists from all training data.
func (p ridge) build(s *search) (*rank.Model, error) {
	g, err := s.whole(p.weighing)
	if err != nil {
		return nil, err
	}
	lists, err := s.solve(g, p)
	if err != nil {
		return nil, err
	}
	return p.model(p.scaled(g, lists)), nil
}

// solve gives the weights of the normalised space, with λ in units of [ridgeUnit]. A regression knows no order: its weights take that of
// the co-counts.
func (s *search) solve(g *neighbours.Graph, p ridge) (*neighbours.Lists, error) {
	o := s.o.build()
	support, err := neighbours.Build(g, neighbours.TwoHop{UserExponent: p.UserExponent, TargetExponent: supportExponent}.Similarity(g), o)
	if err != nil {
		return nil, err
	}
	lists, err := closedform.Ridge(g, support, p.Lambda*ridgeUnit(g), o)
	if err != nil || p.order() == (neighbours.Order{}) {
		return lists, err
	}
	return lists, lists.InOrder(g, o)
}

// scaled scales weights of the normalised space by the degrees as p scales two-hop weights: c_ij = d_i^½·d_j^½·(R̃ᵀR̃)_ij makes
// d_i^−α·d_j^−β·c_ij = d_i^{½−α}·d_j^{½−β}·(R̃ᵀR̃)_ij.
func (p ridge) scaled(g *neighbours.Graph, l *neighbours.Lists) *neighbours.Lists {
	return l.Scaled(neighbours.Powers(g.Degree(), .5-p.SourceExponent), neighbours.Powers(g.Degree(), .5-p.TargetExponent))
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
