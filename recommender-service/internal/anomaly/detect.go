// Package anomaly watches the figures of a shop by the hour: what is far from what the shop's own weeks before make one expect. The steps
// stand in files of their own: series are gathered (figures.go), summed over windows and compared with the same windows of earlier weeks
// (detect.go), days are summed for what changes slowly (drift.go), and what stays far becomes a record that opens and closes (monitor.go).
// The main type is Monitor.
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
	// opens is how many spreads from the median an anomaly opens, and closes below how many it is over, in every window: a night in which
	// nothing is expected does not close it.
	opens  = 6
	closes = 3
	day    = 24
	// usual is the share by which figures of the same window differ from week to week without anything being wrong.
	usual = .15
	// usualOfMean is that share of a mean, such as the time that answers take: it doubles when a machine is busy.
	usualOfMean = .2
	// silent is from how many expected events on a window without any is an anomaly however much the weeks before differ, unless more than
	// one of them had less than a third.
	silent = 12
	// leastShown is of how many a share must be to be compared.
	leastShown = 100
)

// windows are over how many hours figures are summed: a short one sees at once what stops, a long one what is rare.
func windows() [3]int { return [...]int{1, 6, day} }

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
	// Unit is what one event of a count adds to it, 0 for 1: money comes in orders, and chance makes the money differ
	// as it does their number.
	Unit float64
	// Least is the least spread of a share: one or mean of which next to nothing is expected is far from that when it
	// is a few times as much.
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

// detect returns the episodes of a series: steps, then drifts, each by time. Each hour is judged by the weeks before it alone, so that what
// was found once is found again.
func detect(s hourly) []episode {
	found := steps(s)
	slow, _, _ := drifts(s, found)
	return append(found, slow...)
}

// steps returns the episodes in which a window was far from what was expected. Cost O(points · windows · weeks).
func steps(s hourly) []episode {
	d := newDetector(s)
	var list []episode
	var open *episode
	over := 0 // no window counts with an hour before this place, where the last episode was
	for at := range s.Points {
		worst := d.worst(at, over)
		switch {
		case open == nil && math.Abs(worst.Spreads) >= opens:
			list = append(list, worst)
			open = &list[len(list)-1]
			open.Series, open.Opened = s.Name, s.hour(at)
			over = 0
		case open != nil && (math.Abs(worst.Spreads) < closes || (worst.Spreads < 0) != open.Low()):
			open.Closed = s.hour(at)
			open, over = nil, at
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

// worst compares the windows that end at a place, and do not begin before another, with those of the weeks before, and returns the one that
// is farthest from expected.
func (d *detector) worst(at, over int) (worst episode) {
	for _, hours := range windows() {
		if at-hours+1 < over {
			break
		}
		c, ok := d.compare(at, hours, usual)
		if ok && math.Abs(c.Spreads) > math.Abs(worst.Spreads) {
			worst = episode{Hours: hours, Observed: c.Observed, Expected: c.Expected, Spreads: c.Spreads}
		}
	}
	return worst
}

// comparison is a window beside the same windows of the weeks before.
type comparison struct {
	Observed, Expected float64 // a count, a share or a mean
	Low, High          float64 // outside of them it is a step
	Spreads            float64 // how far observed is from expected; negative below
}

// compare says how far the window of so many hours that ends at a place is from those of the weeks before, in
// spreads: the median's distance scaled by the median absolute deviation, which is no smaller than what counts of
// that size differ by chance, and than the usual share; that of a share is given. It reports false where too few
// windows have enough in them.
func (d *detector) compare(at, hours int, usualOfShare float64) (c comparison, ok bool) {
	now := d.window(at, hours)
	x, ok := d.value(now)
	values := d.before(at, hours)
	if !ok || len(values) < leastWeeks {
		return c, false
	}
	middle := median(values)
	deviations := make([]float64, len(values))
	for n, v := range values {
		deviations[n] = math.Abs(v - middle)
	}
	spread := 1.4826 * median(deviations)
	switch d.kind {
	case mean:
		spread = max(spread, usualOfMean*middle, d.least)
		c = comparison{x, middle, 0, middle + opens*spread, max(0, (x-middle)/spread)}
	case share:
		chance := math.Sqrt(max(middle*(1-middle), 1/now.Of) / now.Of)
		spread = max(spread, chance, usualOfShare*middle, d.least)
		c = comparison{x, middle, max(0, middle-opens*spread), min(1, middle+opens*spread), (x - middle) / spread}
	case count:
		spread = max(spread, 1, usual*middle/2) // a share of the count is half of it on the scale of roots, twice
		c = comparison{
			d.figure(x), d.figure(middle), d.figure(middle - opens*spread), d.figure(middle + opens*spread), (x - middle) / spread,
		}
		if expected := squared(middle); now.N == 0 && expected >= silent && few(values, root(expected/3)) <= 1 {
			c.Spreads = min(c.Spreads, -opens)
		}
	}
	return c, true
}

// value is what windows are compared by: the share or mean, or the count on a scale of its own. It reports false when it is of too few.
func (d *detector) value(p point) (v float64, ok bool) {
	if d.kind == count {
		return root(p.N), true
	}
	return p.N / p.Of, p.Of >= leastShown
}

// before returns the values of the windows of the weeks before, the latest first.
func (d *detector) before(at, hours int) (values []float64) {
	for w := 1; w <= weeksBefore && at-w*week-hours+1 >= 0; w++ {
		if v, ok := d.value(d.window(at-w*week, hours)); ok {
			values = append(values, v)
		}
	}
	return values
}

// few counts the values below a number.
func few(list []float64, than float64) (n int) {
	for _, v := range list {
		if v < than {
			n++
		}
	}
	return n
}

// root puts counts on a scale on which chance makes a spread of 1 whatever their size (Anscombe).
func root(n float64) float64 { return 2 * math.Sqrt(max(0, n)+3./8) }

// squared is its inverse.
func squared(v float64) float64 { return max(0, max(0, v)*v/4-3./8) }

func median(list []float64) float64 {
	sorted := slices.SortedFunc(slices.Values(list), cmp.Compare[float64])
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
