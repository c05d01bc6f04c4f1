package readiness

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Behind is the metric of a service's replica of catalogues: for how long the feed of a shop has not been followed, the longest of all.
func Behind(service string, longest func() time.Duration) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "aisle_catalogue_behind_seconds",
		Help: "For how long a shop's feed of catalogue changes has not been read, the longest of all shops; 0 " +
			"while all are followed.",
		ConstLabels: prometheus.Labels{"service": service},
	}, func() float64 { return longest().Seconds() })
}
