package visitors

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	g "maragu.dev/gomponents"

	"github.com/aisle-rec/aisle/console/internal/chart"
	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// healthData is the page of data health: what arrived in the last Days, 1 or 7, and what was
// wrong with it.
type healthData struct {
	Stats            profileapi.EventStats
	Days             int
	Rejected, Warned []codeCount
	RejectedTotal    int64
	Plot, LagPlot    g.Node // nil without events
	Sample           sample
	Robots           []profileapi.Robot // the latest verdicts
	Decide           bool               // the key may say otherwise
	Preparation      []similarityapi.PreparationStep
	PreparedBy       string // the model whose preparation is shown
	PreparedAt       wire.Time
}

// codeCount is how often something was wrong, with the latest example of it; Example is nil
// when none is kept. Type is the type of the event that the example was in.
type codeCount struct {
	Code    string
	Count   int64
	Example *profileapi.FieldError
	Type    string
}

// sample is what the latest events say about how the shop sends them.
type sample struct {
	Events                                int
	NoConsent, Anonymous, FromPage, Named float64 // shares, 0 to 1
}

// health shows what was received of late, and what is wrong with it: counts by code, charts, a
// sample of the latest events, robots, and what the preparation of the newest model left out.
func health(v *page.Visit) (any, error) {
	d := &healthData{Days: 1}
	if v.Text("days") == "7" {
		d.Days = 7
	}
	now := v.Now().UTC()
	stats, err := page.Get[profileapi.EventStats](v, v.Profile, "/v1/stats/events", url.Values{
		"from": {now.AddDate(0, 0, -d.Days).Format(time.RFC3339)},
	})
	if err != nil {
		return nil, err
	}
	d.Stats = stats
	verdicts := page.Optional[profileapi.Page[profileapi.Verdict]](v, v.Profile, "examples", "/v1/events/verdicts", nil)
	d.Rejected = byCode(stats.Total.Rejected, verdicts.Items, func(r profileapi.Verdict) []profileapi.FieldError { return r.Errors })
	d.Warned = byCode(stats.Total.Warned, verdicts.Items, func(r profileapi.Verdict) []profileapi.FieldError { return r.Warnings })
	for _, n := range stats.Total.Rejected {
		d.RejectedTotal += n
	}
	d.plots(now)
	latest := url.Values{"limit": {words.Whole(page.EventsRead)}}
	events := page.Optional[profileapi.Page[profileapi.StoredEvent]](v, v.Profile, "sample", "/v1/events", latest)
	d.Sample = sampleOf(events.Items)
	robots := page.Optional[profileapi.Page[profileapi.Robot]](v, v.Profile, "robots", "/v1/robots", url.Values{"limit": {"50"}})
	d.Robots, d.Decide = robots.Items, v.Who.Can(auth.ScopeUsersWrite)
	models := page.Optional[profileapi.Page[similarityapi.Model]](v, v.Similarity, "models", "/v1/models", nil)
	for _, m := range models.Items {
		if m.Preparation != nil {
			d.Preparation, d.PreparedBy, d.PreparedAt = m.Preparation.Steps, m.Version, m.CreatedAt
			break
		}
	}
	return d, nil
}

// byCode joins the counts with the latest example of each code, the most frequent first.
// verdicts are the newest first; fields takes the errors or the warnings of one.
func byCode(counts map[string]int64, verdicts []profileapi.Verdict, fields func(profileapi.Verdict) []profileapi.FieldError) []codeCount {
	var list []codeCount
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		one := codeCount{Code: code, Count: counts[code]}
		for _, verdict := range verdicts {
			for _, e := range fields(verdict) {
				if e.Code == code && one.Example == nil {
					one.Example, one.Type = &e, verdict.Type
				}
			}
		}
		list = append(list, one)
	}
	slices.SortStableFunc(list, func(a, b codeCount) int { return cmp.Compare(b.Count, a.Count) })
	return list
}

