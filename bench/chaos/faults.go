package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// fault is something that goes wrong while the shop is at work.
type fault struct {
	name    string
	forms   string // one, three or both
	servers bool   // breaks what other users of the same Postgres and Redis would feel
	does    string // for the table
	// run begins the fault and ends it. It calls world.heal when the cause is gone, which recovery counts from, unless that is when it
	// returns. An error is of the drill or of a start that failed.
	run func(ctx context.Context, w *world, r *rand.Rand) error
}

// in reports whether a fault can be made in a form.
func (f *fault) in(form string) bool { return f.forms == "both" || f.forms == form }

// errImpossible says that this machine does not let a fault be made.
var errImpossible = errors.New("impossible here")

// allFaults lists every fault in the order of the table.
func allFaults() []fault {
	return append(append(kills(), connections()...), states()...)
}

// kills end processes as kill -9 does, without a moment to save anything, and start them again;
// restart alone asks them to end.
func kills() []fault {
	return []fault{
		{"kill-service", "one", false, "kill -9 of the program, again after 0 to 2 s", func(
			ctx context.Context, w *world, r *rand.Rand,
		) error {
			return w.killed(ctx, r, w.profile)
		}},
		{"kill-profile", "three", false, "kill -9 of the profile-service, again after 0 to 2 s", func(
			ctx context.Context, w *world, r *rand.Rand,
		) error {
			return w.killed(ctx, r, w.profile)
		}},
		{"kill-similarity", "three", false, "kill -9 of one similarity-service of two", func(
			ctx context.Context, w *world, r *rand.Rand,
		) error {
			return w.killed(ctx, r, w.similarities[r.IntN(len(w.similarities))])
		}},
		{"kill-recommender", "three", false, "kill -9 of one recommender-service of two", func(
			ctx context.Context, w *world, r *rand.Rand,
		) error {
			return w.killed(ctx, r, w.recommenders[r.IntN(len(w.recommenders))])
		}},
		{"kill-publication", "both", false, "kill -9 after a drawn file of a recompute's publication, three times", killPublication},
		{
			"kill-migration", "both", false,
			"kill -9 at a drawn moment of the first migration, six times on the same database, then a start", killMigration,
		},
		{"kill-postgres", "three", true, "kill -9 of Postgres, again after 1 to 4 s",
			func(ctx context.Context, w *world, r *rand.Rand) error {
				return w.without(ctx, r, w.postgres)
			}},
		{"kill-redis", "three", true, "kill -9 of Redis, which keeps nothing, again after 1 to 4 s",
			func(ctx context.Context, w *world, r *rand.Rand) error {
				return w.without(ctx, r, w.redisServer)
			}},
		{"restart", "both", false, "SIGTERM of every process in turn, each started again before the next", func(
			ctx context.Context, w *world, _ *rand.Rand,
		) error {
			for _, n := range w.nodes {
				n.stop()
				if err := n.launch(ctx); err != nil {
					return err
				}
			}
			return nil
		}},
	}
}

// without kills a store and starts it again one to four seconds later, with the connections
// through the proxies made anew. Recovery counts from the start, which takes a part of it.
func (w *world) without(ctx context.Context, r *rand.Rand, s *server) error {
	s.kill()
	pause(ctx, time.Second+time.Duration(r.Int64N(int64(3*time.Second))))
	w.heal()
	return s.start(ctx)
}

// killed kills a process and starts it again within two seconds. Recovery counts from the
// start.
func (w *world) killed(ctx context.Context, r *rand.Rand, n *node) error {
	n.kill()
	pause(ctx, time.Duration(r.Int64N(int64(2*time.Second))))
	w.heal()
	return n.launch(ctx)
}

// connections are faults of what is between services and stores, and between services: cut,
// slow, narrow, and damaged. Postgres must speak TLS to notice a flipped bit, which is why that
// one alone is about the server.
func connections() []fault {
	var list []fault
	for _, side := range []struct {
		name, what string
		proxies    []string
	}{
		{"postgres", "to Postgres", []string{"profile-database", "recommender-database"}},
		{"redis", "to Redis", []string{"redis"}},
		{"peers", "between services", []string{"profile", "similarity1", "similarity2"}},
	} {
		add := func(name, does string, servers bool, draw func(r *rand.Rand) toxic) {
			list = append(list, fault{name + "-" + side.name, "three", servers, does + " " + side.what, func(
				ctx context.Context, w *world, r *rand.Rand,
			) error {
				t, long := draw(r), 3*time.Second+time.Duration(r.Int64N(int64(3*time.Second)))
				return w.proxies.during(ctx, t, func() { pause(ctx, long) }, side.proxies...)
			}})
		}
		add("cut", "connections cut and refused for 3 to 6 s,", false, func(*rand.Rand) toxic { return toxic{} })
		add("slow", "0.2 to 1 s each way for 3 to 6 s,", false, func(r *rand.Rand) toxic {
			return toxic{"latency", map[string]any{"latency": 200 + r.IntN(800), "jitter": 100}}
		})
		add("throttle", "2 to 20 KB/s for 3 to 6 s,", false, func(r *rand.Rand) toxic {
			return toxic{"bandwidth", map[string]any{"rate": 2 + r.IntN(18)}}
		})
		add("corrupt", "a bit flipped in every 2 KB or so for 3 to 6 s,", side.name == "postgres", func(r *rand.Rand) toxic {
			return toxic{corruption, map[string]any{"every": 500 + r.IntN(3000), "seed": r.Uint64()}}
		})
	}
	return list
}

