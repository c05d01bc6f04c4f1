package peers

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what an operator watches of calls to peers and of what is kept of their answers.
type metrics struct {
	calls map[string]*outcomes // by kind of call
	// lookups of caches
	neighbours, visitors, next hits
}

// outcomes are the counters of one kind of call.
type outcomes struct{ ok, failed, open prometheus.Counter }

// hits are the counters of one cache.
type hits struct{ hit, miss prometheus.Counter }

// count counts look-ups, so many of which found nothing.
func (h hits) count(all, missing int) {
	h.hit.Add(float64(all - missing))
	h.miss.Add(float64(missing))
}

// missing is how many were missing of one.
func missing(found bool) int {
	if found {
		return 0
	}
	return 1
}

// newMetrics registers what is measured of the peers, with every label value that can occur. The memory of the caches is
// read when it is scraped.
func newMetrics(p *Peers, registry prometheus.Registerer) *metrics {
	calls := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aisle_peer_calls_total",
		Help: "Calls to other services by kind and by what became of them: ok, failed, or open when the peer failed too often to be asked.",
	}, []string{"call", "result"})
	lookups := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aisle_cache_lookups_total", Help: "Look-ups in caches, by result: hit or miss.",
	}, []string{"cache", "result"})
	cache := func(name string) hits {
		return hits{lookups.WithLabelValues(name, "hit"), lookups.WithLabelValues(name, "miss")}
	}
	m := &metrics{calls: map[string]*outcomes{}, neighbours: cache("neighbours"), visitors: cache("visitors"), next: cache("next")}
	for _, call := range []string{forState, forLists, forNext, forPopular, forLive} {
		m.calls[call] = &outcomes{
			calls.WithLabelValues(call, "ok"), calls.WithLabelValues(call, "failed"), calls.WithLabelValues(call, "open"),
		}
	}
	registry.MustRegister(calls, lookups)
	for name, size := range map[string]func() uint64{
		"neighbours": p.lists.Bytes, "visitors": p.visitors.cache.WeightedSize, "next": p.next.cache.WeightedSize,
	} {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "aisle_cache_bytes", Help: "Memory that a cache takes; all of them are bounded by AISLE_RECOMMENDER_CACHE_MB.",
			ConstLabels: prometheus.Labels{"cache": name},
		}, func() float64 { return float64(size()) }))
	}
	return m
}
