// Package service is the recommender-service as the rest of the workspace sees it: a Config,
// New, a handler, background work and an end. Everything else is internal. build shows how the
// packages are joined, and Run what each does in the background.
package service

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/aisle-rec/aisle/recommender-service/internal/anomaly"
	"github.com/aisle-rec/aisle/recommender-service/internal/audience"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/decisionlog"
	"github.com/aisle-rec/aisle/recommender-service/internal/experiment"
	"github.com/aisle-rec/aisle/recommender-service/internal/export"
	"github.com/aisle-rec/aisle/recommender-service/internal/figures"
	"github.com/aisle-rec/aisle/recommender-service/internal/httpapi"
	"github.com/aisle-rec/aisle/recommender-service/internal/maintenance"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/recommender-service/internal/persons"
	"github.com/aisle-rec/aisle/recommender-service/internal/recommend"
	"github.com/aisle-rec/aisle/recommender-service/internal/scenario"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	"github.com/aisle-rec/aisle/recommender-service/internal/webhook"
	"github.com/aisle-rec/aisle/sdk/tracker"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/readiness"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Name is the name of this service in logs, metrics and peers' settings.
const Name = "recommender-service"

const (
	// shopsInterval is how late a shop whose first key was just made is noticed.
	shopsInterval = time.Second
	// cataloguePatience is how long a service that has just started waits for a profile-service that does not answer.
	cataloguePatience = 10 * time.Second
	// configInterval is how late a change made in another replica is noticed when nobody told of it: a pooler in transaction mode delivers
	// no notifications.
	configInterval = 10 * time.Second
)

// Service is a running recommender-service. It is made by New, works while Run does, and is no
// use after Close.
type Service struct {
	config      Config
	deps        process.Deps
	server      *httpserver.Server
	store       *store.Store
	catalogue   *catalogue.Catalogue
	gate        *readiness.Gate
	peers       *peers.Peers
	scenarios   *scenario.Collection
	rules       *scenario.Rules
	experiments *experiment.Collection
	engine      *recommend.Engine
	shadows     *experiment.Shadows
	decisions   *decisionlog.Log
	counter     *figures.Counter
	attribution *figures.Attribution
	guard       *figures.Guard
	exports     *export.Manager
	anomalies   *anomaly.Monitor
	teller      *anomaly.Teller // nil when nobody is to be told
	cleaner     *maintenance.Cleaner
}

// New opens the store and builds the service. It fails when the configuration or the store is
// unusable. Peers need not be there: scenarios of the shops are read from the own store, and
// the catalogue follows once Run is called.
func New(ctx context.Context, config Config, deps process.Deps) (*Service, error) {
	config = config.withDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, config.DatabaseURL)
	if err != nil {
		return nil, err
	}
	s := &Service{config: config, deps: deps, store: db}
	if err := s.assemble(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	for _, shop := range deps.Auth.Shops() {
		err := errors.Join(s.scenarios.Refresh(ctx, shop), s.rules.Refresh(ctx, shop), s.experiments.Refresh(ctx, shop))
		if err != nil {
			deps.Logger.Warn("scenarios cannot be read yet, those delivered serve", "shop", shop, "error", err)
		}
	}
	return s, nil
}

// assemble reads the secrets of the store and builds the parts with them.
func (s *Service) assemble(ctx context.Context) error {
	ids, err := s.store.Secret(ctx, "recommendation_ids")
	if err != nil {
		return err
	}
	sessions, err := s.store.Secret(ctx, "console_sessions")
	if err != nil {
		return err
	}
	if err := s.build(trackingid.NewKeys(ids)); err != nil {
		return err
	}
	s.mountConsole(sessions)
	return nil
}

