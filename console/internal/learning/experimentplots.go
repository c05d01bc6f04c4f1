package learning

import (
	"math"
	"net/url"
	"slices"

	g "maragu.dev/gomponents"

	"github.com/aisle-rec/aisle/console/internal/chart"
	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// The usual two-sided level of 5 % and power of 80 %, as quantiles of the normal distribution.
const (
	levelZ = 1.959964
	powerZ = 0.841621
)

// sampleSize says how many visitors a comparison needs. Form has what was typed.
type sampleSize struct {
	Form   form.Form
	PerArm int64   // 0: not asked for
	Days   float64 // with so many visitors a day; 0: not asked for
}

// newSampleSize computes how many visitors each arm needs to find a relative change of effect
// in a rate, both in per cent, with 80 % power at a level of 5 %: n =
// (z₀.₉₇₅+z₀.₈)²·(p(1−p)+q(1−q))/(q−p)², the two-sample test of proportions, with p the rate
// and q the changed one. visitors are those of a day, over arms arms (2 when less). The zero
// value comes back when a rate is not strictly between 0 and 1 or does not change, and so for
// an empty form.
func newSampleSize(rate, effect, visitors float64, arms int) sampleSize {
	p := rate / 100
	q := p * (1 + effect/100)
	if !(p > 0 && p < 1 && q > 0 && q < 1 && q != p) {
		return sampleSize{}
	}
	n := math.Ceil((levelZ + powerZ) * (levelZ + powerZ) * (p*(1-p) + q*(1-q)) / ((q - p) * (q - p)))
	s := sampleSize{PerArm: int64(n)}
	if visitors > 0 {
		s.Days = n * float64(max(arms, 2)) / visitors
	}
	return s
}

// differences draws how far each arm is from the control in the share of visitors who bought,
// in percentage points. The control has no difference and is left out.
func differences(r recommenderapi.ExperimentResults) g.Node {
	p := chart.Plot{
		ID: "differences", Title: "Difference to the control in visitors who bought, with 95 % intervals", Unit: "percentage points",
		Series: []chart.Series{{Name: "difference"}},
	}
	for _, a := range r.Arms {
		if a.ConversionRateDiff == nil {
			continue
		}
		p.Labels = append(p.Labels, a.Arm)
		s := &p.Series[0]
		s.Values, s.Low, s.High = append(
			s.Values, 100*a.ConversionRateDiff.Value,
		), append(s.Low, 100*a.ConversionRateDiff.Low), append(s.High, 100*a.ConversionRateDiff.High)
	}
	return chart.Lines(p)
}

// overTime draws the click rate of each arm from the beginning to each day, with a 95 %
// interval of the normal distribution. It reads the figures of all experiments of the shop in
// one call, and notes a failure. A day before an arm showed anything is a gap.
func overTime(v *page.Visit, x *recommenderapi.Experiment) g.Node {
	table := page.Optional[recommenderapi.MetricsTable](v, v.Recommender, "click rates over time", "/v1/metrics", url.Values{
		"interval": {"day"}, "group_by": {"experiment"},
	})
	var days []string
	clicks, shown := map[string]map[string]int64{}, map[string]map[string]int64{}
	for _, row := range table.Rows {
		if row.ExperimentID != x.ExperimentID {
			continue
		}
		day := row.At.UTC().Format("01-02")
		if !slices.Contains(days, day) {
			days = append(days, day)
		}
		if clicks[row.Arm] == nil {
			clicks[row.Arm], shown[row.Arm] = map[string]int64{}, map[string]int64{}
		}
		clicks[row.Arm][day] += row.Clicks
		shown[row.Arm][day] += row.Impressions
	}
	p := chart.Plot{
		ID: "over-time", Title: "Click rate from the beginning to each day, with 95 % intervals", Unit: "clicks per 100 items shown",
		Labels: days,
	}
	for _, arm := range x.Arms {
		line := chart.Series{Name: arm.Name}
		var c, n int64
		for _, day := range days {
			c, n = c+clicks[arm.Name][day], n+shown[arm.Name][day]
			rate := math.NaN()
			half := rate
			if n > 0 {
				rate = float64(c) / float64(n)
				half = levelZ * math.Sqrt(max(rate*(1-rate), 0)/float64(n))
			}
			line.Values, line.Low, line.High = append(line.Values, 100*rate), append(
				line.Low, 100*max(rate-half, 0),
			), append(line.High, 100*(rate+half))
		}
		p.Series = append(p.Series, line)
	}
	return chart.Lines(p)
}
