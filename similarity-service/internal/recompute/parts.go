package recompute

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/jobs"
)

// The kinds of parts of a recompute: a relation, the search of a chain of families, the lists of a range of items, the
// measure of a point of the session model. No client asks for one.
const (
	kindRelation = "recompute_relation"
	kindSearch   = "recompute_search"
	kindBuild    = "recompute_build"
	kindTrial    = "recompute_trial"
)

// Runners are the runners of the parts of a recompute.
func (r *Recomputer) Runners() map[string]jobs.Runner {
	return map[string]jobs.Runner{kindRelation: r.runRelation, kindSearch: r.runSearch, kindBuild: r.runBuild, kindTrial: r.runTrial}
}

// related is what the part of a relation comes to, as it crosses to the process that has the
// job. Failure is why the relation gave no model.
type related struct {
	Outcome outcome `json:"outcome"`
	Publish bool    `json:"publish,omitempty"`
	Failure string  `json:"failure,omitempty"`
}

// apart has each relation done by a process of its own. The last one comes first: sessions are searched in one piece, and the pieces of the
// others fill what is left of the time.
func (r *Recomputer) apart(ctx context.Context, t *jobs.Task, relations []string) ([]outcome, map[string]error, error) {
	parts, names := make([]jobs.Part, len(relations)), make([]string, len(relations))
	for n, relation := range relations {
		names[n] = fmt.Sprint(len(relations)-n, "-", relation)
		parts[n] = jobs.Part{Name: names[n], Kind: kindRelation, Spec: relation}
	}
	if err := r.Jobs.Post(ctx, t, parts); err != nil {
		return nil, nil, err
	}
	ended, err := r.Jobs.Await(ctx, t, names, func(parts []similarityapi.Job) { reportParts(t, parts, len(relations)) })
	if err != nil {
		return nil, nil, err
	}
	var outcomes []outcome
	failures := map[string]error{}
	for n, relation := range relations {
		var v related
		if err := jobs.Failed(ended[n]); err != nil {
			v = related{Outcome: outcome{Relation: relation, State: "failed", Detail: err.Error()}, Failure: err.Error()}
		} else if err := decoded(ended[n].Result["related"], &v); err != nil {
			return nil, nil, err
		}
		o := v.Outcome
		o.publish = v.Publish
		if v.Failure != "" {
			failures[relation] = fmt.Errorf("%s: %s", relation, v.Failure)
		}
		if o.Version != "" {
			t.AddModel(o.Version)
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, failures, nil
}

// reportParts tells how far n relations are together, and the stage of one that runs.
// Publishing is the rest.
func reportParts(t *jobs.Task, parts []similarityapi.Job, n int) {
	stage, progress := "waiting", 0.0
	for _, p := range slices.Backward(parts) {
		if p.State == similarityapi.JobRunning {
			stage = p.Stage
		}
		progress += p.Progress
	}
	t.Report(stage, .96*progress/float64(n))
}

// decoded reads a result of a part, which is JSON that was decoded once, into a type.
func decoded(from, to any) error {
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		return fmt.Errorf("read what a part came to: %w", err)
	}
	return nil
}

// runRelation is the runner of one relation. One that was skipped or refused has succeeded as a
// part; a failure is the part's, and package jobs tries it again where it may pass.
func (r *Recomputer) runRelation(ctx context.Context, t *jobs.Task) error {
	var relation string
	if err := t.Spec(&relation); err != nil {
		return err
	}
	if t.Again() { // what was begun is of data as they were then
		if err := errors.Join(r.Jobs.Over(ctx, t), r.Registry.Discard(ctx, t.Shop, t.Root(), relation)); err != nil {
			return err
		}
	}
	o, err := r.outcome(ctx, stage{task: t, relation: relation, width: 1})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if o.State == "failed" {
		return err
	}
	v := related{Outcome: o, Publish: o.publish}
	if err != nil {
		v.Failure = err.Error()
	}
	t.SetResult("related", v)
	return nil
}

// steering is what the options of a run are for a process that does a part of it, whatever its own settings are.
type steering struct {
	Algorithms    []string
	Pinned        evaluate.Pinned
	Select        string
	K, Neighbours int
	Seed          uint64
	BudgetSeconds float64
	MaxCases      int
	Untested      bool
}

// steeringOf keeps of options what can cross to another process: no functions.
func steeringOf(o evaluate.Options) steering {
	return steering{o.Algorithms, o.Pinned, o.Select, o.K, o.Neighbours, o.Seed, o.BudgetSeconds, o.MaxCases, o.Untested}
}

// options are those of the run for a part of it, which reports its own progress.
func (s steering) options(ctx context.Context, t *jobs.Task, relation string) evaluate.Options {
	return evaluate.Options{
		Algorithms: s.Algorithms, Pinned: s.Pinned, Select: s.Select, K: s.K, Neighbours: s.Neighbours, Seed: s.Seed,
		BudgetSeconds: s.BudgetSeconds, MaxCases: s.MaxCases, Untested: s.Untested,
		Stop: func() bool { return ctx.Err() != nil },
		Progress: func(what string, done, total int) {
			t.Report(relation+": "+what, float64(done)/float64(max(total, 1)))
		},
	}
}

// searchSpec is the search of a chain: the data to search on, the chain and where the answer goes, as paths.
type searchSpec struct {
	Relation            string
	Steering            steering
	Data, Chain, Answer string
}

// runSearch is the runner of the search of one chain. What it found goes into a file.
func (r *Recomputer) runSearch(ctx context.Context, t *jobs.Task) error {
	var spec searchSpec
	if err := t.Spec(&spec); err != nil {
		return err
	}
	d, err := r.Work.data(ctx, spec.Data)
	if err != nil {
		return err
	}
	var chain evaluate.Chain
	if err := r.Work.get(ctx, spec.Chain, &chain); err != nil {
		return err
	}
	found, err := evaluate.SearchChain(d, chain, spec.Steering.options(ctx, t, spec.Relation))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return r.Work.put(ctx, spec.Answer, found)
}

// buildSpec is the build of the lists of the items [From, To) of the data set at the path Data;
// the lists go to the path Answer.
type buildSpec struct {
	Relation     string
	Steering     steering
	Recipe       *evaluate.Recipe
	From, To     int
	Data, Answer string
}

// runBuild is the runner of the build of a range.
func (r *Recomputer) runBuild(ctx context.Context, t *jobs.Task) error {
	var spec buildSpec
	if err := t.Spec(&spec); err != nil {
		return err
	}
	d, err := r.Work.data(ctx, spec.Data)
	if err != nil {
		return err
	}
	lists, err := evaluate.BuildLists(d, spec.Recipe, spec.From, spec.To, spec.Steering.options(ctx, t, spec.Relation))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return r.Work.put(ctx, spec.Answer, rangeOf(lists, spec.From, spec.To))
}
