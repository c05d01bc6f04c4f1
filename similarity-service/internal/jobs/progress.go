package jobs

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
)

// maxLog bounds the stages that a job remembers. The oldest go first.
const maxLog = 200

// Task is what a runner sees of its job. Its methods may be called from several goroutines, but
// for Outcome. What they note is stored within timing.show; none waits for the database.
type Task struct {
	Shop    string
	JobID   string
	Request similarityapi.JobRequest

	mu      sync.Mutex
	job     store.Job
	changed bool // since it was stored
	now     func() time.Time

	outcome string // for the log: what came of it
	lesser  bool   // somebody should look, although it succeeded
}

// Outcome says for the log what came of the job, in words; lesser when somebody should look although it succeeded. It is called by the
// runner, before it returns.
func (t *Task) Outcome(words string, lesser bool) { t.outcome, t.lesser = words, lesser }

// Report says how far the job is: a stage and the share of all the work that is done, 0 to 1. It is cheap to call often.
func (t *Task) Report(stage string, progress float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.job.Stage != stage {
		begun := append(t.job.Log, similarityapi.JobStage{At: wire.TimeOf(t.now()), Stage: stage})
		t.job.Log = begun[max(0, len(begun)-maxLog):]
	}
	t.job.Stage, t.job.Progress, t.changed = stage, max(t.job.Progress, min(progress, 1)), true
}

// AddModel records a version that the job made.
func (t *Task) AddModel(version string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.job.Models, t.changed = append(t.job.Models, version), true
}

// SetResult records a part of what the job found out. v must not be changed afterwards.
func (t *Task) SetResult(name string, v any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.job.Result == nil {
		t.job.Result = map[string]any{}
	}
	t.job.Result[name], t.changed = v, true
}

// snapshot returns the job as it is now, and whether it has changed since the last time.
func (t *Task) snapshot() (job store.Job, changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	job, changed = t.job, t.changed
	job.Models, job.Result = slices.Clone(job.Models), maps.Clone(job.Result)
	t.changed = false
	return job, changed
}
