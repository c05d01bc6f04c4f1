package serving

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
	"github.com/aisle-rec/aisle/similarity-service/internal/store/storetest"
)

const shop = "north"

// replica is a registry with handles of its own on a folder and a database, as another process has.
func replica(t *testing.T, folder string, db *store.Store, now func() time.Time) *Registry {
	t.Helper()
	a, err := archive.Open(t.Context(), "file://"+folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	r := NewRegistry(db, a, nil, slog.New(slog.DiscardHandler), now)
	if err := r.Start(t.Context(), []string{shop}); err != nil {
		t.Fatal(err)
	}
	return r
}

// keep stores a version of a relation whose name ends in the job's.
func keep(t *testing.T, r *Registry, relation, job string) string {
	t.Helper()
	c := &snapshot.Content{Meta: snapshot.Meta{Relation: relation}, Items: []string{"a", "b"}, Support: []float32{1, 1}}
	m, err := r.Store(t.Context(), shop, New{
		Model: similarityapi.Model{Relation: relation, JobID: job, State: StateReady}, Content: c, TrainOnly: c,
	})
	if err != nil {
		t.Fatal(err)
	}
	return m.Version
}

func publish(t testing.TB, r *Registry, versions ...string) {
	t.Helper()
	if _, err := r.Publish(t.Context(), shop, versions, ""); err != nil {
		t.Fatal(err)
	}
}

// relations are all relations that a model can be live for.
var relations = similarityapi.Relations()

// recompute does what a recompute does in the stores, without the arithmetic.
func recompute(t *testing.T, r *Registry, job string) {
	t.Helper()
	var versions []string
	for _, relation := range relations {
		versions = append(versions, keep(t, r, relation, job))
	}
	publish(t, r, versions...)
}

const (
	folderEnv   = "AISLE_TEST_FOLDER"
	databaseEnv = "AISLE_TEST_DATABASE"
)

// TestAKilledPublicationIsWholeOrNotThere kills a process after each thing that a recompute stores, from its first file to beyond its last
// row: what is live afterwards is all of before or all of the new.
func TestAKilledPublicationIsWholeOrNotThere(t *testing.T) {
	t.Parallel()
	if folder := os.Getenv(folderEnv); folder != "" {
		recompute(t, replica(t, folder, storetest.Open(t, os.Getenv(databaseEnv)), time.Now), "-new")
		select {} // until it is killed
	}
	for name, url := range map[string]string{"sqlite": testenv.SQLite(t), "postgres": storetest.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killPublications(t, url)
		})
	}
}

func killPublications(t *testing.T, url string) {
	folder, db := t.TempDir(), storetest.Open(t, url)
	recompute(t, replica(t, folder, db, time.Now), "-old")
	// Each relation has a snapshot, a twin and a description; then one row says what is live.
	const steps = 10
	published := 0
	for step := 1; step <= steps; step++ {
		before := stored(t, folder, db)
		child := exec.Command(os.Args[0], "-test.run=^TestAKilledPublicationIsWholeOrNotThere$")
		child.Env = append(os.Environ(), folderEnv+"="+folder, databaseEnv+"="+url)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		for stored(t, folder, db) < before+step {
			if t.Context().Err() != nil {
				break
			}
		}
		_ = child.Process.Kill()
		_ = child.Wait()
		live := replica(t, folder, db, time.Now).Live(shop)
		whose := map[string]bool{}
		for _, version := range live {
			whose[version[len(version)-4:]] = true
		}
		if len(live) != len(relations) || len(whose) != 1 {
			t.Errorf("killed after step %d of %d, live are %v", step, steps, live)
		}
		if whose["-new"] {
			published++
		}
		recompute(t, replica(t, folder, db, time.Now), "-old")
	}
	if published == 0 {
		t.Error("not even the whole publication is live")
	}
}

// stored counts the finished files of a folder, the rows of models, and the changes of what is live.
func stored(t *testing.T, folder string, db *store.Store) (n int) {
	t.Helper()
	_ = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, ".tmp") {
			n++
		}
		return nil
	})
	models, err := db.Models(t.Context(), shop, "")
	if err != nil {
		t.Fatal(err)
	}
	live, err := db.Live(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	return n + len(models) + int(live.Generation)
}

