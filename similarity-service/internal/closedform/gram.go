// Package closedform builds neighbour lists from linear models that have a closed form.
//
// EASE (Steck, WWW 2019) is the item–item regression B = argmin ‖X − XB‖² + λ‖B‖² with a zero diagonal: with
// P = (XᵀX + λI)⁻¹, B_ij = −P_ij / P_jj. Its weights may be negative. It holds two dense n×n matrices, so it is for
// catalogues up to [MaxItems]. The main types are [Dense], a symmetric matrix in float32, and [EASE].
package closedform

import (
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// MaxItems is the largest catalogue that EASE takes: a dense matrix then has 400 MB.
const MaxItems = 10_000

// Dense is a symmetric n×n matrix in row-major order. Float32 halves the memory and the time of float64; the ridge λ
// keeps the condition number far below what its 24 bits can hold.
type Dense struct {
	N int
	V []float32 // length N·N
}

// At returns the element of row i and column j.
func (a *Dense) At(i, j int) float32 { return a.V[i*a.N+j] }

// Row returns row i. It may be changed.
func (a *Dense) Row(i int) []float32 { return a.V[i*a.N : (i+1)*a.N] }

// Gram returns Σ_u w_u·x_u·x_uᵀ for the rows of g, with w_u = rowBase·d_u^a as g has it. Cost O(Σ_u d_u²).
func Gram(g *neighbours.Graph, o neighbours.Options) (*Dense, error) {
	n := g.Items()
	if n > MaxItems {
		return nil, fmt.Errorf("a dense matrix of %d items, want at most %d", n, MaxItems)
	}
	a := &Dense{N: n, V: make([]float32, n*n)}
	items := g.Users().Transpose()
	err := neighbours.Blocks(n, o, func() func(int) {
		return func(i int) { gramRow(a.Row(i), g, items, i) }
	})
	return a, err
}

func gramRow(row []float32, g *neighbours.Graph, items *csr.Matrix, i int) {
	users, own := items.Row(i)
	for p, u := range users {
		w := float32(g.RowWeight(u))
		if own != nil {
			w *= own[p]
		}
		cols, val := g.Users().Row(int(u))
		for q, j := range cols {
			if val == nil {
				row[j] += w
			} else {
				row[j] += w * val[q]
			}
		}
	}
}
