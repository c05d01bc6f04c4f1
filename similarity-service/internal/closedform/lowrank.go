package closedform

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/mat"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// powerSteps of the randomised range finder: the spectrum of interactions falls slowly, three steps sharpen it enough.
const powerSteps = 3

// LowRank holds the leading right singular vectors of the normalised interactions R̃ = D_U^{a/2}·R·D_I^{−½}, the ideal
// low-pass filter of GF-CF (Shen et al., CIKM 2021). Its term for a pair is v_i·v_j, which is large for items that the
// same broad tastes choose, also when few rows hold both.
type LowRank struct {
	Rank    int
	Vectors []float32 // n×Rank, row i is v_i
	Values  []float64 // squared singular values, falling
	graph   *neighbours.Graph
	scale   []float32 // d_i^−½
}

// NewLowRank finds the vectors by randomised subspace iteration (Halko, Martinsson and Tropp, SIAM Review 2011) from a
// seeded start. rank is lowered to the number of items. Cost O(nnz·rank + n·rank²); memory 3·n·rank + m·rank floats.
func NewLowRank(g *neighbours.Graph, rank int, seed uint64, stop func() bool) (*LowRank, error) {
	rank = min(rank, g.Items())
	if rank < 1 {
		return nil, fmt.Errorf("rank is %d, want at least 1", rank)
	}
	l := &LowRank{Rank: rank, graph: g, scale: make([]float32, g.Items())}
	for i, f := range neighbours.Powers(g.Degree(), -.5) {
		l.scale[i] = float32(f)
	}
	rng := rand.New(rand.NewPCG(seed, 0x5bd))
	y := make([]float32, g.Items()*rank)
	for i := range y {
		y[i] = float32(rng.NormFloat64())
	}
	items := g.Users().Transpose()
	z := make([]float32, g.Users().Rows*rank)
	for range powerSteps {
		if stop != nil && stop() {
			return nil, neighbours.ErrStopped
		}
		if err := orthonormalise(y, rank); err != nil {
			return nil, err
		}
		l.forward(y, z)
		l.backward(items, z, y)
	}
	if err := orthonormalise(y, rank); err != nil {
		return nil, err
	}
	l.forward(y, z)
	return l, l.rotate(y, z)
}

// Term is v_i·v_j.
func (l *LowRank) Term(i, j int32) float32 {
	return dot32(l.row(i), l.row(j))
}

// Own returns Σ⁻²·Vᵀ·r̃_u for row u of the graph: v_j without row u is v_j − r̃_uj·Own(u) to first order.
func (l *LowRank) Own(u int32, dst []float32) []float32 {
	dst = append(dst[:0], make([]float32, l.Rank)...)
	items, val := l.graph.Users().Row(int(u))
	for p, j := range items {
		axpy32(l.entry(u, j, valueAt(val, p)), l.row(j), dst)
	}
	for k := range dst {
		if l.Values[k] > 0 {
			dst[k] /= float32(l.Values[k])
		}
	}
	return dst
}

// TermWithout is v_i·v_j after the entry x of row u at item j is taken out; own is Own(u).
func (l *LowRank) TermWithout(i, j, u int32, x float32, own []float32) float32 {
	return l.Term(i, j) - l.entry(u, j, x)*dot32(l.row(i), own)
}

func (l *LowRank) row(i int32) []float32 { return l.Vectors[int(i)*l.Rank : (int(i)+1)*l.Rank] }

// entry is r̃_uj.
func (l *LowRank) entry(u, j int32, x float32) float32 {
	return float32(math.Sqrt(l.graph.RowWeight(u))) * x * l.scale[j]
}

// forward sets z = R̃·y.
func (l *LowRank) forward(y, z []float32) {
	clear(z)
	r := l.Rank
	for u := range l.graph.Users().Rows {
		items, val := l.graph.Users().Row(u)
		for p, j := range items {
			axpy32(l.entry(int32(u), j, valueAt(val, p)), y[int(j)*r:(int(j)+1)*r], z[u*r:(u+1)*r])
		}
	}
}