// plots draws events and lag by hour, up to the hour of now. An hour that the service has no
// row for is 0 rather than a gap: nothing came in. Without any event there are no plots.
func (d *healthData) plots(now time.Time) {
	accepted := chart.Plot{
		ID: "received", Title: "Events by hour", Unit: "events",
		Series: []chart.Series{{Name: "accepted"}, {Name: "rejected"}, {Name: "duplicates"}},
	}
	lag := chart.Plot{
		ID: "lag", Title: "Mean time from an event to its acknowledgement, by hour", Unit: "seconds", Series: []chart.Series{{Name: "lag"}},
	}
	byHour := map[time.Time]profileapi.HourStats{}
	for _, h := range d.Stats.Hours {
		byHour[h.Hour.UTC()] = h
	}
	for n := 24*d.Days - 1; n >= 0; n-- {
		hour := now.Truncate(time.Hour).Add(-time.Duration(n) * time.Hour)
		h := byHour[hour]
		var rejected int64
		for _, r := range h.Rejected {
			rejected += r
		}
		label := hour.Format("02. 15h")
		accepted.Labels, lag.Labels = append(accepted.Labels, label), append(lag.Labels, label)
		for k, value := range []int64{h.AcceptedTotal, rejected, h.Duplicates} {
			accepted.Series[k].Values = append(accepted.Series[k].Values, float64(value))
		}
		lag.Series[0].Values = append(lag.Series[0].Values, h.MeanLagSeconds)
	}
	inUnit(&lag)
	if d.Stats.Total.AcceptedTotal+d.RejectedTotal+d.Stats.Total.Duplicates > 0 {
		d.Plot, d.LagPlot = chart.Lines(accepted), chart.Lines(lag)
	}
}

// inUnit turns a plot of seconds into one of a unit that its largest value is read in: days
// from two days on, and so on; below two minutes it stays.
func inUnit(p *chart.Plot) {
	most := slices.Max(p.Series[0].Values)
	for _, unit := range []struct {
		name    string
		seconds float64
	}{{"days", 86400}, {"hours", 3600}, {"minutes", 60}} {
		if most < 2*unit.seconds {
			continue
		}
		p.Unit = unit.name
		for n := range p.Series[0].Values {
			p.Series[0].Values[n] /= unit.seconds
		}
		return
	}
}

// sampleOf counts the shares of events without consent, without a user, from pages, and with
// the id of the recommendation that led to them.
func sampleOf(events []profileapi.StoredEvent) sample {
	s := sample{Events: len(events)}
	if s.Events == 0 {
		return s
	}
	one := 1 / float64(s.Events)
	for _, e := range events {
		if !e.Consent.AllowsPersonalization() {
			s.NoConsent += one
		}
		if e.UserID == "" {
			s.Anonymous += one
		}
		if e.FromPage {
			s.FromPage += one
		}
		if e.RecommendationID != "" {
			s.Named += one
		}
	}
	return s
}

// debuggerData is the event debugger. Form has the event that was pasted, and Answer its
// verdict; nil for none.
type debuggerData struct {
	Item, User, Type string
	Types            []string
	Events           []profileapi.StoredEvent
	Verdicts         []profileapi.Verdict
	Form             form.Form
	Answer           *profileapi.EventsAnswer
	Paused           bool
}

// debugger shows the latest events as they arrive, those that were refused, and judges an event
// that is pasted. The script asks for the page again while it is not paused.
func debugger(v *page.Visit) (any, error) {
	d := &debuggerData{
		Item: v.Text("item"), User: v.Text("user"), Type: v.Text("type"), Paused: v.Text("paused") != "",
		Form: form.New(v.Form, nil, form.Fields("event")),
	}
	query := url.Values{"limit": {"30"}}
	for name, value := range map[string]string{"item_id": d.Item, "user_id": d.User, "type": d.Type} {
		if value != "" {
			query.Set(name, value)
		}
	}
	events, err := page.Get[profileapi.Page[profileapi.StoredEvent]](v, v.Profile, "/v1/events", query)
	if err != nil {
		return nil, err
	}
	d.Events = events.Items
	verdicts := page.Optional[profileapi.Page[profileapi.Verdict]](v, v.Profile, "verdicts", "/v1/events/verdicts", nil)
	d.Verdicts = verdicts.Items
	types := page.Optional[profileapi.EventTypes](v, v.Profile, "types", "/v1/events/types", nil)
	d.Types = types.Weights.Types()
	return d, nil
}

// judge asks POST /v1/events/validate for the verdict on an event that is not stored, and shows
// the debugger with it. A text that is no JSON is refused here, where the form can say how an
// event looks.
func judge(v *page.Visit) (any, error) {
	text := v.Text("event")
	var problem *apierror.Problem
	var answer *profileapi.EventsAnswer
	if !json.Valid([]byte(text)) {
		problem = apierror.Invalid("The event cannot be read.", apierror.FieldError{
			Pointer: "/event", Detail: `is no JSON: write it like {"type":"view_item","user_id":"ann","item_id":"A1"}`,
		})
	} else {
		a, err := page.Send[profileapi.EventsAnswer](v, v.Profile, http.MethodPost, "/v1/events/validate", json.RawMessage(text))
		if err != nil {
			problem = apierror.From(err)
		}
		answer = &a
	}
	shown, err := debugger(v)
	if err != nil {
		return nil, err
	}
	d := shown.(*debuggerData)
	d.Form, d.Answer = form.New(v.Form, problem, form.Fields("event")), answer
	if problem != nil {
		d.Answer = nil
	}
	return d, nil
}
