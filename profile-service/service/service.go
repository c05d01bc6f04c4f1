// Package service is the profile-service as the rest of the workspace sees it: a Config, New, a handler, background work and an end.
// Everything else is internal.
package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/profile-service/internal/catalogue"
	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/history"
	"github.com/aisle-rec/aisle/profile-service/internal/httpapi"
	"github.com/aisle-rec/aisle/profile-service/internal/imports"
	"github.com/aisle-rec/aisle/profile-service/internal/ingest"
	"github.com/aisle-rec/aisle/profile-service/internal/interactions"
	"github.com/aisle-rec/aisle/profile-service/internal/maintenance"
	"github.com/aisle-rec/aisle/profile-service/internal/people"
	"github.com/aisle-rec/aisle/profile-service/internal/profile"
	"github.com/aisle-rec/aisle/profile-service/internal/quality"
	"github.com/aisle-rec/aisle/profile-service/internal/robots"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore"
	"github.com/aisle-rec/aisle/profile-service/internal/undo"
	"github.com/aisle-rec/aisle/profile-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/readiness"
)

// Name is the name of this service in logs, metrics and peers' settings.
const Name = "profile-service"

// Service is a running profile-service.
type Service struct {
	config Config
	deps   process.Deps
	server *httpserver.Server
	store  *sqlstore.Store

	imports *imports.Imports
	facts   *profile.Facts
	items   *catalogue.Catalogue
	robots  *robots.Detector
}

// New opens the stores and builds the service. It fails when the configuration or a store is unusable. An SQLite file is brought to the
// newest schema; a Postgres database must have it already.
func New(ctx context.Context, config Config, deps process.Deps) (*Service, error) {
	config = config.withDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	weights := profileapi.DefaultEventWeights()
	maps.Copy(weights, config.Weights)
	mover := visitor.NewMover(weights, config.halfLife())
	db, err := openStore(ctx, config.DatabaseURL, mover)
	if err != nil {
		return nil, err
	}
	server := httpserver.New(httpserver.Options{
		Service: Name, Description: description, Version: deps.Version, Auth: deps.Auth, Logger: deps.Logger, Registry: deps.Registry,
		RateLimits: deps.Limits,
	})
	s := &Service{config: config, deps: deps, server: server, store: db}
	db.Watch(deps.Registry, Name)
	if config.StandbyURL != "" {
		if err := db.UseStandby(config.StandbyURL, deps.Logger); err != nil {
			return nil, errors.Join(fmt.Errorf("AISLE_PROFILE_STANDBY_URL: %w", err), db.Close())
		}
	}
	s.api(mover).Register(server.API)
	if err := httpapi.Reference(server.API); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func openStore(ctx context.Context, url string, mover *visitor.Mover) (*sqlstore.Store, error) {
	migrate := migrations.Up
	if database.IsPostgres(url) {
		migrate = migrations.Check
	}
	if err := migrate(ctx, migrations.Profile, url); err != nil {
		return nil, err
	}
	return sqlstore.Open(ctx, url, mover)
}

// api wires the packages together.
func (s *Service) api(mover *visitor.Mover) *httpapi.API {
	now := s.deps.Clock()
	weights := mover.Weights()
	items := catalogue.New(s.store, now)
	s.items = items
	items.Alone = !database.IsPostgres(s.config.DatabaseURL) // a file belongs to one process
	users := people.New(s.store, s.store, s.config.retention, now)
	s.facts = profile.NewFacts(s.store)
	s.robots = robots.NewDetector(s.store, s.deps.Logger, now, s.deps.Registry)
	events := ingest.New(s.store, event.NewRules(weights), s.config.retention, now, s.deps.Registry)
	events.Saw = s.robots.Saw
	undoer := &undo.Undo{Store: s.store, Now: now, Changed: items.Ring}
	s.imports = imports.New(imports.Options{
		Store: s.store, Sink: imports.Services{Catalogue: items, People: users, Ingest: events}, Undoer: undoer,
		SpoolDir:     s.config.SpoolDir,
		MaxFileBytes: s.config.MaxImportBytes, Now: now, Logger: s.deps.Logger,
	})
	return &httpapi.API{
		Ingest:    events,
		Catalogue: items,
		People:    users,
		Quality:   &quality.Reporter{Catalogue: items, Log: s.store, Now: now},
		History:   &history.Reader{Log: s.store, Identities: s.store, Visitors: s.store, Now: now},
		Profiles:  &profile.Reader{Visitors: s.store, Facts: s.facts, Mover: mover, HalfLife: s.config.halfLife(), Now: now},
		Interactions: &interactions.Stream{Log: s.store, Weights: weights, Without: s.config.UntrainedChannels,
			RobotsAsOf: s.store.RobotsAsOf},
		Imports: s.imports,
		Undo:    undoer,
		Robots:  s.store,
		Weights: weights,
		Audit:   &audit.Recorder{Log: sqlstore.Audit{Store: s.store}, Logger: s.deps.Logger, Now: now},
		Now:     now,
	}
}

const description = "Users, catalogue and events."

// Handler answers the public API.
func (s *Service) Handler() http.Handler { return s.server }

// AdminHandler answers health checks and metrics.
func (s *Service) AdminHandler() http.Handler {
	return httpserver.Admin(s.deps.Registry, s.Ready)
}

// Ready says whether the service can answer, part by part.
func (s *Service) Ready(ctx context.Context) []readiness.Part {
	return []readiness.Part{
		database.Ready(ctx, s.config.DatabaseURL, s.store.Ping),
		{Name: "stored data", Err: s.store.Sound()},
	}
}

// Run does the background work until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	keeper := &maintenance.Cleaner{Store: s.store, Retention: s.config.retention, Now: s.deps.Clock(), Logger: s.deps.Logger}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return keeper.Run(ctx) })
	work.Go(func() error { return keeper.RunChecks(ctx) })
	work.Go(func() error { return s.robots.Run(ctx) })
	work.Go(func() error { return s.store.FollowItems(ctx, s.items.Ring) })
	return work.Wait()
}

// Close stops running imports and releases the stores.
func (s *Service) Close() error {
	s.imports.Close()
	s.facts.Close()
	return s.store.Close()
}
