package main

import (
	"context"
	"fmt"
	"time"
)

const (
	warmLimit  = 2 * time.Minute
	warmUnits  = 2000 // answers that a restarted process gives before it is measured
	afterUnits = 300
	settled    = 2 * time.Second // without a change of texts
	everybody  = len(earlier) - 1
)

// bench is a run of the benchmark, which collects figures in the order of its steps.
type bench struct {
	options  *options
	folder   string // for what is gone after the run
	form     *form
	shop     *shop
	visitors visitors
	figures  []figure
	layers   map[string]float64 // microseconds of CPU of a visit
	events   int                // of the history
	peak     float64            // visits per second
}

// measure does the steps one after the other. Steps that are about visitors new to the process
// begin behind a restart, and restarts come last, since nothing after them would be warm.
func (b *bench) measure(ctx context.Context) error {
	if err := b.form.start(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{b.fill, b.recompute, b.restart, b.warm, b.closedLoops, b.singles,
		b.restart, b.warm, b.groups, b.gateway, b.idle, b.openLoops, b.profiled, b.bare, b.restarts} {
		if err := step(ctx); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// restart makes all visitors new to the processes.
func (b *bench) restart(ctx context.Context) error {
	b.form.stop()
	b.visitors.forget()
	return b.form.start(ctx)
}

// warm lets half of the visitors of what follows be known.
func (b *bench) warm(ctx context.Context) error {
	if err := b.settle(ctx); err != nil {
		return err
	}
	l := load{unit: b.list, connections: 8, duration: warmLimit, limit: min(warmUnits, b.options.visitors/4), to: everybody}
	t := l.run(ctx, b.form)
	note("warmed up with %d answers in %.0f s, %d of them personal", t.Answers, t.wall.Seconds(), t.Personal)
	return nil
}

// take measures a load for the usual length unless it has its own.
func (b *bench) take(ctx context.Context, name string, l load) *figure {
	if l.duration == 0 {
		l.duration = seconds(b.options.seconds)
	}
	m := b.begin(b.form)
	return m.end(name, l.run(ctx, b.form))
}

// closedLoops loads the services as fast as they answer. The most visits per second are the peak.
func (b *bench) closedLoops(ctx context.Context) error {
	for _, n := range []int{1, 8, 32} {
		f := b.take(ctx, fmt.Sprintf("visit, connections: %d", n), load{unit: b.visit, connections: n, to: everybody})
		b.peak = max(b.peak, f.PerSecond)
	}
	return nil
}

// singles measures what a visit is made of, and the list of an item that no visitor asks for.
func (b *bench) singles(ctx context.Context) error {
	b.take(ctx, "list, connections: 8", load{unit: b.list, connections: 8, to: everybody})
	b.take(ctx, "similar, connections: 8", load{unit: b.similar, connections: 8, to: everybody})
	b.take(ctx, "event, connections: 32", load{unit: b.event, connections: 32, to: everybody})
	b.take(ctx, "neighbours of an item, connections: 8", load{unit: b.neighbours, connections: 8, to: everybody})
	return nil
}

// groups measures visits by the length of the history.
func (b *bench) groups(ctx context.Context) error {
	for g, n := range earlier {
		b.take(ctx, fmt.Sprintf("visit, %d earlier events, connections: 8", n), load{unit: b.visit, connections: 8, from: g, to: g})
	}
	return nil
}

// openLoops sends visits at half and at twice the peak, whatever the answers do, and then looks whether answers are as before.
func (b *bench) openLoops(ctx context.Context) error {
	length := seconds(b.options.openSeconds)
	b.take(ctx, fmt.Sprintf("visit at half of the peak, %.0f/s", b.peak/2), load{
		unit: b.visit, rate: b.peak / 2, duration: length, to: everybody,
	})
	b.take(ctx, fmt.Sprintf("visit at twice the peak, %.0f/s", b.peak*2), load{
		unit: b.visit, rate: b.peak * 2, duration: length, to: everybody,
	})
	b.take(ctx, "list right after it, connections: 2", load{unit: b.list, connections: 2, limit: afterUnits, to: everybody})
	return nil
}

// restarts measures the first seconds of a process.
func (b *bench) restarts(ctx context.Context) error {
	for _, n := range []int{16, 32} {
		if err := b.restart(ctx); err != nil {
			return err
		}
		b.take(ctx, fmt.Sprintf("list right after a restart, connections: %d", n), load{unit: b.list, connections: n, to: everybody})
	}
	return nil
}

// verdict is an error when what was bought was recommended again, or requests failed.
func (b *bench) verdict() error {
	repeats, blind, failed := 0, 0, 0
	for _, f := range b.figures {
		repeats, blind, failed = repeats+f.Repeats, blind+f.BlindRepeats, failed+f.Failed
	}
	if repeats > 0 || failed > 0 {
		return fmt.Errorf(
			"%d items were recommended to those who had bought them (%d of them in answers that say what they lack), "+
				"and %d requests failed",
			repeats, blind, failed,
		)
	}
	return nil
}

// seconds is a flag's number as a time.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
