package overview

import (
	"net/url"
	"slices"
	"strings"

	g "maragu.dev/gomponents"

	"github.com/aisle-rec/aisle/console/internal/chart"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/view"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// charted is how many open anomalies the page draws. A chart reads four weeks of hours; the
// others are a click away.
const charted = 6

// look is a window that a series is drawn with, and how far back: {24, 28} is a point a day for
// four weeks.
type look struct{ Hours, Days int64 }

// looks are the windows that a person can choose from, the longest first; each gives 28 to 72
// points.
func looks() []look { return []look{{24, 28}, {6, 14}, {1, 3}} }

// anomaliesData is the page of anomalies: those that are open, those that have ended, and all
// that is watched.
type anomaliesData struct {
	Open, Closed []anomalyRow
	Watched      []watchedRow
	Learning     int // series that have no baseline yet
}

// anomalyRow is an anomaly with its picture and what to do about it. Counts says what the
// figure is ("count", "share", "mean" or "level"), on which its text depends; it is empty when
// the list of series could not be read.
type anomalyRow struct {
	recommenderapi.Anomaly
	Counts string
	Plot   g.Node
	Next   onward
}

// onward is a page on which to go on, with the words of the link to it; Path is as view.Link takes it.
type onward struct{ Path, Text string }

// watchedRow is a series with its longest window that has a baseline.
type watchedRow struct {
	recommenderapi.AnomalySeries
	Window recommenderapi.AnomalyWindow
	Open   bool
}

// anomalies shows what is and what was far from expected, and everything that is watched. It
// makes up to three calls: the records, without which there is no page, the series, and the
// points of those it draws.
func anomalies(v *page.Visit) (any, error) {
	found, err := page.Get[profileapi.Page[recommenderapi.Anomaly]](v, v.Recommender, "/v1/anomalies", url.Values{"limit": {"100"}})
	if err != nil {
		return nil, err
	}
	watched := page.Optional[profileapi.Page[recommenderapi.AnomalySeries]](v, v.Recommender, "what is watched",
		"/v1/anomalies/series", nil)
	counts := map[string]string{}
	for n := range watched.Items {
		counts[watched.Items[n].Series] = watched.Items[n].Counts
	}
	d := &anomaliesData{}
	var open []string
	for _, a := range found.Items {
		row := anomalyRow{Anomaly: a, Counts: counts[a.Series], Next: nextOf(a.Series)}
		if !a.ClosedAt.IsZero() {
			d.Closed = append(d.Closed, row)
			continue
		}
		d.Open = append(d.Open, row)
		open = append(open, a.Series)
	}
	d.watched(watched.Items, open)
	d.draw(v, open[:min(charted, len(open))])
	return d, nil
}

// watched lists the series; those that are far from expected come first, the others in the
// order of the service. Of each it takes the last window that has a baseline, or any while none
// has.
func (d *anomaliesData) watched(list []recommenderapi.AnomalySeries, open []string) {
	for _, s := range list {
		row := watchedRow{AnomalySeries: s, Open: slices.Contains(open, s.Series)}
		for _, w := range s.Windows {
			if w.Expected != nil || row.Window.Expected == nil {
				row.Window = w
			}
		}
		if row.Window.Expected == nil {
			d.Learning++
		}
		d.Watched = append(d.Watched, row)
	}
	slices.SortStableFunc(d.Watched, func(a, b watchedRow) int {
		switch {
		case a.Open == b.Open:
			return 0
		case a.Open:
			return -1
		}
		return 1
	})
}

// draw draws the series that are far from expected, with one call for all of them. Of several
// open records of a series the first gets the chart.
func (d *anomaliesData) draw(v *page.Visit, names []string) {
	if len(names) == 0 {
		return
	}
	l := looks()[0]
	list, err := seriesOf(v, l, names...)
	v.Part("charts", err)
	for _, s := range list {
		for n := range d.Open {
			if d.Open[n].Series == s.Series && d.Open[n].Plot == nil {
				d.Open[n].Plot = seriesPlot(&s, l)
				break
			}
		}
	}
}

// seriesOf reads series with their points, one for each hour; a name that is not watched is
// left out.
func seriesOf(v *page.Visit, l look, names ...string) ([]recommenderapi.AnomalySeries, error) {
	found, err := page.Get[profileapi.Page[recommenderapi.AnomalySeries]](v, v.Recommender, "/v1/anomalies/series", url.Values{
		"series": names, "window": {words.Whole(l.Hours)}, "days": {words.Whole(l.Days)},
	})
	return found.Items, err
}

// seriesData is the page of one series. Look is the window that it is drawn with.
type seriesData struct {
	recommenderapi.AnomalySeries
	Look    look
	Looks   []look
	Plot    g.Node
	Points  []recommenderapi.AnomalyPoint // that are drawn, the latest first
	Records []recommenderapi.Anomaly
	Next    onward
}

// Heading implements the page's title.
func (d *seriesData) Heading() string { return d.Series }

// series shows the steps by which a series is judged, from the hours that came in to the records.
func series(v *page.Visit) (any, error) {
	name := v.Text("series")
	d := &seriesData{Looks: looks(), Look: looks()[0], Next: nextOf(name)}
	for _, l := range d.Looks {
		if words.Whole(l.Hours) == v.Text("window") {
			d.Look = l
		}
	}
	list, err := seriesOf(v, d.Look, name)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, apierror.NotFound("series", name)
	}
	d.AnomalySeries = list[0]
	if len(d.AnomalySeries.Points) == 0 { // it is younger than the window
		d.Look = d.Looks[len(d.Looks)-1]
		if list, err = seriesOf(v, d.Look, name); err == nil && len(list) > 0 {
			d.AnomalySeries = list[0]
		}
		v.Part("the hours", err)
	}
	d.Plot = seriesPlot(&d.AnomalySeries, d.Look)
	d.Points = apart(d.AnomalySeries.Points, d.Look)
	slices.Reverse(d.Points)
	found := page.Optional[profileapi.Page[recommenderapi.Anomaly]](v, v.Recommender, "records",
		"/v1/anomalies", url.Values{"limit": {"500"}})
	for _, a := range found.Items {
		if a.Series == name {
			d.Records = append(d.Records, a)
		}
	}
	return d, nil
}