// build wires the parts together, in the order in which they need each other: replicas and
// caches of the peers, configuration, what is kept of answers, the engine, figures, the HTTP
// surface. It starts nothing but what the parts start in their constructors.
func (s *Service) build(ids *trackingid.Keys) error {
	config, logger, now := s.config, s.deps.Logger, s.deps.Clock()
	profileHTTP := s.peer(peers.Profile, config.ProfileURL)
	profile := profileapi.NewClient(profileHTTP)
	s.catalogue = catalogue.New(profile, logger, now)
	s.gate = readiness.NewGate("catalogue", peers.Profile, s.deps.Auth.Shops(), cataloguePatience, now)
	s.catalogue.Report(s.gate)
	similarity := similarityapi.NewClient(s.peer(peers.Similarity, config.SimilarityURL))
	s.peers = peers.New(peers.Options{
		Profile: profile, Similarity: similarity, Catalogue: s.catalogue,
		CacheBytes: uint64(config.CacheMB) << 20, Logger: logger, Now: now, Registry: s.deps.Registry,
	})
	s.store.Watch(s.deps.Registry, Name)
	s.deps.Registry.MustRegister(readiness.Behind(Name, s.catalogue.Behind))
	s.scenarios = scenario.NewCollection(s.store, logger, now)
	s.rules = scenario.NewRules(s.store, logger, now)
	s.experiments = experiment.NewCollection(s.store, logger, now)
	assigner := &experiment.Assigner{Experiments: s.experiments, Scenarios: s.scenarios}
	s.decisions = decisionlog.New(s.store, decisionlog.Options{Sample: config.DecisionSample, Logger: logger}, s.deps.Registry)
	s.cleaner = &maintenance.Cleaner{
		Store: s.store, KeepDecisions: time.Duration(config.DecisionDays) * 24 * time.Hour, KeepClicks: figures.AttributionWindow,
		Logger: logger,
		Now:    now,
	}
	s.counter = figures.NewCounter(s.store, logger, now)
	s.engine = recommend.NewEngine(s.peers, s.catalogue, ids, logger, now, s.deps.Registry, s.deps.Limits.Redis, func(
		shop string, d *decision.Decision, a *recommenderapi.Answer,
	) {
		// None of these blocks: an answer is on its way.
		s.decisions.Add(shop, d)
		s.counter.Answered(shop, d, a)
		s.attribution.Answered(shop)
		s.peers.Answered(shop)
	})
	s.shadows = experiment.NewShadows(assigner, s.engine, s.counter.Shadowed)
	reporter := &figures.Reporter{Store: s.store, Items: s.items}
	s.attribution = s.attributionOf(profile, ids)
	recorder := &audit.Recorder{Log: audit.Table{Tables: s.store.Tables}, Logger: logger, Now: now}
	s.guard = &figures.Guard{Reporter: reporter, Experiments: s.experiments, Audit: recorder, Logger: logger, Now: now}
	s.server = httpserver.New(httpserver.Options{
		Service: Name, Description: description, Version: s.deps.Version, Auth: s.deps.Auth, Logger: logger, Registry: s.deps.Registry,
		Elsewhere:  httpapi.Elsewhere(),
		RateLimits: s.deps.Limits,
	})
	if err := s.watchFigures(profile, similarity); err != nil {
		return err
	}
	api := &httpapi.API{
		Engine: s.engine, Catalogue: s.catalogue, Scenarios: s.scenarios, Rules: s.rules, Experiments: assigner, Shadows: s.shadows,
		Decisions: s.decisions, Reporter: reporter, Anomalies: s.store.Anomalies, Monitor: s.anomalies,
		Forget: s.forget, Persons: s.persons(profileHTTP), Model: func(
			ctx context.Context, shop, version string,
		) (similarityapi.Model, error) {
			return similarity.ForShop(shop).Model(ctx, version)
		}, EventWeights: s.peers.EventWeights, Audit: recorder, AuditElsewhere: s.auditElsewhere, Keys: s.deps.Auth.Keys,
		KeepDays: config.DecisionDays, Now: now,
	}
	// The page script is a file and no operation of the API.
	s.server.Engine.Any(tracker.Prefix+"*path", gin.WrapH(tracker.Handler()))
	people := &audience.Finder{Profile: profile, Similarity: similarity, Catalogue: s.catalogue, Recommend: api.RecommendFor, Now: now}
	api.Exports = export.New(s.store, api.RecommendFor, members(profile), people.Find, logger, now)
	s.exports = api.Exports
	api.Register(s.server.API)
	return httpapi.Reference(s.server.API)
}

