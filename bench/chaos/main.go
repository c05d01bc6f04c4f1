// Command chaos breaks what Aisle stands on while a shop is at work, and counts by ids what came of it: events that were acknowledged and
// are gone, or are there twice, recommendations that failed, models that became live in part, and the seconds until answers are whole
// again. From the top of the tree:
//
//	make chaos
//	scripts/with-stores.sh go run ./bench/chaos -form three -seed 7 -minutes 4 -faults kill-postgres,cut-redis
//
// It kills the Postgres and the Redis that it is given: let it have its own. docs/reliability.md says what the figures mean.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/aisle-rec/aisle/shared/process"
)

// options are the flags: form is "one" or "three", minutes the length of the drill, rate in
// requests per second of senders and of askers.
type options struct {
	form, bin, faults string
	seed              uint64
	minutes           float64
	rate              float64
	keep              bool
	servers           bool // Postgres or Redis themselves are broken; follows from the faults
}

func (o *options) register(flags *flag.FlagSet) {
	flags.StringVar(
		&o.form, "form", "three",
		"three: processes on Postgres and Redis, two replicas of the similarity- and recommender-service; one: aisle serve on SQLite",
	)
	flags.StringVar(&o.bin, "bin", "bin", "folder of the programs")
	flags.StringVar(&o.faults, "faults", "", "names of faults, separated by commas; all of the form when empty")
	flags.Uint64Var(&o.seed, "seed", 0, "draws faults, their lengths and the load; 0 draws one")
	flags.Float64Var(&o.minutes, "minutes", 5, "length: no fault begins later; each happens at least once all the same")
	flags.Float64Var(&o.rate, "rate", 30, "requests per second with events, and as many for recommendations")
	flags.BoolVar(&o.keep, "keep", false, "keep the folder of data and logs")
}

func main() {
	var o options
	o.register(flag.CommandLine)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, &o)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "chaos:", process.OneLine(err))
		os.Exit(1)
	}
}

// note reports progress; the table goes to standard output.
func note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// run drills one form and fails when something that is promised does not hold.
func run(ctx context.Context, o *options) (err error) {
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano() % 1_000_000)
	}
	faults, err := choose(o.form, o.faults)
	if err != nil {
		return err
	}
	for _, f := range faults {
		o.servers = o.servers || f.servers
	}
	note(
		"form %s, seed %d, %d kinds of faults: repeat it with -form %s -seed %d -minutes %v -faults %s", o.form, o.seed, len(faults),
		o.form, o.seed, o.minutes, names(faults),
	)
	folder, err := os.MkdirTemp("", "aisle-chaos-")
	if err != nil {
		return fmt.Errorf("make a data folder: %w", err)
	}
	w, err := newWorld(ctx, o, folder)
	if err != nil {
		return errors.Join(err, os.RemoveAll(folder))
	}
	defer func() {
		w.close()
		if o.keep {
			note("data and logs are in %s", folder)
			return
		}
		err = errors.Join(err, os.RemoveAll(folder))
	}()
	d := &drill{world: w, options: o, faults: faults}
	if err := d.run(ctx); err != nil {
		return err
	}
	if err := d.print(os.Stdout); err != nil {
		return err
	}
	return d.verdict()
}

// choose returns the faults of a form, or those of them that are named.
func choose(form, named string) ([]fault, error) {
	if form != "one" && form != "three" {
		return nil, fmt.Errorf("-form %s: there are the forms three and one", form)
	}
	var chosen []fault
	known := allFaults()
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(named, ",") {
		if name = strings.TrimSpace(name); name != "" {
			wanted[name] = true
		}
	}
	for _, f := range known {
		if f.in(form) && (named == "" || wanted[f.name]) {
			chosen = append(chosen, f)
			delete(wanted, f.name)
		}
	}
	for name := range wanted {
		return nil, fmt.Errorf("-faults %s: the form %s has no such fault; it has %s", name, form, names(known))
	}
	return chosen, nil
}

// names are the names of faults, as -faults takes them.
func names(faults []fault) string {
	var list []string
	for _, f := range faults {
		list = append(list, f.name)
	}
	return strings.Join(list, ",")
}
