// Package jobs runs long work: one job per kind and shop at a time across all replicas, with progress, cancel and history.
//
// A job's document in the archive is the durable record; its lock, its progress and a wish to cancel it are in Redis. The replica
// that takes the request does the work. When that replica dies the lock runs out and the job is marked as failed, so that
// nothing looks busy for ever. docs/adr/0003-jobs-without-a-queue.md says why there is no queue.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
)

// Errors of the manager.
var (
	ErrUnknownJob = errors.New("no such job")
	ErrFinished   = errors.New("the job has finished")
	// ErrLockStore says that Redis, which keeps two jobs from running at once, does not answer.
	ErrLockStore = errors.New("the job lock cannot be taken: Redis does not answer")
)

// RunningError says that a job of the kind is running already.
type RunningError struct{ JobID string }

func (e *RunningError) Error() string { return "job " + e.JobID + " of this kind is running" }

const (
	lockTTL        = 30 * time.Second
	heartbeat      = 2 * time.Second
	progressTTL    = time.Hour
	reportInterval = 200 * time.Millisecond
	maxHistory     = 200
)

// Task is what a runner sees of its job.
type Task struct {
	Shop    string
	JobID   string
	Request similarityapi.JobRequest

	manager *Manager
	mu      sync.Mutex
	job     similarityapi.Job
	shown   time.Time
}

// Runner does the work of one kind of job. It returns when ctx ends.
type Runner func(ctx context.Context, t *Task) error

// Manager starts, watches and remembers jobs. It is safe for concurrent use.
type Manager struct {
	archive *archive.Archive
	redis   redis.UniversalClient
	runners map[string]Runner
	logger  *slog.Logger
	now     func() time.Time

	mu      sync.Mutex
	closed  bool
	cancels map[string]context.CancelCauseFunc // by job id
	running sync.WaitGroup
}

var (
	errCancelled = errors.New("cancelled by request")
	errShutdown  = errors.New("the service was stopped")
	errLockLost  = errors.New("the job lock was lost")
)

// NewManager returns a manager with a runner per kind.
func NewManager(a *archive.Archive, client redis.UniversalClient, runners map[string]Runner, logger *slog.Logger, now func() time.Time) *Manager {
	return &Manager{archive: a, redis: client, runners: runners, logger: logger, now: now, cancels: map[string]context.CancelCauseFunc{}}
}

func documentPath(shop, id string) string { return archive.Path(shop, "jobs", id+".json") }
func lockKey(shop, kind string) string    { return "aisle:{" + shop + "}:lock:" + kind }
func progressKey(shop, id string) string  { return "aisle:{" + shop + "}:job:" + id }
func cancelKey(shop, id string) string    { return "aisle:{" + shop + "}:cancel:" + id }

// Start begins a job and returns at once. A running job of the same kind gives *RunningError.
func (m *Manager) Start(ctx context.Context, shop string, r similarityapi.JobRequest) (similarityapi.Job, error) {
	runner, ok := m.runners[r.Kind]
	if !ok {
		return similarityapi.Job{}, fmt.Errorf("unknown kind of job %q", r.Kind)
	}
	now := m.now()
	job := similarityapi.Job{
		JobID: "job-" + now.UTC().Format("20060102T150405") + "-" + uuid.NewString()[:8],
		Kind:  r.Kind, State: similarityapi.JobRunning, Stage: "starting",
		CreatedAt: wire.TimeOf(now), StartedAt: wire.TimeOf(now), Request: r,
	}
	if err := m.lock(ctx, shop, r.Kind, job.JobID); err != nil {
		return job, err
	}
	if err := m.archive.PutDocument(ctx, documentPath(shop, job.JobID), job); err != nil {
		m.unlock(shop, r.Kind, job.JobID)
		return job, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		m.unlock(shop, r.Kind, job.JobID)
		return job, errShutdown
	}
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	m.cancels[job.JobID] = cancel
	m.running.Add(1)
	task := &Task{Shop: shop, JobID: job.JobID, Request: r, manager: m, job: job}
	go m.run(work, cancel, task, runner)
	return job, nil
}

