// Package peers asks the other services on behalf of a request. Every call has a deadline and a circuit breaker; what was last good is kept
// and used while a peer is away. It decides nothing about ranking. The main type is Peers.
package peers

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/neighbourcache"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/rounds"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// The names under which an answer reports what could not help.
const (
	Profile    = "profile-service"
	Similarity = "similarity-service"
	Catalogue  = "catalogue"
)

// Options are what Peers needs.
type Options struct {
	Profile    *profileapi.Client
	Similarity *similarityapi.Client
	Catalogue  *catalogue.Catalogue
	// CacheBytes bounds what is kept: four ninths of it for neighbour lists, two for visitors, and smaller parts for what follows a session
	// and for popularity lists of the past. The rest, two eighteenths, is for the engine's memory of what was shown.
	CacheBytes uint64
	Logger     *slog.Logger
	Now        func() time.Time
	Registry   prometheus.Registerer // of the metrics
}

// Peers is safe for concurrent use.
type Peers struct {
	options  Options
	breakers breakers
	lists    *neighbourcache.Cache
	next     *nextCache
	models   *models
	popular  *popular
	visitors *visitors
	rounds   rounds.Rounds // of the live models
	types    atomic.Pointer[profileapi.EventWeights]
	metrics  *metrics
}

// New returns peers that have not been asked anything yet.
func New(o Options) *Peers {
	p := &Peers{options: o}
	part := o.CacheBytes / 18
	p.lists = neighbourcache.New(p.lookup, 8*part, o.Now)
	p.next = newNextCache(part)
	p.models = newModels()
	p.popular = newPopular(p, 3*part)
	p.visitors = newVisitors(4 * part)
	p.metrics = newMetrics(p, o.Registry)
	types := profileapi.DefaultEventWeights()
	p.types.Store(&types)
	p.rounds = rounds.Rounds{Every: modelsEvery, Idle: modelsIdle, AtOnce: modelsAtOnce, Visit: p.refreshModels}
	return p
}

// ShownBytes is the part of the memory for caches that is for what was shown.
func (p *Peers) ShownBytes() uint64 { return p.options.CacheBytes / 18 * 2 }

// Close waits for lists that are being fetched and ends the background work of the caches.
func (p *Peers) Close() {
	p.popular.wait()
	p.popular.past.StopAllGoroutines()
	p.next.cache.StopAllGoroutines()
	p.visitors.cache.StopAllGoroutines()
	p.lists.Close()
}

func (p *Peers) lookup(ctx context.Context, shop string, r similarityapi.LookupRequest) (similarityapi.LookupAnswer, error) {
	return guarded(
		p, guard{forLists, shop}, func() (similarityapi.LookupAnswer, error) { return p.options.Similarity.ForShop(shop).Lookup(ctx, r) },
	)
}

// Model returns the model of a relation whose lists are asked for: the live one unless version names another.
func (p *Peers) Model(shop, relation, version string) neighbourcache.Model {
	m := neighbourcache.Model{Relation: relation, Version: version, Named: version != ""}
	live, texts := p.models.live(shop, relation)
	if m.Texts = texts; !m.Named {
		m.Version = live
	}
	return m
}

// Neighbours returns those lists of items in a model that are at hand; what is missing can be waited for.
func (p *Peers) Neighbours(ctx context.Context, shop *catalogue.Shop, m neighbourcache.Model, items []string) *neighbourcache.Lists {
	l := p.lists.Look(ctx, shop, m, items)
	p.metrics.neighbours.count(len(items), l.Missing())
	return l
}

// LiveVersion returns the live version of a relation, as far as it is known.
func (p *Peers) LiveVersion(shop, relation string) string {
	version, _ := p.models.live(shop, relation)
	return version
}
