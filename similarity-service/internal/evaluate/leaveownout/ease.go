package leaveownout

import (
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// EASE scores the weights of EASE. Hiding the part h of a row x = s + h turns the Gram matrix G into
// G − w·xxᵀ + w·ssᵀ, a change of rank two, so by Woodbury P′ = P − PU(C⁻¹ + UᵀPU)⁻¹UᵀP with U = [x s] and
// C = diag(−w, w): the weights of the model without the hidden entries come without another inverse.
type EASE struct {
	Graph     *neighbours.Graph // with every row, the hidden parts included
	Precision *closedform.Dense // P, the inverse of the Gram matrix and the ridge
	Lists     *neighbours.Lists // of P, for the seeds of cases
}

// Accuracy ranks every case of v, in parallel; the figures are in the order of the cases. Weights are scaled by the degrees of targets to
// the power −targetExponent. Cost O(n) for each known item of a case.
func (s *EASE) Accuracy(v *validation.Set, how Seeding, targetExponent float64, o rank.Options) ([]metrics.Accuracy, error) {
	n := s.Graph.Items()
	source := neighbours.Powers(s.Graph.Degree(), -how.SourceExponent)
	target := neighbours.Powers(s.Graph.Degree(), -targetExponent)
	return v.Each(o, n, func(r *rank.Ranker) func(*validation.Case) []int32 {
		t := validation.NewScratch(n)
		u := newUpdate(n)
		all := r.Scores()
		return func(c *validation.Case) []int32 {
			t.Begin(s.Graph.Users(), c)
			r.Mask(t.Exclude)
			if t.Row >= 0 {
				u.begin(s, t)
			}
			for at, i := range t.Seeds {
				s.addList(r, t, u, i, rank.Decay(how.HalfLife, len(t.Seeds)-1-at)*t.Values[at]*float32(source[i]))
			}
			for j, f := range target {
				if own := t.Hidden[j]; own != 0 && targetExponent != 0 {
					left := s.Graph.Degree()[j] - s.Graph.RowBase(t.Row)*math.Abs(float64(own))
					f = math.Pow(max(left, 1), -targetExponent)
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
func (s *EASE) addList(r *rank.Ranker, t *validation.Scratch, u *update, i int32, f float32) {
	items, weights := s.Lists.Of(i)
	if t.Row < 0 {
		for q, j := range items {
			r.Add(j, f*weights[q])
		}
		return
	}
	least := float32(0)
	if len(items) == s.Lists.K {
		least = abs(weights[len(weights)-1])
	}
	// (p_i)ᵀM, shared by the whole row
	a := u.whole[i]*u.m[0] + u.known[i]*u.m[1]
	b := u.whole[i]*u.m[1] + u.known[i]*u.m[2]
	row := s.Precision.Row(int(i))
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
func (u *update) begin(s *EASE, t *validation.Scratch) {
	clear(u.known)
	for p, i := range t.Seeds {
		axpy(t.Values[p], s.Precision.Row(int(i)), u.known)
	}
	copy(u.whole, u.known)
	for _, j := range t.HiddenItems {
		axpy(t.Hidden[j], s.Precision.Row(int(j)), u.whole)
	}
	xx, xs, ss := 0.0, 0.0, 0.0
	add := func(j int32, x, known float32) {
		xx += float64(x) * float64(u.whole[j])
		xs += float64(x) * float64(u.known[j])
		ss += float64(known) * float64(u.known[j])
	}
	for p, i := range t.Seeds {
		add(i, t.Values[p], t.Values[p])
	}
	for _, j := range t.HiddenItems {
		add(j, t.Hidden[j], 0)
	}
	w := s.Graph.RowWeight(t.Row)
	a, c := xx-1/w, ss+1/w
	determinant := a*c - xs*xs
	u.m = [3]float32{float32(c / determinant), float32(-xs / determinant), float32(a / determinant)}
	for j := range u.scale {
		quadratic := u.m[0]*u.whole[j]*u.whole[j] + 2*u.m[1]*u.whole[j]*u.known[j] + u.m[2]*u.known[j]*u.known[j]
		u.scale[j] = -1 / (s.Precision.At(j, j) - quadratic)
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
