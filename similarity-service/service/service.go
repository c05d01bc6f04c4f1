// Package service is the similarity-service as the rest of the workspace sees it: a Config, New, a handler, background work and an end.
// Everything else is internal.
package service

import (
	"context"
	"net/http"

	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
)

// Name is the name of this service in logs, metrics and peers' settings.
const Name = "similarity-service"

// Service is a running similarity-service.
type Service struct {
	config Config
	deps   process.Deps
	server *httpserver.Server
}

// New opens the stores and builds the service. It fails when the configuration or a store is unusable.
func New(_ context.Context, config Config, deps process.Deps) (*Service, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	server := httpserver.New(httpserver.Options{
		Service: Name, Description: description, Version: deps.Version, Auth: deps.Auth, Logger: deps.Logger, Registry: deps.Registry,
	})
	return &Service{config: config, deps: deps, server: server}, nil
}

const description = "Item similarity: models, their evaluation and their serving."

// Handler answers the public API.
func (s *Service) Handler() http.Handler { return s.server.Engine }

// AdminHandler answers health checks, metrics and profiles.
func (s *Service) AdminHandler() http.Handler { return httpserver.Admin(s.deps.Registry, s.ready) }

func (s *Service) ready(context.Context) error { return nil }

// Run does the background work until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Close releases the stores.
func (s *Service) Close() error { return nil }
