package recompute

import (
	"context"
	"errors"
	"fmt"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/jobs"
)

// Report is what an evaluation says of one relation.
type Report struct {
	Relation    string                           `json:"relation"`
	Selected    string                           `json:"selected,omitempty"`
	Results     []Measured                       `json:"results,omitempty"`
	Preparation *similarityapi.PreparationReport `json:"preparation,omitempty"`
	Detail      string                           `json:"detail,omitempty"`
}

// Measured is one algorithm of an evaluation. Metrics are those of the held-out latest part, for the winner and the baselines.
type Measured struct {
	Standing
	Parameters map[string]any                  `json:"parameters"`
	Metrics    map[string]similarityapi.Metric `json:"metrics,omitempty"`
}

// Evaluate is the jobs.Runner of the kind "evaluation": the competition of a recompute without a model at the end.
func (r *Recomputer) Evaluate(ctx context.Context, t *jobs.Task) error {
	relations := t.Request.Relations
	if len(relations) == 0 {
		relations = Relations()
	}
	var reports []Report
	var failures []error
	for at, relation := range relations {
		s := stage{task: t, relation: relation, from: float64(at) / float64(len(relations)), width: 1 / float64(len(relations))}
		report, err := r.evaluate(ctx, s)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		report.Relation = relation
		if err != nil {
			report.Detail = err.Error()
			failures = append(failures, fmt.Errorf("%s: %w", relation, err))
		}
		reports = append(reports, report)
		t.SetResult("relations", reports)
	}
	if len(failures) == len(relations) {
		return errors.Join(failures...)
	}
	return nil
}

func (r *Recomputer) evaluate(ctx context.Context, s stage) (Report, error) {
	s.report("reading", 0)
	p, err := r.read(ctx, s, 0)
	if err != nil {
		return Report{}, err
	}
	report := Report{Preparation: p.Report}
	o := r.options(ctx, s)
	o.Untested = true
	p.Split.Tests = thin(p.Split.Tests)
	board, err := evaluate.Run(p.Split, o)
	if err != nil {
		return report, fmt.Errorf("evaluate: %w", err)
	}
	report.Selected = board.Selected
	for at := range board.Results {
		result := &board.Results[at]
		m := Measured{Standing: Standing{result.Name, result.Validation.NDCG, result.Validation.Recall}, Parameters: result.Parameters}
		if result.Tested && len(p.Split.Tests) > 0 {
			m.Metrics = figures(result)
		}
		report.Results = append(report.Results, m)
	}
	return report, nil
}
