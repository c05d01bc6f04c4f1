//go:build openblas

package closedform

import (
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/netlib/blas/netlib"
)

// init makes Gonum use the C library that the build tag asks for. It is the one init of the module: Gonum's implementation is a
// setting of the whole process, and it must stand before the first matrix is touched.
func init() {
	blas32.Use(netlib.Implementation{})
	blas64.Use(netlib.Implementation{})
}
