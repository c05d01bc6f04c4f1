package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/telemetry"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
)

// run does the work, keeps the lease and writes down the end. It does so in one of four ways,
// by the cause of the end: nothing when the lease was lost, as the row is another's; handed on
// at a stop; queued again after a failure that may pass; else succeeded, failed or cancelled. A
// runner that was done all the same when the process stopped has succeeded.
func (m *Manager) run(ctx context.Context, cancel context.CancelCauseFunc, t *Task) {
	begin(&t.job, m.now())
	t.changed = true
	counted := m.metrics.began(knownKind(m, t.Request.Kind))
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		m.keep(ctx, cancel, t)
	}()
	err := m.work(ctx, t)
	cause := context.Cause(ctx)
	cancel(nil)
	<-kept
	switch {
	case errors.Is(cause, errLeaseLost):
		m.logger.Warn("a job is run by another process now", "shop", t.Shop, "job_id", t.JobID)
		counted("")
	case errors.Is(cause, errShutdown) && err != nil:
		m.handOn(t)
		counted(endHandedOn)
	case cause == nil && mayPass(err) && t.job.Retries < len(m.timing.again):
		m.later(t, err)
		counted(endLater)
	default:
		counted(m.finish(t, err, cause))
	}
	m.mu.Lock()
	delete(m.cancels, t.JobID)
	m.mu.Unlock()
}

// knownKind is a kind of job as a label: one that this version does not know is "other".
func knownKind(m *Manager, kind string) string {
	if m.runners[kind] == nil {
		return "other"
	}
	return kind
}

// begin sets what a job has reached back to nothing: it starts over, and so does one that was begun before.
func begin(job *store.Job, now time.Time) {
	job.State, job.Stage, job.Progress, job.Models, job.Result, job.Error = similarityapi.JobRunning, "starting", 0, nil, nil, ""
	if job.Attempts > 1 {
		job.Stage = fmt.Sprintf("starting over, attempt %d: the process that ran it ended", job.Attempts)
	}
	job.StartedAt = wire.TimeOf(now)
}

