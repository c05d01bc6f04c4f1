package closedform_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// randomPositive returns a symmetric positive definite matrix, XᵀX + I of a random X.
func randomPositive(n int) *closedform.Dense {
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	x := mat.NewDense(n+3, n, nil)
	for i := range n + 3 {
		for j := range n {
			x.Set(i, j, rng.Float64()-.3)
		}
	}
	var g mat.Dense
	g.Mul(x.T(), x)
	a := &closedform.Dense{N: n, V: make([]float32, n*n)}
	for i := range n {
		for j := range n {
			a.V[i*n+j] = float32(g.At(i, j))
		}
		a.V[i*n+i]++
	}
	return a
}

// The oracle is Gonum's Cholesky inverse in float64.
func TestInvertEqualsCholesky(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 63, 64, 65, 130, 200} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			a := randomPositive(n)
			want := cholesky(t, a)
			if err := closedform.Invert(a, neighbours.Options{Workers: 3}); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				for j := range n {
					if got := float64(a.At(i, j)); math.Abs(got-want.At(i, j)) > 1e-4 {
						t.Fatalf("element %d,%d is %v, want %v", i, j, got, want.At(i, j))
					}
				}
			}
		})
	}
}

func cholesky(t *testing.T, a *closedform.Dense) *mat.SymDense {
	t.Helper()
	s := mat.NewSymDense(a.N, nil)
	for i := range a.N {
		for j := range i + 1 {
			s.SetSym(i, j, float64(a.At(i, j)))
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(s) {
		t.Fatal("the test matrix is not positive definite")
	}
	var inverse mat.SymDense
	if err := factor.InverseTo(&inverse); err != nil {
		t.Fatal(err)
	}
	return &inverse
}

func TestInvertRefusesOtherMatrices(t *testing.T) {
	t.Parallel()
	t.Run("negative pivot", func(t *testing.T) {
		t.Parallel()
		a := &closedform.Dense{N: 1, V: []float32{-1}}
		if err := closedform.Invert(a, neighbours.Options{}); !errors.Is(err, closedform.ErrNotPositive) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		t.Parallel()
		err := closedform.Invert(randomPositive(70), neighbours.Options{Stop: func() bool { return true }})
		if !errors.Is(err, neighbours.ErrStopped) {
			t.Fatalf("got %v", err)
		}
	})
}

func BenchmarkInvert(b *testing.B) {
	for _, n := range []int{1024, 3043} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a := randomPositive(n)
			for b.Loop() {
				c := &closedform.Dense{N: a.N, V: append([]float32(nil), a.V...)}
				if err := closedform.Invert(c, neighbours.Options{Workers: 1}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
