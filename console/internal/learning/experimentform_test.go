package learning

import (
	"testing"

	"github.com/aisle-rec/aisle/console/internal/page/pagetest"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

func TestATrialKeepsWhatItsFormDoesNotShow(t *testing.T) {
	t.Parallel()
	x := recommenderapi.Experiment{
		ExperimentID: "e", Title: "E", Kind: "holdout", Status: "running", Scenarios: []string{"home.x"}, Traffic: .25, Version: 3,
		StopReason: "",
		Arms: []recommenderapi.ExperimentArm{
			{Name: "control", Share: .2}, {Name: "b", Share: .2, Scenario: "home.y"},
			{Name: "c", Share: .2, ModelVersions: map[string]string{"similar": "similar-1", "viewed_next": "viewed_next-2"}},
			{Name: "d", Share: .2, Configuration: &recommenderapi.Scenario{Limit: 3}, Shadow: true}, {Name: "e", Share: .2},
		},
		Guardrails: recommenderapi.Guardrails{MaxDegradedShare: .05, MaxLatencyMS: 80, MinClickRateRatio: .9, MinVisitors: 500},
	}
	got, problem := experimentOf(pagetest.Posted(experimentValues(&x)), x)
	if problem != nil {
		t.Fatal(problem)
	}
	pagetest.Same(t, stripped(x), got)
}

func TestSharesAreJudgedInTheNumbersOfTheForm(t *testing.T) {
	t.Parallel()
	p := inPercent(apierror.Invalid("No.", apierror.FieldError{Pointer: "/arms", Code: "shares", Detail: "sum to 0.9 instead of 1"},
		apierror.FieldError{Pointer: "/title", Detail: "is odd"}), []recommenderapi.ExperimentArm{{Share: .7}, {Share: .2}})
	if p.Errors[0].Detail != "the shares of the arms sum to 90 per cent instead of 100" || p.Errors[1].Detail != "is odd" {
		t.Errorf("%+v", p.Errors)
	}
}

// TestSampleSize: to find a change of a tenth in a rate of 2 %, (1.959964+.841621)²·(.02·.98+.022·.978)/.002² = 80,678.6 visitors are
// needed in each arm.
func TestSampleSize(t *testing.T) {
	t.Parallel()
	s := newSampleSize(2, 10, 10_000, 3)
	if s.PerArm != 80_679 || s.Days < 24.2 || s.Days > 24.21 {
		t.Errorf("%+v", s)
	}
	for _, rate := range []float64{0, 100, -1} {
		if s := newSampleSize(rate, 10, 0, 0); s.PerArm != 0 {
			t.Errorf("a rate of %v %% takes %d", rate, s.PerArm)
		}
	}
}

func TestWhatIsWrongStandsBesideAFieldThatTheFormHas(t *testing.T) {
	t.Parallel()
	for pointer, field := range map[string]string{
		"/arms/1/share": "arm1_share", "/arms/7/share": "", "/arms": "arm0_share", "/guardrails/max_latency_ms": "max_latency_ms",
		"/arms/0": "arm0_name", "/x": "",
	} {
		if got := experimentField(pointer); got != field {
			t.Errorf("%s of an experiment is about %q, want %q", pointer, got, field)
		}
	}
}
