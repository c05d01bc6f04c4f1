// Package jobs runs long work: one job per kind and shop at a time across all replicas, with progress, cancel and history, and taken up
// again by another process when the one that ran it is gone. docs/adr/0005-jobs-in-the-database.md says how and why.
//
// A job is a row of the store. Whoever runs it holds a lease on the row and prolongs it; a lease that has run out frees the job for any
// replica. What a job does must bear being done again from its start: recomputes publish in one step, at their end. The main type is
// Manager. manager.go starts and finds jobs, run.go does one, parts.go divides one among
// processes, progress.go is what a runner sees of its job.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
)

// Errors of the manager.
var (
	ErrUnknownJob = errors.New("no such job")
	ErrFinished   = errors.New("the job has finished")
)

// RunningError says that a job of the kind is running already.
type RunningError struct{ JobID string }

func (e *RunningError) Error() string { return "job " + e.JobID + " of this kind is running" }

const (
	// maxHistory bounds a list of jobs.
	maxHistory = 200
	// maxAttempts is how often a job is begun. One that has ended so many processes may well be what ends them.
	maxAttempts = 3
	// storeLimit bounds the writing down of an end. The context of the job is over by then.
	storeLimit = 10 * time.Second
)

// timing is how soon things are noticed. Tests have another.
type timing struct {
	lease time.Duration // how long a job stays its owner's without a word
	beat  time.Duration // how often the lease is prolonged and a wish to cancel is looked for
	show  time.Duration // how late progress is seen
	look  time.Duration // how often jobs that nobody runs are looked for, without being told
	here  time.Duration // how often a process says that it takes parts, well within the time after which it counts as gone
	await time.Duration // how often the parts that a job waits for are looked at
	// how long a job that failed for a reason that may pass waits before it is begun again, the first time and the next ones
	again []time.Duration
}

var usual = timing{
	lease: 30 * time.Second, beat: 2 * time.Second, show: 250 * time.Millisecond, look: 5 * time.Second, here: 10 * time.Second,
	await: 25 * time.Millisecond,
	again: []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute},
}

// Runner does the work of one kind of job. It returns when ctx ends. It may be called again for a job whose process ended, and then starts
// over.
type Runner func(ctx context.Context, t *Task) error

// Manager starts, watches and remembers jobs. It is safe for concurrent use.
type Manager struct {
	store   *store.Store
	runners map[string]Runner
	logger  *slog.Logger
	now     func() time.Time
	timing  timing
	metrics *metrics // nil when nobody watches
	owner   string   // this manager, among all

	// OnlyStarts leaves every job to other processes. It is set before anything else is done.
	OnlyStarts bool

	atPart chan struct{} // holds one while this process does a part
	wake   chan struct{} // there may be work

	mu      sync.Mutex
	closed  bool
	cancels map[string]context.CancelCauseFunc // by job id
	running sync.WaitGroup
}

// These are the causes with which the context of a job ends, by which run tells them apart: a
// cancelled job has ended, one of a process that stops is left to others, and one that was lost
// is not touched.
var (
	errCancelled = errors.New("cancelled by request")
	errShutdown  = errors.New("the service was stopped")
	errLeaseLost = errors.New("another process has taken the job")
)

// NewManager returns a manager with a runner per kind. Runners are by kind of job, and of part.
// Nothing runs before Run, Start or Take is called.
func NewManager(s *store.Store, runners map[string]Runner, logger *slog.Logger, now func() time.Time) *Manager {
	return &Manager{
		store: s, runners: runners, logger: logger, now: now, timing: usual, owner: uuid.NewString(),
		cancels: map[string]context.CancelCauseFunc{}, atPart: make(chan struct{}, 1), wake: make(chan struct{}, 1),
	}
}

// New returns a job that has not begun. It fails for a kind that there is not. It stores
// nothing; its state is queued.
func (m *Manager) New(shop string, r similarityapi.JobRequest) (*store.Job, error) {
	if _, ok := m.runners[r.Kind]; !ok {
		return nil, fmt.Errorf("unknown kind of job %q", r.Kind)
	}
	now := m.now()
	return &store.Job{Shop: shop, Job: similarityapi.Job{
		JobID: "job-" + now.UTC().Format("20060102T150405") + "-" + uuid.NewString()[:8],
		Kind:  r.Kind, State: similarityapi.JobQueued, Stage: "waiting", CreatedAt: wire.TimeOf(now), Request: r,
	}}, nil
}

