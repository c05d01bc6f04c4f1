// Package app runs the three services in one process: it opens the data folder, makes the same three
// service.New calls that separate processes make, mounts their handlers on one port by path prefix and lets them call each other
// without sockets. No service knows that it runs here.
package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	profile "github.com/aisle-rec/aisle/profile-service/service"
	recommender "github.com/aisle-rec/aisle/recommender-service/service"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/readiness"
	"github.com/aisle-rec/aisle/shared/telemetry"
	similarity "github.com/aisle-rec/aisle/similarity-service/service"
)

// Config says where the data is and who may call.
type Config struct {
	DataDir     string // SQLite files, snapshots and the lock; always needed
	DatabaseURL string // postgres://...; "" keeps the tables in SQLite files of the data folder
	RedisURL    string // redis://...; "" reads neighbour lists from the snapshots alone
	BlobURL     string // s3://...; "" keeps snapshots in the data folder
	// SearchSeconds is the nominal CPU time that a recompute spends on the search of parameters, per relation.
	SearchSeconds float64
	// RetentionDays is how long the profile-service keeps events, and how old those that it takes may be; its default when 0.
	RetentionDays int
	// UntrainedChannels are the channels that models learn nothing from.
	UntrainedChannels []string
	// EventWeights overrides what types of event weigh for ranking, or adds types.
	EventWeights map[string]float64
	// RecommenderCacheMB bounds the memory of the caches of the recommender-service; its default when 0.
	RecommenderCacheMB int
	// WebhookURL is told when anomalies open and close; "" tells nobody. Messages are signed with WebhookSecret; WebhookPrivate lets the
	// address be one of a private network.
	WebhookURL, WebhookSecret string
	WebhookPrivate            bool
	KeysFile                  string           // "" lets every caller on loopback in
	KeysFileAnyMode           bool             // take a keys file that others can read
	PublishableRate           float64          // requests per second of a publishable key from one address; the default when 0
	SecretRate                float64          // of a secret key; 0 for no limit
	TrustedProxies            []string         // networks whose X-Forwarded-For is believed
	Listen                    []string         // the addresses that the handlers will be served on
	Now                       func() time.Time // the clock of the services; time.Now when nil
}

// App is the three services in one process. It is an httpserver.Service.
type App struct {
	services []service
	names    []string // of services
	handler  http.Handler
	auth     *auth.Authenticator
	registry *prometheus.Registry
	client   Clients
	close    closers
}

// closers are undone in reverse order.
type closers []func() error

// add puts a function before those that are there.
func (c *closers) add(f func() error) { *c = append(*c, f) }

// run calls all of them, whatever fails, and returns every error.
func (c closers) run() error {
	var errs []error
	for i := len(c) - 1; i >= 0; i-- {
		errs = append(errs, c[i]())
	}
	return errors.Join(errs...)
}

