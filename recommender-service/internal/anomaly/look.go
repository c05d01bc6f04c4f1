package anomaly

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// View says what is wanted of series.
type View struct {
	Names  []string // with points; none for all series, without
	Window int      // of the points, in hours
	Days   int      // that points go back
}

// Series returns what is watched in a shop and what it is compared with, by name: the steps of detection as they are
// at the last hour that is over. It stores nothing. A name that no series has is left out.
func (w *Monitor) Series(ctx context.Context, shop string, v View) ([]api.AnomalySeries, error) {
	until := w.lastHour()
	series, err := w.readSeries(ctx, shop, until)
	if err != nil {
		return nil, err
	}
	levels, err := w.Store.Levels(ctx, shop, until.Add(-looksBack).UnixMilli())
	if err != nil {
		return nil, err
	}
	list := []api.AnomalySeries{}
	for n := range series {
		if s := &series[n]; v.wants(s.Name) {
			list = append(list, s.look(v))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(levels)) {
		if v.wants(name) {
			list = append(list, lookAtLevels(name, levels[name], v))
		}
	}
	return list, nil
}

func (v *View) wants(name string) bool { return len(v.Names) == 0 || slices.Contains(v.Names, name) }

// look returns a series with its windows, sums and points.
func (s *hourly) look(v View) api.AnomalySeries {
	d := newDetector(*s)
	last := len(s.Points) - 1
	_, below, above := drifts(*s, steps(*s))
	out := api.AnomalySeries{
		Series: s.Name, Counts: [...]string{count: "count", share: "share", mean: "mean"}[s.Kind], Since: wire.TimeOf(s.From),
		Hours: len(s.Points), Windows: []api.AnomalyWindow{}, Drift: &api.AnomalyDrift{Below: below.sum, Above: above.sum},
	}
	for _, hours := range windows() {
		if hours > len(s.Points) {
			break
		}
		before := []float64{}
		for _, x := range d.before(last, hours) {
			before = append(before, d.figure(x))
		}
		out.Windows = append(out.Windows, api.AnomalyWindow{Hours: hours, Before: before, AnomalyBaseline: d.baseline(last, hours)})
	}
	if len(v.Names) > 0 {
		for at := max(v.Window-1, last+1-24*v.Days); at <= last; at++ {
			out.Points = append(out.Points, api.AnomalyPoint{At: wire.TimeOf(s.hour(at)), AnomalyBaseline: d.baseline(at, v.Window)})
		}
	}
	return out
}

// figure turns what windows are compared by into what they are shown as.
func (d *detector) figure(x float64) float64 {
	if d.kind == count {
		return d.unit * squared(x)
	}
	return x
}

// baseline returns a window as the API has it.
func (d *detector) baseline(at, hours int) (b api.AnomalyBaseline) {
	if x, ok := d.value(d.window(at, hours)); ok {
		x = d.figure(x)
		b.Observed = &x
	}
	if c, ok := d.compare(at, hours, usual); ok {
		b.Expected, b.Low, b.High, b.Spreads = &c.Expected, &c.Low, &c.High, c.Spreads
	}
	return b
}

// lookAtLevels returns a level beside the levels before it.
func lookAtLevels(name string, levels []store.Level, v View) api.AnomalySeries {
	out := api.AnomalySeries{Series: name, Counts: "level", Since: wire.TimeOf(time.UnixMilli(levels[0].HourMs)), Hours: len(levels)}
	expect := usualLevel
	if strings.HasPrefix(name, seriesModelAge) {
		expect = oldestAge
	}
	last := len(levels) - 1
	from := levels[last].HourMs - int64(v.Days)*24*time.Hour.Milliseconds()
	for n := range levels {
		if n < last && (len(v.Names) == 0 || levels[n].HourMs < from) {
			continue
		}
		b := expect(levels[:n], levels[n].Value)
		if n == last {
			out.Windows = []api.AnomalyWindow{{Hours: 1, Before: []float64{}, AnomalyBaseline: b}}
		}
		if len(v.Names) > 0 {
			at := wire.TimeOf(time.UnixMilli(levels[n].HourMs).Add(time.Hour))
			out.Points = append(out.Points, api.AnomalyPoint{At: at, AnomalyBaseline: b})
		}
	}
	return out
}

// usualLevel holds a level of the catalogue against the median of the week before.
func usualLevel(before []store.Level, now float64) api.AnomalyBaseline {
	b := api.AnomalyBaseline{Observed: &now}
	if len(before) == 0 {
		return b
	}
	var usual []float64
	for _, l := range before[max(0, len(before)-levelHours):] {
		usual = append(usual, l.Value)
	}
	middle := median(usual)
	low, high := middle/levelFactor, middle*levelFactor
	b.Expected, b.Low, b.High, b.Spreads = &middle, &low, &high, far(now, middle)
	return b
}

// oldestAge holds the age of a model against the oldest that was replaced.
func oldestAge(before []store.Level, now float64) api.AnomalyBaseline {
	b := api.AnomalyBaseline{Observed: &now}
	peaks := peaksOf(before)
	if len(peaks) < leastPeaks {
		return b
	}
	oldest, low := slices.Max(peaks), 0.
	high := tooOld(oldest)
	b.Expected, b.Low, b.High, b.Spreads = &oldest, &low, &high, now/high
	return b
}
