package closedform

import (
	"fmt"
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// Precision returns P = (XᵀWX + λI)⁻¹ for the graph's matrix X and row weights W. λ must be finite and above 0.
// Cost O(n³/2).
func Precision(gram *Dense, lambda float64, o neighbours.Options) (*Dense, error) {
	if !(lambda > 0) || math.IsInf(lambda, 0) {
		return nil, fmt.Errorf("ridge λ is %v, want a finite number above 0", lambda)
	}
	p := &Dense{N: gram.N, V: append([]float32(nil), gram.V...)}
	for i := range p.N {
		p.V[i*p.N+i] += float32(lambda)
	}
	if err := Invert(p, o); err != nil {
		return nil, fmt.Errorf("invert %d×%d with λ=%v: %w", p.N, p.N, lambda, err)
	}
	return p, nil
}

// Lists cuts B_ij = −P_ij / P_jj to the k largest weights by size per source item i. Options.Rows restricts the work.
// Cost O(n²).
func Lists(p *Dense, o neighbours.Options) (*neighbours.Lists, error) {
	l := neighbours.NewLists(p.N, o.K)
	total := p.N
	if o.Rows != nil {
		total = len(o.Rows)
	}
	scale := make([]float32, p.N)
	items := make([]int32, p.N)
	for j := range scale {
		scale[j], items[j] = -1/p.At(j, j), int32(j)
	}
	return l, neighbours.Blocks(total, o, func() func(int) {
		weights := make([]float32, p.N)
		var sel neighbours.Selector
		return func(n int) {
			i := int32(n)
			if o.Rows != nil {
				i = o.Rows[n]
			}
			for j, v := range p.Row(int(i)) {
				weights[j] = v * scale[j]
				if math.Abs(float64(weights[j])) < negligible {
					weights[j] = 0
				}
			}
			sel.Select(l, i, items, weights)
		}
	})
}

// negligible is the size below which a weight is rounding: float32 keeps seven digits of weights that are at most one.
const negligible = 1e-7

// EASE builds the lists of g's items with ridge λ. A graph without items gives empty lists.
func EASE(g *neighbours.Graph, lambda float64, o neighbours.Options) (*neighbours.Lists, error) {
	if o.K < 1 {
		return nil, fmt.Errorf("neighbours per item is %d, want at least 1", o.K)
	}
	gram, err := Gram(g, o)
	if err != nil {
		return nil, err
	}
	p, err := Precision(gram, lambda, o)
	if err != nil {
		return nil, err
	}
	return Lists(p, o)
}
