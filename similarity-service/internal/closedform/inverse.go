package closedform

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/mat"

	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// sweepBlock is the number of pivots swept at once. A panel of this width stays in the second-level cache.
const sweepBlock = 64

// ErrNotPositive is returned for a matrix that is not positive definite.
var ErrNotPositive = errors.New("the matrix is not positive definite")

// Invert replaces the symmetric positive definite a by its inverse, reading only the lower triangle.
//
// It is the symmetric sweep operator (Goodnight, The American Statistician 1979) in blocks: sweeping the pivots K gives
// A_KK ← −A_KK⁻¹, A_iK ← A_iK·A_KK⁻¹, A_ij ← A_ij − A_iK·A_KK⁻¹·A_Kj, and after all pivots −A⁻¹ is left. The
// pivot blocks are inverted in float64. Only tiles of the lower triangle are updated: n³/2 multiply-adds. Each tile is
// written by one goroutine in a fixed order, so the result does not depend on the number of workers. On ErrStopped or
// ErrNotPositive the content of a is undefined.
func Invert(a *Dense, o neighbours.Options) error {
	n := a.N
	s := &sweep{a: a, panel: make([]float32, n*sweepBlock), scaled: make([]float32, n*sweepBlock), workers: o.Workers}
	if s.workers <= 0 {
		s.workers = runtime.GOMAXPROCS(0)
	}
	for from := 0; from < n; from += sweepBlock {
		if o.Stop != nil && o.Stop() {
			return neighbours.ErrStopped
		}
		if err := s.pivots(from, min(from+sweepBlock, n)); err != nil {
			return err
		}
		if o.Progress != nil {
			o.Progress(min(from+sweepBlock, n), n)
		}
	}
	for i := range n {
		for j := range i + 1 {
			v := -a.V[i*n+j]
			a.V[i*n+j], a.V[j*n+i] = v, v
		}
	}
	return nil
}

// sweep is the state of one inversion. panel is the n×b block column A_·K, scaled is panel·A_KK⁻¹.
type sweep struct {
	a             *Dense
	panel, scaled []float32
	workers       int
}

func (s *sweep) pivots(from, to int) error {
	n, b := s.a.N, to-from
	inverse, err := s.pivotInverse(from, to)
	if err != nil {
		return err
	}
	for i := range n {
		for k := range b {
			if i >= from {
				s.panel[i*b+k] = s.a.V[max(i, from+k)*n+min(i, from+k)]
			} else {
				s.panel[i*b+k] = s.a.V[(from+k)*n+i]
			}
		}
	}
	s.tiles(n, func(rowFrom, rowTo int) {
		gemm(
			blas.NoTrans, 1, general(s.panel[rowFrom*b:], rowTo-rowFrom, b, b), general(inverse, b, b, b), 0,
			general(s.scaled[rowFrom*b:], rowTo-rowFrom, b, b),
		)
	})
	s.tiles(n, func(rowFrom, rowTo int) {
		for colFrom := 0; colFrom < rowTo; colFrom += sweepBlock {
			colTo := min(colFrom+sweepBlock, n)
			gemm(blas.Trans, -1, general(s.scaled[rowFrom*b:], rowTo-rowFrom, b, b), general(s.panel[colFrom*b:], colTo-colFrom, b, b),
				1, general(s.a.V[rowFrom*n+colFrom:], rowTo-rowFrom, colTo-colFrom, n))
		}
	})
	s.store(from, to, inverse)
	return nil
}

// store writes the swept pivot block and its row and column, which the tiles have overwritten.
func (s *sweep) store(from, to int, inverse []float32) {
	n, b := s.a.N, to-from
	for i := range n {
		for k := range b {
			switch {
			case i < from:
				s.a.V[(from+k)*n+i] = s.scaled[i*b+k]
			case i < to:
				s.a.V[i*n+from+k] = -inverse[(i-from)*b+k]
			default:
				s.a.V[i*n+from+k] = s.scaled[i*b+k]
			}
		}
	}
}

func (s *sweep) pivotInverse(from, to int) ([]float32, error) {
	n, b := s.a.N, to-from
	block := mat.NewSymDense(b, nil)
	for i := range b {
		for j := range i + 1 {
			block.SetSym(i, j, float64(s.a.V[(from+i)*n+from+j]))
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(block) {
		return nil, fmt.Errorf("%w at pivots %d to %d", ErrNotPositive, from, to-1)
	}
	var inverse mat.SymDense
	if err := factor.InverseTo(&inverse); err != nil {
		return nil, fmt.Errorf("invert pivots %d to %d: %w", from, to-1, err)
	}
	out := make([]float32, b*b)
	for i := range b {
		for j := range b {
			out[i*b+j] = float32(inverse.At(i, j))
		}
	}
	return out, nil
}

// tiles calls do for every block of rows on the workers, longest rows first.
func (s *sweep) tiles(n int, do func(from, to int)) {
	blocks := (n + sweepBlock - 1) / sweepBlock
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(s.workers, blocks) {
		wg.Go(func() {
			for {
				at := blocks - int(next.Add(1))
				if at < 0 {
					return
				}
				do(at*sweepBlock, min((at+1)*sweepBlock, n))
			}
		})
	}
	wg.Wait()
}

func general(v []float32, rows, cols, stride int) blas32.General {
	return blas32.General{Rows: rows, Cols: cols, Stride: stride, Data: v}
}

func gemm(transB blas.Transpose, alpha float32, x, y blas32.General, beta float32, z blas32.General) {
	blas32.Gemm(blas.NoTrans, transB, alpha, x, y, beta, z)
}
