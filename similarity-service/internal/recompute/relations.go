package recompute

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/jobs"
	"github.com/aisle-rec/aisle/similarity-service/internal/prepare"
	"github.com/aisle-rec/aisle/similarity-service/internal/serving"
)

// sequentially makes one relation after the other, so that memory is that of one. A relation
// that fails does not stop the others. A job that was begun before discards what that attempt
// stored, relation by relation.
func (r *Recomputer) sequentially(ctx context.Context, t *jobs.Task, relations []string) ([]outcome, map[string]error, error) {
	var outcomes []outcome
	failures := map[string]error{}
	for at, relation := range relations {
		if t.Again() {
			if err := r.Registry.Discard(ctx, t.Shop, t.JobID, relation); err != nil {
				return nil, nil, err
			}
		}
		stage := stage{task: t, relation: relation, from: float64(at) / float64(len(relations)), width: 1 / float64(len(relations))}
		o, err := r.outcome(ctx, stage)
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if err != nil {
			failures[relation] = fmt.Errorf("%s: %w", relation, err)
		}
		outcomes = append(outcomes, o)
		t.SetResult("relations", outcomes)
	}
	return outcomes, failures, nil
}

// outcome makes the model of one relation and says what became of it; the error is why there is none.
// Too little data is a relation that was skipped, with the reason as its detail, and no failure
// to be looked into; the error is returned all the same.
func (r *Recomputer) outcome(ctx context.Context, s stage) (outcome, error) {
	o, err := r.relation(ctx, s)
	if ctx.Err() != nil {
		return o, context.Cause(ctx)
	}
	o.Relation = s.relation
	switch {
	case errors.Is(err, prepare.ErrTooLittle), errors.Is(err, evaluate.ErrNothingToServe), errors.Is(err, validation.ErrTooSmall):
		o.State, o.Detail = "skipped", err.Error()
	case err != nil:
		o.State, o.Detail = "failed", err.Error()
		r.Logger.Error("relation not recomputed", "shop", s.task.Shop, "relation", s.relation, "error", err)
	}
	if o.State == "refused" {
		r.Logger.Warn(
			"new model refused, the live one stays", "shop", s.task.Shop, "relation", s.relation, "version", o.Version, "reason", o.Detail,
		)
	}
	return o, err
}

// publishedBefore reports whether an earlier process has made the models of the job live and ended before it could say so: what is live is
// then what the job came to.
func (r *Recomputer) publishedBefore(ctx context.Context, t *jobs.Task) (bool, error) {
	if !t.Again() {
		return false, nil
	}
	published, models, err := r.Registry.MadeBy(ctx, t.Shop, t.JobID)
	if err != nil || len(published) == 0 {
		return false, err
	}
	var outcomes []outcome
	for _, m := range models {
		o := outcome{Relation: m.Relation, State: "stored", Version: m.Version, Gate: m.Gate, Preparation: m.Preparation}
		switch {
		case slices.Contains(published, m.Version):
			o.State = "published"
		case m.State == serving.StateRejected:
			o.State = "refused"
		}
		t.AddModel(m.Version)
		outcomes = append(outcomes, o)
	}
	t.SetResult("relations", outcomes)
	return true, nil
}

// removeWork removes the files of a job that has ended here, not of one that another process
// takes up.
func (r *Recomputer) removeWork(ctx context.Context, t *jobs.Task) {
	if r.Jobs == nil || context.Cause(ctx) != nil && !jobs.Cancelled(ctx) { // another process goes on with it
		return
	}
	if err := r.Work.remove(context.WithoutCancel(ctx), t, ""); err != nil {
		r.Logger.Warn("work files of a job are left", "shop", t.Shop, "job_id", t.JobID, "error", err)
	}
}
