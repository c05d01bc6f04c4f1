package experiment_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/aisle-rec/aisle/recommender-service/internal/experiment"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestIntervalsAgreeWithPublishedExamples(t *testing.T) {
	t.Parallel()
	// Newcombe 1998, table II, example (a): 56/70 against 48/80, method 10: 0.0524 to 0.3339.
	i := experiment.ProportionDifference(56, 70, 48, 80)
	near(t, "difference", i.Value, .2, 1e-12)
	near(t, "low", i.Low, .0524, 5e-5)
	near(t, "high", i.High, .3339, 5e-5)
	// Example (h): 10/10 against 0/10 has a bound at 0.6075 and reaches 1.
	i = experiment.ProportionDifference(10, 10, 0, 10)
	near(t, "low", i.Low, .6075, 5e-5)
	near(t, "high", i.High, 1, 1e-12)
	// Two samples with means 2 and 4, variance 1 and 10 values each: t = 4.472 with 18 degrees of freedom, 95 % half-width 2.1009·0.4472.
	m := experiment.MeanDifference(40, 169, 10, 20, 49, 10)
	near(t, "mean difference", m.Value, 2, 1e-12)
	near(t, "half width", m.High-m.Value, 2.10092*math.Sqrt(.2), 1e-4)
	// χ² = 4 with one degree of freedom has p = 0.0455.
	near(t, "sample ratio", experiment.SampleRatioP([]float64{5100, 4900}, []float64{.5, .5}), .0455, 1e-4)
	// 5 % to 6 %, α 5 %, power 80 %: 7.849·(0.0475+0.0564)/0.0001 = 8,155.
	near(t, "sample size", float64(experiment.RequiredPerArm(.05, .2)), 8155, 2)
}

func TestArmsFollowTheirSharesAndStayUnderMoreTraffic(t *testing.T) {
	t.Parallel()
	x := &api.Experiment{
		ExperimentID: "x", Traffic: .3,
		Arms: []api.ExperimentArm{{Name: "a", Share: .7}, {Name: "b", Share: .2}, {Name: "c", Share: .1}, {Name: "shadow", Shadow: true}},
	}
	counts, arms := map[string]float64{}, map[string]string{}
	const visitors = 40_000
	for v := range visitors {
		if arm, ok := experiment.Assign(x, fmt.Sprint("u/", v)); ok {
			counts[arm.Name]++
			arms[fmt.Sprint("u/", v)] = arm.Name
		}
	}
	near(t, "traffic", float64(len(arms))/visitors, .3, .01)
	if p := experiment.SampleRatioP([]float64{counts["a"], counts["b"], counts["c"]}, []float64{.7, .2, .1}); p < .001 {
		t.Errorf("the arms are uneven: %v", counts)
	}
	x.Traffic = 1
	for visitor, name := range arms {
		if arm, ok := experiment.Assign(x, visitor); !ok || arm.Name != name {
			t.Fatalf("%s moved from %s", visitor, name)
		}
	}
}

func TestAGuardrailIsBrokenOnlyByEnoughVisitors(t *testing.T) {
	t.Parallel()
	x := &api.Experiment{
		Arms: []api.ExperimentArm{{Name: "a"}, {Name: "b"}}, Guardrails: api.Guardrails{MinClickRateRatio: .8, MaxEmptyShare: .1},
	}
	judge := func(n, clickers int64) string {
		d := experiment.ProportionDifference(clickers, n, n/2, n)
		r := &api.ExperimentResults{Arms: []api.ArmResult{
			{Arm: "a", Visitors: n, ClickerRate: .5},
			{Arm: "b", Visitors: n, ClickerRate: float64(clickers) / float64(n), ClickerRateDiff: d},
		}}
		return experiment.Breached(x, r)
	}
	if judge(50, 0) != "" || judge(1000, 480) != "" || judge(1000, 300) == "" {
		t.Errorf("few: %q, like the control: %q, clearly worse: %q", judge(50, 0), judge(1000, 480), judge(1000, 300))
	}
}
