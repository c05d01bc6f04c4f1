// Command bench measures the profile-service on Postgres, each figure beside its limit in the same run, in CPU seconds of the service and of Postgres
// (wall time on a shared machine says little). It needs TEST_DATABASE_URL; from the top of the tree:
//
//	AISLE_TEST_FSYNC=on scripts/with-stores.sh go run ./profile-service/bench [-events N] [ingest] [single] [profile] [stream]
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

func run(ctx context.Context) error {
	events := flag.Int("events", 400_000, "events of the ingest benchmark")
	stored := flag.Int("stored", 10_000_000, "events stored for the profile and stream benchmarks")
	visitors := flag.Int("visitors", 500_000, "visitors who share the stored events")
	flag.Parse()
	all := []struct {
		name    string
		measure func(context.Context, *subject) error
	}{
		{"ingest", func(ctx context.Context, s *subject) error { return ingest(ctx, s, *events) }},
		{"single", func(ctx context.Context, s *subject) error { return single(ctx, s, *events/20) }},
		{"profile", func(ctx context.Context, s *subject) error { return profiles(ctx, s, *stored, *visitors) }},
		{"stream", func(ctx context.Context, s *subject) error { return stream(ctx, s, *stored, *visitors) }},
	}
	s, err := start(ctx)
	if err != nil {
		return err
	}
	defer s.stop()
	for _, b := range all {
		if flag.NArg() > 0 && !slices.Contains(flag.Args(), b.name) {
			continue
		}
		if err := b.measure(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
	}
	return nil
}
