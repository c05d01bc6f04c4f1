package anomaly

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/figures"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/shared/wire"
)

// TestANewShopHasNoWeeksBefore has events for three days: nobody knows what to expect.
func TestANewShopHasNoWeeksBefore(t *testing.T) {
	t.Parallel()
	s := hourly{Name: seriesEvents + "view_item", From: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), Points: make([]point, 9*week)}
	for i := len(s.Points) - 3*day; i < len(s.Points); i++ {
		s.Points[i].N = 60
	}
	if found := detect(s.begun()); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	if begun := s.begun(); len(begun.Points) != 3*day || !begun.hour(3*day-1).Equal(s.hour(len(s.Points)-1)) {
		t.Errorf("%d hours from %s", len(begun.Points), begun.From)
	}
}

// TestAnAnomalyOpensAndCloses has a shop with 60 views and 100 shown items with 5 clicks an hour, whose tracker is off for a day and a
// half, and whose answers are all degraded for three hours.
func TestAnAnomalyOpensAndCloses(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		opensAndCloses(t, testenv.SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := testenv.Postgres(t)
		if err := migrations.Up(t.Context(), migrations.Recommender, url); err != nil {
			t.Fatal(err)
		}
		opensAndCloses(t, url)
	})
}

func opensAndCloses(t *testing.T, url string) {
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	begin := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	off, on := begin.AddDate(0, 0, 60), begin.AddDate(0, 0, 60).Add(36*time.Hour)
	slow := begin.AddDate(0, 0, 58)
	counts := map[store.HourKey]float64{}
	for at := begin; at.Before(on.AddDate(0, 0, 3)); at = at.Add(time.Hour) {
		for metric, n := range map[string]float64{figures.Requests: 30, figures.Impressions: 100, figures.Clicks: 5} {
			counts[store.HourKey{Shop: "north", Scenario: "home.for_you", HourMs: at.UnixMilli(), Metric: metric}] = n
		}
		if !at.Before(slow) && at.Before(slow.Add(3*time.Hour)) {
			counts[store.HourKey{Shop: "north", Scenario: "home.for_you", HourMs: at.UnixMilli(), Metric: figures.Degraded}] = 30
		}
	}
	if err := s.AddCounts(t.Context(), store.Counts{Hours: counts}, nil); err != nil {
		t.Fatal(err)
	}
	now := off.Add(-time.Hour)
	w := &Monitor{
		Store: s, Catalogue: catalogue.New(nil, slog.New(slog.DiscardHandler), time.Now), Logger: slog.New(slog.DiscardHandler),
		Now:  func() time.Time { return now },
		Made: func(context.Context, string) (map[string]time.Time, error) { return nil, nil },
		Stats: func(_ context.Context, _ string, from, to time.Time) (stats profileapi.EventStats, _ error) {
			for at := from; at.Before(to); at = at.Add(time.Hour) {
				if at.Before(begin) || !at.Before(off) && at.Before(on) {
					continue
				}
				stats.Hours = append(stats.Hours, profileapi.HourStats{
					Hour: wire.TimeOf(at), Accepted: map[string]int64{"view_item": 60}, AcceptedTotal: 60,
				})
			}
			return stats, nil
		},
	}
	registry := prometheus.NewRegistry()
	w.Register(registry)
	counted := func() float64 {
		t.Helper()
		families, err := registry.Gather()
		if err != nil || len(families) != 1 || families[0].GetName() != "aisle_anomalies_open" {
			t.Fatalf("metrics %v, %v", families, err)
		}
		return families[0].GetMetric()[0].GetGauge().GetValue()
	}
	look := func(open bool) []store.Anomaly {
		t.Helper()
		if _, err := w.Look(t.Context(), "north"); err != nil {
			t.Fatal(err)
		}
		list, err := s.Anomalies(t.Context(), "north", open, 10)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	before := look(false)
	if len(before) != 1 || before[0].Series != seriesDegraded || before[0].OpenedMs != slow.Add(time.Hour).UnixMilli() ||
		before[0].ClosedMs == 0 {
		t.Fatalf("degraded answers two days ago: %+v", before)
	}
	if due, err := w.Look(t.Context(), "north"); due || err != nil {
		t.Errorf("a second look in the same hour: %v, %v", due, err)
	}
	now = off.Add(time.Hour + figuresComplete)
	open := look(true)
	if len(open) != 1 || open[0].Series != seriesEvents+"view_item" || open[0].OpenedMs != off.Add(time.Hour).UnixMilli() ||
		open[0].Observed != 0 {
		t.Fatalf("an hour without views: %+v", open)
	}
	if n := counted(); n != 1 {
		t.Errorf("%g are counted as open", n)
	}
	if told := Told(&open[0]); !told.ClosedAt.IsZero() || !strings.Contains(told.Detail, "tracker") ||
		!strings.Contains(told.Detail, "60") {
		t.Errorf("told as %+v", told)
	}
	looksAtSeries(t, w)
	var sent []string
	away := true
	teller := &Teller{Store: s, Now: func() time.Time { return now }, Logger: w.Logger, Send: func(
		_ context.Context, id string, body []byte,
	) error {
		if away {
			return errors.New("it does not answer")
		}
		var m webhookMessage
		if err := json.Unmarshal(body, &m); err != nil || m.Shop != "north" || !strings.HasPrefix(id, m.Type+"/north/"+m.Anomaly.Series) {
			t.Errorf("%s: %s, %v", id, body, err)
		}
		sent = append(sent, m.Type+" "+m.Anomaly.Series)
		return nil
	}}
	tell := func(want ...string) {
		t.Helper()
		if _, err := s.Exec(t.Context(), "update anomalies set claim_ms = 0"); err != nil { // as if the time of the claims were over
			t.Fatal(err)
		}
		sent = nil
		for range 2 { // what was told is told once
			if err := teller.Tell(t.Context()); (err != nil) != away {
				t.Errorf("%v", err)
			}
			away = false
		}
		if diff := cmp.Diff(want, sent); diff != "" {
			t.Error(diff)
		}
	}
	tell() // a claim is nobody else's for a while, though its sender failed
	tell("anomaly.opened " + seriesEvents + "view_item")
	now = on.AddDate(0, 0, 2)
	if open := look(true); len(open) != 0 {
		t.Errorf("after two days as usual: %+v", open)
	}
	now = on.AddDate(0, 0, 1)
	tell("anomaly.closed " + seriesEvents + "view_item")
	tell()
	if n := counted(); n != 0 {
		t.Errorf("%g are counted as open after all closed", n)
	}
	if all := look(false); len(all) != 2 || all[0].OpenedMs != off.Add(time.Hour).UnixMilli() || all[0].ClosedMs <= on.UnixMilli() {
		t.Errorf("what was: %+v", all)
	}
}

// looksAtSeries looks at the shop of opensAndCloses after its first hour without views.
func looksAtSeries(t *testing.T, w *Monitor) {
	t.Helper()
	all, err := w.Series(t.Context(), "north", View{Window: day, Days: 2})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Series)
		if s.Points != nil {
			t.Errorf("%s has points that nobody asked for", s.Series)
		}
	}
	want := []string{
		"click_rate:home.for_you", seriesDegraded, "empty_share:home.for_you", "events:view_item",
		"latency_ms:home.for_you", seriesRejected,
		"requests:home.for_you", seriesWarned,
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	one, err := w.Series(t.Context(), "north", View{Names: []string{"events:view_item", "unknown"}, Window: 1, Days: 2})
	if err != nil || len(one) != 1 {
		t.Fatalf("%+v, %v", one, err)
	}
	s := one[0]
	if len(s.Windows) != 3 || len(s.Points) != 48 || s.Counts != "count" || s.Drift == nil || s.Hours != 60*24+1 {
		t.Fatalf("%+v", s)
	}
	hour, last := s.Windows[0], s.Points[47]
	if *hour.Observed != 0 || math.Abs(*hour.Expected-60) > 1e-9 || *hour.Low > 60 || *hour.High < 60 || hour.Spreads > -opens ||
		len(hour.Before) != weeksBefore || math.Abs(hour.Before[5]-60) > 1e-9 {
		t.Errorf("the last hour: %+v", hour)
	}
	if diff := cmp.Diff(hour.AnomalyBaseline, last.AnomalyBaseline); diff != "" || !last.At.Equal(w.lastHour()) {
		t.Errorf("the last point: %+v, %s", last, diff)
	}
	if p := s.Points[46]; p.Spreads != 0 || math.Abs(*p.Observed-60) > 1e-9 {
		t.Errorf("the point before: %+v", p)
	}
}

func TestLevelsAreLookedAt(t *testing.T) {
	t.Parallel()
	view := View{Names: []string{"any"}, Days: 1}
	items := lookAtLevels(seriesItems, []store.Level{{HourMs: 0, Value: 100}, {HourMs: hourMs, Value: 102},
		{HourMs: 2 * hourMs, Value: 40}}, view)
	if w := items.Windows[0]; *w.Observed != 40 || *w.Expected != 101 || w.Spreads > -2 || *w.Low > 68 || len(items.Points) != 3 {
		t.Errorf("the catalogue: %+v", items)
	}
	if first := items.Points[0]; first.Expected != nil || *first.Observed != 100 {
		t.Errorf("the first level: %+v", first)
	}
	var ages []store.Level
	for n, age := range []float64{3, 0, 4, 0, 2, 0, 5} {
		ages = append(ages, store.Level{HourMs: int64(n) * hourMs, Value: age})
	}
	if w := lookAtLevels(seriesModelAge+"similar", ages, View{}).Windows[0]; *w.Expected != 4 || *w.High != 6 || *w.Observed != 5 {
		t.Errorf("the age of a model: %+v", w)
	}
}

const hourMs = int64(time.Hour / time.Millisecond)
