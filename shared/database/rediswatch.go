package database

import (
	"context"
	"errors"
	"net"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
)

// WatchRedis puts the figures of a client on a registry and makes spans of its commands. use says what it is for: lists or limits. It is
// called once for a client, before the client is used by several goroutines.
func WatchRedis(client redis.UniversalClient, registry prometheus.Registerer, service, use string) {
	labels := prometheus.Labels{"service": service, "use": use}
	commands := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aisle_redis_commands_total", Help: "Commands sent to Redis, a pipeline counted as one, by what became of them.",
		ConstLabels: labels,
	}, []string{"result"})
	client.AddHook(redisHook{commands.WithLabelValues("ok"), commands.WithLabelValues("failed")})
	registry.MustRegister(commands, &redisPool{
		client: client,
		connections: prometheus.NewDesc(
			"aisle_redis_connections", "Connections to Redis, in use or idle.", []string{"state"}, labels,
		),
		timeouts: prometheus.NewDesc(
			"aisle_redis_pool_timeouts_total", "Callers that waited too long for a connection to Redis.", nil, labels,
		),
	})
}

// redisPool reads the figures of a client's connections when a scraper asks for them.
type redisPool struct {
	client                redis.UniversalClient
	connections, timeouts *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *redisPool) Describe(to chan<- *prometheus.Desc) { to <- c.connections; to <- c.timeouts }

// Collect implements prometheus.Collector.
func (c *redisPool) Collect(to chan<- prometheus.Metric) {
	s := c.client.PoolStats()
	idle := min(s.IdleConns, s.TotalConns) // the two are not read at once
	to <- prometheus.MustNewConstMetric(c.connections, prometheus.GaugeValue, float64(s.TotalConns-idle), "in_use")
	to <- prometheus.MustNewConstMetric(c.connections, prometheus.GaugeValue, float64(idle), "idle")
	to <- prometheus.MustNewConstMetric(c.timeouts, prometheus.CounterValue, float64(s.Timeouts))
}

// redisHook counts commands and makes spans of them. Their arguments hold ids and stay out of the spans.
type redisHook struct{ ok, failed prometheus.Counter }

// DialHook implements redis.Hook.
func (h redisHook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return next(ctx, network, address)
	}
}

// ProcessHook implements redis.Hook.
func (h redisHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if !recording(ctx) {
			return h.count(next(ctx, cmd))
		}
		ctx, span := startSpan(ctx, "redis", cmd.Name())
		err := h.count(next(ctx, cmd))
		endSpan(span, failure(err))
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (h redisHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, list []redis.Cmder) error {
		if !recording(ctx) {
			return h.count(next(ctx, list))
		}
		ctx, span := startSpan(ctx, "redis", "pipeline", attribute.Int("db.operation.batch.size", len(list)))
		err := h.count(next(ctx, list))
		endSpan(span, failure(err))
		return err
	}
}

// count counts a command, and returns its error as it is.
func (h redisHook) count(err error) error {
	if failure(err) == nil {
		h.ok.Inc()
	} else {
		h.failed.Inc()
	}
	return err
}

// failure is an error without those that are answers: a key that is not there, a script that is to be sent whole.
func failure(err error) error {
	if errors.Is(err, redis.Nil) || err != nil && redis.HasErrorPrefix(err, "NOSCRIPT") {
		return nil
	}
	return err
}
