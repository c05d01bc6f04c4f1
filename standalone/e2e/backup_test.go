package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/standalone/internal/backup"
)

// drillEvents is how many events visitors post before, and as many after, the backup begins; scripts/drill-backup.sh asks for more.
func drillEvents() int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("AISLE_DRILL_EVENTS"), "300"))
	if err != nil {
		panic(err) // a mistake of who calls
	}
	return n
}

// posters post events until they are told to stop, and keep when each was acknowledged.
type posters struct {
	client clients
	stop   context.CancelFunc
	group  sync.WaitGroup
	mu     sync.Mutex
	acked  map[string]time.Time
	failed []string
}

func startPosters(ctx context.Context, c clients) *posters {
	p := &posters{client: c, acked: map[string]time.Time{}}
	ctx, p.stop = context.WithCancel(ctx)
	for n := range 4 {
		p.group.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				p.post(context.WithoutCancel(ctx), fmt.Sprintf("load-%d-%d", n, i))
			}
		})
	}
	return p
}

func (p *posters) post(ctx context.Context, id string) {
	answer, err := p.client.profile.PostEvents(ctx, []profileapi.Event{
		{EventID: id, Type: "view_item", UserID: "visitor " + id[:6], ItemID: "lamp/01"},
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil || answer.Accepted != 1 {
		p.failed = append(p.failed, fmt.Sprintf("%s: %+v, %v", id, answer, err))
		return
	}
	p.acked[id] = time.Now()
}

func (p *posters) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.acked)
}

// more waits until so many more events were acknowledged.
func (p *posters) more(t *testing.T, ctx context.Context, n int) {
	t.Helper()
	goal := p.count() + n
	eventually(t, ctx, "events are posted", func() error {
		if have := p.count(); have < goal {
			return fmt.Errorf("%d of %d", have, goal)
		}
		return nil
	})
}

func (p *posters) end() {
	p.stop()
	p.group.Wait()
}

// shopOf fills a shop and has models made.
func shopOf(t *testing.T, ctx context.Context, c clients) {
	t.Helper()
	if _, err := c.profile.PutItems(ctx, catalogue()); err != nil {
		t.Fatal(err)
	}
	for batch := range slices.Chunk(history(1), 500) {
		if _, err := c.profile.PostEvents(ctx, batch); err != nil {
			t.Fatal(err)
		}
	}
	job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{BudgetSeconds: .2})
	if err == nil {
		job, err = c.similarity.WaitForJob(ctx, job.JobID, func(similarityapi.Job) {})
	}
	if err != nil || job.State != similarityapi.JobSucceeded {
		t.Fatalf("%+v, %v", job, err)
	}
}

// lists are what a shop answers that events of others do not change: neighbours of items and their model, and what users get for a product.
func lists(ctx context.Context, c clients) (string, error) {
	var all []string
	live, err := c.similarity.Live(ctx)
	if err != nil || len(live.Live) == 0 {
		return "", fmt.Errorf("live are %v, %w", live.Live, err)
	}
	all = append(all, fmt.Sprint(live.Live))
	for n := range groupItems {
		for _, user := range []string{"user 1", "user 2"} {
			answer, err := c.recommender.Recommend(ctx, recommenderapi.Request{
				Scenario: "product_detail.similar", UserID: user, ContextItems: []string{fmt.Sprintf("lamp/%02d", n)}, Test: true,
				DeadlineMS: 5000,
			})
			if err != nil || len(answer.Degraded) > 0 || len(answer.Items) == 0 {
				return "", fmt.Errorf("%d items, degraded %v, %w", len(answer.Items), answer.Degraded, err)
			}
			line := fmt.Sprintf("%d %s %v:", n, user, answer.ModelVersions)
			for _, item := range answer.Items {
				line += " " + item.ItemID
			}
			all = append(all, line)
		}
	}
	return strings.Join(all, "\n"), nil
}

// storedIDs are the ids of all stored events.
func storedIDs(ctx context.Context, c *profileapi.Client) (map[string]int, error) {
	ids := map[string]int{}
	q := profileapi.EventsQuery{Limit: 1000, Ascending: true}
	for {
		page, err := c.Events(ctx, q)
		if err != nil {
			return nil, err
		}
		for n := range page.Items {
			ids[page.Items[n].EventID]++
		}
		if page.NextCursor == nil {
			return ids, nil
		}
		q.Cursor = *page.NextCursor
	}
}

