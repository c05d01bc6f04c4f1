package evaluate

import (
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// optimumPoints bounds the scan of the test part.
const optimumPoints = 40

// Optimum is the best that the winning two-hop family, with or without the low-rank term, can do on the test part when it is
// allowed to look at it. It measures the
// choice, never makes it: the leaderboard is complete before the scan starts.
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

// testOptimum scans the test part around the chosen point of the family by pattern search.
func (s *search) testOptimum(chosen *candidate) (*Optimum, error) {
	start := chosen.point
	out := &Optimum{}
	quiet := *s
	quiet.o.Progress = nil
	axes := []axis{
		{name: "target exponent", start: start.hop.TargetExponent, step: .1, last: .02, low: -.3, top: 1},
		{name: "source exponent", start: start.hop.SourceExponent, step: .1, last: .05, low: 0, top: 1.2},
		{name: "user exponent", start: start.hop.UserExponent, step: .2, last: .05, low: -1.5, top: .5},
	}
	if chosen.rank > 0 { // the vectors depend on the user exponent, which stays
		axes[2] = axis{name: "strength", start: chosen.strength, step: .2, last: .05, low: -2, top: 2}
	}
	calls := 0
	_, _, err := patternSearch(axes, optimumPoints, func(at []float64) (float64, error) {
		p := start
		p.hop.TargetExponent, p.hop.SourceExponent = at[0], at[1]
		var c *candidate
		if chosen.rank > 0 {
			c = quiet.lowRankCandidate(p, chosen.rank, at[2], nil)
		} else {
			p.hop.UserExponent = at[2]
			c = quiet.twoHopCandidate(TwoHop, p, nil)
		}
		model, rows, err := c.build(&quiet)
		if err != nil {
			return 0, fmt.Errorf("build: %w", err)
		}
		tested, err := quiet.test(model, rows)
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
			out.Test, out.Parameters = summary, c.parameters
		}
		return summary.NDCG, nil
	})
	return out, err
}
