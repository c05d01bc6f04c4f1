package database

import (
	"database/sql"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// PoolStats are the connections of a pool and how long callers waited for one.
type PoolStats struct {
	InUse, Idle, Most int           // connections: with a caller, free, and open at once at most
	Waits             int64         // callers that found no free connection
	Waited            time.Duration // by all of them together
}

// SQLStats returns the figures of a pool of database/sql.
func SQLStats(db *sql.DB) func() PoolStats {
	return func() PoolStats {
		s := db.Stats()
		return PoolStats{InUse: s.InUse, Idle: s.Idle, Most: s.MaxOpenConnections, Waits: s.WaitCount, Waited: s.WaitDuration}
	}
}

// pgxStats is SQLStats for a pool of pgx.
func pgxStats(pool *pgxpool.Pool) func() PoolStats {
	return func() PoolStats {
		s := pool.Stat()
		return PoolStats{
			InUse: int(s.AcquiredConns()), Idle: int(s.IdleConns()), Most: int(s.MaxConns()), Waits: s.EmptyAcquireCount(),
			Waited: s.EmptyAcquireWaitTime(),
		}
	}
}

// Watch puts the figures of the pools of a service on a registry.
func (t *Tables) Watch(registry prometheus.Registerer, service string) {
	if t.pool != nil {
		WatchPools(registry, service, map[string]func() PoolStats{"postgres": pgxStats(t.pool)})
		return
	}
	WatchPools(registry, service, map[string]func() PoolStats{"reader": SQLStats(t.Reader), "writer": SQLStats(t.Writer)})
}

// WatchPools puts the figures of pools on a registry, by name: postgres, or reader and writer of an SQLite file.
func WatchPools(registry prometheus.Registerer, service string, pools map[string]func() PoolStats) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"pool"}, labels...), prometheus.Labels{"service": service})
	}
	registry.MustRegister(&poolCollector{
		pools:       pools,
		connections: desc("aisle_database_connections", "Connections to the database, in use or idle.", "state"),
		most:        desc("aisle_database_connections_max", "Connections to the database that may be open at once."),
		waits:       desc("aisle_database_waits_total", "Callers that found no free connection to the database."),
		waited:      desc("aisle_database_wait_seconds_total", "Time that callers waited for a connection to the database."),
	})
}

// poolCollector reads the figures when a scraper asks for them.
type poolCollector struct {
	pools                            map[string]func() PoolStats
	connections, most, waits, waited *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *poolCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.connections, c.most, c.waits, c.waited} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *poolCollector) Collect(to chan<- prometheus.Metric) {
	for name, stats := range c.pools {
		s := stats()
		to <- prometheus.MustNewConstMetric(c.connections, prometheus.GaugeValue, float64(s.InUse), name, "in_use")
		to <- prometheus.MustNewConstMetric(c.connections, prometheus.GaugeValue, float64(s.Idle), name, "idle")
		to <- prometheus.MustNewConstMetric(c.most, prometheus.GaugeValue, float64(s.Most), name)
		to <- prometheus.MustNewConstMetric(c.waits, prometheus.CounterValue, float64(s.Waits), name)
		to <- prometheus.MustNewConstMetric(c.waited, prometheus.CounterValue, s.Waited.Seconds(), name)
	}
}
