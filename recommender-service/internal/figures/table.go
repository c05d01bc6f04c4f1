package figures

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Groups lists what the figures of a table can be told apart by.
func Groups() []string { return []string{"scenario", "experiment", "rule", "currency", "channel"} }

// Query says which figures are wanted: of the hours in [From, To), an Interval of "all",
// "hour", "day" or "week", and GroupBy some of Groups.
type Query struct {
	From, To time.Time
	Zone     *time.Location // of days and weeks; nil for UTC
	Interval string
	GroupBy  []string
	Scenario string // "" for all
}

// Table makes a table of figures, in order of time, scenario, arm, rule, currency and channel.
// Intervals and groups without any figure have no row. It is one statement, of hours or of
// days, from which weeks are added up; days of a zone are added up from hours.
func (r *Reporter) Table(ctx context.Context, shop string, q Query) (api.MetricsTable, error) {
	step, from := time.Hour, hourOf(q.From)
	if q.Interval == "day" || q.Interval == "week" {
		step = 24 * time.Hour
	}
	if q.zoned() {
		step = time.Hour
		if from < q.From.UnixMilli() { // the day of a zone that begins within an hour: that hour is of the day before
			from += time.Hour.Milliseconds()
		}
	}
	sums, err := r.Store.SumsPer(ctx, shop, from, q.To.UnixMilli(), step.Milliseconds())
	if err != nil {
		return api.MetricsTable{}, err
	}
	rows := map[string]*api.MetricsRow{}
	for n := range sums {
		q.count(rows, &sums[n])
	}
	out := api.MetricsTable{
		From: wire.TimeOf(q.From), To: wire.TimeOf(q.To), Interval: q.Interval, GroupBy: q.GroupBy, Rows: []api.MetricsRow{},
		MetricsWarnings: warningsOf(sums),
	}
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		out.Rows = append(out.Rows, *rows[key])
	}
	return out, nil
}

// count adds a sum to the row of its group. What came through a channel is counted under all as well, from whose row it is taken then.
func (q *Query) count(rows map[string]*api.MetricsRow, s *store.Sum) {
	if s.Scenario == "" || q.Scenario != "" && q.Scenario != s.Scenario {
		return
	}
	channel, metric := ofChannel(s.Metric)
	if channel == "" {
		q.countIn(rows, "", s, metric, s.Value)
	} else if q.by("channel") {
		q.countIn(rows, channel, s, metric, s.Value)
		q.countIn(rows, "", s, metric, -s.Value)
	}
}

// countIn adds a value to the row of a channel. Metrics of rules count only in tables by rule,
// and the currencies of revenue only in tables by currency: otherwise they would be counted
// beside the metric of all.
func (q *Query) countIn(rows map[string]*api.MetricsRow, channel string, s *store.Sum, metric string, v float64) {
	rule, metric, ofRule := ofRule(metric)
	if ofRule != q.by("rule") {
		return
	}
	row := api.MetricsRow{Rule: rule, Channel: channel}
	if currency, ok := strings.CutPrefix(metric, RevenuePrefix); ok != q.by("currency") {
		return
	} else if ok {
		row.Currency, metric = currency, Revenue
	}
	if q.Interval != "all" {
		begin := q.begin(s.AtMs)
		row.At = wire.TimeOf(begin)
		if q.Interval != "hour" {
			row.Day = begin.Format(time.DateOnly)
		}
	}
	if q.by("scenario") {
		row.Scenario = s.Scenario
	}
	if q.by("experiment") {
		row.ExperimentID, row.Arm = s.Experiment, s.Arm
	}
	key := strings.Join(
		[]string{fmt.Sprintf("%020d", row.At.UnixMilli()), row.Scenario, row.ExperimentID, row.Arm, row.Rule, row.Currency,
			row.Channel}, "\n",
	)
	if rows[key] == nil {
		rows[key] = &row
	}
	add(rows[key], metric, v)
}

// by reports whether figures are told apart by a group.
func (q *Query) by(group string) bool { return slices.Contains(q.GroupBy, group) }

// zoned reports whether days and weeks are those of a zone other than UTC.
func (q *Query) zoned() bool {
	return (q.Interval == "day" || q.Interval == "week") && q.Zone != nil && q.Zone != time.UTC
}

// begin returns when the interval of an hour or day began, in its zone; weeks begin on Mondays. An hour belongs to the day in which it
// begins, also where midnight is within it.
func (q *Query) begin(atMs int64) time.Time {
	at := time.UnixMilli(atMs).UTC()
	if q.Interval != "day" && q.Interval != "week" {
		return at
	}
	if q.zoned() {
		at = at.In(q.Zone)
	}
	day := at.Day()
	if q.Interval == "week" {
		day -= (int(at.Weekday()) + 6) % 7
	}
	return time.Date(at.Year(), at.Month(), day, 0, 0, 0, 0, at.Location())
}

// add adds a value to the field of a metric; a metric without a field is not in tables.
func add(row *api.MetricsRow, metric string, v float64) {
	for name, field := range map[string]*int64{
		Requests: &row.Requests, Empty: &row.Empty, Degraded: &row.Degraded, Impressions: &row.Impressions, Clicks: &row.Clicks,
		Adds: &row.Adds, Orders: &row.Orders,
		OrderLines: &row.OrderLines, Unverified: &row.Unverified, NotInList: &row.NotInList,
	} {
		if name == metric {
			*field += int64(v)
		}
	}
	switch metric {
	case Revenue:
		row.Revenue += v
	case Refunded:
		row.Refunded += v
	}
}

// warningsOf says what the events of a shop name that cannot be counted.
func warningsOf(sums []store.Sum) (w api.MetricsWarnings) {
	apart := map[string]float64{}
	for n := range sums {
		switch sums[n].Metric {
		case UnknownRecommendation:
			w.UnknownRecommendations += int64(sums[n].Value)
		case Unverified, NotInList:
			apart[sums[n].Metric] += sums[n].Value
		}
	}
	say := func(n float64, text string) {
		if n > 0 {
			w.Warnings = append(w.Warnings, fmt.Sprintf(text, int64(n)))
		}
	}
	say(
		float64(w.UnknownRecommendations),
		"%d events name a recommendation_id that is none of an answer: send back the recommendation_id of the answer as it was.",
	)
	say(
		apart[NotInList],
		"%d events name an item that the answer of their recommendation_id did not show: send the recommendation_id "+
			"only with items of its list.",
	)
	say(
		apart[Unverified],
		"%d events name an answer of which is not known any more what it showed: it is too old, was a test, or was not kept.",
	)
	return w
}
