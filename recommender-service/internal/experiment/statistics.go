package experiment

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// level is the chance of error that intervals and the required sample size accept, and power
// the chance to find a change that is there.
const (
	level = .05
	power = .8
	// minEffect is the relative change of the conversion rate that the required sample size is for.
	minEffect = .05
	// ratioLevel is below what chance an uneven spread over the arms is called broken.
	ratioLevel = .001
)

// Judge turns totals per arm into results. The unit is the visitor: everything that one visitor does is one observation, so that visitors
// who do much make no interval too narrow. totals are matched to arms by name.
func Judge(x *api.Experiment, totals []store.ArmTotals) api.ExperimentResults {
	out := api.ExperimentResults{ExperimentID: x.ExperimentID, MinEffect: minEffect}
	byArm := map[string]store.ArmTotals{}
	for _, t := range totals {
		byArm[t.Arm] = t
	}
	control := byArm[x.Arms[0].Name]
	var visitors, shares []float64
	for n := range x.Arms {
		arm := &x.Arms[n]
		t := byArm[arm.Name]
		r := api.ArmResult{
			Arm: arm.Name, Control: n == 0, Visitors: t.Visitors, Impressions: t.Impressions, Clicks: t.Clicks, Orders: t.Orders,
			Revenue:     t.Revenue,
			ClickerRate: rate(t.Clickers, t.Visitors), ConversionRate: rate(t.Buyers, t.Visitors),
		}
		if t.Visitors > 0 {
			r.RevenuePerVisitor = t.Revenue / float64(t.Visitors)
		}
		if n > 0 && !arm.Shadow && t.Visitors > 0 && control.Visitors > 0 {
			r.ClickerRateDiff = ProportionDifference(t.Clickers, t.Visitors, control.Clickers, control.Visitors)
			r.ConversionRateDiff = ProportionDifference(t.Buyers, t.Visitors, control.Buyers, control.Visitors)
			r.RevenueDiff = MeanDifference(
				t.Revenue, t.RevenueSquares, t.Visitors, control.Revenue, control.RevenueSquares, control.Visitors,
			)
		}
		if !arm.Shadow && arm.Share > 0 {
			visitors, shares = append(visitors, float64(t.Visitors)), append(shares, arm.Share)
		}
		out.Arms = append(out.Arms, r)
	}
	out.SampleRatioP = SampleRatioP(visitors, shares)
	out.SampleRatioOK = out.SampleRatioP >= ratioLevel
	out.RequiredPerArm = RequiredPerArm(rate(control.Buyers, control.Visitors), minEffect)
	out.Enough = out.RequiredPerArm > 0
	for _, v := range visitors {
		out.Enough = out.Enough && int64(v) >= out.RequiredPerArm
	}
	return out
}

// rate is part of whole; 0 of nothing.
func rate(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// ProportionDifference returns a/n − b/m with a 95 % interval by Newcombe's hybrid score method (1998, method 10),
// which holds for few and for no successes, and the p-value of the pooled z test.
func ProportionDifference(a, n, b, m int64) *api.Interval {
	z := distuv.UnitNormal.Quantile(1 - level/2)
	p, q := rate(a, n), rate(b, m)
	pl, ph := wilson(p, float64(n), z)
	ql, qh := wilson(q, float64(m), z)
	d := p - q
	out := &api.Interval{
		Value: d, Low: d - math.Sqrt((p-pl)*(p-pl)+(qh-q)*(qh-q)), High: d + math.Sqrt((ph-p)*(ph-p)+(q-ql)*(q-ql)), PValue: 1,
	}
	pooled := float64(a+b) / float64(n+m)
	if se := math.Sqrt(pooled * (1 - pooled) * (1/float64(n) + 1/float64(m))); se > 0 {
		out.PValue = 2 * distuv.UnitNormal.Survival(math.Abs(d)/se)
	}
	return out
}

// wilson returns the score interval of a proportion p of n trials (Wilson 1927), with z the
// quantile of the normal distribution.
func wilson(p, n, z float64) (low, high float64) {
	centre := p + z*z/(2*n)
	half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	scale := 1 + z*z/n
	return (centre - half) / scale, (centre + half) / scale
}

// MeanDifference returns the difference of two means with Welch's 95 % interval and p-value, from sums, sums of squares and counts.
func MeanDifference(sumA, squaresA float64, n int64, sumB, squaresB float64, m int64) *api.Interval {
	meanA, varA := moments(sumA, squaresA, float64(n))
	meanB, varB := moments(sumB, squaresB, float64(m))
	d := meanA - meanB
	ea, eb := varA/float64(n), varB/float64(m)
	se := math.Sqrt(ea + eb)
	if n < 2 || m < 2 || se == 0 {
		return &api.Interval{Value: d, Low: d, High: d, PValue: 1}
	}
	freedom := (ea + eb) * (ea + eb) / (ea*ea/float64(n-1) + eb*eb/float64(m-1))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}
	half := t.Quantile(1-level/2) * se
	return &api.Interval{Value: d, Low: d - half, High: d + half, PValue: 2 * t.Survival(math.Abs(d)/se)}
}

// moments returns mean and unbiased variance.
func moments(sum, squares, n float64) (mean, variance float64) {
	mean = sum / n
	if n < 2 {
		return mean, 0
	}
	return mean, max(0, (squares-n*mean*mean)/(n-1))
}

// SampleRatioP returns the p-value of the chi² test that visitors spread over the arms by their shares; 1 when there
// is nothing to compare.
func SampleRatioP(visitors, shares []float64) float64 {
	total, whole := 0.0, 0.0
	for n := range visitors {
		total += visitors[n]
		whole += shares[n]
	}
	if len(visitors) < 2 || total == 0 {
		return 1
	}
	chi := 0.0
	for n := range visitors {
		expected := total * shares[n] / whole
		chi += (visitors[n] - expected) * (visitors[n] - expected) / expected
	}
	return distuv.ChiSquared{K: float64(len(visitors) - 1)}.Survival(chi)
}

// RequiredPerArm returns how many visitors each arm needs so that a relative change of a rate is found with 80 % power at the 5 % level:
// (z₁₋α/₂ + z₁₋β)² · (p(1−p) + q(1−q)) / (p−q)², with q the changed rate. 0 for a rate of 0 or 1.
func RequiredPerArm(p, relative float64) int64 {
	q := min(1, p*(1+relative))
	if p <= 0 || p >= 1 {
		return 0
	}
	z := distuv.UnitNormal.Quantile(1-level/2) + distuv.UnitNormal.Quantile(power)
	return int64(math.Ceil(z * z * (p*(1-p) + q*(1-q)) / ((q - p) * (q - p))))
}
