package jobs

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// The ends of a run that are no end of the job.
const (
	endLater    = "later"     // it failed for a reason that may pass, and is begun again
	endHandedOn = "handed_on" // the process was stopped, and another takes it
)

// metrics are what an operator watches of the jobs of this process. A nil one counts nothing.
type metrics struct {
	ended   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	running *prometheus.GaugeVec
}

// Watch puts the figures of the jobs that this process runs on a registry. It is called before anything runs.
func (m *Manager) Watch(registry prometheus.Registerer) {
	w := &metrics{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "aisle_jobs_total",
			Help: "Runs of jobs and of parts of jobs that ended in this process, by kind and end: succeeded, failed, " +
				"cancelled, later or handed_on.",
		}, []string{"kind", "state"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "aisle_job_duration_seconds", Help: "How long a run of a job, or of a part of one, took.",
			Buckets: []float64{.1, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600},
		}, []string{"kind"}),
		running: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "aisle_jobs_running", Help: "Jobs, and parts of jobs, that run in this process.",
		}, []string{"kind"}),
	}
	for kind := range m.runners {
		w.seconds.WithLabelValues(kind)
		w.running.WithLabelValues(kind)
		for _, state := range []string{
			similarityapi.JobSucceeded, similarityapi.JobFailed, similarityapi.JobCancelled, endLater, endHandedOn,
		} {
			w.ended.WithLabelValues(kind, state)
		}
	}
	registry.MustRegister(w.ended, w.seconds, w.running)
	m.metrics = w
}

// began counts a run and returns what is called at its end, with how it ended; "" for one that another process has taken.
func (w *metrics) began(kind string) func(state string) {
	if w == nil {
		return func(string) {}
	}
	start := time.Now() // the clock of this process, which does not jump
	w.running.WithLabelValues(kind).Inc()
	return func(state string) {
		w.running.WithLabelValues(kind).Dec()
		w.seconds.WithLabelValues(kind).Observe(time.Since(start).Seconds())
		if state != "" {
			w.ended.WithLabelValues(kind, state).Inc()
		}
	}
}
