package main

import (
	"context"
	"fmt"
	"time"
)

const (
	warmUnits = 2000            // answers that a restarted process gives before it is measured
	settled   = 2 * time.Second // without a change of texts
	everybody = len(earlier) - 1
)

// bench is a run of the benchmark.
type bench struct {
	options  *options
	form     *form
	shop     *shop
	visitors visitors
	figures  []figure
	layers   map[string]float64
	peak     float64 // visits per second
}

// measure does the steps one after the other.
func (b *bench) measure(ctx context.Context) error {
	if err := b.form.start(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{b.fill, b.recompute, b.restart, b.warm, b.closedLoops} {
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
	l := load{unit: b.list, connections: 8, duration: startTimeout, limit: min(warmUnits, b.options.visitors/4), to: everybody}
	t := l.run(ctx, b.targets())
	note("warmed up with %d answers in %.0f s, %d of them personal", t.answers, t.wall.Seconds(), t.personal)
	return nil
}

func (b *bench) targets() targets {
	return targets{b.form.profile, b.form.similarity, b.form.recommender}
}

// take measures a load.
func (b *bench) take(ctx context.Context, name string, l load) *figure {
	if l.duration == 0 {
		l.duration = seconds(b.options.seconds)
	}
	m := b.begin()
	return m.end(name, l.run(ctx, b.targets()))
}

// closedLoops loads the services as fast as they answer. The most visits per second are the peak.
func (b *bench) closedLoops(ctx context.Context) error {
	for _, n := range []int{1, 8, 32} {
		f := b.take(ctx, fmt.Sprintf("visit, connections: %d", n), load{unit: b.visit, connections: n, to: everybody})
		b.peak = max(b.peak, f.PerSecond)
	}
	return nil
}

// verdict is an error when what was bought was recommended again, or requests failed.
func (b *bench) verdict() error {
	repeats, failed := 0, 0
	for _, f := range b.figures {
		repeats, failed = repeats+f.Repeats, failed+f.Failed
	}
	if repeats > 0 || failed > 0 {
		return fmt.Errorf("%d items were recommended to who had bought them, and %d requests failed: the figures do not count", repeats, failed)
	}
	return nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
