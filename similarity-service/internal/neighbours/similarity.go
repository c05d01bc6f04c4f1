package neighbours

import "math"

// Similarity turns co-counts into weights. The two-hop co-count of i and j is c_ij = Σ_u w_u·x_ui·x_uj.
type Similarity interface {
	// Weigh replaces counts[p], the co-count of i and items[p], by the weight w(i→items[p]). A pair that is not a
	// neighbour gets 0.
	Weigh(i int32, items []int32, counts []float32)
	// Pair is one weight from a co-count and a degree of the target that differ from the graph's own, which tells what
	// the weight would be without some interactions.
	Pair(i, j int32, count, targetDegree float64) float64
}

// TwoHop is the asymmetric two-hop family w(i→j) = d_i^−α · d_j^−β · Σ_{u∋i,j} d_u^a.
type TwoHop struct {
	UserExponent   float64 // a: below 0 damps users with long histories
	SourceExponent float64 // α: above 0 damps popular seeds
	TargetExponent float64 // β: above 0 damps popular recommendations
}

// Cosine is the cosine of the item columns.
func Cosine() TwoHop { return TwoHop{0, .5, .5} }

// RP3Beta is the three-step random walk with popularity damping β (Paudel et al., TiiS 2017).
func RP3Beta(beta float64) TwoHop { return TwoHop{-1, 1, beta} }

// GFCF is the linear part of GF-CF (Shen et al., CIKM 2021): R̃ᵀR̃ with R̃ = D_U^−½ R D_I^−½.
func GFCF() TwoHop { return TwoHop{-1, .5, .5} }

// Similarity returns the family's member on g, whose user exponent must be that of t (see [Graph.WithUserExponent]).
func (t TwoHop) Similarity(g *Graph) Similarity {
	s := &twoHop{source: Powers(g.degree, -t.SourceExponent), target: make([]float32, len(g.degree)), beta: t.TargetExponent}
	for j, f := range Powers(g.degree, -t.TargetExponent) {
		s.target[j] = float32(f)
	}
	return s
}

// Powers returns d^e for each d, and 0 where d is 0.
func Powers(degree []float64, e float64) []float64 {
	out := make([]float64, len(degree))
	for i, d := range degree {
		if d > 0 {
			out[i] = math.Pow(d, e)
		}
	}
	return out
}

type twoHop struct {
	source []float64 // d_i^−α
	target []float32 // d_j^−β
	beta   float64
}

func (s *twoHop) Weigh(i int32, items []int32, counts []float32) {
	f := float32(s.source[i])
	for p, j := range items {
		counts[p] *= f * s.target[j]
	}
}

func (s *twoHop) Pair(i, _ int32, count, targetDegree float64) float64 {
	if count <= 0 || targetDegree <= 0 {
		return 0
	}
	return s.source[i] * count * math.Pow(targetDegree, -s.beta)
}

// LLR returns Dunning's log-likelihood ratio of the 2×2 table of two items over rows (Computational Linguistics 1993),
// 0 for pairs that meet no more often than chance. g must have user exponent 0 and rows that count.
func LLR(g *Graph) Similarity { return &llr{degree: g.degree, rows: g.rows} }

type llr struct {
	degree []float64
	rows   float64
}

func (s *llr) Weigh(i int32, items []int32, counts []float32) {
	for p, j := range items {
		counts[p] = float32(s.Pair(i, j, float64(counts[p]), s.degree[j]))
	}
}

func (s *llr) Pair(i, _ int32, count, targetDegree float64) float64 {
	di := s.degree[i]
	if count <= 0 || count*s.rows <= di*targetDegree {
		return 0
	}
	onlyI, onlyJ := max(di-count, 0), max(targetDegree-count, 0)
	neither := max(s.rows-count-onlyI-onlyJ, 0)
	cells := xlogx(count) + xlogx(onlyI) + xlogx(onlyJ) + xlogx(neither)
	total := xlogx(count + onlyI + onlyJ + neither)
	rowsColumns := xlogx(count+onlyI) + xlogx(onlyJ+neither) + xlogx(count+onlyJ) + xlogx(onlyI+neither)
	return max(2*(cells+total-rowsColumns), 0)
}

func xlogx(x float64) float64 {
	if x <= 0 {
		return 0
	}
	return x * math.Log(x)
}
