package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/archive"
)

// maxLog bounds the stages that a job remembers.
const maxLog = 200

// Report says how far the job is: a stage and the share of all the work that is done, 0 to 1. It is cheap to call often.
func (t *Task) Report(stage string, progress float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed := t.job.Stage != stage
	t.job.Stage, t.job.Progress = stage, max(t.job.Progress, min(progress, 1))
	now := t.manager.now()
	if changed {
		begun := append(t.job.Log, similarityapi.JobStage{At: wire.TimeOf(now), Stage: stage})
		t.job.Log = begun[max(0, len(begun)-maxLog):]
	}
	if changed || now.Sub(t.shown) >= reportInterval {
		t.shown = now
		t.manager.show(t.Shop, t.job)
	}
}

// AddModel records a version that the job made.
func (t *Task) AddModel(version string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.job.Models = append(t.job.Models, version)
}

// SetResult records a part of what the job found out.
func (t *Task) SetResult(name string, v any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.job.Result == nil {
		t.job.Result = map[string]any{}
	}
	t.job.Result[name] = v
}

// show puts the state of a running job into Redis, where any replica can read it. Progress that cannot be shown is no reason to stop.
func (m *Manager) show(shop string, job similarityapi.Job) {
	data, err := json.Marshal(job)
	if err != nil {
		m.logger.Error("job state cannot be encoded", "job_id", job.JobID, "error", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = m.redis.Set(ctx, progressKey(shop, job.JobID), data, progressTTL).Err()
}

// Job returns the state of a job. One whose process died is marked as failed here, once its lock has run out.
func (m *Manager) Job(ctx context.Context, shop, id string) (similarityapi.Job, error) {
	var job similarityapi.Job
	err := m.archive.Document(ctx, documentPath(shop, id), &job)
	if errors.Is(err, archive.ErrNotFound) {
		return job, fmt.Errorf("%w: %s", ErrUnknownJob, id)
	}
	if err != nil || job.Done() {
		return job, err
	}
	m.mu.Lock()
	_, mine := m.cancels[id]
	m.mu.Unlock()
	if !mine {
		alive, err := m.holdsLock(ctx, shop, job.Kind, id)
		if err == nil && !alive {
			return m.giveUp(ctx, shop, id)
		}
	}
	if data, err := m.redis.Get(ctx, progressKey(shop, id)).Bytes(); err == nil {
		var live similarityapi.Job
		if json.Unmarshal(data, &live) == nil {
			return live, nil
		}
	}
	return job, nil
}

func (m *Manager) holdsLock(ctx context.Context, shop, kind, id string) (bool, error) {
	holder, err := m.redis.Get(ctx, lockKey(shop, kind)).Result()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return holder == id, err
}

// giveUp marks a job whose process is gone as failed, unless it has ended meanwhile.
func (m *Manager) giveUp(ctx context.Context, shop, id string) (similarityapi.Job, error) {
	var job similarityapi.Job
	if err := m.archive.Document(ctx, documentPath(shop, id), &job); err != nil || job.Done() {
		return job, err
	}
	job.State, job.Error = similarityapi.JobFailed, "given up: the process that ran it ended; the live models are as before, start it again"
	job.FinishedAt = wire.TimeOf(m.now())
	if err := m.archive.PutDocument(ctx, documentPath(shop, id), job); err != nil {
		// It is over all the same; the next look tries to write that down again.
		m.logger.Warn("the end of a job was not recorded", "shop", shop, "job_id", id, "error", err)
	}
	return job, nil
}

// Recover marks the jobs that a crash left behind as failed. Call it when the service starts.
func (m *Manager) Recover(ctx context.Context, shop string) error {
	_, err := m.History(ctx, shop)
	return err
}
