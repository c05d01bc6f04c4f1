package neighbours

import "math"

// TwoHop is the asymmetric two-hop family w(i→j) = d_i^−α · d_j^−β · Σ_{u∋i,j} d_u^a. With (a, α, β) = (−1, 1, β) it
// is the random walk RP3beta (Paudel et al., TiiS 2017), with (−1, ½, ½) the linear part of GF-CF, R̃ᵀR̃ (Shen et
// al., CIKM 2021).
type TwoHop struct {
	UserExponent   float64 // a: below 0 damps users with long histories
	SourceExponent float64 // α: above 0 damps popular seeds
	TargetExponent float64 // β: above 0 damps popular recommendations
}

// Cosine is the cosine of the item columns.
func Cosine() TwoHop { return TwoHop{0, .5, .5} }

// Similarity turns the co-counts c_ij = Σ_u w_u·x_ui·x_uj of one graph into weights of one member of the family.
type Similarity struct {
	source []float64 // d_i^−α
	target []float32 // d_j^−β
	beta   float64
}

// Similarity returns the family's member on g, whose user exponent must be that of t (see [Graph.WithUserExponent]).
func (t TwoHop) Similarity(g *Graph) *Similarity {
	s := &Similarity{source: Powers(g.degree, -t.SourceExponent), target: make([]float32, len(g.degree)), beta: t.TargetExponent}
	for j, f := range Powers(g.degree, -t.TargetExponent) {
		s.target[j] = float32(f)
	}
	return s
}

// weigh replaces counts[p], the co-count of i and items[p], by the weight w(i→items[p]).
func (s *Similarity) weigh(i int32, items []int32, counts []float32) {
	f := float32(s.source[i])
	for p, j := range items {
		counts[p] *= f * s.target[j]
	}
}

// Pair is one weight from item i, from a co-count and a degree of the target that differ from the graph's own, which tells what the weight
// would be without some interactions.
func (s *Similarity) Pair(i int32, count, targetDegree float64) float64 {
	if count <= 0 || targetDegree <= 0 {
		return 0
	}
	return s.source[i] * count * math.Pow(targetDegree, -s.beta)
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
