package evaluate

import (
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
	// easeShare of the budget may go into EASE, and it needs at least easePoints evaluations to be searched.
	easeShare    = .4
	easePoints   = 5
	easeMaxCases = 1500
)

// easePoint is one member of the EASE family.
type easePoint struct {
	rows     twoHopPoint // reading, half-life of rows and user exponent; the other fields are unused
	logRidge float64     // log₂ of λ over the mean diagonal of the Gram matrix
	lambda   float64     // λ itself, set when the point was evaluated
}

func (p easePoint) parameters(s *search) map[string]any {
	out := p.rows.parameters(s)
	delete(out, "source_exponent")
	delete(out, "target_exponent")
	out["lambda"] = math.Round(p.lambda*1000) / 1000
	return out
}

// easeEvaluations is the number of points that the budget allows, 0 when EASE is out of reach.
func (s *search) easeEvaluations() int {
	n := float64(s.data.Train.Cols)
	history := 0
	for _, c := range s.easeCases().cases {
		history += len(c.known) + len(c.hidden) + len(c.seeds)
	}
	each := n*n*n*sweepSeconds + n*float64(history)*2.5e-9
	limit := int(easeShare * s.o.BudgetSeconds / each)
	if s.data.Train.Cols > closedform.MaxItems || limit < easePoints {
		return 0
	}
	return min(limit, 40)
}

// searchEASE looks for the ridge and the user exponent, and the half-life of rows where they have times. It returns nil
// when the catalogue is too large for the budget.
func (s *search) searchEASE() (*candidate, error) {
	limit := s.easeEvaluations()
	if limit == 0 {
		return nil, nil
	}
	best, bestPoint, calls := &candidate{}, easePoint{}, 0
	axes := []axis{
		{name: "ridge", start: 1, step: 1.5, last: .3, low: -8, top: 8},
		{name: "user exponent", start: -.2, step: .2, last: .1, low: -1, top: .5},
	}
	if s.data.RowTimes != nil {
		axes = append(axes, axis{name: "half-life", start: 8, step: 1, last: .4, low: 2, top: noDecay})
	}
	_, _, err := patternSearch(axes, limit, func(at []float64) (float64, error) {
		p := easePoint{logRidge: at[0], rows: twoHopPoint{logHalfLife: noDecay, hop: neighbours.TwoHop{UserExponent: at[1]}}}
		if len(at) > 2 {
			p.rows.logHalfLife = at[2]
		}
		c, err := s.bestEASE(p, s.easeCases())
		if err != nil {
			return 0, err
		}
		if calls++; s.o.Progress != nil {
			s.o.Progress("search "+EASE, min(calls, limit), limit)
		}
		if best.better(c) {
			best, bestPoint = c, p
		}
		return metrics.Mean(c.cases).NDCG, nil
	})
	if err != nil {
		return nil, err
	}
	return s.bestEASE(bestPoint, s.held) // all cases, to compare with the other families
}

// easeCases are the validation cases that the search for EASE uses: each costs a pass over a part of the dense matrix.
func (s *search) easeCases() *validation {
	some := *s.held
	some.cases = some.cases[:min(len(some.cases), easeMaxCases)]
	return &some
}

// bestEASE evaluates one point, with a scan of the seeds' half-life where histories have an order.
func (s *search) bestEASE(p easePoint, held *validation) (*candidate, error) {
	g, err := s.graph(p.rows, s.held.rows, s.held.until)
	if err != nil {
		return nil, err
	}
	run := neighbours.Options{K: s.o.Neighbours, Workers: s.o.Workers, Stop: s.o.Stop}
	gram, err := closedform.Gram(g, run)
	if err != nil {
		return nil, err
	}
	p.lambda = math.Exp2(p.logRidge) * meanDiagonal(gram)
	precision, err := closedform.Precision(gram, p.lambda, run)
	if err != nil {
		return nil, err
	}
	run.Rows = held.neededRows(s.variants[p.rows.variant].matrix)
	lists, err := closedform.Lists(precision, run)
	if err != nil {
		return nil, err
	}
	scores := &easeScores{graph: g, precision: precision, lists: lists}
	halfLives := []float64{0}
	if s.data.Ordered {
		halfLives = []float64{0, 200, 100, 50, 25, 12, 6}
	}
	best := &candidate{}
	for _, h := range halfLives {
		q := p
		q.rows.seedHalfLife = h
		cases, err := scores.accuracy(held, s.o, h)
		if err != nil {
			return nil, err
		}
		c := &candidate{name: EASE, parameters: q.parameters(s), cases: cases, build: func(s *search) (*Model, *csr.Matrix, error) { return s.buildEASE(q) }}
		if best.better(c) {
			best = c
		}
	}
	return best, nil
}

// buildEASE builds a point on the whole training part.
func (s *search) buildEASE(p easePoint) (*Model, *csr.Matrix, error) {
	g, err := s.graph(p.rows, s.data.Train.Rows, s.data.Until)
	if err != nil {
		return nil, nil, err
	}
	lists, err := closedform.EASE(g, p.lambda, neighbours.Options{K: s.o.Neighbours, Workers: s.o.Workers, Stop: s.o.Stop, Progress: s.o.progress("build")})
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

func (s *easeScores) accuracy(v *validation, o Options, halfLife float64) ([]metrics.Accuracy, error) {
	n := s.graph.Items()
	return v.each(o, n, func(r *Ranker) func(*heldCase) []int32 {
		t := newTrial(n)
		u := newUpdate(n)
		return func(c *heldCase) []int32 {
			t.begin(s.graph, c)
			r.mask(t.exclude)
			if t.row >= 0 {
				u.begin(s, t)
			}
			for p, i := range t.seeds {
				s.addList(r, t, u, i, decay(halfLife, len(t.seeds)-1-p)*t.values[p])
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