// backward sets y = R̃ᵀ·z.
func (l *LowRank) backward(items *csr.Matrix, z, y []float32) {
	clear(y)
	r := l.Rank
	for j := range items.Rows {
		users, val := items.Row(j)
		for p, u := range users {
			axpy32(l.entry(u, int32(j), valueAt(val, p)), z[int(u)*r:(int(u)+1)*r], y[j*r:(j+1)*r])
		}
	}
}

// rotate turns the orthonormal basis y, with z = R̃·y, into singular vectors (Rayleigh–Ritz).
func (l *LowRank) rotate(y, z []float32) error {
	r := l.Rank
	var eigen mat.EigenSym
	if !eigen.Factorize(gramOf(z, r), true) {
		return fmt.Errorf("the %d×%d eigenproblem did not converge", r, r)
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	values := eigen.Values(nil)
	turn := make([]float32, r*r)
	l.Values = make([]float64, r)
	for k := range r { // eigenvalues rise, singular values shall fall
		l.Values[k] = max(values[r-1-k], 0)
		for i := range r {
			turn[i*r+k] = float32(vectors.At(i, r-1-k))
		}
	}
	l.Vectors = make([]float32, len(y))
	blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, general(y, len(y)/r, r, r), general(turn, r, r, r), 0, general(l.Vectors, len(y)/r, r, r))
	return nil
}

// orthonormalise makes the columns of y orthonormal, by Cholesky QR done twice (Yamamoto et al., ETNA 2015). Columns
// that are dependent to rounding are made harmless by a ridge and come out short.
func orthonormalise(y []float32, r int) error {
	for range 2 {
		gram := gramOf(y, r)
		trace := 0.0
		for k := range r {
			trace += gram.At(k, k)
		}
		for k := range r {
			gram.SetSym(k, k, gram.At(k, k)+1e-7*trace/float64(r)+1e-30)
		}
		var factor mat.Cholesky
		if !factor.Factorize(gram) {
			return ErrNotPositive
		}
		var lower mat.TriDense
		factor.LTo(&lower)
		var inverse mat.TriDense
		if err := inverse.InverseTri(&lower); err != nil {
			return fmt.Errorf("orthonormalise %d columns: %w", r, err)
		}
		turn := make([]float32, r*r) // L⁻ᵀ
		for i := range r {
			for k := range i + 1 {
				turn[k*r+i] = float32(inverse.At(i, k))
			}
		}
		out := make([]float32, len(y))
		blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, general(y, len(y)/r, r, r), general(turn, r, r, r), 0, general(out, len(y)/r, r, r))
		copy(y, out)
	}
	return nil
}

// gramOf is yᵀy of an n×r matrix in row-major order, in float64.
func gramOf(y []float32, r int) *mat.SymDense {
	const chunk = 1024 // sums of so many rows are taken in float32, their totals in float64
	total := mat.NewSymDense(r, nil)
	part := make([]float32, r*r)
	for from := 0; from < len(y); from += chunk * r {
		rows := y[from:min(from+chunk*r, len(y))]
		x := general(rows, len(rows)/r, r, r)
		blas32.Gemm(blas.Trans, blas.NoTrans, 1, x, x, 0, general(part, r, r, r))
		for i := range r {
			for k := i; k < r; k++ {
				total.SetSym(i, k, total.At(i, k)+float64(part[i*r+k]))
			}
		}
	}
	return total
}

func valueAt(val []float32, p int) float32 {
	if val == nil {
		return 1
	}
	return val[p]
}

func vector(x []float32) blas32.Vector { return blas32.Vector{N: len(x), Inc: 1, Data: x} }

func axpy32(f float32, x, y []float32) { blas32.Axpy(f, vector(x), vector(y)) }

func dot32(x, y []float32) float32 { return blas32.Dot(vector(x), vector(y)) }
