package leaveownout

import (
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/mmap"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// LowRank is the term of one set of lists: w(i→j) gains strength·d_i^½·d_j^{½−β}·v_i·v_j, which treats
// strength·√(d_i·d_j)·v_i·v_j as further co-counts.
type LowRank struct {
	vectors        *closedform.LowRank
	source, target []float64 // d_i^½ and d_j^{½−β}
	extra          []float32 // parallel to the weights of lists that are scored, for strength 1
	Strength       float32
	beta           float64
}

// NewLowRank returns the term with strength 0, for lists of the graph g. beta is the target
// exponent.
func NewLowRank(vectors *closedform.LowRank, g *neighbours.Graph, beta float64) *LowRank {
	return &LowRank{vectors: vectors, source: neighbours.Powers(g.Degree(), .5), target: neighbours.Powers(g.Degree(), .5-beta), beta: beta}
}

// Of is the term of a pair for strength 1.
func (l *LowRank) Of(i, j int32) float32 {
	return float32(l.source[i]*l.target[j]) * l.vectors.Term(i, j)
}

// without is the term of a hidden pair after row t.Row's entry at j is taken out.
func (l *LowRank) without(g *neighbours.Graph, t *laidOut, i, j int32) float32 {
	degree := g.Degree()[j] - g.RowBase(t.Row)*math.Abs(float64(t.Hidden[j]))
	if degree <= 0 {
		return 0
	}
	scale := math.Sqrt(g.Degree()[i]) * math.Pow(degree, .5-l.beta)
	return l.Strength * float32(scale) * l.vectors.TermWithout(i, j, t.Row, t.Hidden[j], t.own)
}

// Fill computes the term of every pair of lists that are scored, for strength 1.
func (l *LowRank) Fill(lists *neighbours.Lists, o neighbours.Options) error {
	l.extra = mmap.Make[float32](lists.Arena, len(lists.Weight))
	return neighbours.Blocks(lists.N(), o, func() func(int) {
		return func(i int) {
			items, _ := lists.Of(int32(i))
			start := lists.Start(int32(i))
			for p, j := range items {
				l.extra[start+p] = l.Of(int32(i), j)
			}
		}
	})
}