// restored holds a deployment that came back against what is known of the one before.
func (p *posters) restored(t *testing.T, ctx context.Context, c clients, begun time.Time, before string) {
	t.Helper()
	eventually(t, ctx, "lists are as before", func() error {
		after, err := lists(ctx, c)
		if err == nil && after != before {
			err = fmt.Errorf("lists are\n%s\nwere\n%s", after, before)
		}
		return err
	})
	jobs, err := httpclient.JSON[profileapi.Page[similarityapi.Job]](ctx, c.jobs, http.MethodGet, "/v1/jobs", nil, nil)
	if err != nil || len(jobs.Items) != 1 {
		t.Errorf("a model was made anew: %+v, %v", jobs, err)
	}
	ids, err := storedIDs(ctx, c.profile)
	if err != nil {
		t.Fatal(err)
	}
	want, lost, kept := len(history(1)), 0, 0
	for id, at := range p.acked {
		switch {
		case ids[id] > 0:
			kept++
		case at.Before(begun):
			t.Errorf("%s was acknowledged %v before the backup began and is gone", id, begun.Sub(at))
		default:
			lost++
		}
	}
	for id, n := range ids {
		if _, known := p.acked[id]; n > 1 || !known && strings.HasPrefix(id, "load") {
			t.Errorf("%s is there %d times, acknowledged %v", id, n, known)
		}
	}
	if len(ids) != want+kept {
		t.Errorf("%d events are stored, want %d", len(ids), want+kept)
	}
	// what was lost is sent again, as a shop does that kept its events; what is there is not counted twice
	again, accepted, duplicates := p.again(), 0, 0
	for batch := range slices.Chunk(again, 1000) {
		answer, err := c.profile.PostEvents(ctx, batch)
		if err != nil {
			t.Fatal(err)
		}
		accepted, duplicates = accepted+answer.Accepted, duplicates+answer.Duplicates
	}
	if accepted != lost || duplicates != kept {
		t.Errorf("sent again: %d accepted, %d duplicates, want %d and %d", accepted, duplicates, lost, kept)
	}
	t.Logf("%d events acknowledged under load: %d in the backup, %d after it, which were lost and taken when sent again; %d events before "+
		"the load are all there",
		len(p.acked), kept, lost, want)
}

func (p *posters) again() (events []profileapi.Event) {
	for id := range p.acked {
		events = append(events, profileapi.Event{EventID: id, Type: "view_item", UserID: "visitor " + id[:6], ItemID: "lamp/01"})
	}
	return events
}

// TestBackupOfARunningServer copies the data folder under load, loses server and folder, and comes back on the copy.
func TestBackupOfARunningServer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	dir, copied := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backup")
	keys := filepath.Join(t.TempDir(), "keys.json")
	key := keyOf(t, keys, "north")
	d := startStandalone(t, dir, "--keys-file", keys)
	c := d.connect(key)
	shopOf(t, ctx, c)
	before, err := lists(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	load := startPosters(ctx, c)
	load.more(t, ctx, drillEvents())
	begun := time.Now()
	said := command(t, ctx, "backup", "--data", dir, "--to", copied, "--keys-file", keys, "--json")
	var m backup.Manifest
	if err := json.Unmarshal([]byte(said), &m); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	load.more(t, ctx, drillEvents())
	load.end()
	if len(load.failed) > 0 {
		t.Errorf("%d events failed while the copy was made: %.500v", len(load.failed), load.failed)
	}
	d.kill()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(
		ctx, filepath.Join(binaries, "aisle"), "backup", "--data", dir, "--to", t.TempDir(),
	).CombinedOutput(); err == nil {
		t.Errorf("nothing was copied: %s", out)
	}
	newKeys := filepath.Join(t.TempDir(), "keys.json")
	out := command(t, ctx, "restore", "--from", copied, "--data", dir, "--keys-file", newKeys)
	if !strings.Contains(out, "is lost unless it is sent again") || !strings.Contains(out, fmt.Sprintf("%d events", m.Counts.Events)) {
		t.Errorf("said %s", out)
	}
	t.Logf("the copy took %v: %+v", took.Round(time.Millisecond), m.Counts)
	d = startStandalone(t, dir, "--keys-file", newKeys)
	load.restored(t, ctx, d.connect(key), m.BegunAt, before)
	if int64(len(history(1)))+int64(load.keptOf(m)) != m.Counts.Events || m.Counts.Items != 2*groupItems || m.Counts.LiveModels == 0 {
		t.Errorf("the manifest says %+v", m.Counts)
	}
}

// keptOf is how many of the posted events a backup says it holds.
func (p *posters) keptOf(m backup.Manifest) int { return int(m.Counts.Events) - len(history(1)) }

