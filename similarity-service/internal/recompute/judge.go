package recompute

import (
	"context"
	"fmt"
	"math"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/gate"
	"github.com/aisle-rec/aisle/similarity-service/internal/prepare"
)

// judge measures the final model and the live one on the same cases and asks the gate. The
// candidate's own figures are those of its train-only model; the final one is only held against
// it, since it has seen the cases. Items and Listed are of those with any interaction: how many
// there are, and how many got a list.
func (r *Recomputer) judge(ctx context.Context, s stage, p *prepare.Prepared, c *competition) (similarityapi.Gate, error) {
	o := r.options(ctx, s)
	final, err := evaluate.MeasureModel(p.Split, c.final, o)
	if err != nil {
		return similarityapi.Gate{}, fmt.Errorf("measure the final model: %w", err)
	}
	popular := c.board.ByName(evaluate.Popular)
	candidate := gate.Candidate{
		Cases: c.cases, Popular: popular.TestCases, Final: final, Used: used(p.Report),
		Validation: c.board.Winner().ValidationCases, PopularValidation: popular.ValidationCases,
	}
	for i, n := range p.Support {
		if n > 0 {
			candidate.Items++
			if c.final.Lists == nil || c.final.Lists.Len[i] > 0 {
				candidate.Listed++
			}
		}
	}
	if c.final.Lists != nil {
		candidate.Problem = c.final.Lists.Validate()
	}
	candidate.Live, err = r.live(ctx, s, p, c, o)
	if err != nil {
		return similarityapi.Gate{}, err
	}
	return gate.Decide(candidate), nil
}

// live measures the train-only model of the live one, which has not seen the held-out part, on
// the cases of the new one. It is nil without a live model, and without Cases when that has no
// train-only model to be read: the gate then compares no figures with it. Overlap is NaN where
// one of the two has no lists.
func (r *Recomputer) live(ctx context.Context, s stage, p *prepare.Prepared, c *competition, o evaluate.Options) (*gate.Live, error) {
	version := r.Registry.Live(s.task.Shop)[s.relation]
	if version == "" {
		return nil, nil
	}
	described, err := r.Registry.Describe(ctx, s.task.Shop, version)
	if err != nil {
		return nil, err
	}
	live := &gate.Live{Version: version, Used: used(described.Preparation), Overlap: math.NaN()}
	served, err := r.Registry.Model(ctx, s.task.Shop, s.relation, version)
	if err != nil {
		return nil, err
	}
	if c.final.Lists != nil {
		if lists, err := translated(served.Snapshot, p.Full.Items.Index, p.Full.Items.Len()); err == nil {
			live.Overlap = gate.Overlap(c.final.Lists, lists, func(i int32) int32 { return i }, gate.OverlapAt(p.Full.Items.Len()))
		}
	}
	trainOnly, err := r.Registry.TrainOnly(ctx, s.task.Shop, version)
	if err != nil {
		r.Logger.Warn("live model is not compared: its train-only model cannot be read", "shop", s.task.Shop, "version",
			version, "error", err)
		return live, nil
	}
	trained, err := translate(trainOnly, p, s.relation)
	if err != nil {
		return nil, err
	}
	live.Cases, err = evaluate.MeasureModel(p.Split, trained, o)
	return live, err
}

// used is how many rows were left to learn from after the last step of preparing; 0 where
// nothing says so.
func used(p *similarityapi.PreparationReport) int64 {
	if p == nil || len(p.Steps) == 0 {
		return 0
	}
	return p.Steps[len(p.Steps)-1].Rows
}