// attributionOf attributes the events of the profile-service to answers.
func (s *Service) attributionOf(profile *profileapi.Client, ids *trackingid.Keys) *figures.Attribution {
	return &figures.Attribution{
		Events: func(ctx context.Context, shop string, seq int64, from time.Time, limit int) ([]profileapi.StoredEvent, error) {
			return profile.ForShop(shop).EventsAfter(ctx, seq, from, limit)
		},
		Store: s.store, IDs: ids, Decision: s.decisions.Find, Product: s.product, Logger: s.deps.Logger, Now: s.deps.Clock(),
		Visitors: figures.Visitors{
			Events: func(ctx context.Context, shop string, q profileapi.EventsQuery) (profileapi.Page[profileapi.StoredEvent], error) {
				return profile.ForShop(shop).Events(ctx, q)
			},
			Verdicts: func(ctx context.Context, shop, cursor string, limit int) (profileapi.Page[profileapi.Robot], error) {
				return profile.ForShop(shop).Robots(ctx, "", cursor, limit)
			},
			Decisions: s.store.DecisionsSince, Kept: time.Duration(s.config.DecisionDays) * 24 * time.Hour,
		},
	}
}

// watchFigures builds what looks for anomalies, and what tells the webhook of them where there is one.
func (s *Service) watchFigures(profile *profileapi.Client, similarity *similarityapi.Client) error {
	logger, now := s.deps.Logger, s.deps.Clock()
	s.anomalies = &anomaly.Monitor{
		Store: s.store, Catalogue: s.catalogue, Logger: logger, Now: now,
		Stats: func(ctx context.Context, shop string, from, to time.Time) (profileapi.EventStats, error) {
			return profile.ForShop(shop).EventStats(ctx, from, to)
		},
		Made: func(ctx context.Context, shop string) (map[string]time.Time, error) {
			return modelsMade(ctx, similarity.ForShop(shop))
		},
	}
	s.anomalies.Register(s.deps.Registry)
	told := newTold(s.deps.Registry)
	if s.config.WebhookURL == "" {
		return nil
	}
	hook, err := webhook.New(s.config.WebhookURL, s.config.WebhookSecret, s.config.WebhookPrivate, now)
	if err == nil {
		s.teller = &anomaly.Teller{Store: s.store, Send: told.counted(hook.Send), Logger: logger, Now: now}
	}
	return err
}

// forget removes what is kept of a user and of a session; "" for neither. What waits in memory is stored first, so that it goes as well.
func (s *Service) forget(ctx context.Context, shop, userID, sessionID string) (f recommenderapi.Forgotten, err error) {
	s.engine.Forget(shop, userID, sessionID)
	s.decisions.Flush(ctx)
	if err := s.counter.Flush(ctx); err != nil {
		return f, err
	}
	for _, who := range []struct{ id, visitor string }{
		{userID, decision.VisitorID(userID, "")}, {sessionID, decision.VisitorID("", sessionID)},
	} {
		if who.id == "" {
			continue
		}
		rows, err := s.store.Forget(ctx, shop, who.id, who.visitor)
		if err != nil {
			return f, err
		}
		f.Decisions, f.Clicks, f.Experiments = f.Decisions+rows.Decisions, f.Clicks+rows.Clicks, f.Experiments+rows.Visitors
	}
	return f, nil
}

// persons reaches what all services hold on persons.
func (s *Service) persons(profile *httpclient.Client) *persons.Persons {
	return &persons.Persons{
		Profile: profile, Store: s.store, Forget: s.forget, Now: s.deps.Clock(),
		KeepDecisions: time.Duration(s.config.DecisionDays) * 24 * time.Hour, KeepClicks: figures.AttributionWindow,
		KeepVisitors: maintenance.KeepVisitors,
	}
}

// usersPage is how many users are read at once.
const usersPage = 1000

// members lists the users of a segment, by reading all users of the shop and keeping those. A
// page may have none.
func members(profile *profileapi.Client) export.Segment {
	return func(ctx context.Context, shop, segment, cursor string) (ids []string, next string, err error) {
		page, err := profile.ForShop(shop).Users(ctx, cursor, usersPage)
		if err != nil {
			return nil, "", err
		}
		for n := range page.Items {
			if slices.Contains(page.Items[n].Segments, segment) {
				ids = append(ids, page.Items[n].UserID)
			}
		}
		if page.NextCursor != nil {
			next = *page.NextCursor
		}
		return ids, next, nil
	}
}

// items returns how many products a shop's catalogue has, by counting them.
func (s *Service) items(shop string) (n int) {
	s.catalogue.Shop(shop).Read(func(v *catalogue.View) { v.Products(func(*catalogue.Item) { n++ }) })
	return n
}

