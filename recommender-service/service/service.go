// Package service is the recommender-service as the rest of the workspace sees it: a Config, New, a handler, background work and an end.
// Everything else is internal.
package service

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/httpapi"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/recommender-service/internal/recommend"
	"github.com/aisle-rec/aisle/recommender-service/internal/scenario"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// Name is the name of this service in logs, metrics and peers' settings.
const Name = "recommender-service"

// shopsInterval is how late a shop whose first key was just made is noticed.
const shopsInterval = time.Second

// Service is a running recommender-service.
type Service struct {
	deps      process.Deps
	server    *httpserver.Server
	catalogue *catalogue.Catalogue
	peers     *peers.Peers
}

// New opens the stores and builds the service. It fails when the configuration or a store is unusable.
func New(_ context.Context, config Config, deps process.Deps) (*Service, error) {
	config = config.withDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	s := &Service{deps: deps}
	s.build(config)
	return s, nil
}

// build wires the parts together.
func (s *Service) build(config Config) {
	logger, now := s.deps.Logger, time.Now
	profile := profileapi.NewClient(s.peer(peers.Profile, config.ProfileURL))
	s.catalogue = catalogue.New(profile, logger, now)
	s.peers = peers.New(peers.Options{
		Profile: profile, Similarity: similarityapi.NewClient(s.peer(peers.Similarity, config.SimilarityURL)), Catalogue: s.catalogue,
		CacheBytes: uint64(config.CacheMB) << 20, Logger: logger, Now: now,
	})
	s.server = httpserver.New(httpserver.Options{
		Service: Name, Description: description, Version: s.deps.Version, Auth: s.deps.Auth, Logger: logger, Registry: s.deps.Registry,
	})
	api := &httpapi.API{
		Engine:    &recommend.Engine{Peers: s.peers, Catalogue: s.catalogue, Logger: logger, Now: now},
		Scenarios: scenario.NewBook(),
	}
	api.Register(s.server.API)
}

func (s *Service) peer(name, url string) *httpclient.Client {
	return httpclient.New(httpclient.Options{BaseURL: url, Key: s.deps.ServiceKey, Shop: auth.DefaultShop, Transport: s.deps.PeerTransport[name]})
}

const description = "Recommendations: ranked, explained and controlled."

// Handler answers the public API.
func (s *Service) Handler() http.Handler { return s.server.Engine }

// AdminHandler answers health checks, metrics and profiles.
func (s *Service) AdminHandler() http.Handler { return httpserver.Admin(s.deps.Registry, s.ready) }

// ready never fails: without its peers the service still answers, and says what it lacks.
func (s *Service) ready(context.Context) error { return nil }

// Run does the background work until ctx ends: it follows catalogues and live models.
func (s *Service) Run(ctx context.Context) error {
	shops := s.deps.Auth.Shops
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { s.catalogue.Run(ctx, shops, shopsInterval); return nil })
	group.Go(func() error { s.peers.Run(ctx, shops); return nil })
	return group.Wait()
}

// Close releases the stores.
func (s *Service) Close() error { return nil }
