package figures

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/experiment"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Reports is the port to the stored counts.
type Reports interface {
	Sums(ctx context.Context, shop string, fromMs, toMs int64) ([]store.Sum, error)
	SumsPer(ctx context.Context, shop string, fromMs, toMs, everyMs int64) ([]store.Sum, error)
	Shown(ctx context.Context, shop string, fromMs, toMs int64) (map[string]int, error)
	ExperimentTotals(ctx context.Context, shop, experiment string) ([]store.ArmTotals, error)
}

// Reporter makes reports from stored counts. It keeps nothing: every report reads the sums
// anew.
type Reporter struct {
	Store Reports
	Items func(shop string) int // size of the catalogue
}

// Scenarios reports on every scenario that answered in [from, to), whole hours, in order of id.
// Coverage is the share of the catalogue that a scenario showed, of whole days. It costs two
// statements.
func (r *Reporter) Scenarios(ctx context.Context, shop string, from, to time.Time) (api.ScenariosMetrics, error) {
	fromMs, toMs := hourOf(from), to.UnixMilli()
	sums, err := r.Store.Sums(ctx, shop, fromMs, toMs)
	if err != nil {
		return api.ScenariosMetrics{}, err
	}
	shown, err := r.Store.Shown(ctx, shop, dayOf(from), toMs)
	if err != nil {
		return api.ScenariosMetrics{}, err
	}
	by := map[string]*totals{}
	for _, s := range sums {
		t := by[s.Scenario]
		if t == nil {
			t = &totals{}
			by[s.Scenario] = t
		}
		t.add(s.Metric, s.Value)
	}
	warnings := warningsOf(sums)
	delete(by, "") // what names no answer is no scenario's
	out := api.ScenariosMetrics{From: wire.TimeOf(from), To: wire.TimeOf(to), Scenarios: []api.ScenarioMetrics{}, MetricsWarnings: warnings}
	items := float64(max(1, r.Items(shop)))
	for id, t := range by {
		m := t.scenario(id)
		m.CoverageItems = shown[id]
		m.Coverage = min(1, float64(m.CoverageItems)/items)
		out.Scenarios = append(out.Scenarios, m)
	}
	slices.SortFunc(out.Scenarios, func(a, b api.ScenarioMetrics) int { return cmp.Compare(a.Scenario, b.Scenario) })
	return out, nil
}

// totals are sums by metric; the zero value is empty.
type totals struct {
	values map[string]float64
}

// add adds to a metric.
func (t *totals) add(metric string, v float64) {
	if t.values == nil {
		t.values = map[string]float64{}
	}
	t.values[metric] += v
}

// count is a metric that is a number of things.
func (t *totals) count(metric string) int64 { return int64(t.values[metric]) }

// per is a metric for each of another; 0 when there was none of it.
func (t *totals) per(metric, of string) float64 {
	if t.values[of] == 0 {
		return 0
	}
	return t.values[metric] / t.values[of]
}

// scenario turns the sums of a scenario into its figures, all but coverage.
func (t *totals) scenario(id string) api.ScenarioMetrics {
	m := api.ScenarioMetrics{
		Scenario: id, Requests: t.count(Requests), Empty: t.count(Empty), Degraded: t.count(Degraded), Impressions: t.count(Impressions),
		Clicks: t.count(Clicks), Adds: t.count(Adds), OrderLines: t.count(OrderLines), Revenue: t.values[Revenue], Orders: t.count(Orders),
		Refunded: t.values[Refunded], Unverified: t.count(Unverified), NotInList: t.count(NotInList), Revenues: map[string]float64{},
		ClickRate: t.per(Clicks, Impressions), ConversionRate: t.per(OrderLines, Clicks), MeanLatencyMS: t.per(LatencyMS, Requests),
		TierShare: map[string]float64{},
	}
	for name := range t.values {
		if tier, ok := strings.CutPrefix(name, tierPrefix); ok {
			m.TierShare[tier] = t.per(name, Impressions)
		}
		if currency, ok := strings.CutPrefix(name, RevenuePrefix); ok && currency != "" {
			m.Revenues[currency] = t.values[name]
		}
	}
	return m
}

// Experiment reports on an experiment: package experiment judges the arms by their visitors,
// and latency, failures and shadows come from the hours. It sums all hours that the shop has,
// since an experiment may be of any age.
func (r *Reporter) Experiment(ctx context.Context, shop string, x *api.Experiment, now time.Time) (api.ExperimentResults, error) {
	arms, err := r.Store.ExperimentTotals(ctx, shop, x.ExperimentID)
	if err != nil {
		return api.ExperimentResults{}, err
	}
	sums, err := r.Store.Sums(ctx, shop, 0, now.Add(time.Hour).UnixMilli())
	if err != nil {
		return api.ExperimentResults{}, err
	}
	by := map[string]*totals{}
	for _, s := range sums {
		if s.Experiment == x.ExperimentID {
			if by[s.Arm] == nil {
				by[s.Arm] = &totals{}
			}
			by[s.Arm].add(s.Metric, s.Value)
		}
	}
	out := experiment.Judge(x, arms)
	for n := range out.Arms {
		t := by[out.Arms[n].Arm]
		if t == nil {
			continue
		}
		out.Arms[n].MeanLatencyMS, out.Arms[n].DegradedShare, out.Arms[n].EmptyShare = t.per(LatencyMS, Requests),
			t.per(Degraded, Requests), t.per(Empty, Requests)
		if t.values[Shadows] > 0 {
			overlap := t.per(Overlap, Shadows)
			out.Arms[n].ShadowOverlap = &overlap
		}
	}
	return out, nil
}
