package evaluate

import (
	"fmt"
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/leaveownout"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/pattern"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// EASE is the closed-form linear model, for catalogues whose dense inverse fits the budget.
const EASE = "ease"

const (
	// sweepSeconds is the nominal cost of an inverse per cubed item. It is nominal, like the
	// other costs in seconds: they turn a budget into a number of points that is the same on
	// every machine.
	sweepSeconds = .2e-9
	// easeShare of the budget may go into EASE; leadShare when it leads clearly, so that the other families are searched briefly. Fewer
	// points than easePoints would be no search.
	easeShare  = .4
	leadShare  = .7
	easePoints = 5
	// easeScalings bounds the points tried for the exponents that scale the weights.
	easeScalings = 14
	// easeMaxCases guide its search: each case costs a pass over a part of the dense matrix.
	easeMaxCases = 1500
)

// ease is one member of the family. α and β scale the weights of EASE.
type ease struct {
	weighing
	Lambda   float64 `json:"lambda,omitempty"` // 0 until it is evaluated
	Refit    bool    `json:"refit,omitempty"`  // solve again for the weights that the cut leaves
	logRidge float64 // log₂ of λ over the mean diagonal of the Gram matrix
}

// easeFamily is EASE of Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (2019),
// with row weights and exponents.
func easeFamily(relations []string) family {
	return family{
		name: EASE, relations: relations, search: searchEASE,
		parameters: append(append(weighingParameters(), lambdaParameter), orderParameters()...),
		read:       func(r *Recipe) (member, error) { return decode(r, ease{weighing: weighing{LogHalfLife: noDecay}}) },
	}
}

// parameters adds the ridge, to three places.
func (p ease) parameters(s *search) map[string]any {
	out := p.weighing.parameters(s)
	out["lambda"] = math.Round(p.Lambda*1000) / 1000
	out["refit"] = p.Refit
	return out
}

// validate costs an inverse, cubic in the number of items.
func (p ease) validate(s *search, heldOut *validation.Set) ([]metrics.Accuracy, error) {
	scores, p, err := s.easeScores(p, heldOut)
	if err != nil {
		return nil, err
	}
	return scores.Accuracy(heldOut, p.seeding(), p.TargetExponent, s.o.ranking())
}

func (p ease) build(s *search) (*rank.Model, error) {
	g, err := s.whole(p.weighing)
	if err != nil {
		return nil, err
	}
	o := s.o.build()
	o.Progress = s.o.progress("build")
	lists, err := easeLists(g, p, o)
	return p.model(lists), err
}

// easeStart is where the search begins: at parameters that are given by hand, and else at the
// same point for all data.
func (s *search) easeStart() ease {
	p := ease{weighing: s.lasting(), logRidge: 2.5, Lambda: s.o.Pinned[EASE][Lambda]}
	p.UserExponent = -.5
	if s.data.RowTimes != nil {
		p.LogHalfLife = 8
	}
	p.weighing = s.pinned(EASE, p.weighing)
	return p
}

// easeSeconds is the nominal cost of a point, an inverse and the passes over it; +Inf when the dense matrix is out of reach.
func (s *search) easeSeconds() float64 {
	if s.train.Cols > closedform.MaxItems {
		return math.Inf(1)
	}
	n := float64(s.train.Cols)
	history, passes := 0, 1.0
	for _, c := range s.heldOut.First(easeMaxCases).Cases {
		history += len(c.Known) + len(c.Hidden)
	}
	if s.data.Ordered {
		passes = 3 // the half-lives of seeds beside the best so far
	}
	return n*n*n*sweepSeconds + passes*n*float64(history)*2.5e-9
}

// easeEvaluations is the number of points that the budget allows, 0 when EASE is out of reach.
func (s *search) easeEvaluations() int {
	each := s.easeSeconds()
	limit := int(easeShare * s.o.BudgetSeconds / each)
	switch s.verdict {
	case easeBehind:
		return 0
	case easeAhead:
		limit = max(int(leadShare*s.o.BudgetSeconds/each), easePoints)
	case easeNear:
		limit = max(limit, easePoints)
	default:
		if limit < easePoints {
			return 0
		}
	}
	return min(limit, 40)
}

// searchEASE looks for the ridge and the user exponent, and the half-life of rows where they have times. It returns nil
// when the catalogue is too large for the budget.
func searchEASE(s *search) (*candidate, error) {
	limit := s.easeEvaluations()
	if limit == 0 && len(s.o.Pinned[EASE]) > 0 {
		return nil, fmt.Errorf("its parameters are given, but %d items take more than the budget: raise it", s.train.Cols)
	}
	if limit == 0 {
		return nil, nil
	}
	start := s.easeStart()
	best, err := s.bestReading(start)
	if err != nil {
		return nil, err
	}
	start.Values = best.at.Values
	first, calls := best, 0
	axes := []pattern.Axis{
		{Name: Lambda, Start: start.logRidge, Step: 1.5, Last: .3, Low: -8, High: 8},
		{Name: UserExponent, Start: start.UserExponent, Step: .2, Last: .1, Low: -1, High: .5},
	}
	if s.data.RowTimes != nil {
		axes = append(axes, pattern.Axis{Name: HalfLifeDays, Start: float64(start.LogHalfLife), Step: 1, Last: .4, Low: 2, High: noDecay})
	}
	_, _, err = pattern.Search(s.axes(EASE, axes...), limit, func(at []float64) (float64, error) {
		p := start
		p.logRidge, p.UserExponent = at[0], at[1]
		if len(at) > 2 {
			p.LogHalfLife = logDays(at[2])
		}
		c, err := first, error(nil)
		if calls > 0 {
			c, err = s.bestEASE(p, s.heldOut.First(easeMaxCases))
		}
		if err != nil {
			return 0, err
		}
		if calls++; s.o.Progress != nil {
			s.o.Progress("search "+EASE, min(calls, limit), limit)
		}
		if best.better(c) {
			best = c
		}
		return c.ndcg(), nil
	})
	if err != nil {
		return nil, err
	}
	return s.finishEASE(best.at)
}

// bestReading evaluates a point under each reading of the training values. The first of them may have been scouted.
func (s *search) bestReading(p ease) (*scored[ease], error) {
	best := &scored[ease]{}
	for at, v := range s.readings {
		c, err := s.scouted, error(nil)
		if at > 0 || c == nil {
			p.Values = v.Name
			c, err = s.bestEASE(p, s.heldOut.First(easeMaxCases))
		}
		if err != nil {
			return nil, err
		}
		if best.better(c) {
			best = c
		}
	}
	return best, nil
}

// finishEASE scans what only scales the weights of the point that the search found, exponents of the degrees of seeds and
// targets as in the two-hop family, validates it on as many cases as the other families and decides on the refit and on the order.
func (s *search) finishEASE(p ease) (*candidate, error) {
	scores, p, err := s.easeScores(p, s.heldOut)
	if err != nil {
		return nil, err
	}
	axes := s.axes(EASE,
		pattern.Axis{Name: SourceExponent, Step: .2, Last: .1, Low: -.4, High: .8},
		pattern.Axis{Name: TargetExponent, Step: .2, Last: .1, Low: -.4, High: .8},
	)
	some := s.heldOut.First(easeMaxCases)
	at, _, err := pattern.Search(axes, easeScalings, func(at []float64) (float64, error) {
		q := p.weighing
		q.SourceExponent, q.TargetExponent = at[0], at[1]
		cases, err := scores.Accuracy(some, q.seeding(), q.TargetExponent, s.o.ranking())
		return metrics.Mean(cases).NDCG, err
	})
	if err != nil {
		return nil, err
	}
	p.SourceExponent, p.TargetExponent = at[0], at[1]
	cases, err := scores.Accuracy(s.heldOut, p.seeding(), p.TargetExponent, s.o.ranking())
	if err != nil {
		return nil, err
	}
	p, gained, err := s.settleEASE(p)
	if err != nil {
		return nil, err
	}
	return found(EASE, &scored[ease]{p, gained.added(cases)}), nil
}

// easeScores inverts for one point and returns what scores its cases, and the point with its λ.
func (s *search) easeScores(p ease, heldOut *validation.Set) (*leaveownout.EASE, ease, error) {
	g, err := s.graph(p.weighing, heldOut.Rows, heldOut.Until)
	if err != nil {
		return nil, p, err
	}
	run := s.o.build()
	gram, err := closedform.Gram(g, run)
	if err != nil {
		return nil, p, err
	}
	if p.Lambda == 0 {
		p.Lambda = math.Exp2(p.logRidge) * meanDiagonal(gram)
	}
	precision, err := closedform.Precision(gram, p.Lambda, run)
	if err != nil {
		return nil, p, err
	}
	run.Rows = heldOut.SeedItems(s.matrix(p.Values))
	lists, err := closedform.Lists(precision, run)
	return &leaveownout.EASE{Graph: g, Precision: precision, Lists: lists}, p, err
}

// bestEASE evaluates one point, with a scan of the seeds' half-life where histories have an order: of all values while none has helped,
// then from the best so far.
func (s *search) bestEASE(p ease, heldOut *validation.Set) (*scored[ease], error) {
	scores, p, err := s.easeScores(p, heldOut)
	if err != nil {
		return nil, err
	}
	halfLives := []float64{p.SeedHalfLife}
	if s.data.Ordered && !s.isPinned(EASE, SeedHalfLife) {
		halfLives = []float64{0, 200, 100, 50, 25, 12, 6}
	}
	best := &scored[ease]{}
	s.easeDecay, err = pattern.Climb(len(halfLives), s.easeDecay, s.easeDecay == 0, func(at int) (bool, error) {
		p.SeedHalfLife = halfLives[at]
		cases, err := scores.Accuracy(heldOut, p.seeding(), p.TargetExponent, s.o.ranking())
		if err != nil {
			return false, err
		}
		c := &scored[ease]{p, cases}
		s.tried(p, cases)
		if !best.better(c) {
			return false, nil
		}
		best = c
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return best, nil
}

// meanDiagonal is what λ is measured by, so that one start suits data of any size; never 0.
func meanDiagonal(a *closedform.Dense) float64 {
	sum := 0.0
	for i := range a.N {
		sum += float64(a.At(i, i))
	}
	return max(sum/float64(max(a.N, 1)), 1e-9)
}
