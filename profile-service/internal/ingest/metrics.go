package ingest

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// metrics are what an operator watches: what becomes of events, how late they come, and how many share a commit.
type metrics struct {
	accepted, duplicate, rejected prometheus.Counter
	late                          prometheus.Histogram
	commits                       prometheus.Histogram
}

// newMetrics registers the metrics; waiting is how many events wait for a commit.
func newMetrics(registry prometheus.Registerer, waiting func() int) *metrics {
	events := prometheus.NewCounterVec(
		prometheus.CounterOpts{Name: "aisle_profile_events_total", Help: "Events received, by verdict."}, []string{"verdict"},
	)
	m := &metrics{
		accepted: events.WithLabelValues(profileapi.StatusAccepted), duplicate: events.WithLabelValues(profileapi.StatusDuplicate),
		rejected: events.WithLabelValues(profileapi.StatusRejected),
		late: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "aisle_profile_event_lag_seconds",
			Help:    "Time from an event's own time to its receipt, of events that carry one and come from no file.",
			Buckets: []float64{.1, .5, 1, 5, 30, 60, 300, 3600, 86400, 7 * 86400},
		}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "aisle_profile_events_per_commit", Help: "Events that were stored in one commit.",
			Buckets: []float64{1, 3, 10, 30, 100, 300, 1000, 3000, 10000},
		}),
	}
	registry.MustRegister(events, m.late, m.commits, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "aisle_profile_events_waiting", Help: "Events that wait for a commit, of all shops.",
	}, func() float64 { return float64(waiting()) }))
	return m
}

// count counts the verdicts of a post, and how late its new events came.
func (m *metrics) count(answer *profileapi.EventsAnswer, rows []store.NewEvent) {
	m.accepted.Add(float64(answer.Accepted))
	m.duplicate.Add(float64(answer.Duplicates))
	m.rejected.Add(float64(answer.Rejected))
	for i := range rows {
		if e := &rows[i]; !e.Undated && e.Import == "" && !e.Result.Duplicate {
			m.late.Observe((time.Duration(max(0, e.ReceivedMs-e.OccurredMs)) * time.Millisecond).Seconds())
		}
	}
}