// work calls the runner. Its panic is its failure.
func (m *Manager) work(ctx context.Context, t *Task) (err error) {
	if t.job.Attempts > maxAttempts {
		return fmt.Errorf(
			"given up: %d processes that ran it ended; the live models are as before. Look at why they ended, such "+
				"as too little memory, then start it again",
			maxAttempts,
		)
	}
	runner := m.runners[t.Request.Kind]
	if runner == nil {
		return fmt.Errorf("unknown kind of job %q", t.Request.Kind)
	}
	if wished, err := m.store.CancelRequested(ctx, t.Shop, t.JobID); err == nil && wished { // before there was anybody to hear it
		return errCancelled
	}
	ctx, end := telemetry.Begin(ctx, "job "+t.Request.Kind, "aisle.job_id", t.JobID)
	defer func() { end(err) }()
	defer func() {
		if v := recover(); v != nil {
			m.logger.Error("a job panicked", "shop", t.Shop, "job_id", t.JobID, "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("the job panicked: %v", v)
		}
	}()
	return runner(ctx, t)
}

// keep prolongs the lease, shows how far the job is and looks for a wish to cancel, until ctx ends. A database that is away does not stop
// the work as long as nobody else can have taken the job.
func (m *Manager) keep(ctx context.Context, cancel context.CancelCauseFunc, t *Task) {
	tick := time.NewTicker(m.timing.show)
	defer tick.Stop()
	held := time.Now() // the clock of this process, which does not jump
	for {
		job, changed := t.snapshot()
		if now := time.Now(); changed || now.Sub(held) >= m.timing.beat {
			limited, done := context.WithTimeout(ctx, m.timing.lease/2)
			mine, wished, err := m.store.KeepJob(limited, &job, m.lease())
			done()
			switch {
			case err != nil && now.Sub(held) >= m.timing.lease, err == nil && !mine:
				cancel(errLeaseLost)
				return
			case wished:
				cancel(errCancelled)
				return
			case err == nil:
				held = now
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// mayPass reports whether a job failed for want of something that may be there again soon: a peer or a store that does not answer.
func mayPass(err error) bool {
	for _, status := range []int{
		http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	} {
		if apierror.Is(err, status) {
			return true
		}
	}
	return err != nil && database.FaultOf(err) == database.Unavailable
}

// later has a job begun again, by whichever replica looks first, after a while that grows.
func (m *Manager) later(t *Task, err error) {
	m.removeParts(t)
	job, _ := t.snapshot()
	wait := m.timing.again[job.Retries]
	job.Retries++
	job.State, job.Stage, job.Progress, job.Error = similarityapi.JobQueued, fmt.Sprintf("waiting %v to try again", wait), 0, err.Error()
	m.logger.Warn("a job failed for a reason that may pass", "shop", t.Shop, "job_id", t.JobID, "again_in", wait, "error", err)
	m.leave(t, &job, wait)
}

// handOn leaves a job to other replicas.
func (m *Manager) handOn(t *Task) {
	job, _ := t.snapshot()
	job.State, job.Stage = similarityapi.JobQueued, "waiting: the process that ran it was stopped"
	m.leave(t, &job, 0)
}

// leave gives the row back to the queue; nobody takes it for the time of after. A row that is
// not there any more, or another's, is no failure.
func (m *Manager) leave(t *Task, job *store.Job, after time.Duration) {
	ctx, done := context.WithTimeout(context.Background(), storeLimit)
	defer done()
	switch err := m.store.HandJobOn(ctx, job, m.owner, after); {
	case err == nil:
		m.logger.Info("job handed on", "shop", t.Shop, "job_id", t.JobID)
	case !errors.Is(err, store.ErrNotFound): // else it is another's by now
		m.logger.Warn(
			"a job was not handed on, another replica takes it once its lease has run out", "shop", t.Shop, "job_id", t.JobID, "error", err,
		)
	}
}

// finish writes down the end of a job, which it returns. The store is tried until the lease
// would have run out: hours of work are not thrown away because the database is away for a
// moment.
func (m *Manager) finish(t *Task, err, cause error) (state string) {
	job, _ := t.snapshot()
	job.FinishedAt = wire.TimeOf(m.now())
	level := slog.LevelInfo
	if job.Parent != "" {
		level = slog.LevelDebug
	}
	switch {
	case err == nil:
		job.State, job.Stage, job.Progress = similarityapi.JobSucceeded, "done", 1
	case errors.Is(cause, errCancelled) || errors.Is(err, errCancelled):
		job.State, job.Error = similarityapi.JobCancelled, errCancelled.Error()
	default:
		job.State, job.Error, level = similarityapi.JobFailed, err.Error(), slog.LevelError
	}
	if t.lesser && level == slog.LevelInfo {
		level = slog.LevelWarn
	}
	m.logger.Log(
		context.Background(), level, "job ended", "shop", t.Shop, "job_id", t.JobID, "state", job.State, "reason", job.Error, "outcome",
		t.outcome,
	)
	m.removeParts(t)
	err = m.writeEnd(&job)
	for deadline := time.Now().Add(m.timing.lease); err != nil && !errors.Is(err, store.ErrNotFound) && time.Now().Before(deadline) &&
		!m.stopped(); {
		time.Sleep(m.timing.beat) // nobody else takes the job before its lease has run out
		err = m.writeEnd(&job)
	}
	if err != nil {
		m.logger.Error(
			"the end of a job was not recorded, another replica does it again once its lease has run out", "shop", t.Shop, "job_id",
			t.JobID, "error", err,
		)
	}
	return job.State
}

// removeParts removes the parts of a job at its end: what they came to is in its result.
func (m *Manager) removeParts(t *Task) {
	ctx, done := context.WithTimeout(context.Background(), storeLimit)
	defer done()
	if err := m.Over(ctx, t); err != nil {
		m.logger.Warn(
			"the parts of a job were not removed, whoever takes them does them in vain", "shop", t.Shop, "job_id", t.JobID, "error", err,
		)
	}
}

func (m *Manager) writeEnd(job *store.Job) error {
	ctx, done := context.WithTimeout(context.Background(), storeLimit)
	defer done()
	return m.store.EndJob(ctx, job, m.owner)
}
