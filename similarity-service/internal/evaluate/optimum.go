package evaluate

import (
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/pattern"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// optimumPoints bounds the scan of the test part.
const optimumPoints = 40

// Optimum is the best that the winning two-hop family, with or without the low-rank term, can
// do on the test part when it is allowed to look at it. It measures the choice, never makes it:
// the leaderboard is complete before the scan starts.
type Optimum struct {
	Parameters map[string]any
	Test       metrics.Summary
	// Chosen is the test score of the point that validation chose.
	Chosen metrics.Summary
}

// Loss is the share of the optimum's NDCG that the honest choice gave away.
func (o *Optimum) Loss() float64 {
	if o.Test.NDCG == 0 {
		return 0
	}
	return 1 - o.Chosen.NDCG/o.Test.NDCG
}

// testOptimum scans the test part around the chosen point of the family by pattern search. Each
// point is a build of all lists.
func (s *search) testOptimum(chosen member) (*Optimum, error) {
	low, lowRanked := chosen.(lowRank)
	start := low.weighing
	// the vectors depend on the user exponent, which stays
	axes := []pattern.Axis{{Name: "strength", Start: low.Strength, Step: .2, Last: .05, Low: -2, High: 2}}
	if !lowRanked {
		start = chosen.(twoHop).weighing
		axes[0] = pattern.Axis{Name: "user exponent", Start: start.UserExponent, Step: .2, Last: .05, Low: -1.5, High: .5}
	}
	axes = append([]pattern.Axis{
		{Name: "target exponent", Start: start.TargetExponent, Step: .1, Last: .02, Low: -.3, High: 1},
		{Name: "source exponent", Start: start.SourceExponent, Step: .1, Last: .05, Low: 0, High: 1.2},
	}, axes...)
	out, quiet, calls := &Optimum{}, *s, 0
	quiet.o.Progress = nil
	_, _, err := pattern.Search(axes, optimumPoints, func(at []float64) (float64, error) {
		p := start
		p.TargetExponent, p.SourceExponent = at[0], at[1]
		var m member
		if lowRanked {
			low.weighing, low.Strength = p, at[2]
			m = low
		} else {
			p.UserExponent = at[2]
			m = twoHop{p}
		}
		model, err := m.build(&quiet)
		if err != nil {
			return 0, fmt.Errorf("build: %w", err)
		}
		tested, err := quiet.test(model)
		if err != nil {
			return 0, err
		}
		summary := tested.Summary()
		if calls++; s.o.Progress != nil {
			s.o.Progress("scan of the test part", calls, optimumPoints)
		}
		if calls == 1 {
			out.Chosen = summary
		}
		if summary.NDCG > out.Test.NDCG {
			out.Test, out.Parameters = summary, m.parameters(s)
		}
		return summary.NDCG, nil
	})
	return out, err
}
