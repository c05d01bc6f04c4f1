package closedform

import (
	"fmt"
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/mmap"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

const (
	// ridgeSteps and ridgeTolerance end the conjugate gradients of one target. A ridge of a seventh of the largest
	// eigenvalue leaves condition numbers of about eight, for which eight steps are exact to two digits; more changed no ranking.
	ridgeSteps     = 8
	ridgeTolerance = 1e-4
)

// Ridge solves a ridge regression in the normalised space for the neighbours of support and keeps the o.K largest weights
// of each item. With R̃ = D_U^{a/2}·R·D_I^{−½}, the target j and the sources S that list it, it is
// b_S = (R̃_SᵀR̃_S + λI)⁻¹·R̃_Sᵀr̃_j: EASE without its dense inverse, restricted to a support as SLIM is (Ning and Karypis,
// ICDM 2011), for catalogues of any size. For large λ it becomes the two-hop weight R̃_Sᵀr̃_j / λ.
//
// R̃_S is applied column by column from the interactions and never multiplied out. Cost O(steps·Σ_i k_i·n_i) for items i with
// k_i neighbours and n_i interactions, at most k·nnz a step; a worker holds one float per row of the graph. The sums of a
// target are taken in a fixed order, so the result does not depend on the workers. λ must be finite and above 0.
func Ridge(g *neighbours.Graph, support *neighbours.Lists, lambda float64, o neighbours.Options) (*neighbours.Lists, error) {
	if !(lambda > 0) || math.IsInf(lambda, 0) {
		return nil, fmt.Errorf("ridge λ is %v, want a finite number above 0", lambda)
	}
	if o.K < 1 {
		return nil, fmt.Errorf("neighbours per item is %d, want at least 1", o.K)
	}
	if support.N() != g.Items() {
		return nil, fmt.Errorf("support of %d items for a graph of %d", support.N(), g.Items())
	}
	columns := normalisedColumns(g)
	sources := bySource(support)
	weights := mmap.Make[float32](support.Arena, len(support.Weight))
	o.Rows = nil
	err := neighbours.Blocks(support.N(), o, func() func(int) {
		r := &ridge{columns: columns, lambda: float32(lambda), users: make([]float32, columns.Cols)}
		return func(j int) { r.target(int32(j), sources[j], weights) }
	})
	if err != nil {
		return nil, err
	}
	return reorder(support, weights, o.K), nil
}

// normalisedColumns is R̃ᵀ: row i holds column i of R̃.
func normalisedColumns(g *neighbours.Graph) *csr.Matrix {
	columns := g.Users().Transpose()
	scale := neighbours.Powers(g.Degree(), -.5)
	out := &csr.Matrix{
		Rows: columns.Rows, Cols: columns.Cols, RowPtr: columns.RowPtr, ColIdx: columns.ColIdx,
		Val: mmap.Make[float32](columns.Arena(), columns.NNZ()),
	}
	for i := range columns.Rows {
		for p := columns.RowPtr[i]; p < columns.RowPtr[i+1]; p++ {
			x := 1.0
			if columns.Val != nil {
				x = float64(columns.Val[p])
			}
			out.Val[p] = float32(math.Sqrt(g.RowWeight(columns.ColIdx[p])) * x * scale[i])
		}
	}
	return out
}

// ridge is the scratch memory of one worker.
type ridge struct {
	columns *csr.Matrix
	lambda  float32
	users   []float32 // R̃_S·x by row of the graph, zero between uses
	sources []place   // S of the present target
	gradients
}

func (r *ridge) target(j int32, sources []place, weights []float32) {
	s := len(sources)
	if s == 0 {
		return
	}
	r.sources = sources
	r.resize(s)
	r.scatter(j, 1)
	r.gather(r.residual)
	r.clear(j)
	clear(r.b[:s])
	limit := dot(r.residual[:s], r.residual[:s]) * ridgeTolerance * ridgeTolerance
	r.iterate(s, ridgeSteps, limit, r.multiply)
	for x, from := range sources {
		weights[from.at] = r.b[x]
	}
}

// multiply sets y = (R̃_SᵀR̃_S + λI)·x.
func (r *ridge) multiply(s int, x, y []float32) {
	for p, from := range r.sources {
		r.scatter(from.source, x[p])
	}
	r.gather(y)
	for p, from := range r.sources {
		r.clear(from.source)
		y[p] += r.lambda * x[p]
	}
}

// scatter adds f·r̃_i to users.
func (r *ridge) scatter(i int32, f float32) {
	rows, val := r.columns.Row(int(i))
	for p, u := range rows {
		r.users[u] += f * val[p]
	}
}

// gather sets y = R̃_Sᵀ·users.
func (r *ridge) gather(y []float32) {
	for p, from := range r.sources {
		rows, val := r.columns.Row(int(from.source))
		sum := float32(0)
		for q, u := range rows {
			sum += val[q] * r.users[u]
		}
		y[p] = sum
	}
}

// clear zeroes users at the rows of item i.
func (r *ridge) clear(i int32) {
	rows, _ := r.columns.Row(int(i))
	for _, u := range rows {
		r.users[u] = 0
	}
}
