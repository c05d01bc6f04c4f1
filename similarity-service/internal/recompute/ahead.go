package recompute

import (
	"context"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/jobs"
	"github.com/aisle-rec/aisle/similarity-service/internal/sessions"
)

const (
	// worthAhead is the time of a measure from which it is handed out: a part takes some statements of the database.
	worthAhead = 150 * time.Millisecond
	// maxAhead bounds the points that are handed out: the further ahead, the less likely they are needed. Two for each process and one more
	// leave nobody idle who is done first: this process takes of them, too, while it waits for the next.
	maxAhead = 7
)

// ahead is sessions.Ahead through parts of a job: while this process measures a point, others
// measure those that come next. The search stays the same whoever measures: it takes the points
// in its own order and only finds some of them measured already.
type ahead struct {
	*elsewhere
	width  int
	posted map[sessions.Params]string // names of parts
	number int                        // of the next part
	began  time.Time                  // of the present measure; zero at first
}

// Ahead implements evaluate.Elsewhere.
func (e *elsewhere) Ahead() sessions.Ahead {
	return &ahead{elsewhere: e, width: min(2*e.others+1, maxAhead), posted: map[sessions.Params]string{}}
}

// Width implements sessions.Ahead.
func (a *ahead) Width() int { return a.width }

// Prepare implements sessions.Ahead. What was posted for another course of the search is
// withdrawn first. It hands nothing out while a measure takes less than worthAhead, and returns
// how many points it has posted.
func (a *ahead) Prepare(points []sessions.Params, against sessions.Trial) (int, error) {
	quick := a.recomputer.PartsFrom == 0 && (a.began.IsZero() || time.Since(a.began) < worthAhead)
	a.began = time.Now()
	if len(a.posted) > 0 {
		var names []string
		for _, name := range a.posted {
			names = append(names, name)
		}
		if err := a.recomputer.Jobs.Withdraw(a.ctx, a.stage.task, names); err != nil {
			return 0, err
		}
		clear(a.posted)
	}
	if quick || len(points) == 0 {
		return 0, nil
	}
	data, err := a.data("split", a.prepared.Split)
	if err != nil {
		return 0, err
	}
	parts := make([]jobs.Part, len(points))
	for n, p := range points {
		a.number++
		name := fmt.Sprintf("%s-trial-%d", a.run, a.number)
		a.posted[p] = name
		parts[n] = jobs.Part{Name: name, Kind: kindTrial, Spec: trialSpec{a.stage.relation, a.steering, data, p, against}}
	}
	return len(points), a.post(parts)
}

// Result implements sessions.Ahead. A point that nobody has begun is taken back, and ok is
// false: this process then measures it, sooner than it would wait.
func (a *ahead) Result(p sessions.Params) (t sessions.Trial, ok bool, err error) {
	name := a.posted[p]
	if back, err := a.recomputer.Jobs.TakeBack(a.ctx, a.stage.task, name); back || err != nil {
		return t, false, err
	}
	ended, err := a.recomputer.Jobs.Await(a.ctx, a.stage.task, []string{name}, nil)
	if err != nil {
		return t, false, err
	}
	if err := jobs.Failed(ended[0]); err != nil {
		return t, false, fmt.Errorf("measure a point of the session model: %w", err)
	}
	return t, true, decoded(ended[0].Result["trial"], &t)
}

// trialSpec is the measure of a point of the session model: on the data set at a path, against
// that of the point the search stands on: one that is far behind it is not measured on all cases.
type trialSpec struct {
	Relation string
	Steering steering
	Data     string
	Point    sessions.Params
	Against  sessions.Trial
}

// runTrial is the runner of one measure. What the points of a search have in common is made for
// the first and kept for the others.
func (r *Recomputer) runTrial(ctx context.Context, t *jobs.Task) error {
	var spec trialSpec
	if err := t.Spec(&spec); err != nil {
		return err
	}
	trials, err := r.Work.trials(ctx, spec.Data, func() (*sessions.Trials, error) {
		d, err := r.Work.data(ctx, spec.Data)
		if err != nil {
			return nil, err
		}
		return evaluate.SessionTrials(d, spec.Steering.options(context.WithoutCancel(ctx), t, spec.Relation))
	})
	if err != nil {
		return err
	}
	t.SetResult("trial", trials.Trial(spec.Point, spec.Against))
	return nil
}
