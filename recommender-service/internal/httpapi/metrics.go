package httpapi

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones are named by the caller, and a slim machine has no list of them

	"github.com/aisle-rec/aisle/recommender-service/internal/figures"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Span is the time that figures are of.
type Span struct {
	From string `query:"from" maxLength:"40" doc:"First hour, RFC 3339, a date or epoch milliseconds; 7 days before the end when absent"`
	To   string `query:"to" maxLength:"40" doc:"Moment behind the last; now when absent"`
	Zone string `query:"timezone" maxLength:"64" doc:"IANA zone of dates, days and weeks; UTC when absent" example:"Australia/Sydney"`
}

// times reads a Span: from is before to, both as the text says, or the seven days until now. A
// date is its midnight in the zone. The first of the three that cannot be read is the error.
func (s Span) times(now time.Time) (from, to time.Time, zone *time.Location, err error) {
	wrong := func(parameter, code, detail string) {
		if err == nil { // a second time would only be compared with a wrong first one
			err = apierror.Invalid("The range is not possible.", apierror.FieldError{Parameter: parameter, Code: code, Detail: detail})
		}
	}
	zone, bad := time.LoadLocation(s.Zone)
	if bad != nil || s.Zone == "Local" {
		wrong("timezone", "invalid_value", strconv.Quote(s.Zone)+" is not the IANA name of a time zone, such as Australia/Sydney")
		zone = time.UTC
	}
	read := func(name, text string, otherwise time.Time) time.Time {
		if text == "" {
			return otherwise
		}
		if day, bad := time.ParseInLocation(time.DateOnly, text, zone); bad == nil {
			return day
		}
		t, bad := wire.ParseTime(text)
		if bad != nil {
			wrong(name, "invalid_time", bad.Error())
		}
		return t.Time
	}
	to = read("to", s.To, now)
	from = read("from", s.From, to.Add(-7*24*time.Hour))
	if err == nil && !from.Before(to) {
		wrong("from", "invalid_range", "is not before to")
	}
	return from, to, zone, err
}

type scenarioMetricsInput struct{ Span }

type scenarioMetricsOutput struct {
	Body recommenderapi.ScenariosMetrics
}

// scenarioMetrics answers one row for each scenario with what it did in a span, and with
// warnings about them.
func (a *API) scenarioMetrics(ctx context.Context, shop string, in *scenarioMetricsInput) (*scenarioMetricsOutput, error) {
	from, to, _, err := in.times(a.Now())
	if err != nil {
		return nil, err
	}
	report, err := a.Reporter.Scenarios(ctx, shop, from, to)
	return &scenarioMetricsOutput{report}, problem(err, "metrics", "")
}

type metricsInput struct {
	Span
	Interval string   `query:"interval" enum:"all,hour,day,week" default:"day"`
	GroupBy  []string `query:"group_by" maxItems:"5" doc:"scenario (when absent), experiment, rule, currency, channel; joined by commas"`
	Scenario string   `query:"scenario" maxLength:"64" doc:"Only of this one"`
}

type metricsOutput struct{ Body recommenderapi.MetricsTable }

// metrics answers a table with a row for each interval and each group that has figures.
func (a *API) metrics(ctx context.Context, shop string, in *metricsInput) (*metricsOutput, error) {
	from, to, zone, err := in.times(a.Now())
	if err != nil {
		return nil, err
	}
	groups := in.GroupBy
	if len(groups) == 0 {
		groups = []string{"scenario"}
	}
	for n, group := range groups {
		if !slices.Contains(figures.Groups(), group) || slices.Contains(groups[:n], group) {
			return nil, apierror.Invalid("The figures cannot be grouped so.", apierror.FieldError{
				Parameter: "group_by", Code: "unknown_group",
				Detail: strconv.Quote(group) + " is none, or named twice: use " + strings.Join(figures.Groups(), ", "),
			})
		}
	}
	if in.Scenario != "" {
		if _, ok := a.Scenarios.Find(shop, in.Scenario); !ok {
			return nil, a.noScenario(shop, in.Scenario)
		}
	}
	table, err := a.Reporter.Table(ctx, shop, figures.Query{
		From: from, To: to, Zone: zone, Interval: in.Interval, GroupBy: groups, Scenario: in.Scenario,
	})
	return &metricsOutput{table}, problem(err, "metrics", "")
}
