package anomaly

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/rounds"
)

const (
	every   = time.Minute
	idle    = 10 * time.Minute
	timeout = time.Minute
	// figuresComplete is how long after its end the figures of an hour are complete.
	figuresComplete = 2 * time.Minute
	// told is how long ago an episode may have begun that is recorded.
	told = 14 * 24 * time.Hour
)

// Store is the port to the database.
type Store interface {
	SumsPer(ctx context.Context, shop string, fromMs, toMs, everyMs int64) ([]store.Sum, error)
	PutLevels(ctx context.Context, shop string, hourMs int64, levels map[string]float64) error
	Levels(ctx context.Context, shop string, fromMs int64) (map[string][]store.Level, error)
	PutAnomalies(ctx context.Context, shop string, untilMs int64, list []store.Anomaly) error
}

// Monitor looks at every shop once an hour. Several replicas may do so: what one finds the other finds, and a record is the same.
type Monitor struct {
	Store     Store
	Stats     func(ctx context.Context, shop string, from, to time.Time) (profileapi.EventStats, error)
	Catalogue *catalogue.Catalogue
	// Made returns when the live model of each relation was made.
	Made   func(ctx context.Context, shop string) (map[string]time.Time, error)
	Logger *slog.Logger
	Now    func() time.Time

	rounds rounds.Rounds
	mu     sync.Mutex
	hours  map[string]time.Time // of the last look at a shop
	open   map[string]int
}

// Register adds the number of open anomalies to the metrics.
func (w *Monitor) Register(registry prometheus.Registerer) {
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "aisle_anomalies_open", Help: "Anomalies that have opened and not closed, of all shops.",
	}, func() float64 {
		w.mu.Lock()
		defer w.mu.Unlock()
		sum := 0
		for _, n := range w.open {
			sum += n
		}
		return float64(sum)
	}))
}

// Run looks at the shops until ctx ends.
func (w *Monitor) Run(ctx context.Context, shops func() []string) {
	w.rounds.Every, w.rounds.Idle, w.rounds.AtOnce = every, idle, 1
	w.rounds.Visit = func(ctx context.Context, shop string) bool {
		call, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		looked, err := w.Look(call, shop)
		if err != nil && ctx.Err() == nil {
			w.Logger.Warn("anomalies not looked for, it is tried again", "shop", shop, "error", err)
		}
		return looked || err != nil
	}
	w.rounds.Run(ctx, shops)
}

// Look records the anomalies of a shop up to the last hour that is over, and reports whether that was due.
func (w *Monitor) Look(ctx context.Context, shop string) (bool, error) {
	until := w.lastHour()
	w.mu.Lock()
	due := !w.hours[shop].Equal(until)
	w.mu.Unlock()
	if !due {
		return false, nil
	}
	series, err := w.readSeries(ctx, shop, until)
	if err != nil {
		return true, err
	}
	var found []episode
	for _, s := range series {
		found = append(found, detect(s)...)
	}
	levels, err := w.levels(ctx, shop, until)
	if err != nil {
		return true, err
	}
	found = append(found, levels...)
	open := 0
	var list []store.Anomaly
	for n := range found {
		e := &found[n]
		if e.Opened.Before(until.Add(-told)) {
			continue
		}
		if e.Closed.IsZero() {
			open++
		}
		list = append(list, store.Anomaly{
			Series: e.Series, OpenedMs: e.Opened.UnixMilli(), ClosedMs: msOf(e.Closed), Hours: e.Hours, Observed: e.Observed,
			Expected: e.Expected, Spreads: e.Spreads,
		})
	}
	if err := w.Store.PutAnomalies(ctx, shop, until.UnixMilli(), list); err != nil {
		return true, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hours == nil {
		w.hours, w.open = map[string]time.Time{}, map[string]int{}
	}
	w.hours[shop], w.open[shop] = until, open
	return true, nil
}

// lastHour returns the end of the last hour that is over.
func (w *Monitor) lastHour() time.Time {
	return w.Now().Add(-figuresComplete).UTC().Truncate(time.Hour)
}

func msOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// levels stores what the catalogue and the live models are now, and returns the jumps of the one and the other when it is overdue.
func (w *Monitor) levels(ctx context.Context, shop string, until time.Time) ([]episode, error) {
	levels, err := w.Store.Levels(ctx, shop, until.Add(-looksBack).UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("read the levels of the catalogue: %w", err)
	}
	now := w.modelAges(ctx, shop, until)
	replica := w.Catalogue.Shop(shop)
	// a shop without a catalogue has no rows
	if of := levelsOf(replica); replica.State().Synced && (of[seriesItems] > 0 || len(levels[seriesItems]) > 0) {
		maps.Copy(now, of)
	}
	hour := until.Add(-time.Hour).UnixMilli()
	if len(now) > 0 {
		if err := w.Store.PutLevels(ctx, shop, hour, now); err != nil {
			return nil, err
		}
	}
	for series, value := range now {
		levels[series] = append(levels[series], store.Level{HourMs: hour, Value: value})
	}
	found := append(jumps(seriesItems, levels[seriesItems]), jumps(seriesPrice, levels[seriesPrice])...)
	for _, series := range slices.Sorted(maps.Keys(levels)) {
		if strings.HasPrefix(series, seriesModelAge) {
			found = append(found, overdue(series, levels[series])...)
		}
	}
	return found, nil
}

// modelAges returns the ages of the live models in hours; none while the similarity-service is away, of which other series tell.
func (w *Monitor) modelAges(ctx context.Context, shop string, until time.Time) map[string]float64 {
	ages := map[string]float64{}
	made, err := w.Made(ctx, shop)
	if err != nil {
		w.Logger.Warn("the ages of models are not known for an hour", "shop", shop, "error", err)
	}
	for relation, at := range made {
		ages[seriesModelAge+relation] = max(0, until.Sub(at).Hours())
	}
	return ages
}
