// Package anomaly watches the figures of a shop by the hour: what is far from what the shop's own weeks before make one expect. The steps
// stand in files of their own: series are gathered (figures.go), summed over windows and compared with the same windows of earlier weeks
// (detect.go), and what stays far becomes a record that opens and closes (monitor.go). The main type is Monitor.
package anomaly

import (
	"cmp"
	"math"
	"slices"
	"time"
)

const (
	week = 7 * 24 // hours
	// weeksBefore is how many earlier weeks a window is compared with, leastWeeks how many there must be.
	weeksBefore = 6
	leastWeeks  = 3
	// opens is how many spreads from the median an anomaly opens, and closes below how many it is over, in every window of up to a day and
	// of up to the one in which it opened: a night in which nothing is expected does not close it.
	opens  = 6
	closes = 3
	day    = 24
	// usual is the share by which figures of the same window differ from week to week without anything being wrong; a share of a whole
	// week, of which seasons take no notice, by usualOfWeek.
	usual       = .15
	usualOfWeek = .05
	// usualOfMean is that share of a mean, such as the time that answers take: it doubles when a machine is busy.
	usualOfMean = .2
	// silent is from how many expected events on a window without any is an anomaly however much the weeks before differ, unless more than
	// one of them had less than a third.
	silent = 12
	// leastShown is of how many a share must be to be compared.
	leastShown = 100
)

// windows are over how many hours figures are summed: a short one sees at once what stops, a long one what is rare, the longest what
// decays.
func windows() [4]int { return [...]int{1, 6, 24, week} }

// kind says what a series counts.
type kind int

const (
	count kind = iota // so many
	share             // so many of so many
	mean              // so much for each of so many; only more than usual is an anomaly
)

// point is an hour of a series: so many, and for a share or mean of how many.
type point struct{ N, Of float64 }

// hourly is a figure by the hour.
type hourly struct {
	Name   string
	From   time.Time // of the first point, a whole hour
	Points []point   // of hours that are over
	Kind   kind
	// Unit is what one event of a count adds to it, 0 for 1: money comes in orders, and chance makes the money differ as it does their number.
	Unit float64
	// Least is the least spread of a share: one or mean of which next to nothing is expected is far from that when it is a few times as much.
	Least float64
}

// episode is a time during which a series was far from what was expected. The figures are of its worst window.
type episode struct {
	Series             string
	Opened, Closed     time.Time // Closed is zero while it lasts
	Hours              int       // of the window
	Observed, Expected float64   // in that window: a count, a share or a mean
	Spreads            float64   // how far observed is from expected; negative below
}

// Low reports whether less was seen than expected.
func (e *episode) Low() bool { return e.Spreads < 0 }

// detect returns the episodes of a series, by time. Each hour is judged by the weeks before it alone, so that what was found once is found
// again. Cost O(points · windows · weeks).
func detect(s hourly) []episode {
	d := newDetector(s)
	var list []episode
	var open *episode
	// the windows that count: up to so many hours, and none with an hour before a place, where the last episode was
	longest, over := week, 0
	for at := range s.Points {
		worst := d.worst(at, longest, over)
		switch {
		case open == nil && math.Abs(worst.Spreads) >= opens:
			list = append(list, worst)
			open = &list[len(list)-1]
			open.Series, open.Opened = s.Name, s.hour(at)
			longest, over = max(day, open.Hours), 0
		case open != nil && (math.Abs(worst.Spreads) < closes || (worst.Spreads < 0) != open.Low()):
			open.Closed = s.hour(at)
			open, longest, over = nil, week, at
		case open != nil && math.Abs(worst.Spreads) > math.Abs(open.Spreads):
			open.Hours, open.Observed, open.Expected, open.Spreads = worst.Hours, worst.Observed, worst.Expected, worst.Spreads
		}
	}
	return list
}

