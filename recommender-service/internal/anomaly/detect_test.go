package anomaly

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
)

// year returns the orders of the Online Retail year by the hour.
func year(t *testing.T) hourly {
	t.Helper()
	f, err := os.Open("testdata/online-retail-hours.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	orders := hourly{Name: seriesEvents + "purchase", From: time.Date(2010, 12, 1, 0, 0, 0, 0, time.UTC)}
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		if strings.HasPrefix(scanner.Text(), "#") {
			continue
		}
		var n, lines float64
		if _, err := fmt.Sscan(scanner.Text(), &n, &lines); err != nil {
			t.Fatal(err)
		}
		orders.Points = append(orders.Points, point{N: n})
	}
	return orders
}

// holidays are the days of the year on which the shop was closed: an alarm on one of them, or on the day before or after, is no false one.
func holidays() []time.Time {
	var list []time.Time
	for _, day := range []string{"2011-04-22", "2011-04-25", "2011-04-29", "2011-05-02", "2011-05-30", "2011-08-29"} {
		at, _ := time.Parse(time.DateOnly, day)
		list = append(list, at)
	}
	for at := time.Date(2010, 12, 23, 0, 0, 0, 0, time.UTC); at.Before(
		time.Date(2011, 1, 4, 0, 0, 0, 0, time.UTC),
	); at = at.AddDate(0, 0, 1) {
		list = append(list, at)
	}
	return list
}

// halfYear is up to when parameters are chosen on the year.
func halfYear() time.Time { return time.Date(2011, 6, 1, 0, 0, 0, 0, time.UTC) }

func closed(at time.Time) bool {
	for _, day := range holidays() {
		if at.After(day.AddDate(0, 0, -1)) && at.Before(day.AddDate(0, 0, 2)) {
			return true
		}
	}
	return false
}

func TestAYearOfARealShopHasFewFalseAlarms(t *testing.T) {
	t.Parallel()
	s := year(t)
	wrong, later, onHolidays := 0, 0, map[string]bool{}
	for _, e := range detect(s) {
		if closed(e.Opened) {
			for at := e.Opened; at.Before(e.Closed); at = at.Add(time.Hour) {
				onHolidays[at.Format(time.DateOnly)] = true
			}
		} else {
			wrong++
			if e.Opened.After(halfYear()) {
				later++
			}
			t.Logf("%s, window %d: %.0f of %.0f, %.1f", e.Opened.Format("Mon 2006-01-02 15h"), e.Hours, e.Observed, e.Expected, e.Spreads)
		}
	}
	weeks := float64(len(s.Points))/week - leastWeeks
	t.Logf("%d false alarms in %.0f weeks, %.2f a week, %d of them in the half that nothing was chosen on; %d days of closed shops found",
		wrong, weeks, float64(wrong)/weeks, later, len(onHolidays))
	if float64(wrong) > weeks/2 || float64(later) > weeks/4 {
		t.Errorf("%d false alarms in %.0f weeks, %d in the second half", wrong, weeks, later)
	}
	for _, day := range []string{"2011-04-22", "2011-04-25", "2011-04-29", "2011-05-02", "2011-05-30", "2011-08-29"} {
		if !onHolidays[day] {
			t.Errorf("that no order came on %s was not found", day)
		}
	}
}

// after returns when the first episode opens that a change at a place of the year makes, in hours behind it; NaN for none.
func after(t *testing.T, s hourly, at int, change func(i int, p *point)) (hours float64, e episode) {
	t.Helper()
	s.Points = append([]point(nil), s.Points...)
	for i := at; i < len(s.Points); i++ {
		change(i-at, &s.Points[i])
	}
	from := s.From.Add(time.Duration(at) * time.Hour)
	for _, e := range detect(s) {
		if e.Opened.After(from) {
			return e.Opened.Sub(from).Hours(), e
		}
	}
	return math.NaN(), e
}

// place returns the place of a moment in a series.
func place(s hourly, day string, hour int) int {
	at, _ := time.Parse(time.DateOnly, day)
	return int(at.Sub(s.From).Hours()) + hour
}

func TestWhatGoesWrongIsFound(t *testing.T) {
	t.Parallel()
	orders := year(t)
	const day = "2011-06-15"
	dead, e := after(t, orders, place(orders, day, 11), func(_ int, p *point) { p.N = 0 })
	if !(dead <= 6) || !e.Low() {
		t.Errorf("a dead tracker: after %g hours, %+v", dead, e)
	}
	burst, e := after(t, orders, place(orders, day, 11), func(i int, p *point) {
		if i < 3 {
			p.N += 200
		}
	})
	if burst != 1 || e.Low() || e.Closed.IsZero() {
		t.Errorf("a robot's burst: after %g hours, %+v", burst, e)
	}
	begin := place(orders, day, 0)
	clicks := clickRate(5, orders, func(i int) float64 { return math.Pow(.97, float64(max(0, i-begin))/24) })
	var decay float64
	for _, e := range detect(clicks) {
		if e.Opened.Before(clicks.From.Add(time.Duration(begin) * time.Hour)) {
			t.Errorf("a steady click rate: %+v", e)
		} else if decay == 0 {
			decay = e.Opened.Sub(clicks.From.Add(time.Duration(begin)*time.Hour)).Hours() / 24
			if !e.Low() {
				t.Errorf("a click rate that falls: %+v", e)
			}
		}
	}
	if decay == 0 || decay > 12 {
		t.Errorf("a click rate that falls by 3 %% a day: after %g days", decay)
	}
	t.Logf("delays: dead tracker %g h, burst %g h, decay by 3 %% a day %.1f days", dead, burst, decay)
}

func TestJumpsOfTheCatalogue(t *testing.T) {
	t.Parallel()
	levels := func(values ...float64) (list []store.Level) {
		for n, v := range values {
			list = append(list, store.Level{HourMs: int64(n) * time.Hour.Milliseconds(), Value: v})
		}
		return list
	}
	for name, c := range map[string]struct {
		series string
		list   []store.Level
		opened int // hours; 0 for none
		closed int
	}{
		"half of it gone":     {seriesItems, levels(1000, 1010, 1005, 500, 480, 1000, 1000), 4, 6},
		"prices times 100":    {seriesPrice, levels(9.9, 9.9, 990, 990), 3, 0},
		"a sale":              {seriesPrice, levels(10, 10, 8, 8, 10), 0, 0},
		"a catalogue grows":   {seriesItems, levels(100, 120, 140, 150, 160), 0, 0},
		"a shop that is made": {seriesItems, levels(0, 0, 5000), 0, 0},
	} {
		found := jumps(c.series, c.list)
		at := func(hours int) time.Time {
			if hours == 0 {
				return time.Time{}
			}
			return time.UnixMilli(0).UTC().Add(time.Duration(hours) * time.Hour)
		}
		if c.opened == 0 {
			if len(found) > 0 {
				t.Errorf("%s: %+v", name, found)
			}
			continue
		}
		if len(found) != 1 || !found[0].Opened.Equal(at(c.opened)) || !found[0].Closed.Equal(at(c.closed)) {
			t.Errorf("%s: %+v", name, found)
		}
	}
}
