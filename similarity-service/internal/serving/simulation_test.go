package serving

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
)

const (
	seedVariable  = "AISLE_SIMULATION_SEED"  // runs one seed
	seedsVariable = "AISLE_SIMULATION_SEEDS" // how many to run
	// callsOfPublication is at least how many calls a publication makes of the object store: faults are drawn within.
	callsOfPublication = 70
	defaultSeeds       = 4 * callsOfPublication
)

// TestSimulatedFaultsOfPublication publishes models of all relations to an object store that fails at one call, or from one on as if the process had been killed, in each of
// many seeds. After every call another replica looks: it sees all of before or all of the new, and can open it.
func TestSimulatedFaultsOfPublication(t *testing.T) {
	t.Parallel()
	registerBuckets()
	from, to := uint64(0), uint64(defaultSeeds)
	for variable, set := range map[string]func(n uint64){seedVariable: func(n uint64) { from, to = n, n+1 }, seedsVariable: func(n uint64) { to = n }} {
		if text := os.Getenv(variable); text != "" {
			n, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			set(n)
		}
	}
	var next atomic.Uint64
	next.Store(from)
	for range runtime.GOMAXPROCS(0) {
		t.Run("worker", func(t *testing.T) {
			t.Parallel()
			for seed := next.Add(1) - 1; seed < to && !t.Failed(); seed = next.Add(1) - 1 {
				synctest.Test(t, func(t *testing.T) { simulate(t, seed) })
			}
		})
	}
}

// simulate runs a seed: a whole publication, one with a fault, and one after it.
func simulate(t *testing.T, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	store := &memory{objects: map[string][]byte{}}
	kind := seed / callsOfPublication % 4
	faulty := &bucket{memory: store, first: 1 + int(seed%callsOfPublication), kind: faultKind{done: kind%2 == 1, crash: kind >= 2}}
	fail := func(format string, args ...any) {
		t.Helper()
		t.Fatalf("seed %d, %s: %s\nagain: %s=%d go test -count=1 -run TestSimulatedFaultsOfPublication ./similarity-service/internal/serving",
			seed, faulty.failed, fmt.Sprintf(format, args...), seedVariable, seed)
	}
	first := open(t, &bucket{memory: store})
	for n := range 1 + r.IntN(3) { // so that there is more or less that is pruned
		if err := publication(t.Context(), first, fmt.Sprintf("-ol%d", n)); err != nil {
			fail("without a fault: %v", err)
		}
	}
	before := jobOf(t, first, fail)
	reader := open(t, &bucket{memory: store})
	faulty.after = func() {
		if err := reader.readLive(t.Context(), shop, false); err != nil {
			fail("a reader in between: %v", err)
		}
		if job := jobOf(t, reader, fail); job != before && job != "-new" && job != "-ne2" {
			fail("a reader sees the models of %s", job)
		}
	}
	acknowledged := ""
	p, refused := openFaulty(t, faulty) // a start that fails says so, and is tried again
	if refused == nil {
		for _, job := range []string{"-new", "-ne2"} { // the second is the attempt after a failure
			if err := publication(t.Context(), p, job); err == nil {
				acknowledged = job
				break
			}
		}
	}
	if acknowledged == "" && refused == nil && !faulty.crashed {
		fail("one fault refuses two publications")
	}
	next := open(t, &bucket{memory: store})
	if job := jobOf(t, next, fail); acknowledged != "" && job != acknowledged {
		fail("%s was acknowledged, live is %s", acknowledged, job)
	}
	if err := publication(t.Context(), next, "-fin"); err != nil {
		fail("after the next start: %v", err)
	}
	if job := jobOf(t, open(t, &bucket{memory: store}), fail); job != "-fin" {
		fail("after the next publication %s is live", job)
	}
}

func open(t *testing.T, b *bucket) *Registry {
	t.Helper()
	r, err := openFaulty(t, b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// openFaulty starts a process on a bucket, without a Redis: that is a cache.
func openFaulty(t *testing.T, b *bucket) (*Registry, error) {
	name := fmt.Sprintf("%p", b)
	buckets.Store(name, b)
	t.Cleanup(func() { buckets.Delete(name) })
	a, err := archive.Open(t.Context(), bucketScheme+"://"+name, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	away := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1, Dialer: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("away") }})
	t.Cleanup(func() { away.Close() })
	r := NewRegistry(a, away, nil, slog.New(slog.DiscardHandler), time.Now)
	return r, r.Start(t.Context(), []string{shop})
}

// publication does what a recompute does in the archive: it stores a model of each relation, makes them live together and removes old ones.
func publication(ctx context.Context, r *Registry, job string) error {
	time.Sleep(time.Second) // so that each has a time of its own
	var versions []string
	for _, relation := range relations {
		c := &snapshot.Content{Meta: snapshot.Meta{Relation: relation}, Items: []string{"a", "b"}, Support: []float32{1, 1}}
		m, err := r.Store(ctx, shop, similarityapi.Model{Relation: relation, JobID: job, State: StateReady}, c, c)
		if err != nil {
			return err
		}
		versions = append(versions, m.Version)
	}
	if _, err := r.Publish(ctx, shop, versions, ""); err != nil {
		return err
	}
	for _, relation := range relations {
		_ = r.Prune(ctx, shop, relation, 1) // what is not removed is removed by the next one
	}
	return nil
}

// jobOf returns the job that made what is live, which must be one for all relations, and opens it.
func jobOf(t *testing.T, r *Registry, fail func(string, ...any)) (job string) {
	t.Helper()
	live := r.Live(shop)
	if len(live) != len(relations) {
		fail("live are %v", live)
	}
	for relation, version := range live {
		if own := version[len(version)-4:]; job != "" && own != job {
			fail("models of different recomputes are live: %v", live)
		} else {
			job = own
		}
		if _, err := r.Model(t.Context(), shop, relation, ""); err != nil {
			fail("open what is live of %s: %v", relation, err)
		}
	}
	if fallbacks := r.Fallbacks(shop); len(fallbacks) > 0 {
		fail("damaged are %v", fallbacks)
	}
	return job
}