// states are faults of what is stored, of the disk and of clocks; each has its own way to
// happen.
func states() []fault {
	return []fault{
		{"flush-redis", "three", true, "FLUSHALL", func(ctx context.Context, w *world, _ *rand.Rand) error {
			return w.redis.FlushAll(ctx).Err()
		}},
		{
			"full-disk", "both", false,
			"the disk of the data folder (of the snapshots, with Postgres) is filled for 3 to 6 s, while a recompute begins", fullDisk,
		},
		{
			"damaged-snapshot", "both", false, "a bit of the live model flipped before a start after kill -9; ends with a new model",
			damageSnapshot,
		},
		{"wrong-clocks", "both", false, "the senders' clocks are set an hour back, then four minutes ahead", func(
			ctx context.Context, w *world, _ *rand.Rand,
		) error {
			defer w.shift.Store(0)
			for _, shift := range []time.Duration{-time.Hour, 4 * time.Minute} {
				w.shift.Store(int64(shift))
				pause(ctx, 2*time.Second)
			}
			return nil
		}},
	}
}

// killPublication kills a replica after each of three drawn files that its recompute makes, and
// a drawn moment later: so a publication is cut off at every stage in the course of many
// drills.
func killPublication(ctx context.Context, w *world, r *rand.Rand) error {
	for range 3 {
		n := w.similarities[r.IntN(len(w.similarities))]
		c := similarityapi.NewClient(clientOf(n))
		files, before := 1+r.IntN(10), w.modelFiles()
		if _, err := c.StartJob(ctx, similarityapi.JobRequest{
			BudgetSeconds: searchSeconds, Publish: "always", Reason: "drill",
		}); err != nil {
			pause(ctx, time.Second) // the job of the killed replica is still taken for running
		}
		for deadline := time.Now().Add(publicationLimit); w.modelFiles() < before+files && time.Now().Before(deadline) &&
			ctx.Err() == nil; {
			pause(ctx, time.Millisecond)
		}
		pause(ctx, time.Duration(r.Int64N(int64(3*time.Millisecond))))
		if err := w.killed(ctx, r, n); err != nil {
			return err
		}
	}
	return nil
}

// publicationLimit bounds the wait for a file of a recompute: a killed replica's job may keep the next one waiting.
const publicationLimit = 8 * time.Second

// fullDisk fills the small disk, byte by byte at the end, starts a recompute, and makes room
// again some seconds later.
func fullDisk(ctx context.Context, w *world, r *rand.Rand) error {
	if w.disk == "" {
		return fmt.Errorf("%w: a small disk in memory may not be mounted", errImpossible)
	}
	filler := filepath.Join(w.disk, "filler")
	f, err := os.Create(filler)
	if err != nil {
		return err
	}
	for size := 1 << 20; size > 0; {
		if n, err := f.Write(make([]byte, size)); err != nil && n == 0 {
			size /= 2
		}
	}
	_ = f.Close() // the disk is full
	c := similarityapi.NewClient(clientOf(w.similarities[0]))
	// refused, or it fails
	_, _ = c.StartJob(ctx, similarityapi.JobRequest{BudgetSeconds: searchSeconds, Publish: "always", Reason: "drill"})
	pause(ctx, 3*time.Second+time.Duration(r.Int64N(int64(3*time.Second))))
	return os.Remove(filler)
}

// damageSnapshot flips a bit of the live model of "similar" while its replica is dead. The
// model must be replaced by the one before it, and said to be; then a recompute must bring a
// sound one.
func damageSnapshot(ctx context.Context, w *world, r *rand.Rand) error {
	n := w.similarities[0]
	c := similarityapi.NewClient(clientOf(n))
	if err := w.recompute(ctx, n); err != nil { // so that there is a sound one before it
		return err
	}
	live, err := c.Live(ctx)
	if err != nil {
		return err
	}
	version := live.Live[similarityapi.Similar]
	n.kill()
	path := filepath.Join(w.models.folder, "shops", "default", "snapshots", version+".aisle")
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	w.damaged[version] = true
	// One bit anywhere, the checksum at the end included.
	data[r.IntN(len(data))] ^= 1 << r.IntN(8)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return err
	}
	w.heal()
	if err := n.launch(ctx); err != nil {
		return err
	}
	if live, err = c.Live(ctx); err != nil {
		return err
	}
	if len(live.Degraded) != 1 || live.Degraded[0].Version != version || live.Degraded[0].Serving == "" {
		return fmt.Errorf("the live model %s is damaged, and what serves instead is %+v", version, live.Degraded)
	}
	return w.recompute(ctx, n)
}
