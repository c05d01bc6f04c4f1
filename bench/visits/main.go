// Command visits measures what a visit costs: an event that is acknowledged and then two placements, by visitors with and without a
// history, half of them new to the process. It runs the built programs as three processes on Postgres and Redis, or as one on SQLite. From
// the top of the tree, after "make build":
//
//	scripts/with-stores.sh go run ./bench/visits -form three [-json FILE] [-profile PREFIX]
//	go run ./bench/visits -form one
//
// The servers and the bare gin handler beside them are processes of their own; the CPU of the client, which is this process, counts
// nowhere. README.md says what the figures mean.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aisle-rec/aisle/shared/process"
)

// options are the flags. Lengths are in seconds, cacheMB in MB; json and profile are "" for
// none.
type options struct {
	form, bin                           string
	visitors, items                     int
	seconds, openSeconds, searchSeconds float64
	idleSeconds                         float64
	cacheMB                             int
	json, profile                       string
}

func (o *options) register(flags *flag.FlagSet) {
	flags.StringVar(&o.form, "form", "three", "three: processes on Postgres and Redis; one: aisle serve on SQLite")
	flags.StringVar(&o.bin, "bin", "bin", "folder of the programs that are measured")
	flags.IntVar(&o.visitors, "visitors", 20_000, "visitors: 40 % without earlier events, 30 % with 5, 25 % with 50, 5 % with 500")
	flags.IntVar(&o.items, "items", 10_000, "items of the catalogue")
	flags.Float64Var(&o.seconds, "seconds", 5, "length of each closed-loop measurement")
	flags.Float64Var(&o.openSeconds, "open-seconds", 10, "length of each measurement at a fixed rate")
	flags.Float64Var(&o.idleSeconds, "idle-seconds", 60, "length of the measurement of processes that nobody asks anything")
	flags.Float64Var(
		&o.searchSeconds, "search-seconds", 2, "CPU seconds that the recompute spends on the search of parameters, per relation",
	)
	flags.IntVar(&o.cacheMB, "cache-mb", 72, "caches of the recommender, which shall not hold all visitors")
	flags.StringVar(&o.json, "json", "", "write the figures to this file as well, as JSON")
	flags.StringVar(
		&o.profile, "profile", "", "take a CPU profile of each process under visits, write it to PREFIX-PROCESS.prof and print it by layer",
	)
}

func main() {
	var err error
	if addr := os.Getenv(bareAddress); addr != "" {
		err = serveBare(addr, os.Getenv(bareAnswer)) // until a signal ends the process
	} else {
		var o options
		o.register(flag.CommandLine)
		flag.Parse()
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		err = run(ctx, &o)
		stop()
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "visits:", process.OneLine(err))
		os.Exit(1)
	}
}

// note reports progress; the table goes to standard output.
func note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// run makes folder and form, measures, prints, and fails when something was recommended that
// must not be. Nothing is left behind but what was asked for.
func run(ctx context.Context, o *options) (err error) {
	if o.form != "one" && o.form != "three" {
		return fmt.Errorf("-form %s: there are the forms three and one", o.form)
	}
	if o.visitors < cycle || o.items < 1 {
		return fmt.Errorf("-visitors must be %d or more and -items 1 or more", cycle)
	}
	folder, err := os.MkdirTemp("", "aisle-bench-")
	if err != nil {
		return fmt.Errorf("make a data folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	f, err := newForm(ctx, o, folder)
	if err != nil {
		return err
	}
	defer f.close()
	b := &bench{options: o, folder: folder, form: f, shop: newShop(o.items), visitors: visitors{count: o.visitors}}
	if err := b.measure(ctx); err != nil {
		return err
	}
	if err := b.print(os.Stdout); err != nil {
		return err
	}
	if o.json != "" {
		if err := b.save(o.json); err != nil {
			return err
		}
	}
	return b.verdict()
}
