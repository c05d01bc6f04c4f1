package recompute

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/study"
	"github.com/aisle-rec/aisle/similarity-service/internal/eventweights"
	"github.com/aisle-rec/aisle/similarity-service/internal/jobs"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/report"
)

// evaluationReport is what an evaluation says of one relation; it is the result of the job, as
// JSON. Comparisons are the paired tests of a study.
type evaluationReport struct {
	Relation    string                           `json:"relation"`
	Selected    string                           `json:"selected,omitempty"`
	Runs        int                              `json:"runs,omitempty"` // when there were several
	Comparisons []similarityapi.ReportComparison `json:"comparisons,omitempty"`
	Results     []measured                       `json:"results,omitempty"`
	Preparation *similarityapi.PreparationReport `json:"preparation,omitempty"`
	Detail      string                           `json:"detail,omitempty"`
}

// measured is one algorithm of an evaluation. Metrics are those of the held-out latest part, for the winner and the baselines.
type measured struct {
	leaderboardEntry
	Parameters map[string]any                  `json:"parameters,omitempty"` // of one run
	Wins       int                             `json:"wins,omitempty"`       // of several runs, in which validation chose it
	Metrics    map[string]similarityapi.Metric `json:"metrics,omitempty"`
}

// Evaluate is the jobs.Runner of the kind "evaluation": the competition of a recompute without
// a model at the end. The reports of the relations that are done are there while it runs. It
// fails when every relation failed.
func (r *Recomputer) Evaluate(ctx context.Context, t *jobs.Task) error {
	relations := t.Request.Relations
	if len(relations) == 0 {
		relations = similarityapi.Relations()
	}
	var reports []evaluationReport
	var failures []error
	for at, relation := range relations {
		s := stage{task: t, relation: relation, from: float64(at) / float64(len(relations)), width: 1 / float64(len(relations))}
		one, err := r.evaluate(ctx, s)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		one.Relation = relation
		if err != nil {
			one.Detail = err.Error()
			failures = append(failures, fmt.Errorf("%s: %w", relation, err))
		}
		reports = append(reports, one)
		t.SetResult("relations", reports)
	}
	if len(failures) == len(relations) {
		return errors.Join(failures...)
	}
	return nil
}

// evaluate reports one relation: the figures of one run, or, with folds or seeds, the means of
// several. Folds are cut from all interactions, so that the part held out at the end is among
// them.
func (r *Recomputer) evaluate(ctx context.Context, s stage) (evaluationReport, error) {
	s.report("reading", 0)
	p, err := r.read(ctx, s, 0, eventweights.NewSample())
	if err != nil {
		return evaluationReport{}, err
	}
	defer r.giveUp(p, s)
	out := evaluationReport{Preparation: p.Report}
	o := r.options(ctx, s)
	o.Untested = true
	p.Split.Tests = thin(p.Split.Tests)
	plan := study.Plan{Folds: s.task.Request.Folds, Seeds: s.task.Request.Seeds}
	data := p.Split
	if plan.Folds > 1 {
		if err := p.Complete(); err != nil {
			return out, err
		}
		data = p.Full
	}
	runs, err := study.Conduct(func(uint64) (*dataset.Data, error) { return data, nil }, plan, o)
	if err != nil {
		return out, fmt.Errorf("evaluate: %w", err)
	}
	out.Comparisons = report.Comparisons(runs)
	if plan.Runs() > 1 {
		out.overall(runs)
		return out, nil
	}
	board := runs.Runs[0].Board
	out.Selected = board.Selected
	for at := range board.Results {
		result := &board.Results[at]
		m := measured{
			leaderboardEntry: leaderboardEntry{result.Name, result.Validation.NDCG, result.Validation.Recall},
			Parameters:       result.Parameters,
		}
		if result.Tested && len(p.Split.Tests) > 0 {
			m.Metrics = figures(result)
		}
		out.Results = append(out.Results, m)
	}
	return out, nil
}

// overall reports the means over several runs, with the interval of the mean and the standard
// deviation; with one run of a figure the interval is the mean itself. The best algorithm
// stands first and counts as selected.
func (r *evaluationReport) overall(runs *study.Study) {
	r.Runs, r.Selected = len(runs.Runs), runs.Results[0].Name
	for _, s := range runs.Results {
		m := measured{
			leaderboardEntry: leaderboardEntry{Algorithm: s.Name, NDCG: s.Validation.Mean}, Wins: s.Wins,
			Metrics: map[string]similarityapi.Metric{},
		}
		for name, v := range s.Figures {
			metric := similarityapi.Metric{Value: v.Mean, Low: v.Mean, High: v.Mean}
			if !math.IsNaN(v.SD) {
				metric.Low, metric.High, metric.SD = v.Low, v.High, v.SD
			}
			if slices.Contains(metrics.AccuracyNames(), name) {
				name = fmt.Sprintf("%s@%d", name, measuredAt)
			}
			m.Metrics[name] = metric
		}
		r.Results = append(r.Results, m)
	}
}
