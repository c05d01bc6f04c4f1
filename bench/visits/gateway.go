package main

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/bench/internal/program"
)

// pairs is how many times each way is measured, in turns, so that what the machine does meanwhile is in both.
const pairs = 4

// way is how requests reach the services, and what came of it: the sum over all turns.
type way struct {
	name string
	form *form
	sum  tally
	used map[string]time.Duration
}

// gateway measures what the hop through a gateway costs: visits and single lists, straight and through it in turns. One process needs none.
func (b *bench) gateway(ctx context.Context) error {
	if b.options.form == "one" {
		return nil
	}
	p, err := program.New(b.folder, "gateway", filepath.Join(b.options.bin, "aisle"))
	if err != nil {
		return err
	}
	p.Args = []string{"gateway", "--listen", p.Addr, "--admin-listen", p.Admin, "--profile-url", "http://" +
		b.form.profile, "--similarity-url", "http://" + b.form.similarity,
		"--recommender-url", "http://" + b.form.recommender}
	if err := p.Start(ctx); err != nil {
		return err
	}
	defer p.Stop()
	through := *b.form
	through.programs = append(slices.Clone(b.form.programs), p)
	through.profile, through.similarity, through.recommender = p.Addr, p.Addr, p.Addr
	for _, of := range []struct {
		name string
		unit unit
	}{{"visit", b.visit}, {"list", b.list}} {
		ways := []*way{
			{name: of.name + " straight to its service, connections: 8", form: b.form},
			{name: of.name + " through the gateway, connections: 8", form: &through},
		}
		for range pairs {
			for _, w := range ways {
				l, m := load{
					unit: of.unit, connections: 8, duration: seconds(b.options.seconds / pairs * 2), to: everybody,
				}, b.begin(w.form)
				t := l.run(ctx, w.form)
				w.take(t, m.used())
			}
		}
		for _, w := range ways {
			b.add(w.name, &w.sum, w.used)
		}
	}
	return nil
}

// take adds a measurement.
func (w *way) take(t *tally, used map[string]time.Duration) {
	w.sum.add(t)
	w.sum.wall += t.wall
	if w.used == nil {
		w.used = map[string]time.Duration{}
	}
	for process, spent := range used {
		w.used[process] += spent
	}
}

// idle measures what the processes take that nobody asks anything, in microseconds per second.
// It first lets what visits have left be done.
func (b *bench) idle(ctx context.Context) error {
	select { // what visits left to be done
	case <-time.After(seconds(min(5, b.options.idleSeconds))):
	case <-ctx.Done():
		return ctx.Err()
	}
	m := b.begin(b.form)
	select {
	case <-time.After(seconds(b.options.idleSeconds)):
	case <-ctx.Done():
		return ctx.Err()
	}
	whole := max(1, int(b.options.idleSeconds))
	b.add("a second without requests", &tally{counts: counts{Units: whole}, wall: time.Since(m.began)}, m.used())
	return nil
}
