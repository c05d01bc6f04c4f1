// Package serving has the commands that run a server: serve and demo hold the three services in this process, gateway stands before
// services that run elsewhere.
package serving

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/readiness"
	"github.com/aisle-rec/aisle/shared/telemetry"
	"github.com/aisle-rec/aisle/standalone/internal/app"
)

// SearchSeconds is what a recompute spends on the search of parameters unless it is told
// otherwise, in nominal CPU seconds for each relation.
const SearchSeconds = 120

// serveFlags are the settings of a server; each can also come from the environment: --database-url is AISLE_DATABASE_URL.
type serveFlags struct {
	// app goes to the app as it is; register fills most of it.
	app app.Config
	serverFlags
	profiles    bool
	secretFiles map[string]*string // by the flag that each stands for
}

// register adds all flags of a server, for serve and demo alike. A new flag is a new setting of
// the environment too, and needs its line in the tables of the docs.
func (f *serveFlags) register(flags *pflag.FlagSet) {
	f.serverFlags.register(flags, "the API")
	flags.BoolVar(&f.profiles, "pprof", false, "show profiles of the running program on the admin port")
	flags.StringVar(&f.app.DataDir, "data", "aisle-data", "folder of the SQLite files and model snapshots")
	flags.StringVar(&f.app.DatabaseURL, "database-url", "", "postgres://user:password@host:5432/database instead of SQLite")
	flags.StringVar(
		&f.app.RedisURL, "redis-url", "", "redis://host:6379/0 that holds neighbour lists and counts requests, for several replicas",
	)
	// Each of these has a second flag that names a file: the list of processes shows command lines to
	// every user of the machine, and containers get secrets as files.
	f.secretFiles = map[string]*string{
		"database-url": flags.String(
			"database-url-file", "", "file that holds --database-url, so that its password is not on the command line",
		),
		"redis-url":      flags.String("redis-url-file", "", "file that holds --redis-url"),
		"webhook-secret": flags.String("webhook-secret-file", "", "file that holds --webhook-secret"),
	}
	flags.StringVar(
		&f.app.BlobURL, "blob-url", "", "s3://bucket?endpoint=host or file:///path for model snapshots instead of the data folder",
	)
	flags.Float64Var(
		&f.app.SearchSeconds, "search-seconds", SearchSeconds,
		"CPU seconds that a recompute spends on the search of parameters, per relation",
	)
	flags.IntVar(
		&f.app.RetentionDays, "retention-days", 400,
		"days that events are kept; older ones are refused, so raise it to import an old shop's history",
	)
	flags.Var(
		(*weightsFlag)(&f.app.EventWeights), "event-weights",
		"what types of event weigh for ranking, such as view_item=2,quiz_answer=0.5; a new name adds a type",
	)
	flags.StringVar(&f.app.WebhookURL, "webhook-url", "", "https:// address that is told when anomalies open and close")
	flags.StringVar(&f.app.WebhookSecret, "webhook-secret", "", "16 characters or more that messages to it are signed with")
	flags.BoolVar(&f.app.WebhookPrivate, "webhook-private", false, "let --webhook-url be an address of a private network, and http")
	flags.StringSliceVar(
		&f.app.UntrainedChannels, "untrained-channels", nil,
		"channels (agent, app, email, store, ads, other) whose events models and popularity learn nothing from",
	)
	flags.IntVar(&f.app.RecommenderCacheMB, "recommender-cache-mb", 288, "memory of all caches that answers are made of, in MB")
	flags.StringVar(&f.app.KeysFile, "keys-file", "", "file made by \"aisle keys create\"; without one only this machine may call")
	flags.Float64Var(
		&f.app.PublishableRate, "publishable-rate", httpserver.DefaultPublishablePerSecond,
		"requests per second of a publishable key from one client address, of each service",
	)
	flags.Float64Var(&f.app.SecretRate, "secret-rate", 0, "requests per second of a secret key, of each service; 0 for no limit")
	flags.StringSliceVar(
		&f.app.TrustedProxies, "trusted-proxies", nil,
		"addresses or networks (10.0.0.0/8) of proxies, whose X-Forwarded-For names the client",
	)
	flags.BoolVar(
		&f.app.KeysFileAnyMode, "keys-file-any-mode", false, "take a keys file that others can read, for mounts where files have no modes",
	)
}