// hour returns when the hour at a place ends: that is when it is known.
func (s *hourly) hour(at int) time.Time { return s.From.Add(time.Duration(at+1) * time.Hour) }

// detector holds a series with its running sums.
type detector struct {
	kind        kind
	unit, least float64
	n, of       []float64 // sums of the points before a place, counts in units
}

func newDetector(s hourly) *detector {
	d := &detector{s.Kind, cmp.Or(s.Unit, 1), s.Least, make([]float64, len(s.Points)+1), make([]float64, len(s.Points)+1)}
	for i, p := range s.Points {
		p.N /= d.unit
		d.n[i+1], d.of[i+1] = d.n[i]+p.N, d.of[i]+p.Of
	}
	return d
}

// window sums the hours that end with the one at a place.
func (d *detector) window(at, hours int) point {
	return point{d.n[at+1] - d.n[at+1-hours], d.of[at+1] - d.of[at+1-hours]}
}

// worst compares the windows of up to so many hours that end at a place, and do not begin before another, with those of the weeks before,
// and returns the one that is farthest from expected.
func (d *detector) worst(at, longest, over int) (worst episode) {
	for _, hours := range windows() {
		if hours > longest || at-hours+1 < over {
			break
		}
		var before []point
		for w := 1; w <= weeksBefore; w++ {
			if at-w*week-hours+1 >= 0 {
				before = append(before, d.window(at-w*week, hours))
			}
		}
		if len(before) < leastWeeks {
			continue
		}
		e := d.compare(d.window(at, hours), before, hours)
		if e.Hours = hours; math.Abs(e.Spreads) > math.Abs(worst.Spreads) {
			worst = e
		}
	}
	return worst
}

// compare says how far a window is from those before it, in spreads: the median's distance scaled by the median absolute deviation, which
// is no smaller than what counts of that size differ by chance, and than the usual share.
func (d *detector) compare(now point, before []point, hours int) episode {
	value := func(p point) (v float64, ok bool) {
		if d.kind == count {
			return root(p.N), true
		}
		return p.N / p.Of, p.Of >= leastShown
	}
	x, ok := value(now)
	if !ok {
		return episode{}
	}
	var values []float64
	for _, p := range before {
		if v, ok := value(p); ok {
			values = append(values, v)
		}
	}
	if len(values) < leastWeeks {
		return episode{}
	}
	middle := median(values)
	deviations := make([]float64, len(values))
	for n, v := range values {
		deviations[n] = math.Abs(v - middle)
	}
	spread := 1.4826 * median(deviations)
	switch d.kind {
	case mean:
		return episode{Observed: x, Expected: middle, Spreads: max(0, (x-middle)/max(spread, usualOfMean*middle, d.least))}
	case share:
		chance := math.Sqrt(max(middle*(1-middle), 1/now.Of) / now.Of)
		differs := usual
		if hours == week {
			differs = usualOfWeek
		}
		return episode{Observed: x, Expected: middle, Spreads: (x - middle) / max(spread, chance, differs*middle, d.least)}
	}
	// a share of the count is half of it on the scale of roots, twice
	e := episode{Observed: d.unit * now.N, Expected: d.unit * squared(middle), Spreads: (x - middle) / max(spread, 1, usual*middle/2)}
	if expected := squared(middle); now.N == 0 && expected >= silent && few(before, expected/3) <= 1 {
		e.Spreads = min(e.Spreads, -opens)
	}
	return e
}

// few counts the windows with less than a number.
func few(list []point, than float64) (n int) {
	for _, p := range list {
		if p.N < than {
			n++
		}
	}
	return n
}

// root puts counts on a scale on which chance makes a spread of 1 whatever their size (Anscombe).
func root(n float64) float64 { return 2 * math.Sqrt(max(0, n)+3./8) }

func squared(v float64) float64 { return max(0, v*v/4-3./8) }

func median(list []float64) float64 {
	sorted := slices.SortedFunc(slices.Values(list), cmp.Compare[float64])
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
