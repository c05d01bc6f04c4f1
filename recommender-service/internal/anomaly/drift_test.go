package anomaly

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// clickRate returns clicks on 400 items an hour by day and 40 by night of a year, at 5 % times what a function says of each hour.
func clickRate(seed uint64, of hourly, times func(i int) float64) hourly {
	random := rand.New(rand.NewPCG(seed, 6))
	clicks := hourly{Name: seriesClickRate + "home.for_you", From: of.From, Kind: share}
	for i := range of.Points {
		p := point{Of: 40}
		if h := i % 24; h >= 8 && h < 22 {
			p.Of = 400
		}
		rate := .05 * times(i)
		for range int(p.Of) {
			if random.Float64() < rate {
				p.N++
			}
		}
		clicks.Points = append(clicks.Points, p)
	}
	return clicks
}

// TestSlowDecayIsFound has click rates that are steady for 28 weeks, of seeds on which nothing was chosen, and then lose a part a day. A
// rate that stays is no drift.
func TestSlowDecayIsFound(t *testing.T) {
	t.Parallel()
	orders := year(t)
	const begin, shops = 28 * week, 5
	for _, c := range []struct {
		loses    float64 // a day
		mostDays float64 // until it is found, as a mean
	}{{.03, 10}, {.01, 21}, {0, 0}} {
		sum, early := 0., 0
		for seed := range uint64(shops) {
			s := clickRate(1000+seed, orders, func(i int) float64 { return math.Pow(1-c.loses, max(0, float64(i-begin))/24) })
			found := 0.
			slow, _, _ := drifts(s, nil)
			for _, e := range slow {
				switch at := e.Opened.Sub(s.From).Hours() - begin; {
				case at < 0 || c.loses == 0:
					early++
				case found == 0 && e.Low() && e.Observed < e.Expected && e.Expected < .06:
					found = at / 24
				}
			}
			if sum += found; found == 0 && c.loses > 0 {
				t.Errorf("%g %% a day is not found", 100*c.loses)
			}
		}
		t.Logf("%g %% a day: found after %.1f days, %d false alarms in %d years", 100*c.loses, sum/shops, early, shops)
		if sum/shops > c.mostDays || early > shops {
			t.Errorf("%g %% a day: after %.1f days, %d false alarms", 100*c.loses, sum/shops, early)
		}
	}
}

// TestADriftCloses has a rate that falls by a fifth within ten days and stays there: it opens once, and closes when that is the usual rate.
func TestADriftCloses(t *testing.T) {
	t.Parallel()
	const begin = 28 * week
	s := clickRate(7, year(t), func(i int) float64 { return 1 - .2*min(1, max(0, float64(i-begin)/(10*24))) })
	found, _, _ := drifts(s, nil)
	if len(found) != 1 || found[0].Closed.IsZero() {
		t.Fatalf("%+v", found)
	}
	e := found[0]
	if lasted := e.Closed.Sub(e.Opened).Hours() / 24; lasted < 7 || lasted > 60 || e.Hours < 3*day || e.Spreads > -driftOpens {
		t.Errorf("lasted %g days: %+v", lasted, e)
	}
}

// TestStepsAreNoDrift has a tracker that is off for nine days: that is a step, and the sums begin anew after it.
func TestStepsAreNoDrift(t *testing.T) {
	t.Parallel()
	s := hourly{Name: seriesEvents + "view_item", From: time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC)}
	for i := range 12 * week {
		p := point{N: 60}
		if i >= 8*week && i < 8*week+9*day {
			p.N = 0
		}
		s.Points = append(s.Points, p)
	}
	if found, below, _ := drifts(s, steps(s)); below.sum > 0 || len(found) > 0 {
		t.Errorf("%+v", found)
	}
	if found, _, _ := drifts(s, nil); len(found) == 0 {
		t.Error("nine days without an event do not move the sums at all")
	}
}

// TestWhatWasFoundIsFoundAgain looks at the year as the monitor does, back from one day after another: what is told of drifts is what the
// whole year tells.
func TestWhatWasFoundIsFoundAgain(t *testing.T) {
	t.Parallel()
	s := year(t)
	all, records := map[time.Time]bool{}, map[time.Time]bool{}
	slow, _, _ := drifts(s, steps(s))
	for _, e := range slow {
		all[e.Opened] = true
	}
	hours := int(looksBack.Hours())
	for end := hours; end <= len(s.Points); end += 2 * day {
		part := s
		part.From, part.Points = s.From.Add(time.Duration(end-hours)*time.Hour), s.Points[end-hours:end]
		slow, _, _ := drifts(part, steps(part))
		for _, e := range slow {
			if !e.Opened.Before(s.hour(end - 1).Add(-told)) {
				records[e.Opened] = true
			}
		}
	}
	for at := range records {
		if !all[at] {
			t.Errorf("a drift from %s on is told that the year as a whole does not have", at)
		}
	}
	if len(records) < len(all) {
		t.Errorf("%d of %d drifts are told", len(records), len(all))
	}
}
