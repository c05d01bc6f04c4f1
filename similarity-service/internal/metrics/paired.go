package metrics

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Spread describes a figure that was measured several times.
type Spread struct {
	Mean, SD float64 // SD is the standard deviation of one measurement, with n−1
	Interval         // of the mean, 95 %, by Student's t
	P        float64 // two-sided p-value of a mean of 0
}

// Repeated describes repeated measurements, of which overlap is the number of test cases over that of the training part: measurements that
// share their training data vary together, and the variance of their mean is taken as (1/n + overlap)·SD² (Nadeau and Bengio, Machine
// Learning 52, 2003, eq. 11). With overlap 0 it is the usual paired t-test, when values are differences. Fewer than two values have no
// spread: SD, Interval and P are NaN.
func Repeated(values []float64, overlap float64) Spread {
	s := Spread{Mean: stat.Mean(values, nil), SD: math.NaN(), Interval: Interval{math.NaN(), math.NaN()}, P: math.NaN()}
	n := float64(len(values))
	if n < 2 {
		return s
	}
	s.SD = stat.StdDev(values, nil)
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}
	each := s.SD * math.Sqrt(1/n+overlap)
	half := student.Quantile(.975) * each
	s.Interval = Interval{s.Mean - half, s.Mean + half}
	switch {
	case s.Mean == 0:
		s.P = 1
	case each == 0:
		s.P = 0
	default:
		s.P = 2 * student.Survival(math.Abs(s.Mean)/each)
	}
	return s
}
