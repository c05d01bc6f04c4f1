// Package service is the similarity-service as the rest of the workspace sees it: a Config, New, a handler, background work and an
// end, and Evaluate for data sets in files. Everything else is internal.
package service

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/readiness"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
	"github.com/aisle-rec/aisle/similarity-service/internal/httpapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/jobs"
	"github.com/aisle-rec/aisle/similarity-service/internal/lookup"
	"github.com/aisle-rec/aisle/similarity-service/internal/popularity"
	"github.com/aisle-rec/aisle/similarity-service/internal/recompute"
	"github.com/aisle-rec/aisle/similarity-service/internal/replica"
	"github.com/aisle-rec/aisle/similarity-service/internal/reviews"
	"github.com/aisle-rec/aisle/similarity-service/internal/rowcache"
	"github.com/aisle-rec/aisle/similarity-service/internal/schedule"
	"github.com/aisle-rec/aisle/similarity-service/internal/serving"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
	"github.com/aisle-rec/aisle/similarity-service/internal/takeover"
)

// Name is the name of this service in logs, metrics and peers' settings.
const Name = "similarity-service"

// profileName is the peer that owns events and catalogue.
const profileName = "profile-service"

const (
	popularityInterval = time.Minute
	// cataloguePatience is how long a service that has just started waits for a profile-service that does not answer.
	cataloguePatience = 10 * time.Second
	// shopsInterval is how late a shop whose first key was just made is noticed.
	shopsInterval = time.Second
)

// Service is a running similarity-service.
type Service struct {
	config     Config
	deps       process.Deps
	server     *httpserver.Server
	store      *store.Store
	archive    *archive.Archive
	redis      redis.UniversalClient // nil without one
	registry   *serving.Registry
	reviews    *reviews.Maker
	catalogue  *replica.Catalogue
	gate       *readiness.Gate
	popularity *popularity.Popularity
	jobs       *jobs.Manager
	schedules  *schedule.Scheduler
	audit      *audit.Recorder
}

