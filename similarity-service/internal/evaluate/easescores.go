package evaluate

import (
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// easeScores validates EASE leave-own-out. Hiding the part h of a row x = s + h turns the Gram matrix G into
// G − w·xxᵀ + w·ssᵀ, a change of rank two, so by Woodbury P′ = P − PU(C⁻¹ + UᵀPU)⁻¹UᵀP with U = [x s] and
// C = diag(−w, w): the weights of the model without the hidden entries come without another inverse.
type easeScores struct {
	graph     *neighbours.Graph // with every row, the hidden parts included
	precision *closedform.Dense // P, the inverse of the Gram matrix and the ridge
	lists     *neighbours.Lists // of P, for the seeds of cases
}

// accuracy ranks every case of v. p gives the exponents of degrees and the half-life of seeds,
// which only scale P. Cost O(n) for each known item of a case.
func (s *easeScores) accuracy(v *validation, o Options, p weighing) ([]metrics.Accuracy, error) {
	n := s.graph.Items()
	source := neighbours.Powers(s.graph.Degree(), -p.SourceExponent)
	target := neighbours.Powers(s.graph.Degree(), -p.TargetExponent)
	return v.each(o.ranking(), n, func(r *rank.Ranker) func(*validationCase) []int32 {
		t := newCaseScratch(n)
		u := newUpdate(n)
		all := r.Scores()
		return func(c *validationCase) []int32 {
			t.begin(s.graph.Users(), c)
			r.Mask(t.exclude)
			if t.row >= 0 {
				u.begin(s, t)
			}
			for at, i := range t.seeds {
				s.addList(r, t, u, i, rank.Decay(p.SeedHalfLife, len(t.seeds)-1-at)*t.values[at]*float32(source[i]))
			}
			for j, f := range target {
				if own := t.hidden[j]; own != 0 && p.TargetExponent != 0 {
					left := s.graph.Degree()[j] - s.graph.RowBase(t.row)*math.Abs(float64(own))
					f = math.Pow(max(left, 1), -p.TargetExponent)
				}
				all[j] *= float32(f)
			}
			return r.TakeAll(o.K)
		}
	})
}

// addList adds f·w′(i→j) for every j whose weight would be in the list of seed i. The lists of P themselves cannot be
// used: the row that is being tested has pulled its own items into them and pushed others out, which would leak.
// Instead every j is looked at, against the size of the list's last weight, which one row hardly moves.
func (s *easeScores) addList(r *rank.Ranker, t *caseScratch, u *update, i int32, f float32) {
	items, weights := s.lists.Of(i)
	if t.row < 0 {
		for q, j := range items {
			r.Add(j, f*weights[q])
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
	all := r.Scores()[:len(row)]
	for j, v := range row {
		w := (v - a*whole[j] - b*known[j]) * scale[j]
		if w >= least || w <= -least {
			all[j] += f * w
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

// begin takes the row of t apart: whole is P times the row as it is, known is P times the part
// that stays. Cost O(n) for each item of the row.
func (u *update) begin(s *easeScores, t *caseScratch) {
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
