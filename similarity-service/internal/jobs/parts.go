package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/similarity-service/internal/store"
)

// Part is a piece of a job that any process can do: a runner and what it is to do. Its name is its own within the job, or the part, that
// it belongs to.
type Part struct {
	Name, Kind string
	Spec       any
}

// Others is the number of processes beside this one that take parts; an SQLite file has none.
func (m *Manager) Others(ctx context.Context) int { return m.here(ctx) }

// Post leaves parts of a job, or of a part, to whoever takes them first. One of a name that is there already stays as it is, done or not.
func (m *Manager) Post(ctx context.Context, t *Task, parts []Part) error {
	list := make([]*store.Job, len(parts))
	now := wire.TimeOf(m.now())
	for n, p := range parts {
		spec, err := json.Marshal(p.Spec)
		if err != nil {
			return fmt.Errorf("encode the part %s: %w", p.Name, err)
		}
		request := t.Request
		request.Kind = p.Kind
		list[n] = &store.Job{Shop: t.Shop, Parent: t.JobID, Spec: string(spec), Job: similarityapi.Job{
			JobID: t.partID(p.Name), Kind: p.Kind, State: similarityapi.JobQueued, Stage: "waiting", CreatedAt: now, Request: request,
		}}
	}
	return m.store.InsertParts(ctx, list)
}

// Await returns the parts of some names, in that order, when all of them have ended, well or not. Meanwhile it does parts of the same job
// itself that nobody has taken. watch, if not nil, sees all parts of the job from time to time.
func (m *Manager) Await(ctx context.Context, t *Task, names []string, watch func([]similarityapi.Job)) ([]similarityapi.Job, error) {
	if watch != nil {
		watching, stop := context.WithCancel(ctx)
		var w sync.WaitGroup
		w.Go(func() { m.watch(watching, t, watch) })
		defer w.Wait()
		defer stop()
	}
	tick := time.NewTicker(m.timing.await)
	defer tick.Stop()
	for {
		parts, err := m.store.Parts(ctx, t.Shop, t.JobID)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil && database.FaultOf(err) != database.Unavailable:
			return nil, err
		case err == nil:
			if ended, err := named(t, parts, names); ended != nil || err != nil {
				return ended, err
			}
			free := slices.IndexFunc(parts, func(p store.Part) bool { return !p.Done() && !p.Taken })
			if free >= 0 && m.doHere(ctx, t, parts[free].JobID) {
				continue
			}
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// watch has parts seen from time to time until ctx ends.
func (m *Manager) watch(ctx context.Context, t *Task, see func([]similarityapi.Job)) {
	tick := time.NewTicker(m.timing.beat)
	defer tick.Stop()
	for {
		if parts, err := m.store.Parts(ctx, t.Shop, t.JobID); err == nil {
			jobs := make([]similarityapi.Job, len(parts))
			for n, p := range parts {
				jobs[n] = p.Job
			}
			see(jobs)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// named are the parts of some names, nil as long as one of them goes on.
func named(t *Task, parts []store.Part, names []string) ([]similarityapi.Job, error) {
	ended := make([]similarityapi.Job, len(names))
	for n, name := range names {
		at := slices.IndexFunc(parts, func(p store.Part) bool { return p.JobID == t.partID(name) })
		if at < 0 {
			return nil, fmt.Errorf("part %s of job %s is gone: %w", name, t.JobID, errLeaseLost)
		}
		if !parts[at].Done() {
			return nil, nil
		}
		ended[n] = parts[at].Job
	}
	return ended, nil
}

// doHere does a part in place, and reports false when somebody else has it or this process is at another part.
func (m *Manager) doHere(ctx context.Context, t *Task, id string) bool {
	if t.job.Parent == "" { // a part that waits holds the place of its process already
		if !m.place() {
			return false
		}
		defer m.leavePlace()
	}
	job, claimed, err := m.store.ClaimJob(ctx, t.Shop, id, m.lease())
	if err != nil || !claimed {
		return false
	}
	work, cancel := context.WithCancelCause(ctx)
	m.mu.Lock()
	m.cancels[id] = cancel
	m.mu.Unlock()
	m.run(work, cancel, m.task(job))
	return true
}

// Withdraw removes parts that are not wanted any more. Who does one of them finds at the next word that it is theirs no more.
func (m *Manager) Withdraw(ctx context.Context, t *Task, names []string) error {
	ids := make([]string, len(names))
	for n, name := range names {
		ids[n] = t.partID(name)
	}
	return m.store.RemovePartsOf(ctx, t.Shop, ids)
}

// TakeBack removes a part that nobody has taken, and reports whether there was one.
func (m *Manager) TakeBack(ctx context.Context, t *Task, name string) (bool, error) {
	return m.store.RemoveFreePart(ctx, t.Shop, t.partID(name))
}

// Over removes what is left of the parts of a job, or of a part that is begun again.
func (m *Manager) Over(ctx context.Context, t *Task) error {
	return m.store.RemoveParts(ctx, t.Shop, t.JobID)
}

// place takes the one place for parts in this process, which computes with all its threads already. It reports false when that is taken.
func (m *Manager) place() bool {
	select {
	case m.atPart <- struct{}{}:
		return true
	default:
		return false
	}
}

func (m *Manager) leavePlace() {
	<-m.atPart
	m.nudge()
}

// nudge has the process look for work now.
func (m *Manager) nudge() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// here notes that this process takes jobs, and returns how many others do.
func (m *Manager) here(ctx context.Context) (others int) {
	if m.store.Postgres() == nil || m.stopped() {
		return 0
	}
	others, err := m.store.WorkerHere(ctx, m.owner)
	if err != nil && ctx.Err() == nil {
		m.logger.Warn("other processes do not know that this one takes jobs", "error", err)
	}
	return others
}

// gone notes that this process takes no more jobs.
func (m *Manager) gone() {
	if m.store.Postgres() == nil || m.OnlyStarts {
		return
	}
	ctx, done := context.WithTimeout(context.Background(), storeLimit)
	defer done()
	if err := m.store.WorkerGone(ctx, m.owner); err != nil {
		m.logger.Debug("others will find by themselves that this process is gone", "error", err)
	}
}

// partID is the id of a part of the job.
func (t *Task) partID(name string) string { return t.JobID + "/" + name }

// Root is the id of the job that a part is of in the end, and a job's own.
func (t *Task) Root() string {
	root, _, _ := strings.Cut(t.JobID, "/")
	return root
}

// Again reports whether the job or part was begun before, by a process that ended.
func (t *Task) Again() bool { return t.job.Attempts > 1 }

// Spec reads what a part is to do into v.
func (t *Task) Spec(v any) error {
	if err := json.Unmarshal([]byte(t.job.Spec), v); err != nil {
		return fmt.Errorf("the part %s cannot be read, it may be of another version of this program: %w", t.JobID, err)
	}
	return nil
}

// Cancelled reports whether the work of ctx ends because somebody wished it.
func Cancelled(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errCancelled) }

// Failed is the error of a part that ended without success, nil for one that succeeded.
func Failed(part similarityapi.Job) error {
	if part.State == similarityapi.JobSucceeded {
		return nil
	}
	return errors.New(part.Error)
}
