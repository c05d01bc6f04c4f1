package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/process"
	"github.com/aisle-rec/aisle/shared/telemetry"
	"github.com/aisle-rec/aisle/standalone/internal/app"
)

// searchSeconds is what a recompute spends on the search of parameters unless it is told otherwise.
const searchSeconds = 60

// serveFlags are the settings of a server; each can also come from the environment: --database-url is AISLE_DATABASE_URL.
type serveFlags struct {
	app         app.Config
	listen      string
	adminListen string
	logFormat   string
	logLevel    string
}

func (f *serveFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address of the API")
	flags.StringVar(&f.adminListen, "admin-listen", "127.0.0.1:9080", "address of health checks, metrics and profiles; \"off\" for none")
	flags.StringVar(&f.app.DataDir, "data", "aisle-data", "folder of the SQLite files and model snapshots")
	flags.StringVar(&f.app.DatabaseURL, "database-url", "", "postgres://user:password@host:5432/database instead of SQLite")
	flags.StringVar(&f.app.RedisURL, "redis-url", "", "redis://host:6379/0 instead of the Redis inside the process")
	flags.StringVar(&f.app.BlobURL, "blob-url", "", "s3://bucket, gs://bucket or file:///path for model snapshots instead of the data folder")
	flags.Float64Var(&f.app.SearchSeconds, "search-seconds", searchSeconds, "CPU seconds that a recompute spends on the search of parameters, per relation")
	flags.IntVar(&f.app.RetentionDays, "retention-days", 400, "days that events are kept; older ones are refused, so raise it to import an old shop's history")
	flags.IntVar(&f.app.RecommenderCacheMB, "recommender-cache-mb", 128, "memory for neighbour lists that answers are made of, in MB")
	flags.StringVar(&f.app.KeysFile, "keys-file", "", "file made by \"aisle keys create\"; without one only this machine may call")
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
}

// fromEnvironment fills the flags that the command line does not set.
func fromEnvironment(flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(flag *pflag.Flag) {
		name := "AISLE_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		if value, ok := os.LookupEnv(name); ok && !flag.Changed && failed == nil {
			if err := flag.Value.Set(value); err != nil {
				failed = fmt.Errorf("%s: %w", name, err)
			}
		}
	})
	return failed
}

func newServeCommand() *cobra.Command {
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
			s.logger.Info("serving", "address", s.url(), "reference", s.url()+"/docs", "data", f.app.DataDir, "version", process.Version())
			return s.run(cmd.Context())
		},
	}
	f.register(cmd.Flags())
	return cmd
}

// server is an app with its listeners open.
type server struct {
	app           *app.App
	public, admin net.Listener
	logger        *slog.Logger
}

// start opens the ports before the stores: an occupied port must not touch any file.
func (f *serveFlags) start(ctx context.Context, flags *pflag.FlagSet, log io.Writer) (*server, error) {
	if err := fromEnvironment(flags); err != nil {
		return nil, err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return nil, fmt.Errorf("--log-level %q is not one of debug, info, warn, error", f.logLevel)
	}
	logger, err := telemetry.NewLogger(log, f.logFormat, level)
	if err != nil {
		return nil, fmt.Errorf("--log-format: %w", err)
	}
	s := &server{logger: logger}
	if s.public, err = httpserver.Listen(f.listen); err != nil {
		return nil, fmt.Errorf("%w (--listen)", err)
	}
	if f.adminListen != "off" && f.adminListen != "" {
		if s.admin, err = httpserver.Listen(f.adminListen); err != nil {
			s.public.Close()
			return nil, fmt.Errorf("%w (--admin-listen)", err)
		}
	}
	f.app.Listen = []string{f.listen}
	if s.app, err = app.New(ctx, f.app, logger); err != nil {
		s.public.Close()
		if s.admin != nil {
			s.admin.Close()
		}
		return nil, err
	}
	return s, nil
}

func (s *server) url() string { return "http://" + s.public.Addr().String() }

func (s *server) run(ctx context.Context) error {
	stopTracing, err := telemetry.StartTracing(ctx, "aisle")
	if err != nil {
		return err
	}
	defer stopTracing(context.WithoutCancel(ctx)) // spans that cannot be sent at the end are lost, which is no failure of the server
	return httpserver.Run(ctx, s.app, s.public, s.admin, s.logger)
}
