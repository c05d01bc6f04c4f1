package anomaly

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/figures"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// The series of a shop; those that end with a colon stand before a type of event, a placement, a placement
// and currency, or a relation.
const (
	seriesEvents    = "events:"
	seriesRejected  = "rejected_share"
	seriesWarned    = "warned_share"
	seriesRequests  = "requests:"
	seriesClickRate = "click_rate:"
	seriesRevenue   = "revenue:"
	seriesLatency   = "latency_ms:"
	seriesModelAge  = "model_age_hours:"
	seriesEmpty     = "empty_share:"
	seriesDegraded  = "degraded_share"
	seriesItems     = "catalogue_items"
	seriesPrice     = "catalogue_price"
)

// looksBack is how far series go back: the weeks to compare with, three in which the sums of drifts forget where they began, and two in
// which episodes are told.
const looksBack = (weeksBefore + 5) * week * time.Hour

const (
	// leastSpread is the least spread of shares of which little is expected: empty, degraded, refused and warned.
	leastSpread = .01
	// linesPerUnit is how many lines of orders bring the money that chance moves as it moves one event: lines come several at a time, and
	// differ in price.
	linesPerUnit = 4
	// leastLatency is the least spread of the mean time of answers, in milliseconds: nobody minds less.
	leastLatency = 5
)

// gathered are the hours of one shop while they are gathered.
type gathered struct {
	from   time.Time
	hours  int
	series map[string]*hourly
	lines  map[string]float64 // orders' lines by placement
}

// add adds to an hour of a series.
func (f *gathered) add(name string, at time.Time, n, of float64) {
	i := int(at.Sub(f.from) / time.Hour)
	if i < 0 || i >= f.hours {
		return
	}
	s := f.series[name]
	if s == nil {
		s = &hourly{Name: name, From: f.from, Points: make([]point, f.hours)}
		switch {
		case strings.Contains(name, "_share"):
			s.Kind, s.Least = share, leastSpread
		case strings.HasPrefix(name, seriesClickRate):
			s.Kind = share
		case strings.HasPrefix(name, seriesLatency):
			s.Kind, s.Least = mean, leastLatency
		}
		f.series[name] = s
	}
	s.Points[i].N += n
	s.Points[i].Of += of
}

// readSeries reads the figures of a shop up to an hour that is over.
func (w *Monitor) readSeries(ctx context.Context, shop string, until time.Time) ([]hourly, error) {
	f := &gathered{from: until.Add(-looksBack), hours: int(looksBack / time.Hour), series: map[string]*hourly{},
		lines: map[string]float64{}}
	stats, err := w.Stats(ctx, shop, f.from, until)
	if err != nil {
		return nil, fmt.Errorf("read what was received: %w", err)
	}
	for n := range stats.Hours {
		f.received(&stats.Hours[n])
	}
	sums, err := w.Store.SumsPer(ctx, shop, f.from.UnixMilli(), until.UnixMilli(), time.Hour.Milliseconds())
	if err != nil {
		return nil, err
	}
	for n := range sums {
		f.shown(&sums[n])
	}
	f.units()
	var list []hourly
	for _, name := range slices.Sorted(maps.Keys(f.series)) {
		list = append(list, f.series[name].begun())
	}
	return list, nil
}

// begun leaves out the hours before the first in which there was something: who is new has no weeks before to be compared with.
func (s *hourly) begun() hourly {
	first := max(0, slices.IndexFunc(s.Points, func(p point) bool { return p != point{} }))
	begun := *s
	begun.From, begun.Points = s.From.Add(time.Duration(first)*time.Hour), s.Points[first:]
	return begun
}

// units says of money in what portions it comes.
func (f *gathered) units() {
	for name, s := range f.series {
		rest, isMoney := strings.CutPrefix(name, seriesRevenue)
		if !isMoney {
			continue
		}
		sum := 0.
		for _, p := range s.Points {
			sum += p.N
		}
		scenario := rest[:strings.LastIndex(rest, ":")]
		if s.Unit = linesPerUnit * sum / f.lines[scenario]; !(s.Unit > 0) || math.IsInf(s.Unit, 0) {
			delete(f.series, name) // given back, or of orders that have no line here
		}
	}
}

// received adds what the profile-service received in an hour.
func (f *gathered) received(h *profileapi.HourStats) {
	for kind, n := range h.Accepted {
		f.add(seriesEvents+kind, h.Hour.Time, float64(n), 0)
	}
	all := float64(h.AcceptedTotal)
	rejected, warned := total(h.Rejected), total(h.Warned)
	f.add(seriesRejected, h.Hour.Time, rejected, all+rejected)
	f.add(seriesWarned, h.Hour.Time, min(warned, all), all)
}

func total(counts map[string]int64) (sum float64) {
	for _, n := range counts {
		sum += float64(n)
	}
	return sum
}

// shown adds what placements showed in an hour, and what came of it.
func (f *gathered) shown(s *store.Sum) {
	at := time.UnixMilli(s.AtMs).UTC()
	switch {
	case s.Scenario == "":
	case s.Metric == figures.Requests:
		f.add(seriesRequests+s.Scenario, at, s.Value, 0)
		f.add(seriesEmpty+s.Scenario, at, 0, s.Value)
		f.add(seriesDegraded, at, 0, s.Value)
		f.add(seriesLatency+s.Scenario, at, 0, s.Value)
	case s.Metric == figures.LatencyMS:
		f.add(seriesLatency+s.Scenario, at, s.Value, 0)
	case s.Metric == figures.OrderLines:
		f.lines[s.Scenario] += s.Value
	case strings.HasPrefix(s.Metric, figures.RevenuePrefix):
		f.add(seriesRevenue+s.Scenario+":"+strings.TrimPrefix(s.Metric, figures.RevenuePrefix), at, s.Value, 0)
	case s.Metric == figures.Empty:
		f.add(seriesEmpty+s.Scenario, at, s.Value, 0)
	case s.Metric == figures.Degraded:
		f.add(seriesDegraded, at, s.Value, 0)
	case s.Metric == figures.Impressions:
		f.add(seriesClickRate+s.Scenario, at, 0, s.Value)
	case s.Metric == figures.Clicks:
		f.add(seriesClickRate+s.Scenario, at, s.Value, 0)
	}
}
