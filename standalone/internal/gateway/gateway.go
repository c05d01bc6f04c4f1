package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/readiness"
)

// documentTime bounds one try to read a service's document, and documentInterval is the time between tries.
const (
	documentTime     = 5 * time.Second
	documentInterval = 200 * time.Millisecond
)

// Config says where the services are.
type Config struct {
	Pages    string              // name of the service that has the console and the page script
	Services map[string][]string // addresses of the replicas by name of the service
	Trusted  []netip.Prefix      // proxies before the gateway whose X-Forwarded-For is believed
}

// Gateway is a Router before pools of replicas. It is an httpserver.Service.
type Gateway struct {
	router   *Router
	pools    map[string]*pool
	gatherer *prometheus.Registry
	logger   *slog.Logger
	started  chan struct{} // closed when the routes are known
}

// New returns a gateway that has called nobody yet; Run does. Every address that cannot be one
// is told at once. Close is for when Run was never called as well.
func New(c Config, registry *prometheus.Registry, logger *slog.Logger) (*Gateway, error) {
	g := &Gateway{pools: map[string]*pool{}, gatherer: registry, logger: logger, started: make(chan struct{})}
	handlers := map[string]http.Handler{}
	up := prometheus.NewDesc(
		"aisle_gateway_replicas_up", "Replicas of a service that have not failed since they last answered.", []string{"service"}, nil,
	)
	repeats := prometheus.NewDesc(
		"aisle_gateway_repeats_total", "Requests that were sent once more, to another replica of a service.", []string{"service"}, nil,
	)
	durations := httpserver.NewDurations(registry, "gateway")
	var problems []error
	for name, addresses := range c.Services {
		pool, err := newPool(name, addresses, logger)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		g.pools[name], handlers[name] = pool, measured(durations, name, proxy(pool, c.Trusted))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	g.router = NewRouter(c.Pages, handlers)
	return g, registry.Register(&replicas{up, repeats, g.pools})
}

// replicas collects how many replicas are up, and how often one had to stand in for another.
type replicas struct {
	up, repeats *prometheus.Desc
	pools       map[string]*pool
}

// Describe implements prometheus.Collector.
func (c *replicas) Describe(to chan<- *prometheus.Desc) { to <- c.up; to <- c.repeats }

// Collect implements prometheus.Collector.
func (c *replicas) Collect(to chan<- prometheus.Metric) {
	for name, pool := range c.pools {
		to <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, float64(pool.Up()), name)
		to <- prometheus.MustNewConstMetric(c.repeats, prometheus.CounterValue, float64(pool.repeats.Load()), name)
	}
}

// Handler answers the public API of all services.
func (g *Gateway) Handler() http.Handler { return g.router }

// AdminHandler answers health checks and metrics.
func (g *Gateway) AdminHandler() http.Handler { return httpserver.Admin(g.gatherer, g.Ready) }

// Ready says of every service whether a replica can be asked, by what requests and probes have
// shown: it asks nobody itself.
func (g *Gateway) Ready(context.Context) []readiness.Part {
	routes := readiness.Part{Name: "routes"}
	select {
	case <-g.started:
	default:
		routes.Err = errors.New("the documents of the services are being read")
	}
	parts := []readiness.Part{routes}
	for name, pool := range g.pools {
		part := readiness.Part{Name: name}
		switch up := pool.Up(); {
		case up == 0:
			part.Err = errors.New("no replica answers")
		case up < len(pool.replicas):
			part.Note = []string{fmt.Sprintf("%d of %d replicas answer", up, len(pool.replicas))}
		}
		parts = append(parts, part)
	}
	return parts
}

// Run reads the documents, and then waits for the end of ctx. A gateway routes by the documents of its start: start it again after an
// upgrade of the services.
func (g *Gateway) Run(ctx context.Context) error {
	var mu sync.Mutex
	documents := Documents{}
	group, reading := errgroup.WithContext(ctx)
	for name, pool := range g.pools {
		group.Go(func() error {
			document, err := g.document(reading, name, pool)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			documents[name] = document
			if err := g.router.Describe(documents); err != nil { // at once: the services may reach each other through the gateway
				return fmt.Errorf("make routes of the services' documents; are the services of one version? %w", err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	close(g.started)
	<-ctx.Done()
	return ctx.Err()
}

// document asks a service for its document until it answers, and says once in the log that it
// waits. It fails only when ctx ends.
func (g *Gateway) document(ctx context.Context, name string, pool *pool) ([]byte, error) {
	tick := time.NewTicker(documentInterval)
	defer tick.Stop()
	for said := false; ; {
		try, cancel := context.WithTimeout(ctx, documentTime)
		document, err := Document(try, pool, "http://"+name)
		cancel()
		if err == nil {
			return document, nil
		}
		if !said && ctx.Err() == nil {
			g.logger.Warn("a service cannot be reached yet; the gateway waits for it", "service", name, "error", err)
			said = true
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// Close ends the probes.
func (g *Gateway) Close() error {
	for _, pool := range g.pools {
		pool.Close()
	}
	return nil
}
