package recompute

import (
	"context"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/eventweights"
	"github.com/aisle-rec/aisle/similarity-service/internal/prepare"
)

// eventWeights learns what events of each type are worth with the lists of the part before the
// cut; nil when there are none or too little came after it. It is for people to look at: that
// it cannot be had fails no recompute. The sample has events of the relation similar only.
func (r *Recomputer) eventWeights(
	ctx context.Context, s stage, p *prepare.Prepared, c *competition, sample *eventweights.Sample,
) *similarityapi.ReportEventWeights {
	if c.trainOnly.Lists == nil || len(p.Split.Tests) == 0 {
		return nil
	}
	types, err := r.Profile.ForShop(s.task.Shop).EventTypes(ctx)
	if err != nil {
		r.Logger.Warn("weights of types of event were not learnt", "shop", s.task.Shop, "error", err)
		return nil
	}
	family, err := r.Families(ctx, s.task.Shop)
	if err != nil {
		r.Logger.Warn("weights of types of event were not learnt", "shop", s.task.Shop, "error", err)
		return nil
	}
	found := sample.Fit(eventweights.Data{
		Lists: c.trainOnly.Lists, Cut: p.Cut, Configured: types.Weights,
		Index: func(id string) (int32, bool) {
			name, known := family(id)
			if !known {
				return 0, false
			}
			return p.Full.Items.Index(name)
		},
	})
	if found == nil {
		return nil
	}
	out := &similarityapi.ReportEventWeights{
		Pairs: found.Pairs, OrderedConfigured: found.OrderedConfigured, OrderedLearnt: found.OrderedLearnt,
	}
	for _, w := range found.Weights {
		out.Weights = append(out.Weights, similarityapi.ReportEventWeight(w))
	}
	return out
}
