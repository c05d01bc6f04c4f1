package jobs

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/testenv"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
)

// stores are those of one test; several managers on them are replicas.
type stores struct {
	archive *archive.Archive
	redis   redis.UniversalClient
}

func open(t *testing.T) stores {
	t.Helper()
	ctx := context.Background()
	client, err := database.OpenRedis(ctx, testenv.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	store, err := archive.Open(ctx, "file://"+t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close(); client.Close() })
	return stores{store, client}
}

func (s stores) replica(t *testing.T, run Runner) *Manager {
	t.Helper()
	m := NewManager(s.archive, s.redis, map[string]Runner{"recompute": run}, slog.New(slog.DiscardHandler), time.Now)
	t.Cleanup(m.Close)
	return m
}

var request = similarityapi.JobRequest{Kind: "recompute"}

// end waits until a job is over.
func end(t *testing.T, m *Manager, id string) similarityapi.Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		job, err := m.Job(ctx, "shop", id)
		if err != nil {
			t.Fatal(err)
		}
		if job.Done() {
			return job
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the job goes on: %+v", job)
		case <-tick.C:
		}
	}
}

func TestAJobEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run   Runner
		state string
		says  string
	}{
		"well": {func(_ context.Context, j *Task) error {
			j.Report("half way", .5)
			j.AddModel("v1")
			j.SetResult("answer", 42)
			return nil
		}, similarityapi.JobSucceeded, ""},
		"with an error": {func(context.Context, *Task) error { return errors.New("no data") }, similarityapi.JobFailed, "no data"},
		"with a panic":  {func(context.Context, *Task) error { panic("on purpose") }, similarityapi.JobFailed, "on purpose"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := open(t).replica(t, c.run)
			job, err := m.Start(context.Background(), "shop", request)
			if err != nil {
				t.Fatal(err)
			}
			job = end(t, m, job.JobID)
			if job.State != c.state || !strings.Contains(job.Error, c.says) || job.FinishedAt.IsZero() {
				t.Errorf("%+v", job)
			}
			if c.state == similarityapi.JobSucceeded && (job.Progress != 1 || len(job.Models) != 1 || job.Result["answer"] != 42.) {
				t.Errorf("%+v", job)
			}
			// The lock is free again: the next job starts.
			if next, err := m.Start(context.Background(), "shop", request); err != nil {
				t.Errorf("next job: %v", err)
			} else {
				end(t, m, next.JobID)
			}
		})
	}
}

func TestReplicas(t *testing.T) {
	t.Parallel()
	s := open(t)
	started := make(chan struct{})
	first := s.replica(t, func(ctx context.Context, j *Task) error {
		j.Report("working", .25)
		close(started)
		<-ctx.Done()
		return ctx.Err()
	})
	second := s.replica(t, func(context.Context, *Task) error { return nil })
	ctx := context.Background()
	job, err := first.Start(ctx, "shop", request)
	if err != nil {
		t.Fatal(err)
	}
	<-started
	var running *RunningError
	if _, err := second.Start(ctx, "shop", request); !errors.As(err, &running) || running.JobID != job.JobID {
		t.Errorf("a second job on another replica: %v", err)
	}
	if _, err := second.Start(ctx, "other", request); err != nil {
		t.Errorf("another shop's job: %v", err)
	}
	if seen, err := second.Job(ctx, "shop", job.JobID); err != nil || seen.Stage != "working" || seen.Progress != .25 {
		t.Errorf("another replica sees %+v, %v", seen, err)
	}
	if _, err := second.Job(ctx, "other", job.JobID); !errors.Is(err, ErrUnknownJob) {
		t.Errorf("another shop sees the job: %v", err)
	}
	if err := second.Cancel(ctx, "shop", job.JobID); err != nil {
		t.Fatal(err)
	}
	if job = end(t, second, job.JobID); job.State != similarityapi.JobCancelled {
		t.Errorf("cancelled from another replica: %+v", job)
	}
}

func TestAJobWhoseProcessDiedIsGivenUp(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx := context.Background()
	// What a killed process leaves behind: a running document, and a lock that has run out.
	left := similarityapi.Job{JobID: "job-1", Kind: "recompute", State: similarityapi.JobRunning, Request: request}
	if err := s.archive.PutDocument(ctx, documentPath("shop", "job-1"), left); err != nil {
		t.Fatal(err)
	}
	m := s.replica(t, func(context.Context, *Task) error { return nil })
	if err := m.Recover(ctx, "shop"); err != nil {
		t.Fatal(err)
	}
	job, err := m.Job(ctx, "shop", "job-1")
	if err != nil || job.State != similarityapi.JobFailed || !strings.Contains(job.Error, "given up") {
		t.Errorf("%+v, %v", job, err)
	}
}

func TestClosingEndsJobs(t *testing.T) {
	t.Parallel()
	s := open(t)
	m := s.replica(t, func(ctx context.Context, _ *Task) error {
		<-ctx.Done()
		return ctx.Err()
	})
	ctx := context.Background()
	job, err := m.Start(ctx, "shop", request)
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	if job, err = m.Job(ctx, "shop", job.JobID); err != nil || job.State != similarityapi.JobFailed || !strings.Contains(job.Error, "stopped") {
		t.Errorf("%+v, %v", job, err)
	}
	if _, err := m.Start(ctx, "shop", request); err == nil {
		t.Error("a closed manager started a job")
	}
}

func TestALostLockIsTakenAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	release := make(chan struct{})
	m := s.replica(t, func(ctx context.Context, _ *Task) error {
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	ctx := context.Background()
	job, err := m.Start(ctx, "shop", request)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.redis.FlushDB(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	wait, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for held := false; !held; {
		if held, err = m.holdsLock(ctx, "shop", "recompute", job.JobID); err != nil {
			t.Fatal(err)
		}
		select {
		case <-wait.Done():
			t.Fatal("the lock was not taken again")
		case <-tick.C:
		}
	}
	close(release)
	if job = end(t, m, job.JobID); job.State != similarityapi.JobSucceeded {
		t.Errorf("%+v", job)
	}
}

// TestADamagedJobDoesNotHideTheOthers empties the document of one of three jobs, as a full disk once did.
func TestADamagedJobDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	s := open(t)
	m := s.replica(t, func(context.Context, *Task) error { return nil })
	var ids []string
	for range 3 {
		job, err := m.Start(t.Context(), "shop", request)
		if err != nil {
			t.Fatal(err)
		}
		end(t, m, job.JobID)
		ids = append(ids, job.JobID)
	}
	if err := s.archive.PutDocument(t.Context(), documentPath("shop", ids[1]), "not a job"); err != nil {
		t.Fatal(err)
	}
	history, err := m.History(t.Context(), "shop")
	if err != nil || len(history) != 2 {
		t.Errorf("%d jobs are listed, %v", len(history), err)
	}
	if _, err := m.Job(t.Context(), "shop", ids[1]); !errors.Is(err, archive.ErrDamaged) {
		t.Errorf("the damaged one: %v", err)
	}
}
