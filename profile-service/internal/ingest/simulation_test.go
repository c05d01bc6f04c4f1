package ingest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/profile-service/internal/ingest"
	"github.com/aisle-rec/aisle/profile-service/internal/robots"
	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore"
	"github.com/aisle-rec/aisle/profile-service/internal/store/storetest"
	"github.com/aisle-rec/aisle/profile-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/testenv/faultsql"
)

const (
	seedVariable  = "AISLE_SIMULATION_SEED"  // runs one seed
	seedsVariable = "AISLE_SIMULATION_SEEDS" // how many to run
	defaultSeeds  = 480
	simulated     = "north"
	callers       = 5 // of a wave
	waves         = 2 // the second meets what the service remembers of the first
	patience      = 6 // attempts of a caller that is not killed
)

// TestSimulatedFaultsOfAppend runs the real group commit over the real store on SQLite, whose driver fails at one call, or a few, or from
// one on as if the process had been killed, in each of many seeds: what was acknowledged is there once when the file is opened again, and
// repeats add nothing.
func TestSimulatedFaultsOfAppend(t *testing.T) {
	t.Parallel()
	template := newTemplate(t)
	if text := os.Getenv(seedVariable); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		simulate(t, template, t.TempDir(), seed)
		return
	}
	seeds := uint64(defaultSeeds)
	if text := os.Getenv(seedsVariable); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = n
	}
	var next atomic.Uint64
	for range runtime.GOMAXPROCS(0) {
		t.Run("worker", func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			for seed := next.Add(1) - 1; seed < seeds && !t.Failed(); seed = next.Add(1) - 1 {
				simulate(t, template, folder, seed)
			}
		})
	}
}

// newTemplate returns the bytes of a migrated database.
func newTemplate(t *testing.T) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "template.db")
	if err := migrations.Up(t.Context(), migrations.Profile, file); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// world is one seed: a database, its faults, and what each caller posts.
type world struct {
	file    string
	faults  *faultsql.Faults
	bodies  []string        // of the callers of the first wave, then of those of the second
	ids     map[string]bool // of all events
	acked   map[string]bool // acknowledged so far
	problem []string
}

// callsOfAppend is about how many calls the driver sees from the opening to the last commit: faults are drawn within.
const callsOfAppend = 120

// simulate runs a seed and reports how to run it again. Seeds up to callsOfAppend × kinds are every call in every way.
func simulate(t *testing.T, template []byte, folder string, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	w := &world{file: filepath.Join(folder, fmt.Sprintf("%d.db", seed)), ids: map[string]bool{}, acked: map[string]bool{}}
	w.faults = &faultsql.Faults{
		First: 1 + int(seed%callsOfAppend), Kind: faultsql.Kind(seed / callsOfAppend % uint64(faultsql.Kinds)), Count: 1 + r.IntN(3),
	}
	w.draw(r)
	if err := os.WriteFile(w.file, template, 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { w.run(t) })
	for _, part := range []string{"", "-wal", "-shm", ".lock"} {
		_ = os.Remove(w.file + part) // some are not there
	}
	if len(w.problem) > 0 {
		t.Errorf("seed %d, %s:\n%s\nagain: %s=%d go test -count=1 -run TestSimulatedFaultsOfAppend ./profile-service/internal/ingest",
			seed, w.faults.Failed(), strings.Join(w.problem, "\n"), seedVariable, seed)
	}
}

// draw makes the callers' bodies: one to three events of a few users, some of them orders, some the same as another caller's.
func (w *world) draw(r *rand.Rand) {
	for c := range waves * callers {
		var events []string
		for i := range 1 + r.IntN(3) {
			id, user := fmt.Sprintf("%d-%d", c, i), r.IntN(3)
			if c > 0 && r.IntN(4) == 0 { // a repeat: of the same event, so by the same user
				id, user = "shared", 0
			}
			w.ids[id] = true
			more := ""
			if id != "shared" && r.IntN(3) == 0 {
				more = fmt.Sprintf(`,"order_id":"o%s","value":5`, id)
			}
			kind := "view_item"
			if more != "" {
				kind = "purchase"
			}
			events = append(
				events, fmt.Sprintf(`{"type":%q,"user_id":"u%d","item_id":"i%d","event_id":%q%s}`, kind, user, r.IntN(4), id, more),
			)
		}
		w.bodies = append(w.bodies, "["+strings.Join(events, ",")+"]")
	}
}

func (w *world) fail(format string, args ...any) {
	w.problem = append(w.problem, fmt.Sprintf(format, args...))
}