// New opens the stores and builds the services. On failure everything that it opened is closed
// again. The order: the data folder is claimed and tables brought up to date, keys and limits,
// then the three services in the order in which they ask each other, at last the router, which
// needs the documents of all.
func New(ctx context.Context, config Config, logger *slog.Logger) (_ *App, err error) {
	a := &App{registry: telemetry.NewRegistry(process.Version())}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close.run())
		}
	}()
	stores, err := openStores(ctx, config, &a.close)
	if err != nil {
		return nil, err
	}
	// The services call each other with a key that lives as long as the process and is written
	// nowhere.
	serviceKey := rand.Text() + rand.Text()
	authenticator, err := auth.NewAuthenticator(auth.Options{
		KeysFile: config.KeysFile, KeysFileAnyMode: config.KeysFileAnyMode, Listen: config.Listen, ServiceKeys: []string{serviceKey},
		Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	a.auth = authenticator
	limits, err := process.Limits(
		cmp.Or(config.PublishableRate, httpserver.DefaultPublishablePerSecond), config.SecretRate, config.TrustedProxies, config.RedisURL,
	)
	if err != nil {
		return nil, err
	}
	if limits.Redis != nil {
		database.WatchRedis(limits.Redis, a.registry, "aisle", "limits")
		a.close.add(limits.Redis.Close)
	}
	peers := newPeers(profile.Name, similarity.Name, recommender.Name)
	deps := func(name string) process.Deps {
		return process.Deps{
			Auth: authenticator, Logger: logger.With("service", name), Registry: a.registry, Version: process.Version(),
			ServiceKey: serviceKey, PeerTransport: peers.transports(), Limits: limits, Now: config.Now,
		}
	}

	profiles, err := profile.New(
		ctx,
		profile.Config{
			DatabaseURL: stores.profileURL, RetentionDays: config.RetentionDays, Weights: config.EventWeights,
			UntrainedChannels: config.UntrainedChannels,
		},
		deps(profile.Name),
	)
	if err != nil {
		return nil, fmt.Errorf("start the profile-service: %w", err)
	}
	a.add(profile.Name, profiles, peers)
	similarities, err := similarity.New(ctx, similarity.Config{
		DatabaseURL: stores.similarityURL, RedisURL: config.RedisURL, BlobURL: stores.blobURL, ProfileURL: peers.url(profile.Name),
		SearchSeconds: config.SearchSeconds,
	}, deps(similarity.Name))
	if err != nil {
		return nil, fmt.Errorf("start the similarity-service: %w", err)
	}
	a.add(similarity.Name, similarities, peers)
	recommendations, err := recommender.New(ctx, recommender.Config{
		DatabaseURL: stores.recommenderURL, ProfileURL: peers.url(profile.Name), SimilarityURL: peers.url(similarity.Name),
		CacheMB: config.RecommenderCacheMB, WebhookURL: config.WebhookURL, WebhookSecret: config.WebhookSecret,
		WebhookPrivate: config.WebhookPrivate,
	}, deps(recommender.Name))
	if err != nil {
		return nil, fmt.Errorf("start the recommender-service: %w", err)
	}
	a.add(recommender.Name, recommendations, peers)

	a.handler, err = newRouter(ctx, peers)
	if err != nil {
		return nil, err
	}
	a.client = newClients(httpclient.Options{
		BaseURL: "http://aisle.localhost", Key: serviceKey, Shop: auth.DefaultShop, Transport: httpserver.InProcess{Handler: a.handler},
	})
	return a, nil
}

// add takes a service in: it is run, closed and reachable for the others from then on.
func (a *App) add(name string, s service, peers *peers) {
	a.services, a.names = append(a.services, s), append(a.names, name)
	a.close.add(s.Close)
	peers.set(name, s.Handler())
}

// Clients returns clients that call this process's own services for the default shop, with all scopes.
func (a *App) Clients() Clients { return a.client }

// Auth says who may call.
func (a *App) Auth() *auth.Authenticator { return a.auth }

// Handler answers the public API of all three services.
func (a *App) Handler() http.Handler { return a.handler }

// AdminHandler answers health checks and metrics.
func (a *App) AdminHandler() http.Handler {
	return httpserver.Admin(a.registry, a.Ready)
}

// service is one of the three.
type service interface {
	httpserver.Service
	Ready(ctx context.Context) []readiness.Part
}

// Ready says of every service whether it can answer, part by part.
func (a *App) Ready(ctx context.Context) []readiness.Part {
	var all []readiness.Part
	for n, s := range a.services {
		for _, p := range s.Ready(ctx) {
			p.Name = a.names[n] + " " + p.Name
			all = append(all, p)
		}
	}
	return all
}

// Started is closed when every service stands; until then callers wait in the queue of the
// port.
func (a *App) Started() <-chan struct{} {
	var all []any
	for _, s := range a.services {
		all = append(all, s)
	}
	return readiness.All(all...)
}

// Run does the background work of all services until ctx ends.
func (a *App) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range a.services {
		group.Go(func() error { return s.Run(ctx) })
	}
	return group.Wait()
}

// Close closes the services and then their stores.
func (a *App) Close() error { return a.close.run() }
