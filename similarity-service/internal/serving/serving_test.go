package serving

import (
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

	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
	"github.com/aisle-rec/aisle/similarity-service/internal/snapshot"
)

const shop = "north"

// replica is a registry with an archive of its own on a folder, as another process has.
func replica(t *testing.T, folder string, client redis.UniversalClient, now func() time.Time) *Registry {
	t.Helper()
	a, err := archive.Open(t.Context(), "file://"+folder, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	r := NewRegistry(a, client, nil, slog.New(slog.DiscardHandler), now)
	if err := r.Start(t.Context(), []string{shop}); err != nil {
		t.Fatal(err)
	}
	return r
}

func connect(t *testing.T, url string) redis.UniversalClient {
	t.Helper()
	client, err := database.OpenRedis(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// store stores a version of a relation whose name ends in the job's.
func store(t *testing.T, r *Registry, relation, job string) string {
	t.Helper()
	c := &snapshot.Content{Meta: snapshot.Meta{Relation: relation}, Items: []string{"a", "b"}, Support: []float32{1, 1}}
	m, err := r.Store(t.Context(), shop, similarityapi.Model{Relation: relation, JobID: job, State: StateReady}, c, c)
	if err != nil {
		t.Fatal(err)
	}
	return m.Version
}

func publish(t *testing.T, r *Registry, versions ...string) {
	t.Helper()
	if _, err := r.Publish(t.Context(), shop, versions, ""); err != nil {
		t.Fatal(err)
	}
}

// recompute does what a recompute does in the archive, without the arithmetic.
func recompute(t *testing.T, r *Registry, job string) {
	t.Helper()
	var versions []string
	for _, relation := range relations {
		versions = append(versions, store(t, r, relation, job))
	}
	publish(t, r, versions...)
}

const (
	folderEnv = "AISLE_TEST_FOLDER"
	redisEnv  = "AISLE_TEST_REDIS"
)

// TestAKilledPublicationIsWholeOrNotThere kills a process after each file that a recompute makes, from its first to beyond its last: what is live afterwards is all of
// before or all of the new.
func TestAKilledPublicationIsWholeOrNotThere(t *testing.T) {
	t.Parallel()
	if folder := os.Getenv(folderEnv); folder != "" {
		recompute(t, replica(t, folder, connect(t, os.Getenv(redisEnv)), time.Now), "-new")
		select {} // until it is killed
	}
	folder, address := t.TempDir(), testenv.Redis(t)
	client := connect(t, address)
	recompute(t, replica(t, folder, client, time.Now), "-old")
	// Each relation has a snapshot, a twin and a description; then one document says what is live.
	const steps = 10
	published := 0
	for step := 1; step <= steps; step++ {
		before := files(folder)
		child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), folderEnv+"="+folder, redisEnv+"="+address)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		for files(folder) < before+step {
			if t.Context().Err() != nil {
				break
			}
		}
		_ = child.Process.Kill()
		_ = child.Wait()
		live := replica(t, folder, client, time.Now).Live(shop)
		whose := map[string]bool{}
		for _, version := range live {
			whose[version[len(version)-4:]] = true
		}
		if len(live) != len(relations) || len(whose) != 1 {
			t.Errorf("killed after file %d of %d, live are %v", step, steps, live)
		}
		if whose["-new"] {
			published++
		}
		recompute(t, replica(t, folder, client, time.Now), "-old")
	}
	if published == 0 {
		t.Error("not even the whole publication is live")
	}
}

// files counts the finished files of a folder.
func files(folder string) (n int) {
	_ = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, ".tmp") && !strings.HasSuffix(path, ".lock") {
			n++
		}
		return nil
	})
	return n
}

