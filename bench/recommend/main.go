// Command recommend measures recommendations of the built aisle program under load: processor time per request and latency, beside a bare gin handler
// that returns the same JSON in the same run, and memory while every item is asked for. From the top of the tree, after "make build":
//
//	go run ./bench/recommend [-users N] [-items N] [-seconds N] [-profile FILE] [-memory=false]
//	scripts/with-stores.sh go run ./bench/recommend -stores
//
// The server, the bare handler and the client are processes of their own, so that each is measured alone. README.md says what the figures mean.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// roleVariable makes a child process the load client or the bare handler.
const roleVariable = "AISLE_BENCH_ROLE"

// options are the flags.
type options struct {
	aisle         string
	users, crowd  int
	items         int
	touched       int
	seconds       float64
	openSeconds   float64
	searchSeconds float64
	cacheMB       int
	stores        bool
	memory        bool
	profile       string
	data          string
	rates         []int
}

func (o *options) register(flags *flag.FlagSet) {
	flags.StringVar(&o.aisle, "aisle", "bin/aisle", "the program that is measured")
	flags.IntVar(&o.users, "users", 2000, "users who ask, with 50 recent items each")
	flags.IntVar(&o.crowd, "crowd", 14_000, "further users whose events the model learns from")
	flags.IntVar(&o.items, "items", 100_000, "items of the catalogue")
	flags.IntVar(&o.touched, "touched", itemsPerTaste, "items of each taste that anybody comes across; with few of them, their lists need no help from texts")
	flags.Float64Var(&o.seconds, "seconds", 5, "length of each closed-loop measurement")
	flags.Float64Var(&o.openSeconds, "open-seconds", 15, "length of each measurement at a fixed rate")
	flags.Float64Var(&o.searchSeconds, "search-seconds", 2, "CPU seconds that the recompute spends on the search of parameters, per relation")
	flags.IntVar(&o.cacheMB, "cache-mb", 16, "bound of the neighbour cache while every item is asked for")
	flags.BoolVar(&o.stores, "stores", false, "keep the data in the Postgres and Redis of TEST_DATABASE_URL and TEST_REDIS_URL, and count their CPU too")
	flags.BoolVar(&o.memory, "memory", true, "measure memory while every item is asked for")
	flags.StringVar(&o.profile, "profile", "", "write a CPU profile of the server under load to this file")
	flags.Func("rates", "measure latency at these many requests per second as well: numbers with commas between them", func(list string) error {
		for _, rate := range strings.Split(list, ",") {
			n, err := strconv.Atoi(rate)
			if err != nil || n < 1 {
				return fmt.Errorf("%q is no rate: use a whole number from 1", rate)
			}
			o.rates = append(o.rates, n)
		}
		return nil
	})
	flags.StringVar(&o.data, "data", "", "keep the shop in this folder, as it is before the measurements, and begin with the one that an earlier run has left there")
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch os.Getenv(roleVariable) {
	case loadRole:
		err = serveLoad(os.Stdin, os.Stdout)
	case bareRole:
		err = serveBare(os.Stdin, os.Stdout)
	default:
		var o options
		o.register(flag.CommandLine)
		flag.Parse()
		err = run(ctx, &o)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "recommend:", err)
		os.Exit(1)
	}
}

// note reports progress; the table goes to standard output.
func note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

func run(ctx context.Context, o *options) (err error) {
	if o.stores && o.data != "" {
		return errors.New("-data keeps only what is in files: leave it out with -stores")
	}
	folder, err := os.MkdirTemp("", "aisle-bench-")
	if err != nil {
		return fmt.Errorf("make a data folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	m := &measurement{options: o, server: &server{program: o.aisle, folder: folder}, shop: newShop(o)}
	if o.stores {
		if m.server.stores, err = openStores(ctx); err != nil {
			return err
		}
		defer m.server.stores.close()
	}
	if o.data != "" {
		if err := m.shop.take(ctx, &server{program: o.aisle, folder: o.data}, folder, o.searchSeconds); err != nil {
			return err
		}
	}
	if err := m.server.start(ctx); err != nil {
		return err
	}
	defer m.server.stop()
	if o.data == "" {
		if err := m.shop.fill(ctx, m.server.clients(), o.searchSeconds); err != nil {
			return err
		}
	}
	defer m.close()
	if err := m.prepare(ctx); err != nil {
		return err
	}
	steps := []func(context.Context) error{m.closedLoops, m.openLoops, m.profiled, m.withEvents}
	if o.memory {
		steps = append(steps, m.bounded)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return m.table.print(os.Stdout)
}