// TestReplicasThatPublishAtOnceLoseNothing has six replicas publish four versions each, of all relations.
func TestReplicasThatPublishAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		folder := t.TempDir()
		versions := map[string][]string{}
		var running sync.WaitGroup
		begin := make(chan struct{})
		for n := range 6 {
			r := replica(t, folder, open(t), time.Now)
			relation := relations[n%len(relations)]
			for k := range 4 {
				version := keep(t, r, relation, fmt.Sprintf("-%02d%d", n, k))
				versions[relation] = append(versions[relation], version)
				running.Go(func() {
					<-begin
					publish(t, r, version)
				})
			}
		}
		close(begin)
		running.Wait()
		live, err := open(t).Live(t.Context(), shop)
		if err != nil || live.Generation != 24 {
			t.Errorf("after 24 changes there are %d, %v", live.Generation, err)
		}
		for relation, made := range versions {
			p := live.Relations[relation]
			kept := append([]string{p.Version}, p.Previous...)
			slices.Sort(kept)
			slices.Sort(made)
			if !slices.Equal(kept, made) {
				t.Errorf("%s: published were %v, known are %v", relation, made, kept)
			}
		}
	})
}

// TestAReplicaSeesWhatAnotherPublishes follows another replica's changes without looking by itself: by notification, or by the number that
// the file has.
func TestAReplicaSeesWhatAnotherPublishes(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		folder := t.TempDir()
		publisher, follower := replica(t, folder, open(t), time.Now), replica(t, folder, open(t), time.Now)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = follower.Run(ctx, func() []string { return []string{shop} })
		}()
		defer func() { stop(); <-done }()
		for n := range 3 {
			version := keep(t, publisher, "similar", fmt.Sprintf("-%03d", n))
			publish(t, publisher, version)
			published := time.Now()
			tick := time.NewTicker(time.Millisecond)
			for follower.Live(shop)["similar"] != version {
				<-tick.C
				if time.Since(published) > recheckInterval/2 { // later, the look that it takes by itself would find it
					t.Fatalf("version %d is not seen after %s", n, time.Since(published))
				}
			}
			tick.Stop()
			t.Logf("version %d was seen after %s", n, time.Since(published))
		}
	})
}

// TestWhatIsLiveIsNotDeleted deletes and activates the same version through two replicas at once: it is live and there, or deleted and not
// live.
func TestWhatIsLiveIsNotDeleted(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		folder := t.TempDir()
		one, two := replica(t, folder, open(t), time.Now), replica(t, folder, open(t), time.Now)
		publish(t, one, keep(t, one, "similar", "-one"))
		for n := range 10 {
			version := keep(t, one, "similar", fmt.Sprintf("-%03d", n))
			var running sync.WaitGroup
			var deleted, activated error
			running.Go(func() { deleted = one.Delete(t.Context(), shop, version) })
			running.Go(func() { _, activated = two.Activate(t.Context(), shop, version, "") })
			running.Wait()
			if (deleted == nil) == (activated == nil) {
				t.Errorf("deleted: %v, activated: %v", deleted, activated)
			}
			if m, err := replica(t, folder, open(t), time.Now).Model(t.Context(), shop, "similar", ""); err != nil {
				t.Errorf("what is live cannot be opened: %v, %v", m, err)
			}
		}
	})
}

// TestLiveModelsAreCountedByVerdict publishes models that the gate let pass, refused, or was not asked about; a process that starts later
// counts the same, and a version that takes another's place takes its verdict away.
func TestLiveModelsAreCountedByVerdict(t *testing.T) {
	t.Parallel()
	folder, db := t.TempDir(), storetest.SQLite(t)(t)
	r := replica(t, folder, db, time.Now)
	c := &snapshot.Content{Meta: snapshot.Meta{Relation: "similar"}, Items: []string{"a"}, Support: []float32{1}}
	for n, gate := range []*similarityapi.Gate{
		nil, {Passed: true, Verdict: "passed"}, {Verdict: "refused"}, {Passed: true, Verdict: "unmeasured"},
	} {
		m, err := r.Store(t.Context(), shop, New{
			Model:   similarityapi.Model{Relation: "similar", JobID: fmt.Sprintf("-%03d", n), State: StateReady, Gate: gate},
			Content: c, TrainOnly: c,
		})
		if err != nil {
			t.Fatal(err)
		}
		publish(t, r, m.Version)
		want := VerdictUnknown
		if gate != nil {
			want = gate.Verdict
		}
		for name, r := range map[string]*Registry{"the same process": r, "another one": replica(t, folder, db, time.Now)} {
			if got := r.Ages()["similar"].Shops; len(got) != 1 || got[want] != 1 {
				t.Errorf("%s counts %v, want one %s", name, got, want)
			}
		}
		if !slices.Contains(Verdicts(), want) {
			t.Errorf("%s is no verdict", want)
		}
	}
}

