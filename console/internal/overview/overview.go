// Package overview has the pages that look at the shop as a whole: what comes in, what it is shown and what sells, and what is far from
// expected. Each page is a function from a visit to what it found; views.go and
// anomalyviews.go show it.
package overview

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"time"

	g "maragu.dev/gomponents"

	"github.com/aisle-rec/aisle/console/internal/chart"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Pages are the pages that look at the shop as a whole.
func Pages() []page.Page {
	return []page.Page{
		{
			Pattern: "GET /{$}", Title: "Overview", Handle: overview,
			Lead: "What the shop sends, what it is shown, and what sells.",
		},
		{
			Pattern: "GET /anomalies", Title: "Anomalies", Handle: anomalies,
			Lead: "Figures that are far from what the shop's own weeks before make one expect.",
		},
		{Pattern: "GET /anomalies/series", Title: "Series", Below: true, Handle: series},
	}
}

// From these shares on, between 0 and 1, the overview warns. They are about how a shop is
// connected and not about its trade, which the anomalies watch.
const (
	manyDegraded = .05
	manyUnknown  = .05
	manyRejected = .02
)

// count is a number of something named.
type count struct {
	Name  string
	Count int64
	Rate  float64 // a minute, over the time that was counted
}

// overviewData is the overview. A part that could not be read is empty and has a note: the page
// is shown while any service is away.
type overviewData struct {
	Traffic   *traffic
	Types     []count
	EventPlot g.Node
	Scenarios []scenarioRow
	Anomalies []string
	Detected  []recommenderapi.Anomaly // that are open, the latest first
	ClickPlot g.Node
	Revenue   []amount

	RevenuePlot g.Node
	PerSecond   float64 // answers, in the last hour
	ClickRate   float64
	Money       []recommenderapi.MetricsRow
	Days        []recommenderapi.MetricsRow
	Answers     int64
	// Personal and Degraded are shares: of the shown items that were chosen for the visitor or
	// the visit, and of the answers that lacked a service.
	Personal float64
	Degraded float64
	Models   []similarityapi.Model
	// Live and Refused are versions of Models; Damaged are live ones that cannot be read.
	Live    []similarityapi.Model
	Refused []similarityapi.Model
	Damaged []similarityapi.ModelFallback
	Jobs    []similarityapi.Job
}

// amount is money in one currency.
type amount struct {
	Currency string
	Amount   float64
}

// scenarioRow is a placement's figures with two shares that the table shows.
type scenarioRow struct {
	recommenderapi.ScenarioMetrics
	Personal, DegradedShare float64
}

