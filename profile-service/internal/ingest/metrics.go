package ingest

import "github.com/prometheus/client_golang/prometheus"

// metrics are what an operator watches: what becomes of events, and how many share a commit.
type metrics struct {
	events  *prometheus.CounterVec
	commits prometheus.Histogram
}

// newMetrics registers the metrics.
func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		events: prometheus.NewCounterVec(
			prometheus.CounterOpts{Name: "aisle_profile_events_total", Help: "Events received, by verdict."}, []string{"verdict"},
		),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "aisle_profile_events_per_commit", Help: "Events that were stored in one commit.",
			Buckets: []float64{1, 3, 10, 30, 100, 300, 1000, 3000, 10000},
		}),
	}
	registry.MustRegister(m.events, m.commits)
	return m
}
