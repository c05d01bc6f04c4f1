package anomaly

import (
	"math"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
)

const (
	// levelHours is of how many hours before the usual level of the catalogue is the median.
	levelHours = 7 * 24
	// leastItems is from how many products on the catalogue is watched.
	leastItems = 20
	// levelFactor is how many times fewer or more products, or how much cheaper or dearer the median one, is far.
	levelFactor = 1.5
	// overdueFactor is how many times older than any before it a live model is before it is overdue, and leastPeaks
	// how many there must have been before it: who recomputes by hand is not told that he did not.
	overdueFactor = 1.5
	leastPeaks    = 3
	// leastOverdue is how much older it must be at least, in hours.
	leastOverdue = 2
)

// levelsOf returns the number of products that can be sold now and the median of their prices.
func levelsOf(shop *catalogue.Shop) map[string]float64 {
	var prices []float64
	items := 0
	shop.Read(func(v *catalogue.View) {
		v.Products(func(it *catalogue.Item) {
			if it.Offered() {
				items++
				if it.Priced {
					prices = append(prices, it.Price)
				}
			}
		})
	})
	levels := map[string]float64{seriesItems: float64(items)}
	if len(prices) >= leastItems {
		levels[seriesPrice] = median(prices)
	}
	return levels
}

// far is how many factors a level is from the usual one; negative below.
func far(level, usual float64) float64 {
	return math.Log((level+1e-9)/(usual+1e-9)) / math.Log(levelFactor)
}

// jumps returns the episodes of a level: hours in which it is a factor from the median of the week before the first of them. levels are by
// time; an hour without one is as the one before.
func jumps(series string, levels []store.Level) []episode {
	var list []episode
	var open *episode
	var usual []float64
	for _, l := range levels {
		at := time.UnixMilli(l.HourMs).UTC().Add(time.Hour)
		if len(usual) > 0 {
			middle := median(usual)
			far := far(l.Value, middle)
			switch {
			case open == nil && math.Abs(far) >= 1 && (series != seriesItems || middle >= leastItems):
				list = append(list, episode{Series: series, Opened: at, Observed: l.Value, Expected: middle, Hours: 1, Spreads: far})
				open = &list[len(list)-1]
			case open != nil && math.Abs(far) < 1:
				open.Closed, open = at, nil
			}
		}
		if open != nil && at.Sub(open.Opened) >= levelHours*time.Hour { // it has become the usual
			open.Closed, open, usual = at, nil, nil
		}
		if open == nil {
			usual = append(usual, l.Value)
			usual = slices.Clone(usual[max(0, len(usual)-levelHours):])
		}
	}
	return list
}

// overdue returns the episodes in which a live model grows older than those before it ever were: the new one did not come. levels are ages
// in hours, by time.
func overdue(series string, levels []store.Level) []episode {
	var list []episode
	var open *episode
	var peaks []float64 // the ages at which models were replaced
	last := 0.
	for _, l := range levels {
		at := time.UnixMilli(l.HourMs).UTC().Add(time.Hour)
		if l.Value < last { // there is a new one
			peaks = append(peaks, last)
			if open != nil {
				open.Closed, open = at, nil
			}
		}
		last = l.Value
		if len(peaks) < leastPeaks {
			continue
		}
		oldest := slices.Max(peaks)
		switch {
		case open != nil:
			open.Observed = l.Value
			open.Spreads = l.Value / (overdueFactor * oldest)
		case l.Value >= tooOld(oldest):
			list = append(list, episode{Series: series, Opened: at, Observed: l.Value, Expected: oldest, Hours: 1, Spreads: 1})
			open = &list[len(list)-1]
		}
	}
	return list
}

// tooOld is from what age on a model is overdue, in hours, when the oldest that was replaced had an age.
func tooOld(oldest float64) float64 { return max(overdueFactor*oldest, oldest+leastOverdue) }

// peaksOf returns the ages at which models were replaced.
func peaksOf(levels []store.Level) (peaks []float64) {
	for n := 1; n < len(levels); n++ {
		if levels[n].Value < levels[n-1].Value {
			peaks = append(peaks, levels[n-1].Value)
		}
	}
	return peaks
}
