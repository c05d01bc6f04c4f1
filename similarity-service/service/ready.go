package service

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/readiness"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/serving"
)

// Ready says whether the service can answer, part by part. A Redis that is away does not make it unready: lists come from snapshots. Nor
// does a damaged model: an older one serves, or the texts.
func (s *Service) Ready(ctx context.Context) []readiness.Part {
	parts := []readiness.Part{{Name: "database", Err: s.store.Ping(ctx)}, {Name: "snapshot store", Err: s.archive.Ready(ctx)}}
	if s.redis != nil {
		client := readiness.Part{Name: "redis"}
		if err := s.redis.Ping(ctx).Err(); err != nil {
			client.Note = []string{fmt.Sprintf("lists come from the snapshots: it does not answer (%v)", err)}
		}
		parts = append(parts, client)
	}
	models := readiness.Part{Name: "models"}
	s.registry.EachFallback(func(shop string, f similarityapi.ModelFallback) {
		instead := f.Serving
		if instead == "" {
			instead = "nothing"
		}
		models.Note = append(models.Note, fmt.Sprintf("of shop %s %s is damaged and %s serves", shop, f.Version, instead))
	})
	return append(parts, models, s.gate.Part())
}

// registerMetrics puts what an operator watches on the registry of the process.
func (s *Service) registerMetrics() {
	gauge := func(name, help string, value func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
	}
	s.deps.Registry.MustRegister(
		gauge("aisle_damaged_live_models",
			"Relations of shops whose live model is damaged, so that an older one or none serves.", func() (n int) {
				s.registry.EachFallback(func(string, similarityapi.ModelFallback) { n++ })
				return n
			}),
		gauge(
			"aisle_open_models", "Model versions that are open: the live ones and those asked for in the last minutes.", s.registry.Opened,
		),
		readiness.Behind(Name, s.catalogue.Behind),
		&liveModels{s.registry},
	)
	s.store.Watch(s.deps.Registry, Name)
	if s.redis != nil {
		database.WatchRedis(s.redis, s.deps.Registry, Name, "lists")
	}
}

// liveModels collects, by relation, how many shops have a live model of which verdict and the age of the oldest: relations and verdicts are
// few, shops are not.
type liveModels struct{ registry *serving.Registry }

var (
	liveCount = prometheus.NewDesc(
		"aisle_live_models", "Shops that have a live model of a relation, by what the gate said of it.",
		[]string{"relation", "verdict"}, nil,
	)
	liveAge = prometheus.NewDesc(
		"aisle_live_model_age_seconds", "How long ago the oldest live model of a relation was made, of all shops; 0 when there is none.",
		[]string{"relation"}, nil,
	)
)

// Describe implements prometheus.Collector.
func (c *liveModels) Describe(to chan<- *prometheus.Desc) { to <- liveCount; to <- liveAge }

// Collect implements prometheus.Collector.
func (c *liveModels) Collect(to chan<- prometheus.Metric) {
	ages := c.registry.Ages()
	for _, relation := range similarityapi.Relations() {
		a := ages[relation]
		for _, verdict := range serving.Verdicts() {
			to <- prometheus.MustNewConstMetric(liveCount, prometheus.GaugeValue, float64(a.Shops[verdict]), relation, verdict)
		}
		to <- prometheus.MustNewConstMetric(liveAge, prometheus.GaugeValue, a.Oldest.Seconds(), relation)
	}
}
