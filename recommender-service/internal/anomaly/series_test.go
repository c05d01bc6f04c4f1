package anomaly

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/figures"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
)

// money turns orders into what they bring: lines of 2 to 4 that differ in price as prices do (lognormal, deviation 1 on the log).
func money(orders hourly, random *rand.Rand) hourly {
	f := &gathered{from: orders.From, hours: len(orders.Points), series: map[string]*hourly{}, lines: map[string]float64{}}
	for i, p := range orders.Points {
		at := orders.From.Add(time.Duration(i) * time.Hour).UnixMilli()
		revenue, lines := 0., 0.
		for range int(p.N) {
			for range 2 + random.IntN(3) {
				revenue += 20 * math.Exp(random.NormFloat64())
				lines++
			}
		}
		f.shown(&store.Sum{AtMs: at, Scenario: "home.for_you", Metric: figures.RevenuePrefix + "GBP", Value: revenue})
		f.shown(&store.Sum{AtMs: at, Scenario: "home.for_you", Metric: figures.OrderLines, Value: lines})
	}
	f.units()
	return *f.series[seriesRevenue+"home.for_you:GBP"]
}

// TestRevenueOfAYear has the orders of a real shop bring money: of the year no more false alarms than the orders
// have, and 70 % of it gone is found within two days.
func TestRevenueOfAYear(t *testing.T) {
	t.Parallel()
	s := money(year(t), rand.New(rand.NewPCG(7, 8)))
	wrong := 0
	for _, e := range detect(s) {
		if !closed(e.Opened) {
			wrong++
		}
	}
	weeks := float64(len(s.Points))/week - leastWeeks
	gone, e := after(t, s, place(s, "2011-06-15", 0), func(_ int, p *point) { p.N *= .3 })
	t.Logf("%d false alarms in %.0f weeks; 70 %% gone is found after %g hours", wrong, weeks, gone)
	if float64(wrong) > weeks/5 {
		t.Errorf("%d false alarms in %.0f weeks", wrong, weeks)
	}
	if !(gone <= 48) || !e.Low() || e.Observed > e.Expected || e.Expected < 100 {
		t.Errorf("70 %% of revenue gone: after %g hours, %+v", gone, e)
	}
}

// TestSlowAnswersAreFound has answers that take 4 ms by night and 8 by day, and 20 from a moment on; that they become faster is none.
func TestSlowAnswersAreFound(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(9, 10))
	begin := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	const hours = 9 * week
	latency := func(changed float64) hourly {
		f := &gathered{from: begin, hours: hours, series: map[string]*hourly{}, lines: map[string]float64{}}
		for h := range hours {
			ms := 4.
			if h%24 >= 8 {
				ms = 8
			}
			if h >= 8*week {
				ms *= changed
			}
			at := begin.Add(time.Duration(h) * time.Hour).UnixMilli()
			f.shown(&store.Sum{AtMs: at, Scenario: "home.for_you", Metric: figures.Requests, Value: 200})
			f.shown(&store.Sum{AtMs: at, Scenario: "home.for_you", Metric: figures.LatencyMS, Value: 200 * ms * (.9 + .2*random.Float64())})
		}
		return *f.series[seriesLatency+"home.for_you"]
	}
	for _, changed := range []float64{1, .2} {
		if found := detect(latency(changed)); len(found) > 0 {
			t.Errorf("answers that take %g of their time: %+v", changed, found)
		}
	}
	found := detect(latency(5))
	if len(found) != 1 || found[0].Opened.Sub(begin) > (8*week+12)*time.Hour || found[0].Observed < 15 {
		t.Errorf("answers that take five times as long: %+v", found)
	}
}

func TestAModelIsOverdue(t *testing.T) {
	t.Parallel()
	// ages says how old the live model is each hour, when new ones come after so many hours.
	ages := func(gaps ...int) (list []store.Level) {
		for _, gap := range gaps {
			for age := range gap {
				list = append(list, store.Level{HourMs: int64(len(list)) * time.Hour.Milliseconds(), Value: float64(age)})
			}
		}
		return list
	}
	for name, c := range map[string]struct {
		list           []store.Level
		opened, closed int // hours from the first level; 0 for none
	}{
		"every night":             {ages(24, 24, 24, 24, 30, 24), 0, 0},
		"every night, then none":  {ages(24, 24, 24, 48), 3*24 + 35 + 1, 0}, // the oldest was 23 hours old: 34.5
		"and then again":          {ages(24, 24, 24, 48, 24), 3*24 + 35 + 1, 3*24 + 48 + 1},
		"by hand, twice":          {ages(24, 24, 400), 0, 0},
		"every hour, then not":    {ages(1, 1, 1, 1, 1, 1, 4), 0, 0},
		"every few hours, or not": {ages(4, 4, 4, 4, 12), 4*4 + 5 + 1, 0},
	} {
		at := func(hours int) time.Time {
			if hours == 0 {
				return time.Time{}
			}
			return time.UnixMilli(0).UTC().Add(time.Duration(hours) * time.Hour)
		}
		found := overdue(seriesModelAge+"similar", c.list)
		switch {
		case c.opened == 0 && len(found) > 0:
			t.Errorf("%s: %+v", name, found)
		case c.opened != 0 && (len(found) != 1 || !found[0].Opened.Equal(at(c.opened)) || !found[0].Closed.Equal(at(c.closed))):
			t.Errorf("%s: %+v, want it open from %d to %d", name, found, c.opened, c.closed)
		}
	}
}

// TestEverySeriesSaysWhereToLook holds the words of each kind of series against a generic one.
func TestEverySeriesSaysWhereToLook(t *testing.T) {
	t.Parallel()
	for series, word := range map[string]string{
		seriesRevenue + "home.for_you:EUR": "orders", seriesLatency + "home.for_you": "mean", seriesModelAge + "similar": "recomputes",
		seriesClickRate + "home.for_you": "models", seriesDegraded: "/readyz",
	} {
		told := Told(&store.Anomaly{Series: series, Observed: 1, Expected: 10, Hours: 1, Spreads: -7})
		if !strings.Contains(told.Detail, word) {
			t.Errorf("%s: %q does not speak of %s", series, told.Detail, word)
		}
	}
	drift := Told(&store.Anomaly{Series: seriesClickRate + "home.for_you", Observed: .04, Expected: .05, Hours: 6 * day, Spreads: -5.2})
	if drift.Kind != "drift" || !strings.Contains(drift.Detail, "6 days") {
		t.Errorf("%+v", drift)
	}
}
