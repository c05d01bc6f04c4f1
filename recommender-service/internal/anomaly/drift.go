package anomaly

import (
	"math"
	"time"
)

const (
	// driftSlack is how many spreads a day may be from expected without adding to the sum of its side, and driftOpens at what sum a drift
	// opens: the two parameters of a CUSUM (Page 1954), chosen on the first half of the Online Retail year; figures are read from the
	// second. Below driftCloses it is over.
	driftSlack  = 1
	driftOpens  = 5
	driftCloses = driftOpens / 2.
	// driftMost bounds the sum, so that a drift closes some days after the new level has become the usual one, and driftDay how much a day
	// may be from expected: a holiday is no drift.
	driftMost = 2 * driftOpens
	driftDay  = 3
	// usualOfDrift is the share by which a share differs from day to day without anything being wrong.
	usualOfDrift = .05
)

// cusum is the sum of one side: how far days were above expected, or below, beyond the slack.
type cusum struct {
	sum float64
	// of the days since it was last zero:
	days     int
	seen     point
	expected float64 // N of as many as were seen
}

// add takes a day that was so many spreads to its side of expected.
func (c *cusum) add(spreads float64, seen point, expected float64) {
	c.sum = min(driftMost, c.sum+min(spreads, driftDay)-driftSlack)
	if c.sum <= 0 {
		*c = cusum{}
		return
	}
	c.days++
	c.seen.N += seen.N
	c.seen.Of += seen.Of
	c.expected += expected
}

// episode returns the days since the sum was zero as one window of a kind of series.
func (c *cusum) episode(k kind) episode {
	per := 1.
	if k != count {
		per = c.seen.Of
	}
	return episode{Hours: c.days * day, Observed: c.seen.N / per, Expected: c.expected / per, Spreads: c.sum}
}

// drifts returns the episodes in which a series went away from its weeks before too slowly for a step. Each day of UTC is compared with the
// same day of the weeks before, and what is left of the seasons is summed, each side for itself. Days with one of the
// steps are left out, and the sums begin anew after them. below and above are the sums after the last day. Cost
// O(days · weeks).
func drifts(s hourly, steps []episode) (list []episode, below, above cusum) {
	d := newDetector(s)
	var open *episode
	for at := day - 1 + (day-s.From.Hour())%day; at < len(s.Points); at += day {
		if stepped(steps, s.hour(at-day), s.hour(at)) {
			if open == nil {
				below, above = cusum{}, cusum{}
			}
			continue
		}
		c, ok := d.compare(at, day, usualOfDrift)
		if !ok {
			continue
		}
		seen, expected := d.window(at, day), c.Expected
		if s.Kind == count {
			seen.N *= d.unit
		} else {
			expected *= seen.Of
		}
		below.add(-c.Spreads, seen, expected)
		above.add(c.Spreads, seen, expected)
		worst := above.episode(s.Kind)
		if below.sum > above.sum {
			worst = below.episode(s.Kind)
			worst.Spreads = -worst.Spreads
		}
		switch {
		case open == nil && math.Abs(worst.Spreads) >= driftOpens:
			list = append(list, worst)
			open = &list[len(list)-1]
			open.Series, open.Opened = s.Name, s.hour(at)
		case open != nil && (math.Abs(worst.Spreads) < driftCloses || (worst.Spreads < 0) != open.Low()):
			open.Closed = s.hour(at)
			open, below, above = nil, cusum{}, cusum{}
		case open != nil && math.Abs(worst.Spreads) >= math.Abs(open.Spreads):
			open.Hours, open.Observed, open.Expected, open.Spreads = worst.Hours, worst.Observed, worst.Expected, worst.Spreads
		}
	}
	return list, below, above
}

// stepped reports whether one of the steps was open in [from, to].
func stepped(steps []episode, from, to time.Time) bool {
	for n := range steps {
		if e := &steps[n]; !e.Opened.After(to) && (e.Closed.IsZero() || e.Closed.After(from)) {
			return true
		}
	}
	return false
}