// TestADamagedLiveModelIsReplacedByTheNewestSoundOne damages the live snapshot and the one before it, and starts again.
func TestADamagedLiveModelIsReplacedByTheNewestSoundOne(t *testing.T) {
	t.Parallel()
	folder, db := t.TempDir(), storetest.SQLite(t)(t)
	first := replica(t, folder, db, time.Now)
	var versions []string
	for n := range 3 {
		versions = append(versions, keep(t, first, "similar", fmt.Sprintf("-%03d", n)))
		publish(t, first, versions[n])
	}
	snapshotOf := func(version string) string {
		return filepath.Join(folder, filepath.FromSlash(snapshotPath(shop, version)))
	}
	sound, err := os.ReadFile(snapshotOf(versions[2]))
	if err != nil {
		t.Fatal(err)
	}
	torn := slices.Clone(sound)
	torn[len(torn)/2] ^= 1
	write := func(version string, data []byte) {
		if err := os.WriteFile(snapshotOf(version), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(versions[2], torn)
	if err := os.Remove(snapshotOf(versions[1])); err != nil {
		t.Fatal(err)
	}

	r := replica(t, folder, db, time.Now)
	if m, err := r.Model(t.Context(), shop, "similar", ""); err != nil || m.Version != versions[0] {
		t.Fatalf("%v serves, %v; want %s", m, err, versions[0])
	}
	want := similarityapi.ModelFallback{Relation: "similar", Version: versions[2], Serving: versions[0]}
	if got := r.Fallbacks(shop); len(got) != 1 || got[0] != want {
		t.Errorf("fallbacks are %+v, want %+v", got, want)
	}
	if err := r.Delete(t.Context(), shop, versions[0]); !errors.Is(err, ErrLive) {
		t.Errorf("what serves was deleted: %v", err)
	}
	write(versions[2], sound)
	if err := r.readLive(t.Context(), shop, true); err != nil {
		t.Fatal(err)
	}
	if live := r.Live(shop)["similar"]; live != versions[2] || r.FellBack(shop, "similar") {
		t.Errorf("once the snapshot is restored %s serves, fallbacks %v", live, r.Fallbacks(shop))
	}

	write(versions[2], torn)
	write(versions[0], torn)
	r = replica(t, folder, db, time.Now)
	if _, err := r.Model(t.Context(), shop, "similar", ""); !errors.Is(err, ErrNoModel) {
		t.Errorf("with all of them damaged: %v", err)
	}
	if got := r.Fallbacks(shop); len(got) != 1 || got[0].Serving != "" {
		t.Errorf("fallbacks are %+v", got)
	}
	publish(t, r, keep(t, r, "similar", "-new"))
	if r.FellBack(shop, "similar") {
		t.Errorf("after a new model fallbacks are %+v", r.Fallbacks(shop))
	}
}

// TestModelsThatServeNoMoreAreClosed follows on a replica what another one publishes, prunes and deletes.
func TestModelsThatServeNoMoreAreClosed(t *testing.T) {
	t.Parallel()
	folder, db := t.TempDir(), storetest.SQLite(t)(t)
	publisher := replica(t, folder, db, time.Now)
	clock := time.Now()
	follower := replica(t, folder, db, func() time.Time { return clock })
	pinned := keep(t, publisher, "similar", "-pin")
	for n := range 8 {
		publish(t, publisher, keep(t, publisher, "similar", fmt.Sprintf("-%03d", n)))
		if err := follower.readLive(t.Context(), shop, false); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(follower.opened); n != 8 {
		t.Fatalf("%d are open, want 8", n)
	}
	clock = clock.Add(unusedAfter + time.Minute)
	if _, err := follower.Model(t.Context(), shop, "similar", pinned); err != nil { // as an experiment does
		t.Fatal(err)
	}
	follower.closeUnused()
	var open []string
	for _, m := range follower.opened {
		open = append(open, m.Version)
	}
	if len(open) != 2 || !slices.Contains(open, pinned) || !slices.Contains(open, follower.Live(shop)["similar"]) {
		t.Errorf("open are %v", open)
	}
}