// overview reads nine parts one after another: events of a day, figures of two weeks, answers
// of the last hour, open anomalies, models and jobs. It never fails.
func overview(v *page.Visit) (any, error) {
	d := &overviewData{}
	now := v.Now().UTC()
	stats, err := page.Get[profileapi.EventStats](v, v.Profile, "/v1/stats/events", url.Values{
		"from": {now.Add(-24 * time.Hour).Format(time.RFC3339)},
	})
	if v.Part("events", err); err == nil {
		d.received(&stats)
		d.events(trafficOf(v, &stats, now), now)
	}
	weekAgo := url.Values{"from": {now.AddDate(0, 0, -14).Truncate(24 * time.Hour).Format(time.RFC3339)}}
	anomalies := page.Optional[profileapi.Page[recommenderapi.Anomaly]](v, v.Recommender, "anomalies", "/v1/anomalies",
		url.Values{"open": {"true"}, "limit": {"5"}})
	d.Detected = anomalies.Items
	metrics, err := page.Get[recommenderapi.ScenariosMetrics](v, v.Recommender, "/v1/metrics/scenarios", weekAgo)
	if v.Part("figures of placements", err); err == nil {
		d.placements(metrics)
	}
	weekAgo.Set("interval", "day")
	weekAgo.Set("group_by", "scenario")
	days, err := page.Get[recommenderapi.MetricsTable](v, v.Recommender, "/v1/metrics", weekAgo)
	if v.Part("figures of days", err); err == nil {
		d.Days, d.ClickPlot = days.Rows, clickPlot(days.Rows, lastDays(now))
	}
	weekAgo.Set("group_by", "scenario,currency")
	money := page.Optional[recommenderapi.MetricsTable](v, v.Recommender, "revenue", "/v1/metrics", weekAgo)
	d.Money, d.RevenuePlot = money.Rows, revenuePlot(money.Rows, lastDays(now))
	hour := page.Optional[recommenderapi.MetricsTable](v, v.Recommender, "answers of the last hour", "/v1/metrics", url.Values{
		"from": {now.Add(-time.Hour).Format(time.RFC3339)}, "interval": {"all"},
	})
	for _, row := range hour.Rows {
		d.PerSecond += float64(row.Requests) / 3600
	}
	live := page.Optional[similarityapi.LiveModels](v, v.Similarity, "live models", "/v1/models/live", nil)
	d.Damaged = live.Degraded
	models := page.Optional[profileapi.Page[similarityapi.Model]](v, v.Similarity, "models", "/v1/models", nil)
	for _, m := range models.Items {
		switch {
		case live.Live[m.Relation] == m.Version:
			d.Live = append(d.Live, m)
		case m.State == "rejected":
			d.Refused = append(d.Refused, m)
		}
	}
	d.Refused = d.Refused[:min(len(d.Refused), 5)]
	jobs := page.Optional[profileapi.Page[similarityapi.Job]](v, v.Similarity, "jobs", "/v1/jobs", url.Values{"limit": {"5"}})
	d.Jobs = jobs.Items
	return d, nil
}

// received warns of many events that were refused or that name unknown items.
func (d *overviewData) received(stats *profileapi.EventStats) {
	var rejected int64
	for _, n := range stats.Total.Rejected {
		rejected += n
	}
	if part := share(rejected, rejected+stats.Total.AcceptedTotal); part > manyRejected {
		d.Anomalies = append(d.Anomalies, words.Percent(part)+" of the events of the last day were refused: data health says why.")
	}
	if stats.UnknownItemShare > manyUnknown {
		d.Anomalies = append(
			d.Anomalies, words.Percent(stats.UnknownItemShare)+" of the latest event lines name items that are not in the catalogue.",
		)
	}
}

// events counts those of the last day by type and per minute, and draws them by hour, the hour of now last.
func (d *overviewData) events(t *traffic, now time.Time) {
	d.Traffic = t
	for _, name := range slices.Sorted(maps.Keys(t.byType)) {
		n := t.byType[name]
		d.Types = append(d.Types, count{Name: name, Count: n, Rate: float64(n) / (24 * 60)})
	}
	slices.SortStableFunc(d.Types, func(a, b count) int { return cmp.Compare(b.Count, a.Count) })
	plot := chart.Plot{
		ID: "events", Title: "Events a minute, by hour of the last day", Unit: "events a minute", Series: []chart.Series{{Name: "all"}},
	}
	for n := 23; n >= 0; n-- {
		hour := now.Add(-time.Duration(n) * time.Hour).Truncate(time.Hour)
		plot.Labels = append(plot.Labels, hour.Format("02. 15h"))
		plot.Series[0].Values = append(plot.Series[0].Values, float64(t.byHour[hour])/60)
	}
	if t.total > 0 {
		d.EventPlot = chart.Bars(plot)
	}
}

