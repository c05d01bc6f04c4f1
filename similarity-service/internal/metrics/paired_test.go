package metrics_test

import (
	"math"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

func TestRepeated(t *testing.T) {
	t.Parallel()
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 5e-5 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	// Mean 2, standard deviation 1, t = 2/(1/√3) = 3.4641 with two degrees of freedom, whose 97.5 % quantile is 4.30265. With two degrees
	// P(|T| > t) = 1 − t/√(t²+2) = .07418.
	s := metrics.Repeated([]float64{1, 2, 3}, 0)
	near("the mean", s.Mean, 2)
	near("the deviation", s.SD, 1)
	near("the low end", s.Low, 2-4.30265/math.Sqrt(3))
	near("the high end", s.High, 2+4.30265/math.Sqrt(3))
	near("p", s.P, .07418)
	// Two folds share nothing of the test part but half of the training part: the variance of the mean is (1/3 + 1)·SD².
	s = metrics.Repeated([]float64{1, 2, 3}, 1)
	near("the high end with overlap", s.High, 2+4.30265*math.Sqrt(4./3))
	if one := metrics.Repeated([]float64{4}, 0); one.Mean != 4 || !math.IsNaN(one.SD) || !math.IsNaN(one.P) {
		t.Errorf("one value: %+v", one)
	}
	if same := metrics.Repeated([]float64{2, 2}, 0); same.P != 0 || same.Low != 2 {
		t.Errorf("equal values: %+v", same)
	}
	if none := metrics.Repeated([]float64{0, 0}, 0); none.P != 1 {
		t.Errorf("no difference: %+v", none)
	}
}