// lock takes the lock of a kind, or returns *RunningError. A job that has written down its end gives its lock back a moment later,
// which is waited for: who has seen the end may start the next job at once.
func (m *Manager) lock(ctx context.Context, shop, kind, id string) error {
	for {
		won, err := m.redis.SetNX(ctx, lockKey(shop, kind), id, lockTTL).Result()
		if err != nil {
			return fmt.Errorf("%w (%w)", ErrLockStore, err)
		}
		if won {
			return nil
		}
		holder, err := m.redis.Get(ctx, lockKey(shop, kind)).Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%w (%w)", ErrLockStore, err)
		}
		if job, err := m.Job(ctx, shop, holder); err != nil || !job.Done() {
			return &RunningError{holder}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// releaseScript deletes a lock only while it is held by this job.
var releaseScript = redis.NewScript(`if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) end return 0`)

// extendScript prolongs a lock only while it is held by this job.
var extendScript = redis.NewScript(`if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("pexpire", KEYS[1], ARGV[2]) end return 0`)

func (m *Manager) unlock(shop, kind, id string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := releaseScript.Run(ctx, m.redis, []string{lockKey(shop, kind)}, id).Err(); err != nil {
		m.logger.Warn("job lock not released, it runs out by itself", "shop", shop, "job_id", id, "error", err)
	}
}

// run does the work, keeps the lock and writes down the end.
func (m *Manager) run(ctx context.Context, cancel context.CancelCauseFunc, t *Task, runner Runner) {
	defer m.running.Done()
	beat := make(chan struct{})
	go func() {
		defer close(beat)
		m.keepAlive(ctx, cancel, t)
	}()
	err := runProtected(ctx, t, runner)
	cause := context.Cause(ctx)
	cancel(nil)
	<-beat
	m.finish(t, err, cause)
	m.unlock(t.Shop, t.Request.Kind, t.JobID)
	m.mu.Lock()
	delete(m.cancels, t.JobID)
	m.mu.Unlock()
}

func runProtected(ctx context.Context, t *Task, runner Runner) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the job panicked: %v", v)
		}
	}()
	return runner(ctx, t)
}

// keepAlive prolongs the lock and looks for a wish to cancel until ctx ends. A Redis that is away does not stop the work, but a lock that
// another job holds does.
func (m *Manager) keepAlive(ctx context.Context, cancel context.CancelCauseFunc, t *Task) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		held, err := extendScript.Run(ctx, m.redis, []string{lockKey(t.Shop, t.Request.Kind)}, t.JobID, lockTTL.Milliseconds()).Int()
		if err == nil && held == 0 {
			// Redis may have been emptied: take the lock again unless another job has it.
			if won, err := m.redis.SetNX(ctx, lockKey(t.Shop, t.Request.Kind), t.JobID, lockTTL).Result(); err == nil && !won {
				cancel(errLockLost)
				return
			}
		}
		if n, err := m.redis.Exists(ctx, cancelKey(t.Shop, t.JobID)).Result(); err == nil && n > 0 {
			cancel(errCancelled)
			return
		}
	}
}

func (m *Manager) finish(t *Task, err, cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.job.FinishedAt = wire.TimeOf(m.now())
	switch {
	case err == nil:
		t.job.State, t.job.Stage, t.job.Progress = similarityapi.JobSucceeded, "done", 1
	case errors.Is(cause, errCancelled):
		t.job.State, t.job.Error = similarityapi.JobCancelled, errCancelled.Error()
	case cause != nil:
		t.job.State, t.job.Error = similarityapi.JobFailed, cause.Error()
	default:
		t.job.State, t.job.Error = similarityapi.JobFailed, err.Error()
	}
	level := slog.LevelInfo
	if t.job.State == similarityapi.JobFailed {
		level = slog.LevelError
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	m.logger.Log(ctx, level, "job ended", "shop", t.Shop, "job_id", t.JobID, "state", t.job.State, "reason", t.job.Error)
	if err := m.archive.PutDocument(ctx, documentPath(t.Shop, t.JobID), t.job); err != nil {
		m.logger.Error("the end of a job was not recorded", "shop", t.Shop, "job_id", t.JobID, "error", err)
	}
	// A stale progress entry must not hide the end; without Redis there is none.
	_ = m.redis.Del(ctx, progressKey(t.Shop, t.JobID), cancelKey(t.Shop, t.JobID)).Err()
}

// Close cancels the jobs of this process and waits until they have written down their end.
func (m *Manager) Close() {
	m.mu.Lock()
	m.closed = true
	for _, cancel := range m.cancels {
		cancel(errShutdown)
	}
	m.mu.Unlock()
	m.running.Wait()
}

// Cancel asks a running job, of whatever replica, to stop.
func (m *Manager) Cancel(ctx context.Context, shop, id string) error {
	job, err := m.Job(ctx, shop, id)
	if err != nil {
		return err
	}
	if job.Done() {
		return fmt.Errorf("%w: %s", ErrFinished, job.State)
	}
	m.mu.Lock()
	cancel := m.cancels[id]
	m.mu.Unlock()
	if cancel != nil {
		cancel(errCancelled)
		return nil
	}
	if err := m.redis.Set(ctx, cancelKey(shop, id), 1, progressTTL).Err(); err != nil {
		return fmt.Errorf("%w (%w)", ErrLockStore, err)
	}
	return nil
}

// History returns the latest jobs of a shop, newest first.
func (m *Manager) History(ctx context.Context, shop string) ([]similarityapi.Job, error) {
	names, err := m.archive.List(ctx, archive.Path(shop, "jobs"))
	if err != nil {
		return nil, err
	}
	slices.Reverse(names) // ids start with the time
	var history []similarityapi.Job
	for _, name := range names[:min(len(names), maxHistory)] {
		job, err := m.Job(ctx, shop, strings.TrimSuffix(name, ".json"))
		if errors.Is(err, archive.ErrDamaged) {
			continue // reported by the archive; the others are sound
		}
		if err != nil {
			return nil, err
		}
		history = append(history, job)
	}
	return history, nil
}
