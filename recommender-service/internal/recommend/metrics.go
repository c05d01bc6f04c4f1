package recommend

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// tiers are all that an item of an answer can have, and causes all that can make an answer a lesser one; each is a label.
var (
	tiers  = []string{"personal", "session", "context", "category", "popular", "newest", "pinned", "exploration"}
	causes = []string{peers.Profile, peers.Similarity, peers.Catalogue, Overload, Model, Deadline}
)

// metrics are what an operator watches of answers: what supplied them, what they lacked, how old what they knew was. What they count under
// is looked up once.
type metrics struct {
	byTier   map[string]prometheus.Counter // answers by the tier of their first item
	items    map[string]prometheus.Counter // items by tier
	degraded map[string]prometheus.Counter
	empty    prometheus.Counter
	age      prometheus.Histogram
	stale    prometheus.Counter
}

// newMetrics registers what is measured of answers. Every label value that can occur is made at once, so that a rate over
// a failure that has not happened yet is 0 and not absent.
func newMetrics(registry prometheus.Registerer) *metrics {
	counters := func(name, help, label string, values []string) map[string]prometheus.Counter {
		vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
		registry.MustRegister(vec)
		made := make(map[string]prometheus.Counter, len(values))
		for _, v := range values {
			made[v] = vec.WithLabelValues(v)
		}
		return made
	}
	m := &metrics{
		byTier: counters(
			"aisle_recommend_answers_total", "Answers, each placement and row of its own, by the tier of the first item.", "tier", tiers,
		),
		items: counters("aisle_recommend_items_total", "Items of answers, by what supplied them.", "tier", tiers),
		degraded: counters(
			"aisle_recommend_degraded_total", "Answers that something could not help with, by what; one answer may count for several.",
			"cause", causes,
		),
		empty: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "aisle_recommend_empty_answers_total", Help: "Answers without an item.",
		}),
		age: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "aisle_recommend_visitor_age_seconds",
			Help:    "How long before an answer what it knows of its visitor was read or confirmed.",
			Buckets: []float64{.01, .1, 1, 10, 60, 600, 3600},
		}),
		stale: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "aisle_recommend_stale_answers_total",
			Help: "Answers for a visitor as of an earlier reading, because the profile-service did not answer in time.",
		}),
	}
	registry.MustRegister(m.empty, m.age, m.stale)
	return m
}

// answered counts an answer of r. Counters are looked up in maps that do not change, so that answers need not wait for each other.
func (m *metrics) answered(r *run, a *api.Answer) {
	if len(a.Items) == 0 {
		m.empty.Inc()
	} else {
		inc(m.byTier, a.Items[0].Tier)
	}
	for n := range a.Items {
		inc(m.items, a.Items[n].Tier)
	}
	for _, cause := range a.Degraded {
		inc(m.degraded, cause)
	}
	if r.profiled {
		m.age.Observe(max(0, r.now.Sub(r.visitor.AsOf).Round(time.Millisecond).Seconds()))
	}
	if r.stale {
		m.stale.Inc()
	}
}

// inc counts under a label; one that was not made at the start counts nowhere.
func inc(counters map[string]prometheus.Counter, label string) {
	if c := counters[label]; c != nil {
		c.Inc()
	}
}