// Start begins a job and returns at once. A running job of the same kind gives *RunningError.
// What it returns without an error is done, here or by another replica. The work goes on when
// ctx ends, and has its values, such as the trace.
func (m *Manager) Start(ctx context.Context, shop string, r similarityapi.JobRequest) (similarityapi.Job, error) {
	job, err := m.New(shop, r)
	if err != nil {
		return similarityapi.Job{}, err
	}
	if m.stopped() {
		return job.Job, errShutdown
	}
	running, err := m.store.InsertJob(ctx, job)
	if err != nil {
		return job.Job, err
	}
	if running != "" {
		return job.Job, &RunningError{running}
	}
	m.Take(ctx, store.JobKey{Shop: shop, JobID: job.JobID})
	return job.Job, nil
}

// Take runs a job here unless somebody else has it. That it cannot be taken now is no failure: whoever looks next takes it.
func (m *Manager) Take(ctx context.Context, key store.JobKey) {
	if !m.OnlyStarts {
		m.take(ctx, key, func() {})
	}
}

// take runs a job or a part and calls ended at its end, or at once when it is not to be had.
// The lock is held from the look at closed to the entry in cancels, so that Close misses no job
// that was just taken, and not while the store is asked.
func (m *Manager) take(ctx context.Context, key store.JobKey, ended func()) {
	job, claimed, err := m.store.ClaimJob(context.WithoutCancel(ctx), key.Shop, key.JobID, m.lease())
	if err != nil {
		m.logger.Warn("a job waits: the database does not answer", "shop", key.Shop, "job_id", key.JobID, "error", err)
	}
	if err != nil || !claimed {
		ended()
		return
	}
	t := m.task(job)
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		m.handOn(t)
		ended()
		return
	}
	defer m.mu.Unlock()
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	m.cancels[job.JobID] = cancel
	m.running.Go(func() {
		defer ended()
		m.run(work, cancel, t)
	})
}

func (m *Manager) task(job store.Job) *Task {
	return &Task{Shop: job.Shop, JobID: job.JobID, Request: job.Request, job: job, now: m.now}
}

// Run takes up jobs, and parts of jobs, that nobody runs until ctx ends.
func (m *Manager) Run(ctx context.Context) {
	if m.OnlyStarts {
		return
	}
	var following sync.WaitGroup
	defer following.Wait()
	if m.store.Postgres() != nil {
		following.Go(func() { m.store.FollowWork(ctx, m.nudge) })
	}
	tick, here := time.NewTicker(m.timing.look), time.NewTicker(m.timing.here)
	defer tick.Stop()
	defer here.Stop()
	for m.here(ctx); ; {
		m.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-here.C:
			m.here(ctx)
		case <-tick.C:
		case <-m.wake:
		}
	}
}

// look takes what nobody runs: every job, and one part at a time.
func (m *Manager) look(ctx context.Context) {
	free, err := m.store.FreeJobs(ctx)
	if err != nil && ctx.Err() == nil {
		m.logger.Warn("jobs that nobody runs were not looked for", "error", err)
	}
	for _, key := range free {
		if !key.IsPart {
			m.Take(ctx, key)
		} else if m.place() {
			m.take(ctx, key, m.leavePlace)
		}
	}
}

func (m *Manager) lease() store.Lease { return store.Lease{Owner: m.owner, For: m.timing.lease} }

func (m *Manager) stopped() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}

// Close stops the jobs of this process and leaves them to other replicas, or to the next start.
// It returns when their runners have: a runner that does not heed its context holds it up.
// Nothing is begun afterwards.
func (m *Manager) Close() {
	m.mu.Lock()
	m.closed = true
	for _, cancel := range m.cancels {
		cancel(errShutdown)
	}
	m.mu.Unlock()
	m.running.Wait()
	m.gone()
}

// Cancel asks a running job, of whatever replica, to stop. It returns before the job has
// stopped: a job elsewhere finds the wish at its next beat. One that has ended gives
// ErrFinished.
func (m *Manager) Cancel(ctx context.Context, shop, id string) error {
	wished, err := m.store.CancelJob(ctx, shop, id)
	if err != nil {
		return err
	}
	if !wished {
		job, err := m.Job(ctx, shop, id)
		if err != nil {
			return err
		}
		return fmt.Errorf("%w: %s", ErrFinished, job.State)
	}
	m.mu.Lock()
	cancel := m.cancels[id]
	m.mu.Unlock()
	if cancel != nil { // without waiting for the next beat
		cancel(errCancelled)
	}
	return nil
}

// Job returns the state of a job, or an error that wraps ErrUnknownJob.
func (m *Manager) Job(ctx context.Context, shop, id string) (similarityapi.Job, error) {
	job, err := m.store.Job(ctx, shop, id)
	if errors.Is(err, store.ErrNotFound) {
		return job, fmt.Errorf("%w: %s", ErrUnknownJob, id)
	}
	return job, err
}

// History returns the latest jobs of a shop, newest first.
func (m *Manager) History(ctx context.Context, shop string) ([]similarityapi.Job, error) {
	return m.store.Jobs(ctx, shop, maxHistory)
}