// New opens the stores and builds the service. It fails when the configuration or a store is unusable.
func New(ctx context.Context, config Config, deps process.Deps) (*Service, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	s := &Service{config: config, deps: deps}
	if err := s.open(ctx, config); err != nil {
		return nil, errors.Join(err, s.closeStores())
	}
	s.build(config)
	if err := httpapi.Reference(s.server.API); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.registry.Start(ctx, deps.Auth.Shops()); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// open opens the stores, and takes over what an earlier version kept elsewhere.
func (s *Service) open(ctx context.Context, config Config) (err error) {
	if config.RedisURL != "" {
		if s.redis, err = database.OpenRedis(ctx, config.RedisURL); err != nil {
			return err
		}
	}
	if s.archive, err = archive.Open(ctx, config.BlobURL); err != nil {
		return err
	}
	if s.store, err = store.Open(ctx, config.DatabaseURL); err != nil {
		return err
	}
	t := takeover.Takeover{Bucket: s.archive, Store: s.store, Logger: s.deps.Logger, Now: s.deps.Clock()}
	return t.Run(ctx)
}

// build wires the parts together.
func (s *Service) build(config Config) {
	logger, now := s.deps.Logger, s.deps.Clock()
	profile := profileapi.NewClient(httpclient.New(httpclient.Options{
		BaseURL: config.ProfileURL, Key: s.deps.ServiceKey, Shop: auth.DefaultShop, Transport: s.deps.PeerTransport[profileName],
	}))
	var rows *rowcache.Cache
	if s.redis != nil {
		rows = rowcache.New(s.redis)
	}
	s.registry = serving.NewRegistry(s.store, s.archive, rows, logger, now)
	var finder *lookup.Lookup
	s.catalogue = replica.New(
		profile, func(shop, family string, item *profileapi.Item) { finder.FamilyChanged(shop, family, item) }, logger, now,
	)
	s.gate = readiness.NewGate("catalogue", profileName, s.deps.Auth.Shops(), cataloguePatience, now)
	s.catalogue.Report(s.gate)
	finder = lookup.New(s.registry, s.catalogue, now)
	s.reviews = &reviews.Maker{
		Profile: profile, Store: reviews.Store{Bucket: s.archive}, Families: s.catalogue.Families, Texts: finder.ReviewTexts, Now: now,
	}
	s.popularity = popularity.New(profile, s.catalogue, s.archive, popularityInterval, logger, now)
	s.registerMetrics()
	s.audit = &audit.Recorder{Log: audit.Table{Tables: s.store.Tables}, Logger: logger, Now: now}
	s.buildJobs(config, profile)
	s.server = httpserver.New(httpserver.Options{
		Service: Name, Description: description, Version: s.deps.Version, Auth: s.deps.Auth, Logger: logger, Registry: s.deps.Registry,
		RateLimits: s.deps.Limits,
	})
	api := &httpapi.API{
		Lookup: finder, Catalogue: s.catalogue, Popularity: s.popularity, Registry: s.registry, Jobs: s.jobs, Schedules: s.schedules,
		Audit:   s.audit,
		Reviews: s.reviews.Store.Item,
		Item: func(ctx context.Context, shop, itemID string) (profileapi.Item, error) {
			return profile.ForShop(shop).Item(ctx, itemID)
		},
	}
	api.Register(s.server.API)
}

// buildJobs wires what jobs do.
func (s *Service) buildJobs(config Config, profile *profileapi.Client) {
	logger, now := s.deps.Logger, s.deps.Clock()
	recomputer := &recompute.Recomputer{
		Profile: profile, Registry: s.registry, Families: s.catalogue.Families, Budget: config.SearchSeconds, Logger: logger,
		Outcomes: recompute.NewOutcomes(s.deps.Registry), Work: &recompute.Work{Bucket: s.archive}, PartsFrom: config.PartsFrom,
	}
	runners := recomputer.Runners()
	runners[httpapi.KindEvaluation] = recomputer.Evaluate
	runners[httpapi.KindRecompute] = func(ctx context.Context, t *jobs.Task) error {
		s.popularity.Now(t.Shop) // so that whoever asks right after it finds what was imported right before it
		defer s.popularity.Now(t.Shop)
		e := audit.New("recompute", "system", "model.recompute", t.JobID, now())
		e.Before = audit.Value(s.registry.Live(t.Shop))
		return s.audit.Do(ctx, t.Shop, e, func() (any, error) {
			err := recomputer.Run(ctx, t)
			s.readReviews(ctx, t.Shop) // a shop may have reviews and too few events for a model
			return s.registry.Live(t.Shop), err
		})
	}
	s.jobs = jobs.NewManager(s.store, runners, logger, now)
	s.jobs.Watch(s.deps.Registry)
	s.jobs.OnlyStarts = config.Role == RoleServe
	recomputer.Jobs = s.jobs
	s.schedules = schedule.New(s.store, s.jobs, logger, now)
}

// readReviews sums up the reviews of a shop. Models do not wait for them: after a failure the sums stay those of before.
func (s *Service) readReviews(ctx context.Context, shop string) {
	if err := s.reviews.Make(ctx, shop); err != nil && ctx.Err() == nil {
		s.deps.Logger.Warn("reviews not summed up, the next recompute tries again", "shop", shop, "error", err)
	}
}

const description = "Item similarity: models are computed from the shop's events, measured on events they have not seen, published only " +
	"when " +
	"they are good enough, and served from Redis."

// Handler answers the public API.
func (s *Service) Handler() http.Handler { return s.server.Engine }

// AdminHandler answers health checks and metrics.
func (s *Service) AdminHandler() http.Handler {
	return httpserver.Admin(s.deps.Registry, s.Ready)
}

// Started is closed once the catalogues have been read, or when it is no use to wait for them.
func (s *Service) Started() <-chan struct{} { return s.gate.Started() }

// Run does the background work until ctx ends: it follows catalogues and live models, keeps Redis filled, counts what is popular and
// starts scheduled jobs.
func (s *Service) Run(ctx context.Context) error {
	shops := s.deps.Auth.Shops
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.registry.Run(ctx, shops) })
	group.Go(func() error { s.jobs.Run(ctx); return nil })
	group.Go(func() error { s.schedules.Run(ctx, shops); return nil })
	group.Go(func() error { s.catalogue.Run(ctx, shops, shopsInterval); return nil })
	group.Go(func() error {
		select { // lists leave out what the catalogue lacks: made while it is still being read, they lacked best sellers for a minute
		case <-s.gate.Started():
			s.popularity.Run(ctx, shops)
		case <-ctx.Done():
		}
		return nil
	})
	group.Go(func() error { s.purge(ctx); return nil })
	return group.Wait()
}

// purge removes entries of the audit log and jobs that are past their time, once a day, until ctx ends.
func (s *Service) purge(ctx context.Context) {
	tick := time.NewTicker(24 * time.Hour)
	defer tick.Stop()
	for {
		before := s.deps.Clock()().Add(-audit.Keep)
		if err := errors.Join(audit.Table{Tables: s.store.Tables}.Purge(ctx, before), s.store.PurgeJobs(ctx, before)); err != nil &&
			ctx.Err() == nil {
			s.deps.Logger.Warn("old entries of the audit log or jobs not removed, it is tried again tomorrow", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Close leaves running jobs to other replicas, or to the next start, and releases the stores.
func (s *Service) Close() error {
	s.jobs.Close()
	return s.closeStores()
}

func (s *Service) closeStores() error {
	var errs []error
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.archive != nil {
		errs = append(errs, s.archive.Close())
	}
	if s.redis != nil {
		errs = append(errs, s.redis.Close())
	}
	return errors.Join(errs...)
}