// placements sums the figures of all placements, revenue by currency, and warns of those whose
// answers often lack a service.
func (d *overviewData) placements(m recommenderapi.ScenariosMetrics) {
	d.Anomalies = append(d.Anomalies, m.Warnings...)
	revenue := map[string]float64{}
	var degraded, shown, clicks int64
	personal := 0.0
	for _, s := range m.Scenarios {
		row := scenarioRow{
			ScenarioMetrics: s, Personal: s.TierShare["personal"] + s.TierShare["session"], DegradedShare: share(s.Degraded, s.Requests),
		}
		d.Scenarios = append(d.Scenarios, row)
		d.Answers, degraded, shown = d.Answers+s.Requests, degraded+s.Degraded, shown+s.Impressions
		// Weighted by what was shown: a busy placement counts more.
		personal += row.Personal * float64(s.Impressions)
		clicks += s.Clicks
		for currency, value := range s.Revenues {
			revenue[currency] += value
		}
		// Of a few answers a single one would be a large share.
		if row.DegradedShare > manyDegraded && s.Requests > 100 {
			d.Anomalies = append(
				d.Anomalies,
				s.Scenario+": "+words.Percent(row.DegradedShare)+" of its answers lacked a service; readyz of the services says which.",
			)
		}
	}
	d.ClickRate = share(clicks, shown)
	for _, currency := range slices.Sorted(maps.Keys(revenue)) {
		d.Revenue = append(d.Revenue, amount{currency, revenue[currency]})
	}
	d.Degraded = share(degraded, d.Answers)
	if shown > 0 {
		d.Personal = personal / float64(shown)
	}
}

// share is part of whole between 0 and 1; 0 when there is no whole.
func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// lastDays are the labels of the last 14 days and of today, the oldest first: "11-16" to
// "11-30".
func lastDays(now time.Time) []string {
	var days []string
	for n := 14; n >= 0; n-- {
		days = append(days, now.AddDate(0, 0, -n).Format("01-02"))
	}
	return days
}

// clickPlot draws the click rates of the four placements that showed most, by day. nil without
// figures.
func clickPlot(rows []recommenderapi.MetricsRow, days []string) g.Node {
	total, byDay := map[string]int64{}, map[string]map[string]float64{}
	for _, r := range rows {
		day := r.At.Format("01-02")
		if byDay[day] == nil {
			byDay[day] = map[string]float64{}
		}
		total[r.Scenario] += r.Impressions
		byDay[day][r.Scenario] = 100 * share(r.Clicks, r.Impressions)
	}
	if len(total) == 0 {
		return nil
	}
	names := slices.SortedFunc(
		maps.Keys(total), func(a, b string) int { return cmp.Or(cmp.Compare(total[b], total[a]), cmp.Compare(a, b)) },
	)
	plot := chart.Plot{ID: "clicks", Title: "Click rate by day", Unit: "clicks per 100 items shown", Labels: days}
	for _, name := range names[:min(4, len(names))] {
		line := chart.Series{Name: name}
		for _, day := range plot.Labels {
			line.Values = append(line.Values, byDay[day][name])
		}
		plot.Series = append(plot.Series, line)
	}
	return chart.Lines(plot)
}

// revenuePlot draws the attributed revenue by day, over all placements, a line for each
// currency: amounts of several currencies are never added. nil without any.
func revenuePlot(rows []recommenderapi.MetricsRow, days []string) g.Node {
	byDay := map[string]map[string]float64{}
	var currencies []string
	for _, r := range rows {
		if r.Currency == "" {
			continue
		}
		day := r.At.Format("01-02")
		if byDay[day] == nil {
			byDay[day] = map[string]float64{}
		}
		byDay[day][r.Currency] += r.Revenue
		currencies = append(currencies, r.Currency)
	}
	plot := chart.Plot{ID: "revenue", Title: "Attributed revenue by day", Unit: "in each currency", Labels: days}
	if len(byDay) == 0 {
		return nil
	}
	for _, currency := range words.Unique(currencies) {
		line := chart.Series{Name: currency}
		for _, day := range plot.Labels {
			line.Values = append(line.Values, byDay[day][currency])
		}
		plot.Series = append(plot.Series, line)
	}
	return chart.Lines(plot)
}