// run is the life of the service up to a fault, and the next one.
func (w *world) run(t *testing.T) {
	s, err := w.open(database.WithConnector(t.Context(), w.faults.Connector))
	if err == nil {
		in := newIngest(s)
		for wave := range waves {
			w.post(t, in, wave)
		}
		_ = s.Close() // a killed process closes nothing, and what it did not commit is gone
	}
	s, err = w.open(t.Context())
	if err != nil {
		w.fail("the next start: %v", err)
		return
	}
	defer s.Close()
	stored := w.stored(t, s)
	for id := range w.acked {
		if stored[id] != 1 {
			w.fail("event %s was acknowledged and is there %d times", id, stored[id])
		}
	}
	in := newIngest(s)
	for c := range w.bodies { // what was not acknowledged, and what was: a storefront repeats both
		if _, err := w.attempt(t, in, c); err != nil {
			w.fail("caller %d after the next start: %v", c, err)
		}
	}
	stored = w.stored(t, s)
	for id := range w.ids {
		if stored[id] != 1 {
			w.fail("event %s is there %d times after every caller repeated", id, stored[id])
		}
	}
	w.checkStates(t, s)
}

func (w *world) open(ctx context.Context) (*sqlstore.Store, error) {
	return sqlstore.Open(ctx, w.file, visitor.NewMover(profileapi.DefaultEventWeights(), storetest.HalfLife))
}

func newIngest(log store.EventLog) *ingest.Ingest {
	return ingest.New(
		log, event.NewRules(profileapi.DefaultEventWeights()), func(string) time.Duration { return 24 * time.Hour }, time.Now,
		prometheus.NewRegistry(),
	)
}

// post has every caller of a wave post its body, and post it again while it fails and nothing was killed. The first commit waits until the
// others have gathered behind it, so that each seed makes the same commits.
func (w *world) post(t *testing.T, in *ingest.Ingest, wave int) {
	gathered := make(chan struct{})
	w.faults.Ahead = func(what string) {
		if what == "begin immediate" || what == "prepare begin immediate" {
			<-gathered
		}
	}
	var running sync.WaitGroup
	var mu sync.Mutex
	for c := wave * callers; c < (wave+1)*callers; c++ {
		running.Go(func() {
			for range patience {
				acked, err := w.attempt(t, in, c)
				mu.Lock()
				for _, id := range acked {
					w.acked[id] = true
				}
				mu.Unlock()
				if err == nil || w.faults.Crashed() {
					return
				}
				time.Sleep(time.Second) // which takes no time here
			}
			mu.Lock()
			defer mu.Unlock()
			w.fail("caller %d is refused %d times after one fault", c, patience)
		})
		synctest.Wait()
	}
	close(gathered)
	running.Wait()
}

// attempt posts a caller's body and returns the ids that were acknowledged.
func (w *world) attempt(t *testing.T, in *ingest.Ingest, caller int) (acked []string, err error) {
	body, err := in.Decode(simulated, []byte(w.bodies[caller]), false)
	if err != nil {
		return nil, err
	}
	answer, err := in.Post(t.Context(), simulated, body.Events, robots.Sender{})
	if err != nil {
		return nil, err
	}
	for _, r := range answer.Results {
		if r.Status == profileapi.StatusRejected {
			return nil, fmt.Errorf("event %s is refused: %v", r.ID, r.Errors)
		}
		acked = append(acked, r.ID)
	}
	return acked, nil
}

// stored counts the events of the database by id.
func (w *world) stored(t *testing.T, s store.Store) map[string]int {
	stored := map[string]int{}
	err := s.Scan(t.Context(), simulated, store.ScanQuery{UpTo: 1 << 40, Limit: 10_000}, func(e *store.Event) bool {
		stored[e.EventID]++
		return true
	})
	if err != nil {
		w.fail("read the events: %v", err)
	}
	return stored
}

// checkStates compares each visitor's state with the one that his events give.
func (w *world) checkStates(t *testing.T, s store.Store) {
	mover := visitor.NewMover(profileapi.DefaultEventWeights(), storetest.HalfLife)
	for user := range 3 {
		id := fmt.Sprintf("u%d", user)
		v, err := s.Visitor(t.Context(), simulated, id, "")
		if err != nil {
			w.fail("read visitor %s: %v", id, err)
			continue
		}
		var made, kept []byte
		if err := s.History(t.Context(), simulated, store.HistoryQuery{Subjects: []string{"u" + id}}, func(page []store.Event) error {
			made, err = mover.Move(made, page)
			return err
		}); err != nil {
			w.fail("read the history of %s: %v", id, err)
		}
		if len(v.States) > 0 {
			kept = v.States[0].Data
		}
		if string(made) != string(kept) {
			w.fail("the state of %s is not what its events give", id)
		}
	}
}
