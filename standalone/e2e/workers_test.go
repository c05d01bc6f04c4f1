package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// TestWorkersShareARecompute has three workers at a recompute and kills one of them midway: the job ends, every relation has one model,
// and each was made live once. The process that serves does none of it.
func TestWorkersShareARecompute(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	blobs, databases := t.TempDir(), ownDatabases(t)
	settings := slices.Concat(threeSettings(""), databases, []string{"AISLE_BLOB_URL=file://" + blobs, "GOMAXPROCS=1"})
	profile := start(t, settings, "profile-service")
	settings = append(settings, "AISLE_PROFILE_URL=http://"+profile.address)
	serving := start(t, settings, "similarity-service", "--role", "serve")
	var workers []*program
	for range 3 {
		workers = append(workers, start(t, settings, "similarity-service", "--role", "worker"))
	}
	c := connectTo(profile, "")
	c.similarity = connectTo(serving, "").similarity
	browse(t, ctx, c, 2400)
	rows := openSimilarity(t, ctx, databases)

	job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{BudgetSeconds: 8, Publish: "always", Reason: "the test looks at it"})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "all three are at it", func() error {
		busy := number(t, ctx, rows, "select count(distinct owner) from jobs where active = 1 and owner <> ''")
		if job, err := c.similarity.Job(ctx, job.JobID); err != nil || job.Done() {
			t.Fatalf("%+v, %v", job, err)
		}
		if busy < 3 {
			return fmt.Errorf("%d are", busy)
		}
		return nil
	})
	workers[0].stop(syscall.SIGKILL)
	ended, err := c.similarity.WaitForJob(ctx, job.JobID, nil)
	if err != nil || ended.State != similarityapi.JobSucceeded || len(ended.Models) != 3 {
		t.Fatalf("%+v, %v", ended, err)
	}

	models, err := c.similarity.Models(ctx, "")
	if err != nil || len(models) != 3 {
		t.Errorf("%d models, %v", len(models), err)
	}
	var live similarityapi.LiveModels
	eventually(t, ctx, "the process that serves has the models", func() error {
		if live, err = c.similarity.Live(ctx); err == nil && len(live.Live) != 3 {
			err = fmt.Errorf("%d are live", len(live.Live))
		}
		return err
	})
	for _, m := range models {
		if live.Live[m.Relation] != m.Version || m.JobID != job.JobID {
			t.Errorf("%s of job %s, live is %s", m.Version, m.JobID, live.Live[m.Relation])
		}
	}
	if changes := number(t, ctx, rows, "select generation from live"); changes != 1 {
		t.Errorf("what is live was changed %d times", changes)
	}
	if left := number(t, ctx, rows, "select count(*) from jobs where parent <> ''"); left != 0 {
		t.Errorf("%d parts are left", left)
	}
	if left, err := filepath.Glob(filepath.Join(blobs, "shops", "*", "parts", "*")); err != nil || len(left) > 0 {
		t.Errorf("work files are left: %v, %v", left, err)
	}
	if strings.Contains(serving.output(), `"msg":"job ended"`) {
		t.Error("the process that serves did the job")
	}
}

// openSimilarity opens the database of the similarity-service.
func openSimilarity(t *testing.T, ctx context.Context, databases []string) *pgxpool.Pool {
	t.Helper()
	at := slices.IndexFunc(databases, func(s string) bool { return strings.HasPrefix(s, "AISLE_SIMILARITY_DATABASE_URL=") })
	_, url, _ := strings.Cut(databases[at], "=")
	pool, err := database.OpenPostgres(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func number(t *testing.T, ctx context.Context, rows *pgxpool.Pool, statement string) (n int) {
	t.Helper()
	if err := rows.QueryRow(ctx, statement).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// BenchmarkWorkers has one and two workers of one thread each make a recompute, and reports how long it takes. Run it once, on a machine
// that does nothing else: -benchtime 1x.
func BenchmarkWorkers(b *testing.B) {
	for _, n := range []int{1, 2} {
		b.Run(fmt.Sprint(n), func(t *testing.B) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*patience)
			defer cancel()
			settings := slices.Concat(threeSettings(""), ownDatabases(t), []string{"AISLE_BLOB_URL=file://" + t.TempDir()})
			profile := start(t, settings, "profile-service")
			settings = append(settings, "AISLE_PROFILE_URL=http://"+profile.address, "GOMAXPROCS=1")
			for range n {
				start(t, settings, "similarity-service", "--role", "worker")
			}
			c := connectTo(profile, "")
			c.similarity = connectTo(start(t, settings, "similarity-service", "--role", "serve"), "").similarity
			browse(t, ctx, c, 12_000)
			began := time.Now()
			job, err := c.similarity.StartJob(ctx, similarityapi.JobRequest{Publish: "always", Reason: "it is measured"})
			if err == nil {
				job, err = c.similarity.WaitForJob(ctx, job.JobID, nil)
			}
			if err != nil || job.State != similarityapi.JobSucceeded {
				t.Fatalf("%+v, %v", job, err)
			}
			t.ReportMetric(time.Since(began).Seconds(), "s/recompute")
			for _, s := range job.Log {
				t.Logf("%6.1f s %s", s.At.Sub(job.StartedAt.Time).Seconds(), s.Stage)
			}
		})
	}
}

// browse has visitors look at fourteen items of one of three tastes each, in visits of seven, and buy two of every visit.
func browse(t testing.TB, ctx context.Context, c clients, visitors int) {
	t.Helper()
	const each, perTaste = 14, 400
	var items []profileapi.Item
	for n := range 3 * perTaste {
		items = append(items, profileapi.Item{ItemID: fmt.Sprintf("%c%03d", "SBG"[n%3], n/3), Title: fmt.Sprint("Thing ", n)})
	}
	for chunk := range slices.Chunk(items, 500) {
		if _, err := c.profile.PutItems(ctx, chunk); err != nil {
			t.Fatal(err)
		}
	}
	var events []profileapi.Event
	begin := time.Now().Add(-50 * 24 * time.Hour)
	for n := range visitors * each {
		u, step := n%visitors, n/visitors
		item := fmt.Sprintf("%c%03d", "SBG"[u%3], (u/3+step*(1+u%5))%perTaste)
		visit := step/7*visitors + u
		e := profileapi.Event{
			EventID: fmt.Sprint("browse-", n), Type: "view_item", UserID: fmt.Sprint("u", u), SessionID: fmt.Sprint("v", u, ".", step/7),
			ItemID:     item,
			OccurredAt: wire.TimeOf(begin.Add(time.Duration(33600/visitors*visit)*time.Minute + time.Duration(step%7)*time.Minute)),
		}
		events = append(events, e)
		if step%7 >= 5 {
			e.EventID, e.Type, e.OrderID, e.ItemID = "buy-"+e.EventID, "purchase", "o"+e.SessionID, ""
			e.Items = []profileapi.EventItem{{ItemID: item}}
			events = append(events, e)
		}
	}
	post(t, ctx, c, events)
}