// TestReplicasThatPublishAtOnceLoseNothing has six replicas publish four versions each, of all relations.
func TestReplicasThatPublishAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	folder, client := t.TempDir(), connect(t, testenv.Redis(t))
	versions := map[string][]string{}
	var running sync.WaitGroup
	begin := make(chan struct{})
	for n := range 6 {
		r := replica(t, folder, client, time.Now)
		relation := relations[n%len(relations)]
		for k := range 4 {
			version := store(t, r, relation, fmt.Sprintf("-%02d%d", n, k))
			versions[relation] = append(versions[relation], version)
			running.Go(func() {
				<-begin
				publish(t, r, version)
			})
		}
	}
	close(begin)
	running.Wait()
	r := replica(t, folder, client, time.Now)
	set, _, err := r.current(t.Context(), shop)
	if err != nil || set.generation != 24 {
		t.Errorf("after 24 changes there are %d, %v", set.generation, err)
	}
	for relation, made := range versions {
		p := set.Relations[relation]
		kept := append([]string{p.Version}, p.Previous...)
		slices.Sort(kept)
		slices.Sort(made)
		if !slices.Equal(kept, made) {
			t.Errorf("%s: published were %v, known are %v", relation, made, kept)
		}
	}
}

// TestADamagedLiveModelIsReplacedByTheNewestSoundOne damages the live snapshot and the one before it, and starts again.
func TestADamagedLiveModelIsReplacedByTheNewestSoundOne(t *testing.T) {
	t.Parallel()
	folder, client := t.TempDir(), connect(t, testenv.Redis(t))
	first := replica(t, folder, client, time.Now)
	var versions []string
	for n := range 3 {
		versions = append(versions, store(t, first, "similar", fmt.Sprintf("-%03d", n)))
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

	r := replica(t, folder, client, time.Now)
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
	r = replica(t, folder, client, time.Now)
	if _, err := r.Model(t.Context(), shop, "similar", ""); !errors.Is(err, ErrNoModel) {
		t.Errorf("with all of them damaged: %v", err)
	}
	if got := r.Fallbacks(shop); len(got) != 1 || got[0].Serving != "" {
		t.Errorf("fallbacks are %+v", got)
	}
	publish(t, r, store(t, r, "similar", "-new"))
	if r.FellBack(shop, "similar") {
		t.Errorf("after a new model fallbacks are %+v", r.Fallbacks(shop))
	}
}

// TestModelsThatServeNoMoreAreClosed follows on a replica what another one publishes, prunes and deletes.
func TestModelsThatServeNoMoreAreClosed(t *testing.T) {
	t.Parallel()
	folder, client := t.TempDir(), connect(t, testenv.Redis(t))
	publisher := replica(t, folder, client, time.Now)
	clock := time.Now()
	follower := replica(t, folder, client, func() time.Time { return clock })
	pinned := store(t, publisher, "similar", "-pin")
	for n := range 8 {
		publish(t, publisher, store(t, publisher, "similar", fmt.Sprintf("-%03d", n)))
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

// TestWhatTheFirstFormatSaysIsLive opens an archive that an older program wrote, and changes it.
func TestWhatTheFirstFormatSaysIsLive(t *testing.T) {
	t.Parallel()
	folder, client := t.TempDir(), connect(t, testenv.Redis(t))
	r := replica(t, folder, client, time.Now)
	one, two := store(t, r, "similar", "-one"), store(t, r, "similar", "-two")
	next := store(t, r, "viewed_next", "-xxx")
	for relation, p := range map[string]pointer{"similar": {Version: two, Previous: []string{one}}, "viewed_next": {Version: next}} {
		if err := r.archive.PutDocument(t.Context(), archive.Path(shop, "live", relation+".json"), p); err != nil {
			t.Fatal(err)
		}
	}
	r = replica(t, folder, client, time.Now)
	if live := r.Live(shop); live["similar"] != two || live["viewed_next"] != next {
		t.Errorf("live are %v", live)
	}
	if _, err := r.Rollback(t.Context(), shop, "similar"); err != nil {
		t.Fatal(err)
	}
	if live := replica(t, folder, client, time.Now).Live(shop); live["similar"] != one || live["viewed_next"] != next {
		t.Errorf("after a roll-back live are %v", live)
	}
}