// apart returns the points whose windows do not overlap, counted from the last, in order of
// time. There is a point for each hour, whose window reaches l.Hours back: drawn all, each hour
// would count many times.
func apart(points []recommenderapi.AnomalyPoint, l look) (list []recommenderapi.AnomalyPoint) {
	for n := len(points) - 1; n >= 0; n -= int(l.Hours) {
		list = append(list, points[n])
	}
	slices.Reverse(list)
	return list
}

// seriesPlot draws what was seen and what was expected, with the band outside of which it is an
// anomaly. Hours without a figure are gaps.
func seriesPlot(s *recommenderapi.AnomalySeries, l look) g.Node {
	scale, unit := 1., map[string]string{"count": "in the window", "share": "%", "mean": "mean",
		"level": "at the end of the hour"}[s.Counts]
	if s.Counts == "share" {
		scale = 100
	}
	plot := chart.Plot{ID: "series-" + s.Series, Title: s.Series + " in windows of " + hoursText(l.Hours), Unit: unit,
		Series: []chart.Series{
			{Name: "seen"}, {Name: "expected", Band: true},
		}}
	seen, expected := &plot.Series[0], &plot.Series[1]
	for _, p := range apart(s.Points, l) {
		at := p.At.UTC().Format("01-02")
		if l.Hours < 24 {
			at = p.At.UTC().Format("02. 15h")
		}
		plot.Labels = append(plot.Labels, at)
		for _, to := range []struct {
			list *[]float64
			v    *float64
		}{{&seen.Values, p.Observed}, {&expected.Values, p.Expected}, {&expected.Low, p.Low}, {&expected.High, p.High}} {
			*to.list = append(*to.list, scale*chart.OrGap(to.v))
		}
	}
	return chart.Lines(plot)
}

// hoursText writes a window's length.
func hoursText(hours int64) string {
	if hours == 1 {
		return "an hour"
	}
	return words.Whole(hours) + " hours"
}

// figureText writes a value of a series: a share in per cent, others as they are; a dash for nil.
func figureText(counts string, v *float64) string {
	switch {
	case v == nil:
		return view.None
	case counts == "share":
		return words.Percent(*v)
	}
	return words.Number(*v)
}

// nextOf names the page on which to go on with a series. The name of a series is its kind and,
// behind a colon, what it is of: "click_rate:home.for_you", "events:purchase",
// "revenue:home.for_you:EUR".
func nextOf(series string) onward {
	name, of, _ := strings.Cut(series, ":")
	switch name {
	case "events":
		return onward{"/debugger?type=" + url.QueryEscape(of), "See who sends them in the event debugger"}
	case "rejected_share", "warned_share":
		return onward{"/health", "See the codes in data health"}
	case "revenue":
		// The last part is the currency.
		of = of[:max(0, strings.LastIndex(of, ":"))]
		return onward{"/placements/" + page.Escape(of), "See the placement"}
	case "requests", "click_rate", "empty_share", "latency_ms":
		return onward{"/placements/" + page.Escape(of), "See the placement"}
	case "model_age_hours":
		return onward{"/jobs", "See whether recomputes run"}
	case "catalogue_items", "catalogue_price":
		return onward{"/imports", "See the latest imports"}
	}
	return onward{"/models", "See whether models are live"}
}
