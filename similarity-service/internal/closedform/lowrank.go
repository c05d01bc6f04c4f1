package closedform

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/mat"

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
// seeded start. rank is lowered to the number of items. Cost O(nnz·rank + n·rank²); memory 2·n·rank floats: the rows are
// gone through in blocks, so that nothing grows with their number.
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
	y, next := make([]float32, g.Items()*rank), make([]float32, g.Items()*rank)
	for i := range y {
		y[i] = float32(rng.NormFloat64())
	}
	for range powerSteps {
		if stop != nil && stop() {
			return nil, neighbours.ErrStopped
		}
		var err error
		if y, next, err = orthonormalise(y, next, rank); err != nil {
			return nil, err
		}
		clear(next)
		l.forward(y, func(from int, z []float32) { l.backward(from, z, next) })
		y, next = next, y
	}
	y, next, err := orthonormalise(y, next, rank)
	if err != nil {
		return nil, err
	}
	gram := newGramSum(rank)
	l.forward(y, func(_ int, z []float32) { gram.add(z) })
	return l, l.rotate(y, next, gram.total)
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

// gramRows is how many rows of R̃·y are held at a time, and the number whose sums are taken in float32.
const gramRows = 1024

// forward gives the rows of z = R̃·y in order, a block at a time with the number of its first row. f must not keep z.
func (l *LowRank) forward(y []float32, f func(from int, z []float32)) {
	users, r := l.graph.Users(), l.Rank
	room := make([]float32, min(gramRows, users.Rows)*r)
	for from := 0; from < users.Rows; from += gramRows {
		z := room[:min(gramRows, users.Rows-from)*r]
		clear(z)
		for at := range len(z) / r {
			l.eachEntry(from+at, func(j int, x float32) { axpy32(x, y[j*r:(j+1)*r], z[at*r:(at+1)*r]) })
		}
		f(from, z)
	}
}

// backward adds R̃ᵀ·z to y for the rows z of R̃·y from row from on.
func (l *LowRank) backward(from int, z, y []float32) {
	r := l.Rank
	for at := range len(z) / r {
		l.eachEntry(from+at, func(j int, x float32) { axpy32(x, z[at*r:(at+1)*r], y[j*r:(j+1)*r]) })
	}
}

// eachEntry gives the entries of row u of R̃.
func (l *LowRank) eachEntry(u int, f func(j int, x float32)) {
	items, val := l.graph.Users().Row(u)
	for p, j := range items {
		f(int(j), l.entry(int32(u), j, valueAt(val, p)))
	}
}

// rotate turns the orthonormal basis y, with the Gram matrix of R̃·y, into singular vectors (Rayleigh–Ritz) in the place of out.
func (l *LowRank) rotate(y, out []float32, gram *mat.SymDense) error {
	r := l.Rank
	var eigen mat.EigenSym
	if !eigen.Factorize(gram, true) {
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
	l.Vectors = out
	blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, general(y, len(y)/r, r, r), general(turn, r, r, r), 0, general(l.Vectors, len(y)/r, r, r))
	return nil
}

// orthonormalise makes the columns of y orthonormal, by Cholesky QR done twice (Yamamoto et al., ETNA 2015), with room of the
// size of y to work in. It returns the result and what may be overwritten. Columns that are dependent to rounding are made
// harmless by a ridge and come out short.
func orthonormalise(y, room []float32, r int) (q, free []float32, err error) {
	for range 2 {
		sum := newGramSum(r)
		for rows := range slices.Chunk(y, gramRows*r) {
			sum.add(rows)
		}
		gram := sum.total
		trace := 0.0
		for k := range r {
			trace += gram.At(k, k)
		}
		for k := range r {
			gram.SetSym(k, k, gram.At(k, k)+1e-7*trace/float64(r)+1e-30)
		}
		var factor mat.Cholesky
		if !factor.Factorize(gram) {
			return nil, nil, ErrNotPositive
		}
		var lower mat.TriDense
		factor.LTo(&lower)
		var inverse mat.TriDense
		if err := inverse.InverseTri(&lower); err != nil {
			return nil, nil, fmt.Errorf("orthonormalise %d columns: %w", r, err)
		}
		turn := make([]float32, r*r) // L⁻ᵀ
		for i := range r {
			for k := range i + 1 {
				turn[k*r+i] = float32(inverse.At(i, k))
			}
		}
		blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, general(y, len(y)/r, r, r), general(turn, r, r, r), 0, general(room, len(y)/r, r, r))
		y, room = room, y
	}
	return y, room, nil
}

// gramSum adds up yᵀy over the rows of a matrix with r columns: blocks of rows in float32, their totals in float64.
type gramSum struct {
	r     int
	total *mat.SymDense
	part  []float32
}

func newGramSum(r int) *gramSum {
	return &gramSum{r: r, total: mat.NewSymDense(r, nil), part: make([]float32, r*r)}
}

// add adds a block of rows, in row-major order.
func (s *gramSum) add(rows []float32) {
	r := s.r
	x := general(rows, len(rows)/r, r, r)
	blas32.Gemm(blas.Trans, blas.NoTrans, 1, x, x, 0, general(s.part, r, r, r))
	for i := range r {
		for k := i; k < r; k++ {
			s.total.SetSym(i, k, s.total.At(i, k)+float64(s.part[i*r+k]))
		}
	}
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
