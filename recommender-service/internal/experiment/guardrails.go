package experiment

import (
	"fmt"

	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// defaultMinVisitors is how many visitors each of two arms needs before anything is said of
// them, and guardrailLevel the p-value from which on fewer clicks are no chance. It is stricter
// than that of results, since guardrails are looked at again and again.
const (
	defaultMinVisitors = 100
	guardrailLevel     = .01
)

// Breached returns which guardrail an arm other than the control breaks, in a sentence with
// both figures; "" for none. A bound of 0 is not watched. r has the arms of x, in their order.
func Breached(x *api.Experiment, r *api.ExperimentResults) string {
	g := x.Guardrails
	least := g.MinVisitors
	if least == 0 {
		least = defaultMinVisitors
	}
	control := &r.Arms[0]
	for n := 1; n < len(r.Arms); n++ {
		a := &r.Arms[n]
		if x.Arms[n].Shadow || a.Visitors < least || control.Visitors < least {
			continue
		}
		switch {
		case g.MaxDegradedShare > 0 && a.DegradedShare > g.MaxDegradedShare:
			return fmt.Sprintf(
				"arm %s: %.1f %% of the answers were degraded, more than %.1f %%", a.Arm, 100*a.DegradedShare, 100*g.MaxDegradedShare,
			)
		case g.MaxEmptyShare > 0 && a.EmptyShare > g.MaxEmptyShare:
			return fmt.Sprintf("arm %s: %.1f %% of the answers were empty, more than %.1f %%", a.Arm, 100*a.EmptyShare, 100*g.MaxEmptyShare)
		case g.MaxLatencyMS > 0 && a.MeanLatencyMS > g.MaxLatencyMS:
			return fmt.Sprintf("arm %s: answers took %.1f ms on average, more than %.1f ms", a.Arm, a.MeanLatencyMS, g.MaxLatencyMS)
		case g.MinClickRateRatio > 0 && a.ClickerRate < g.MinClickRateRatio*control.ClickerRate && a.ClickerRateDiff != nil &&
			a.ClickerRateDiff.PValue < guardrailLevel:
			return fmt.Sprintf(
				"arm %s: %.2f %% of the visitors clicked, the control's %.2f %%", a.Arm, 100*a.ClickerRate, 100*control.ClickerRate,
			)
		}
	}
	return ""
}
