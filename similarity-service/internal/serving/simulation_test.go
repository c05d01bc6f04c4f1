package serving

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv/faultsql"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
)

const (
	seedVariable  = "AISLE_SIMULATION_SEED"  // runs one seed
	seedsVariable = "AISLE_SIMULATION_SEEDS" // how many to run
	// bucketCalls and databaseCalls are at least how many calls a start with a publication makes of each: faults are drawn within, so that
	// seeds up to (bucketCalls + databaseCalls) × faultsql.Kinds are every call in every way, in an order of no meaning.
	bucketCalls   = 20
	databaseCalls = 60
	allSeeds      = (bucketCalls + databaseCalls) * uint64(faultsql.Kinds)
	defaultSeeds  = allSeeds
	// stride is prime to allSeeds, so that the first seeds are spread over all.
	stride = 337
)

// TestSimulatedFaultsOfPublication publishes models of all relations to an object store and a database, of which one fails at one call, or
// from one on as if the process had been killed, in each of many seeds. Between all calls another replica looks: it sees all of before or
// all of the new, and can open it.
func TestSimulatedFaultsOfPublication(t *testing.T) {
	t.Parallel()
	from, to := uint64(0), uint64(defaultSeeds)
	for variable, set := range map[string]func(n uint64){
		seedVariable: func(n uint64) { from, to = n, n+1 }, seedsVariable: func(n uint64) { to = n },
	} {
		if text := os.Getenv(variable); text != "" {
			n, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			set(n)
		}
	}
	template := filepath.Join(t.TempDir(), "template.db")
	if err := migrations.Up(t.Context(), migrations.Similarity, template); err != nil {
		t.Fatal(err)
	}
	tables, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	var next, hits atomic.Uint64
	next.Store(from)
	for range runtime.GOMAXPROCS(0) {
		t.Run("worker", func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "similarity.db")
			for seed := next.Add(1) - 1; seed < to && !t.Failed(); seed = next.Add(1) - 1 {
				if err := os.WriteFile(file, tables, 0o600); err != nil {
					t.Fatal(err)
				}
				synctest.Test(t, func(t *testing.T) {
					if simulate(t, file, seed) {
						hits.Add(1)
					}
				})
				for _, part := range []string{"", "-wal", "-shm"} {
					_ = os.Remove(file + part) // some are not there
				}
			}
		})
	}
	t.Cleanup(func() { t.Logf("%d of %d seeds had a fault", hits.Load(), to-from) })
}

// world is one seed: what is shared by the processes of it.
type world struct {
	file    string
	objects *memory
	sound   *store.Store
}

// simulate runs a seed: a whole publication, one with a fault, and one after it. It reports whether the fault was met.
func simulate(t *testing.T, file string, seed uint64) (met bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	at := int(seed * stride % allSeeds)
	call, kind := 1+at/int(faultsql.Kinds), faultsql.Kind(at%int(faultsql.Kinds))
	w := &world{file: file, objects: &memory{objects: map[string][]byte{}}}
	w.sound = w.open(t, t.Context())
	faulty, rows := &bucket{memory: w.objects, kind: kind}, &faultsql.Faults{Kind: kind}
	if call <= bucketCalls {
		faulty.first = call
	} else {
		rows.First = call - bucketCalls
	}
	failed := func() string { return faulty.failed + rows.Failed() }
	fail := func(format string, args ...any) {
		t.Helper()
		t.Fatalf("seed %d, %s: %s\nagain: %s=%d go test -count=1 -run TestSimulatedFaultsOfPublication "+
			"./similarity-service/internal/serving",
			seed, failed(), fmt.Sprintf(format, args...), seedVariable, seed)
	}
	start := func() *Registry {
		p, err := w.start(t, &bucket{memory: w.objects}, w.sound)
		if err != nil {
			fail("start without a fault: %v", err)
		}
		return p
	}
	first := start()
	for n := range 1 + r.IntN(3) { // so that there is more or less that is pruned
		if err := publication(t.Context(), first, fmt.Sprintf("-ol%d", n)); err != nil {
			fail("without a fault: %v", err)
		}
	}
	before := jobOf(t, first, fail)
	reader := start()
	faulty.after = func() {
		if err := reader.readLive(t.Context(), shop, false); err != nil {
			fail("a reader in between: %v", err)
		}
		if job := jobOf(t, reader, fail); job != before && job != "-new" && job != "-ne2" {
			fail("a reader sees the models of %s", job)
		}
	}
	rows.Ahead = func(string) { faulty.after() }
	db := w.open(t, database.WithConnector(t.Context(), rows.Connector))
	p, refused := w.start(t, faulty, db) // a start that fails says so, and is tried again
	acknowledged := ""
	if refused == nil {
		for _, job := range []string{"-new", "-ne2"} { // the second is the attempt after a failure
			if err := publication(t.Context(), p, job); err == nil {
				acknowledged = job
				break
			}
		}
	}
	_ = db.Close() // as the end of a process does; it fails where the fault was a crash
	if crash := kind == faultsql.CrashBefore || kind == faultsql.CrashAfter; acknowledged == "" && refused == nil && !crash {
		fail("one fault refuses two publications")
	}
	if job := jobOf(t, start(), fail); acknowledged != "" && job != acknowledged {
		fail("%s was acknowledged, live is %s", acknowledged, job)
	}
	next := start()
	if err := publication(t.Context(), next, "-fin"); err != nil {
		fail("after the next start: %v", err)
	}
	if job := jobOf(t, start(), fail); job != "-fin" {
		fail("after the next publication %s is live", job)
	}
	return failed() != ""
}

// open opens the database, whose calls may fail when ctx says so.
func (w *world) open(t *testing.T, ctx context.Context) *store.Store {
	t.Helper()
	tables, err := database.OpenTables(ctx, w.file, 1<<10)
	for errors.Is(err, faultsql.ErrFault) { // a process that does not come up is started again
		tables, err = database.OpenTables(t.Context(), w.file, 1<<10)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tables.Close() }) // which fails where the fault was a crash
	return store.New(tables)
}

// start starts a process on the stores, without a Redis: that is a cache.
func (w *world) start(t *testing.T, b *bucket, db *store.Store) (*Registry, error) {
	t.Helper()
	a, err := archive.New(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	r := NewRegistry(db, a, nil, slog.New(slog.DiscardHandler), time.Now)
	return r, r.Start(t.Context(), []string{shop})
}

// publication does what a recompute does in the stores: it stores a model of each relation, makes them live together and removes old ones.
func publication(ctx context.Context, r *Registry, job string) error {
	time.Sleep(time.Second) // so that each has a time of its own
	var versions []string
	for _, relation := range relations {
		c := &snapshot.Content{Meta: snapshot.Meta{Relation: relation}, Items: []string{"a", "b"}, Support: []float32{1, 1}}
		m, err := r.Store(ctx, shop, New{
			Model: similarityapi.Model{Relation: relation, JobID: job, State: StateReady}, Content: c, TrainOnly: c,
		})
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