// product returns what is counted of an item: under the key of its family, at the price that it
// has now. One that the catalogue lacks is counted under its own id, without a price.
func (s *Service) product(shop, itemID string) figures.Product {
	p := figures.Product{Key: itemID}
	s.catalogue.Shop(shop).Read(func(v *catalogue.View) {
		i := v.Find(itemID)
		if i < 0 {
			return
		}
		p.Key = v.ID(v.Head(i))
		for _, it := range [...]*catalogue.Item{v.Item(i), v.Item(v.Head(i))} { // a variant without a price has that of its product
			if it != nil && it.Priced {
				p.Price, p.Currency = it.Price, it.Source.Currency
				return
			}
		}
	})
	return p
}

// peer returns the client of another service, with the key of this one. In one process the
// transport calls the handler, and the address is not used.
func (s *Service) peer(name, url string) *httpclient.Client {
	return httpclient.New(httpclient.Options{
		BaseURL: url, Key: s.deps.ServiceKey, Shop: auth.DefaultShop, Transport: s.deps.PeerTransport[name],
	})
}

// description is the introduction of the OpenAPI document.
const description = "Recommendations: ranked, explained and controlled. Every score adds up, every list can be made again, and a peer " +
	"that is away is named instead of failing the page."

// Handler answers the public API.
func (s *Service) Handler() http.Handler { return s.server.Engine }

// AdminHandler answers health checks and metrics.
func (s *Service) AdminHandler() http.Handler {
	return httpserver.Admin(s.deps.Registry, s.Ready)
}

// Ready says whether the service can answer, part by part. Without its store and its peers it does, and says what it lacks; without a
// catalogue, at first, it would answer with nothing.
func (s *Service) Ready(ctx context.Context) []readiness.Part {
	db := database.Ready(ctx, s.config.DatabaseURL, s.store.Ping)
	if db.Err != nil {
		db.Err, db.Note = nil, []string{
			"scenarios, rules and experiments are those read last, and decisions are not kept: " + db.Err.Error(),
		}
	}
	return []readiness.Part{db, s.gate.Part()}
}

// Started is closed once the catalogues have been read, or when it is no use to wait for them.
func (s *Service) Started() <-chan struct{} { return s.gate.Started() }

// Run does the background work until ctx ends: it follows catalogues, models, configuration and
// events, writes decisions and counts, and removes old ones. A part that fails tries again by
// itself; Run returns nil when all parts have ended.
func (s *Service) Run(ctx context.Context) error {
	shops := s.deps.Auth.Shops
	var group sync.WaitGroup
	for _, work := range []func(){
		func() { s.catalogue.Run(ctx, shops, shopsInterval) },
		func() { s.peers.Run(ctx, shops) },
		func() { s.scenarios.Run(ctx, shops, configInterval) },
		func() { s.rules.Run(ctx, shops, configInterval) },
		func() { s.experiments.Run(ctx, shops, configInterval) },
		func() {
			s.store.FollowDocuments(ctx, func() { s.scenarios.Heard(); s.rules.Heard(); s.experiments.Heard() })
		},
		func() { s.decisions.Run(ctx) },
		func() { s.counter.Run(ctx) },
		func() { s.attribution.Run(ctx, shops) },
		func() { s.guard.Run(ctx, shops) },
		func() { s.anomalies.Run(ctx, shops) },
		func() {
			if s.teller != nil {
				s.teller.Run(ctx)
			}
		},
		func() { s.cleaner.Run(ctx) },
		func() { s.exports.Run(ctx) },
	} {
		group.Go(work)
	}
	group.Wait()
	return nil
}

// Close waits for what is under way and releases the store.
func (s *Service) Close() error {
	if s.exports != nil {
		s.exports.Close()
	}
	if s.shadows != nil {
		s.shadows.Wait()
	}
	if s.engine != nil {
		s.engine.Close()
	}
	if s.peers != nil {
		s.peers.Close()
	}
	return s.store.Close()
}

// modelsMade returns when the live model of each relation was made: one call and one more for
// each relation.
func modelsMade(ctx context.Context, c *similarityapi.Client) (map[string]time.Time, error) {
	live, err := c.Live(ctx)
	if err != nil {
		return nil, err
	}
	made := make(map[string]time.Time, len(live.Live))
	for relation, version := range live.Live {
		m, err := c.Model(ctx, version)
		if err != nil {
			return made, err
		}
		made[relation] = m.CreatedAt.Time
	}
	return made, nil
}
