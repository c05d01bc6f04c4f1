// Package process is what the main functions of the three services share: settings from the environment, listeners, keys, telemetry,
// and a run until SIGTERM. It prints a failure as one line and returns exit code 1.
//
// Main is all that the main function of a service calls; run shows the order of a start.
// about.go says what the admin port may show of the settings, secrets.go reads those that stand
// in files, and help.go prints them.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/readiness"
	"github.com/aisle-rec/aisle/shared/telemetry"
)

// settings are the environment variables that every service process reads.
type settings struct {
	Listen      string   `env:"AISLE_LISTEN"`                           // public address; each service has its default
	AdminListen string   `env:"AISLE_ADMIN_LISTEN"`                     // health, metrics, profiles; "off" for none
	KeysFile    string   `env:"AISLE_KEYS_FILE"`                        // made by "aisle keys create"
	AnyMode     bool     `env:"AISLE_KEYS_FILE_ANY_MODE"`               // take a keys file that others can read
	Profiles    bool     `env:"AISLE_PPROF"`                            // profiles on the admin port
	ServiceKey  string   `env:"AISLE_SERVICE_KEY"`                      // shared by the three services
	Publishable float64  `env:"AISLE_PUBLISHABLE_RATE" envDefault:"20"` // requests per second of a publishable key from one address
	Secret      float64  `env:"AISLE_SECRET_RATE"`                      // of a secret key; 0 for no limit
	Proxies     []string `env:"AISLE_TRUSTED_PROXIES"`                  // networks whose X-Forwarded-For is believed
	RedisURL    string   `env:"AISLE_REDIS_URL"`                        // counts requests for all replicas
	// open at the same time; beyond, those that wait for a request are closed
	Connections int        `env:"AISLE_MAX_CONNECTIONS" envDefault:"4096"`
	LogFormat   string     `env:"AISLE_LOG_FORMAT" envDefault:"json"` // json or text
	LogLevel    slog.Level `env:"AISLE_LOG_LEVEL" envDefault:"INFO"`  // DEBUG, INFO, WARN, ERROR
}

// Deps are what a service needs from the process that it runs in.
type Deps struct {
	Auth     *auth.Authenticator
	Logger   *slog.Logger
	Registry *prometheus.Registry
	Version  string
	Limits   httpserver.RateLimits // of the public API
	// ServiceKey is shown to peers; empty in open mode.
	ServiceKey string
	// PeerTransport maps the name of a peer ("profile-service") to its transport; a peer that is absent is called over the network.
	PeerTransport map[string]http.RoundTripper
	// Now is the clock of what is stored, ranked and kept; time.Now when nil.
	Now func() time.Time
}

// Clock returns the clock that a service reads.
func (d *Deps) Clock() func() time.Time {
	if d.Now != nil {
		return d.Now
	}
	return time.Now
}

// Main runs a service with the arguments that follow its name. It reads the settings and the service's own Config C from the environment,
// builds the service and runs it until SIGINT or SIGTERM. With --help it prints the settings, with --version the version.
func Main[C any](
	name string, args []string, listen, adminListen string, build func(context.Context, C, Deps) (httpserver.Service, error),
) int {
	defaults := settings{Listen: listen, AdminListen: adminListen}
	if len(args) > 0 {
		return told[C](name, defaults, args)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, name, defaults, os.Stderr, build); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %s\n", name, OneLine(err))
		return 1
	}
	return 0
}

// OneLine is an error as one line for a terminal, however many errors it joins.
func OneLine(err error) string {
	var parts []string
	for _, line := range strings.Split(err.Error(), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			parts = append(parts, line)
		}
	}
	return strings.Join(parts, "; ")
}

// run starts a process step by step: settings, log, keys, tracing, ports, limits, and only then
// the service, so that what an operator has written wrongly is told before a database is
// opened. It returns when the service has ended.
func run[C any](
	ctx context.Context, name string, s settings, log io.Writer, build func(context.Context, C, Deps) (httpserver.Service, error),
) error {
	var config C
	variables, err := withSecrets(env.ToMap(os.Environ()), &s, &config)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	settings := shownSettings(variables, &s, &config)
	options := env.Options{Environment: variables}
	if err := errors.Join(env.ParseWithOptions(&s, options), env.ParseWithOptions(&config, options)); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if s.Connections < httpserver.MinConnections {
		return fmt.Errorf("AISLE_MAX_CONNECTIONS is %d: use at least %d", s.Connections, httpserver.MinConnections)
	}
	logger, err := telemetry.NewLogger(log, s.LogFormat, s.LogLevel)
	if err != nil {
		return fmt.Errorf("AISLE_LOG_FORMAT: %w", err)
	}
	database.LogRedis(logger)
	authenticator, err := auth.NewAuthenticator(auth.Options{
		KeysFile: s.KeysFile, KeysFileAnyMode: s.AnyMode, Listen: s.addresses(), ServiceKeys: []string{s.ServiceKey}, Logger: logger,
	})
	if err != nil {
		return err
	}
	stopTracing, err := telemetry.StartTracing(ctx, name, logger)
	if err != nil {
		return err
	}
	defer stopTracing(context.WithoutCancel(ctx)) // spans that cannot be sent at the end are lost, which is no failure of the service
	public, admin, err := listen(s)
	if err != nil {
		return err
	}
	limits, err := Limits(s.Publishable, s.Secret, s.Proxies, s.RedisURL)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	if limits.Redis != nil {
		defer limits.Redis.Close()
	}
	registry := newRegistry(name, limits)
	service, err := build(ctx, config, Deps{
		Auth: authenticator, Logger: logger, Registry: registry, Version: Version(), ServiceKey: s.ServiceKey,
		Limits: limits,
	})
	if err != nil {
		public.Close()
		return err
	}
	logger.Info("service started", "service", name, "listen", public.Addr().String(), "admin", addressOf(admin), "version", Version())
	return httpserver.Run(
		ctx, service,
		httpserver.Ports{
			Public: readiness.Hold(public, service), Admin: admin, Auth: authenticator, Profiles: s.Profiles, MaxConnections: s.Connections,
			About: About(name, settings),
		},
		logger,
	)
}

// addresses are where the process listens.
func (s settings) addresses() []string {
	if s.AdminListen == "" || s.AdminListen == "off" {
		return []string{s.Listen}
	}
	return []string{s.Listen, s.AdminListen}
}

// newRegistry returns the metrics of a process, with those of the Redis that counts requests.
func newRegistry(name string, limits httpserver.RateLimits) *prometheus.Registry {
	registry := telemetry.NewRegistry(Version())
	if limits.Redis != nil {
		database.WatchRedis(limits.Redis, registry, name, "limits")
	}
	return registry
}

// addressOf is the address of a listener, "off" without one.
func addressOf(l net.Listener) string {
	if l == nil {
		return "off"
	}
	return l.Addr().String()
}

// listen opens the ports of a process; admin is nil when it is to have none.
func listen(s settings) (public, admin net.Listener, err error) {
	if public, err = httpserver.Listen(s.Listen); err != nil {
		return nil, nil, fmt.Errorf("AISLE_LISTEN: %w", err)
	}
	if s.AdminListen == "" || s.AdminListen == "off" {
		return public, nil, nil
	}
	if admin, err = httpserver.Listen(s.AdminListen); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("AISLE_ADMIN_LISTEN: %w", err), public.Close())
	}
	return public, admin, nil
}