func command(t *testing.T, ctx context.Context, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(ctx, filepath.Join(binaries, "aisle"), args...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("aisle %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// TestBackupOnPostgres dumps the databases of three services under load with Postgres' own tools, copies the snapshots, loses all of it and
// comes back.
func TestBackupOnPostgres(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	tools := postgresTools(t)
	settings, models := ownDatabases(t), filepath.Join(t.TempDir(), "models")
	all := append(append(threeSettings(""), settings...), "AISLE_REDIS_URL="+testenv.Redis(t), "AISLE_BLOB_URL=file://"+models)
	d := startThreeOn(t, all)
	c := d.connect("")
	shopOf(t, ctx, c)
	before, err := lists(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	load := startPosters(ctx, c)
	load.more(t, ctx, drillEvents())
	dumps := t.TempDir()
	begun := time.Now()
	order := []string{"RECOMMENDER", "SIMILARITY", "PROFILE"} // who follows another first: docs/backup.md
	for _, name := range order {
		postgres(
			t, ctx, tools, "pg_dump", "--format=custom", "--no-owner", "--file", filepath.Join(dumps, name), databaseOf(t, settings, name),
		)
		if name == "SIMILARITY" {
			if err := os.CopyFS(filepath.Join(dumps, "models"), os.DirFS(models)); err != nil {
				t.Fatal(err)
			}
		}
	}
	took := time.Since(begun)
	load.more(t, ctx, drillEvents())
	load.end()
	if len(load.failed) > 0 {
		t.Errorf("%d events failed while the dumps were made: %.500v", len(load.failed), load.failed)
	}
	d.kill()
	settings = ownDatabases(t) // new and empty: what a server that was lost is replaced with
	for _, name := range order {
		address := databaseOf(t, settings, name)
		postgres(
			t, ctx, tools, "pg_restore", "--clean", "--if-exists", "--no-owner", "--exit-on-error", "--dbname", address,
			filepath.Join(dumps, name),
		)
	}
	t.Logf("the dumps took %v", took.Round(time.Millisecond))
	d = startThreeOn(
		t,
		append(
			append(threeSettings(""), settings...), "AISLE_REDIS_URL="+testenv.Redis(t),
			"AISLE_BLOB_URL=file://"+filepath.Join(dumps, "models"),
		),
	)
	load.restored(t, ctx, d.connect(""), begun, before)
}

// postgresTools is the folder of pg_dump; the test is left out where there is none.
func postgresTools(t *testing.T) string {
	t.Helper()
	// Debian keeps the tools of each version in a folder of their own.
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump"); len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	return filepath.Dir(installed(t, "pg_dump", "postgresql"))
}

func postgres(t *testing.T, ctx context.Context, tools, program string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(ctx, filepath.Join(tools, program), args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

// databaseOf is the address of a service's database among settings.
func databaseOf(t *testing.T, settings []string, service string) string {
	t.Helper()
	for _, s := range settings {
		if address, ok := strings.CutPrefix(s, "AISLE_"+service+"_DATABASE_URL="); ok {
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			return u.String()
		}
	}
	t.Fatalf("no database of %s", service)
	return ""
}

// TestARestoreThatCannotBeWholeIsRefused damages a backup, and restores where something is.
func TestARestoreThatCannotBeWholeIsRefused(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dir, copied := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backup")
	d := startStandalone(t, dir)
	if _, err := d.connect("").profile.PutItems(ctx, catalogue()); err != nil {
		t.Fatal(err)
	}
	d.programs[0].stop(syscall.SIGTERM)
	command(t, ctx, "backup", "--data", dir, "--to", copied)
	refused := func(what, want string, args ...string) {
		t.Helper()
		out, err := exec.CommandContext(ctx, filepath.Join(binaries, "aisle"), args...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, %s", what, err, out)
		}
	}
	target := filepath.Join(t.TempDir(), "new")
	refused("a folder that is in use", "is not empty", "restore", "--from", copied, "--data", dir)
	refused("a backup over another", "new folder", "backup", "--data", dir, "--to", copied)
	refused("no backup", "is no backup", "restore", "--from", t.TempDir(), "--data", target)
	file := filepath.Join(copied, "recommender.db")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	refused("one bit that is another", "not as it was written", "restore", "--from", copied, "--data", target)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	refused("a file that is gone", "no such file", "restore", "--from", copied, "--data", target)
	if _, err := os.Stat(target); err == nil {
		t.Error("a refused restore leaves a folder")
	}
}