// fromFiles reads the settings that are given as files. It comes behind fromEnvironment: a
// value from there beside a file is refused as well, since nobody could say which one holds.
func (f *serveFlags) fromFiles(flags *pflag.FlagSet) error {
	for name, file := range f.secretFiles {
		flag := flags.Lookup(name)
		if *file == "" {
			continue
		}
		if flag.Value.String() != "" {
			return fmt.Errorf("--%[1]s and --%[1]s-file are both given: leave one out", name)
		}
		value, err := process.SecretFile(*file)
		if err != nil {
			return fmt.Errorf("--%s-file: %w", name, err)
		}
		if err := flag.Value.Set(value); err != nil {
			return fmt.Errorf("--%s-file: %w", name, err)
		}
	}
	return nil
}

// shown names the flags whose password every user of this machine can read in the list of
// processes: an address with a password in it, or the webhook's secret. Addresses without a
// password are none.
func (f *serveFlags) shown(flags *pflag.FlagSet) (names []string) {
	for name := range f.secretFiles {
		flag := flags.Lookup(name)
		if name == "webhook-secret" && flag.Changed {
			names = append(names, "--"+name)
			continue
		}
		if u, err := url.Parse(flag.Value.String()); err == nil && flag.Changed && u.User != nil {
			if _, ok := u.User.Password(); ok {
				names = append(names, "--"+name)
			}
		}
	}
	return names
}

// NewServeCommand runs package app, which holds the three services behind one handler, on two
// ports.
func NewServeCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the three services in one process",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := f.start(cmd.Context(), cmd.Flags(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			s.logger.Info(
				"serving", "address", s.url(), "reference", s.url()+"/reference", "data", f.app.DataDir, "admin",
				s.adminAddress(), "version",
				process.Version(),
			)
			return s.run(cmd.Context())
		},
	}
	f.register(cmd.Flags())
	return cmd
}

// server is an app with its listeners open; run closes both at its end.
type server struct {
	app           *app.App
	public, admin net.Listener
	logger        *slog.Logger
	stopTracing   func(context.Context) error
	// profiles says whether the admin port shows profiles of the running program; connections
	// bounds those of the public port.
	profiles    bool
	connections int
	about       httpserver.About
	shop        http.Handler // of the demo; nil for none
}

// start reads the settings and makes a server that is ready to run. It opens the ports before
// the stores: an occupied port must not touch any file. When it fails, it has closed what it
// had opened. Callers on the ports wait until run accepts them.
func (f *serveFlags) start(ctx context.Context, flags *pflag.FlagSet, log io.Writer) (*server, error) {
	if err := errors.Join(fromEnvironment(flags), f.fromFiles(flags)); err != nil {
		return nil, err
	}
	logger, err := f.logger(log)
	if err != nil {
		return nil, err
	}
	database.LogRedis(logger)
	for _, name := range f.shown(flags) {
		logger.Warn(
			"a password stands on the command line, where every user of this machine can read it", "flag", name, "better", name+"-file",
		)
	}
	s := &server{logger: logger, profiles: f.profiles, connections: f.connections, about: process.About("aisle", shownFlags(flags))}
	if s.stopTracing, err = telemetry.StartTracing(ctx, "aisle", logger); err != nil {
		return nil, err
	}
	if s.public, s.admin, err = f.open(); err != nil {
		return nil, err
	}
	// Without a keys file only this machine may call: the app refuses to be open on other
	// addresses.
	f.app.Listen = []string{f.listen}
	if s.admin != nil {
		f.app.Listen = append(f.app.Listen, f.adminListen)
	}
	if s.app, err = app.New(ctx, f.app, logger); err != nil {
		return nil, errors.Join(err, closed(s.public, s.admin))
	}
	return s, nil
}

// adminAddress is where the admin port listens, with the port that the system chose for ":0";
// "off" when there is none.
func (s *server) adminAddress() string {
	if s.admin == nil {
		return "off"
	}
	return s.admin.Addr().String()
}

// url is the address of the API for programs on this machine.
func (s *server) url() string { return "http://" + s.public.Addr().String() }

// run serves until ctx ends and the last requests are answered, and returns the first error of
// a part that failed before.
func (s *server) run(ctx context.Context) error {
	defer s.stopTracing(context.WithoutCancel(ctx)) // spans that cannot be sent at the end are lost, which is no failure of the server
	var service httpserver.Service = s.app
	if s.shop != nil {
		service = shopFront{s.app, s.shop}
	}
	return httpserver.Run(
		ctx, service,
		httpserver.Ports{
			Public: readiness.Hold(s.public, s.app), Admin: s.admin, Auth: s.app.Auth(), Profiles: s.profiles,
			MaxConnections: s.connections, About: s.about,
		},
		s.logger,
	)
}
