package anomaly

import (
	"fmt"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Told returns a record as the API has it.
func Told(a *store.Anomaly) api.Anomaly {
	out := api.Anomaly{
		Series: a.Series, Kind: kindOf(a), OpenedAt: wire.TimeOf(time.UnixMilli(a.OpenedMs)), Hours: a.Hours,
		Observed: a.Observed, Expected: a.Expected,
		Spreads: a.Spreads, Detail: detail(a),
	}
	if a.ClosedMs != 0 {
		out.ClosedAt = wire.TimeOf(time.UnixMilli(a.ClosedMs))
	}
	return out
}

// kindOf tells steps, which are seen in a window of up to a day, from drifts and levels.
func kindOf(a *store.Anomaly) string {
	switch {
	case a.Series == seriesItems || a.Series == seriesPrice || strings.HasPrefix(a.Series, seriesModelAge):
		return "level"
	case a.Hours > day:
		return "drift"
	}
	return "step"
}

// detail says what was seen, what was expected, and where to look.
func detail(a *store.Anomaly) string {
	seen := fmt.Sprintf("%.4g in %d hours where the weeks before make one expect %.4g", a.Observed, a.Hours, a.Expected)
	switch {
	case a.Hours == 1:
		seen = fmt.Sprintf("%.4g in an hour where the weeks before make one expect %.4g", a.Observed, a.Expected)
	case a.Hours > day:
		seen = fmt.Sprintf("a slow change, %.4g over %d days where the weeks before make one expect %.4g", a.Observed,
			a.Hours/day, a.Expected)
	}
	name, low := strings.TrimSuffix(a.Series, ":"), a.Spreads < 0
	switch {
	case strings.HasPrefix(a.Series, seriesEvents) && low:
		return name + ": " + seen + ". See whether the tracker is still on the pages, and what the event debugger shows."
	case strings.HasPrefix(a.Series, seriesEvents):
		return name + ": " + seen + ". A campaign, an import, or a robot: the event debugger shows who sends them."
	case a.Series == seriesRejected || a.Series == seriesWarned:
		return name + ": " + seen + ". Data health lists the codes with examples."
	case strings.HasPrefix(a.Series, seriesRequests) && low:
		return name + ": " + seen + ". See whether the pages still ask for the placement."
	case strings.HasPrefix(a.Series, seriesClickRate) && low:
		return name + ": " + seen + ". Compare with the models and rules that changed since, and try the placement."
	case strings.HasPrefix(a.Series, seriesRevenue) && low:
		return name + ": " + seen + ". See whether orders still name their recommendations, and compare with the click " +
			"rate of the placement."
	case strings.HasPrefix(a.Series, seriesLatency):
		return name + ": " + seen + ", as a mean. See which part of answers takes the time: aisle_recommend_stage_seconds, and the " +
			"slow-request log."
	case strings.HasPrefix(a.Series, seriesModelAge):
		return fmt.Sprintf(
			"%s: %.0f hours old, where a new one has come after %.0f hours at most. See whether recomputes run, fail "+
				"or are refused by the gate.",
			name, a.Observed, a.Expected,
		)
	case strings.HasPrefix(a.Series, seriesEmpty):
		return name + ": " + seen + ". Explain an item that should be there: a filter or rule may leave nothing."
	case a.Series == seriesDegraded:
		return name + ": " + seen + ". The answers say which part could not help; /readyz of the services says why."
	case a.Series == seriesItems:
		return fmt.Sprintf(
			"%.0f products can be sold where there were %.0f in the week before. See the latest imports and changes of stock.", a.Observed,
			a.Expected,
		)
	case a.Series == seriesPrice:
		return fmt.Sprintf(
			"The median price is %.4g where it was %.4g in the week before. See whether the latest feed has another unit or currency.",
			a.Observed, a.Expected,
		)
	}
	return name + ": " + seen + "."
}
