// Command bench measures the profile-service in CPU seconds of the service and of Postgres (wall time on a shared machine says little), and
// the disk that events take. From the top of the tree, on Postgres and on SQLite:
//
//	AISLE_TEST_FSYNC=on scripts/with-stores.sh go run ./profile-service/bench [-events N] [ingest] [single] [profile] [stream] [import]
//	go run ./profile-service/bench -sqlite ...
//
// With -cpuprofile the service writes a CPU profile.
//
// Each measure prints one line with its figure beside its goal; docs/profile-service.md has the
// table of both. The measures build on each other: profile and stream read what ingest has
// stored.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
)

// cpuProfile is where the service leaves its CPU profile; "" for none.
var cpuProfile string

// serveVariable makes a child process the service that is measured; its value is the database.
const serveVariable = "AISLE_BENCH_SERVE"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if url := os.Getenv(serveVariable); url != "" {
		err = serve(ctx, url)
	} else {
		err = run(ctx)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run starts the service on a fresh database, takes the measures that were named, all when none
// was, and drops the database.
func run(ctx context.Context) error {
	events := flag.Int("events", 399_000, "events of the ingest benchmark, 133 a visitor")
	onSQLite := flag.Bool("sqlite", false, "on an SQLite file instead of Postgres")
	flag.StringVar(&cpuProfile, "cpuprofile", "", "file for a CPU profile of the service")
	flag.Parse()
	all := []struct {
		name    string
		measure func(context.Context, *subject) error
	}{
		{"ingest", func(ctx context.Context, s *subject) error { return ingest(ctx, s, *events) }},
		// One by one takes longer: a twentieth of the events is enough.
		{"single", func(ctx context.Context, s *subject) error { return single(ctx, s, *events/20) }},
		{"profile", func(ctx context.Context, s *subject) error { return profiles(ctx, s, *events) }},
		{"stream", stream},
		{"import", func(ctx context.Context, s *subject) error { return importRows(ctx, s, *events) }},
	}
	s, err := start(ctx, *onSQLite)
	if err != nil {
		return err
	}
	defer s.stop()
	for _, b := range all {
		// They run in this order, whatever the order of the arguments.
		if flag.NArg() > 0 && !slices.Contains(flag.Args(), b.name) {
			continue
		}
		if err := b.measure(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
	}
	return nil
}
