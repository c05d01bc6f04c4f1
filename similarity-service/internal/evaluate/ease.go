package evaluate

import (
	"fmt"
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// EASE is the closed-form linear model, for catalogues whose dense inverse fits the budget.
const EASE = "ease"

const (
	// sweepSeconds is the nominal cost of an inverse per cubed item.
	sweepSeconds = .2e-9
	// easeShare of the budget may go into EASE; leadShare when it leads clearly, so that the other families are searched briefly. Fewer points than easePoints
	// would be no search.
	easeShare  = .4
	leadShare  = .7
	easePoints = 5
	// easeScalings bounds the points tried for the exponents that scale the weights.
	easeScalings = 14
	// easeMaxCases guide its search: each case costs a pass over a part of the dense matrix.
	easeMaxCases = 1500
)

// easePoint is one member of the EASE family.
type easePoint struct {
	rows     twoHopPoint // reading of the values, half-lives and exponents; α and β scale the weights of EASE
	logRidge float64     // log₂ of λ over the mean diagonal of the Gram matrix
	lambda   float64     // λ itself; 0 until the point is evaluated
	refit    bool        // solve again for the weights that the cut leaves
}

func (p easePoint) parameters(s *search) map[string]any {
	out := p.rows.parameters(s)
	out["lambda"] = math.Round(p.lambda*1000) / 1000
	out["refit"] = p.refit
	return out
}

// easeSeconds is the nominal cost of a point, an inverse and the passes over it; +Inf when the dense matrix is out of reach.
func (s *search) easeSeconds() float64 {
	if s.data.Train.Cols > closedform.MaxItems {
		return math.Inf(1)
	}
	n := float64(s.data.Train.Cols)
	history, passes := 0, 1.0
	for _, c := range s.held.first(easeMaxCases).cases {
		history += len(c.known) + len(c.hidden) + len(c.seeds)
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
	switch s.standing {
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
func (s *search) searchEASE() (*candidate, error) {
	limit := s.easeEvaluations()
	if limit == 0 && len(s.o.Pinned[EASE]) > 0 {
		return nil, fmt.Errorf("its parameters are given, but %d items take more than the budget: raise it", s.data.Train.Cols)
	}
	if limit == 0 {
		return nil, nil
	}
	best, bestPoint, calls := &candidate{}, easePoint{}, 0
	start := s.easeStart()
	axes := s.axes(EASE,
		axis{name: Lambda, start: start.logRidge, step: 1.5, last: .3, low: -8, top: 8},
		axis{name: UserExponent, start: start.rows.hop.UserExponent, step: .2, last: .1, low: -1, top: .5},
	)
	if s.data.RowTimes != nil {
		axes = append(axes, s.axes(EASE, axis{name: HalfLifeDays, start: start.rows.logHalfLife, step: 1, last: .4, low: 2, top: noDecay})...)
	}
	_, _, err := patternSearch(axes, limit, func(at []float64) (float64, error) {
		p := start
		p.logRidge, p.rows.hop.UserExponent = at[0], at[1]
		if len(at) > 2 {
			p.rows.logHalfLife = at[2]
		}
		c, err := s.scouted, error(nil)
		if calls > 0 || c == nil {
			c, err = s.bestEASE(p, s.held.first(easeMaxCases))
		}
		if err != nil {
			return 0, err
		}
		if calls++; s.o.Progress != nil {
			s.o.Progress("search "+EASE, min(calls, limit), limit)
		}
		if best.better(c) {
			best, bestPoint = c, c.ease
		}
		return metrics.Mean(c.cases).NDCG, nil
	})
	if err != nil {
		return nil, err
	}
	return s.finishEASE(bestPoint)
}

// finishEASE scans what only scales the weights of the point that the search found, exponents of the degrees of seeds and
// targets as in the two-hop family, validates it on as many cases as the other families and decides on the refit.
func (s *search) finishEASE(p easePoint) (*candidate, error) {
	scores, p, err := s.easeScores(p, s.held.first(searchCases))
	if err != nil {
		return nil, err
	}
	axes := s.axes(EASE,
		axis{name: SourceExponent, step: .2, last: .1, low: -.4, top: .8},
		axis{name: TargetExponent, step: .2, last: .1, low: -.4, top: .8},
	)
	some := s.held.first(easeMaxCases)
	at, _, err := patternSearch(axes, easeScalings, func(at []float64) (float64, error) {
		q := p.rows
		q.hop.SourceExponent, q.hop.TargetExponent = at[0], at[1]
		cases, err := scores.accuracy(some, s.o, q)
		return metrics.Mean(cases).NDCG, err
	})
	if err != nil {
		return nil, err
	}
	p.rows.hop.SourceExponent, p.rows.hop.TargetExponent = at[0], at[1]
	cases, err := scores.accuracy(s.held.first(searchCases), s.o, p.rows)
	if err != nil {
		return nil, err
	}
	if p.refit, err = s.refitHelps(p); err != nil {
		return nil, err
	}
	return s.easeCandidate(p, cases), nil
}

// easeScores inverts for one point and returns what scores its cases, and the point with its λ.
func (s *search) easeScores(p easePoint, held *validation) (*easeScores, easePoint, error) {
	g, err := s.graph(p.rows, held.rows, held.until)
	if err != nil {
		return nil, p, err
	}
	run := neighbours.Options{K: s.o.Neighbours, Workers: s.o.Workers, Stop: s.o.Stop}
	gram, err := closedform.Gram(g, run)
	if err != nil {
		return nil, p, err
	}
	if p.lambda == 0 {
		p.lambda = math.Exp2(p.logRidge) * meanDiagonal(gram)
	}
	precision, err := closedform.Precision(gram, p.lambda, run)
	if err != nil {
		return nil, p, err
	}
	run.Rows = held.neededRows(s.variants[p.rows.variant].matrix)
	lists, err := closedform.Lists(precision, run)
	return &easeScores{graph: g, precision: precision, lists: lists}, p, err
}

// bestEASE evaluates one point, with a scan of the seeds' half-life where histories have an order: of all values while none has helped, then from the best so far.
func (s *search) bestEASE(p easePoint, held *validation) (*candidate, error) {
	scores, p, err := s.easeScores(p, held)
	if err != nil {
		return nil, err
	}
	halfLives := []float64{p.rows.seedHalfLife}
	if s.data.Ordered && !s.isPinned(EASE, SeedHalfLife) {
		halfLives = []float64{0, 200, 100, 50, 25, 12, 6}
	}
	best := &candidate{}
	s.easeDecay, err = climb(len(halfLives), s.easeDecay, s.easeDecay == 0, func(at int) (bool, error) {
		q := p
		q.rows.seedHalfLife = halfLives[at]
		cases, err := scores.accuracy(held, s.o, q.rows)
		if err != nil {
			return false, err
		}
		c := s.easeCandidate(q, cases)
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

func (s *search) easeCandidate(p easePoint, cases []metrics.Accuracy) *candidate {
	return &candidate{
		name: EASE, parameters: p.parameters(s), cases: cases, ease: p,
		build: func(s *search) (*Model, *csr.Matrix, error) { return s.buildEASE(p) },
	}
}

// buildEASE builds a point on the whole training part.
func (s *search) buildEASE(p easePoint) (*Model, *csr.Matrix, error) {
	g, err := s.graph(p.rows, s.data.Train.Rows, s.data.Until)
	if err != nil {
		return nil, nil, err
	}
	run := neighbours.Options{K: s.o.Neighbours, Workers: s.o.Workers, Stop: s.o.Stop, Progress: s.o.progress("build")}
	lists, err := easeLists(g, p, run)
	return &Model{Lists: lists, SeedHalfLife: p.rows.seedHalfLife}, s.variants[p.rows.variant].matrix, err
}

func meanDiagonal(a *closedform.Dense) float64 {
	sum := 0.0
	for i := range a.N {
		sum += float64(a.At(i, i))
	}
	return max(sum/float64(max(a.N, 1)), 1e-9)
}

// easeScores validates EASE own-out. Hiding the part h of a row x = s + h turns the Gram matrix G into
// G − w·xxᵀ + w·ssᵀ, a change of rank two, so by Woodbury P′ = P − PU(C⁻¹ + UᵀPU)⁻¹UᵀP with U = [x s] and
// C = diag(−w, w): the weights of the model without the hidden entries come without another inverse.
type easeScores struct {
	graph     *neighbours.Graph
	precision *closedform.Dense
	lists     *neighbours.Lists
}

func (s *easeScores) accuracy(v *validation, o Options, p twoHopPoint) ([]metrics.Accuracy, error) {
	n := s.graph.Items()
	source := neighbours.Powers(s.graph.Degree(), -p.hop.SourceExponent)
	target := neighbours.Powers(s.graph.Degree(), -p.hop.TargetExponent)
	return v.each(o, n, func(r *Ranker) func(*heldCase) []int32 {
		t := newTrial(n)
		u := newUpdate(n)
		return func(c *heldCase) []int32 {
			t.begin(s.graph.Users(), c)
			r.mask(t.exclude)
			if t.row >= 0 {
				u.begin(s, t)
			}
			for at, i := range t.seeds {
				s.addList(r, t, u, i, decay(p.seedHalfLife, len(t.seeds)-1-at)*t.values[at]*float32(source[i]))
			}
			for j, f := range target {
				if own := t.hidden[j]; own != 0 && p.hop.TargetExponent != 0 {
					left := s.graph.Degree()[j] - s.graph.RowBase(t.row)*math.Abs(float64(own))
					f = math.Pow(max(left, 1), -p.hop.TargetExponent)
				}
				r.acc[j] *= float32(f)
			}
			return r.takeAll(o.K)
		}
	})
}

// addList adds f·w′(i→j) for every j whose weight would be in the list of seed i. The lists of P themselves cannot be
// used: the row that is being tested has pulled its own items into them and pushed others out, which would leak.
// Instead every j is looked at, against the size of the list's last weight, which one row hardly moves.
func (s *easeScores) addList(r *Ranker, t *trial, u *update, i int32, f float32) {
	items, weights := s.lists.Of(i)
	if t.row < 0 {
		for q, j := range items {
			r.add(j, f*weights[q])
		}
		return
	}
	least := float32(0)
	if len(items) == s.lists.K {
		least = abs(weights[len(weights)-1])
	}
	// (p_i)ᵀM, shared by the whole row
	a := u.whole[i]*u.m[0] + u.known[i]*u.m[1]
	b := u.whole[i]*u.m[1] + u.known[i]*u.m[2]
	row := s.precision.Row(int(i))
	whole, known, scale := u.whole[:len(row)], u.known[:len(row)], u.scale[:len(row)]
	for j, v := range row {
		w := (v - a*whole[j] - b*known[j]) * scale[j]
		if w >= least || w <= -least {
			r.acc[j] += f * w
		}
	}
}

// update is the rank-two change of one case: Px, Ps and the symmetric 2×2 matrix M = (C⁻¹ + UᵀPU)⁻¹.
type update struct {
	whole, known []float32
	m            [3]float32 // M₁₁, M₁₂, M₂₂
	scale        []float32  // −1/P′_jj
}

func newUpdate(n int) *update {
	return &update{whole: make([]float32, n), known: make([]float32, n), scale: make([]float32, n)}
}

func (u *update) begin(s *easeScores, t *trial) {
	clear(u.known)
	for p, i := range t.seeds {
		axpy(t.values[p], s.precision.Row(int(i)), u.known)
	}
	copy(u.whole, u.known)
	for _, j := range t.last {
		axpy(t.hidden[j], s.precision.Row(int(j)), u.whole)
	}
	xx, xs, ss := 0.0, 0.0, 0.0
	add := func(j int32, x, known float32) {
		xx += float64(x) * float64(u.whole[j])
		xs += float64(x) * float64(u.known[j])
		ss += float64(known) * float64(u.known[j])
	}
	for p, i := range t.seeds {
		add(i, t.values[p], t.values[p])
	}
	for _, j := range t.last {
		add(j, t.hidden[j], 0)
	}
	w := s.graph.RowWeight(t.row)
	a, c := xx-1/w, ss+1/w
	determinant := a*c - xs*xs
	u.m = [3]float32{float32(c / determinant), float32(-xs / determinant), float32(a / determinant)}
	for j := range u.scale {
		quadratic := u.m[0]*u.whole[j]*u.whole[j] + 2*u.m[1]*u.whole[j]*u.known[j] + u.m[2]*u.known[j]*u.known[j]
		u.scale[j] = -1 / (s.precision.At(j, j) - quadratic)
	}
}

// axpy adds f·x to y.
func axpy(f float32, x, y []float32) {
	if f == 0 {
		return
	}
	y = y[:len(x)]
	for i, v := range x {
		y[i] += f * v
	}
}
