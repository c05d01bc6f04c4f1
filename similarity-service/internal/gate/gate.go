// Package gate decides whether a new model may serve. Each check has a figure and a limit, and all of them are kept with the model,
// so that a refusal can be understood and, with a reason, overruled. It is pure: figures in, verdict out.
package gate

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

const (
	// MinCases is the least number of held-out cases from which anything can be concluded.
	MinCases = 10
	// minCoverage is the least share of items with interactions that must have neighbours.
	minCoverage = .3
	// minVolume is the least ratio of used interactions to those of the live model.
	minVolume = .6
	// minOverlap is the least mean share of common neighbours with the live model: lists of other items altogether point to
	// items that were mixed up, whatever the figures say.
	minOverlap = .1
	// level and resamples of the bootstrap intervals.
	level     = .95
	resamples = 1000
)

// Candidate is what is known of the model that wants to serve. Cases, Popular and Final belong to the same held-out cases in the same
// order, and so do the two of the validation among themselves.
type Candidate struct {
	Cases   []metrics.Accuracy // of the model trained without the held-out part
	Popular []metrics.Accuracy
	Final   []metrics.Accuracy // of the model that would serve, which has seen the held-out part

	Validation, PopularValidation []metrics.Accuracy // of the search, which hides parts of histories; they decide where Cases are too few

	Items   int   // items with interactions
	Listed  int   // of those, items with neighbours
	Problem error // of neighbours.Lists.Validate or of a session model; nil when sound
	Used    int64 // interactions that the model learned from
	Live    *Live // nil when nothing is live yet
}

// Live is what is known of the model that serves now.
type Live struct {
	Version string
	// of the train-only model of the live one, which has not seen the held-out part either; nil when there is none
	Cases   []metrics.Accuracy
	Used    int64
	Overlap float64 // mean share of common neighbours of items that both list; NaN when there are none
}

// The verdicts.
const (
	passed     = "passed"
	refused    = "refused"
	unmeasured = "unmeasured" // too little was held out to measure the model; the validation of the search has let it pass
)

// Decide runs every check. Where too little is held out to judge by, as in a young shop, the validation of the search decides, and the
// verdict says so.
func Decide(c Candidate) similarityapi.Gate {
	g := similarityapi.Gate{Passed: true}
	add := func(check similarityapi.GateCheck) {
		g.Checks = append(g.Checks, check)
		g.Passed = g.Passed && check.Passed
	}
	add(sound(c.Problem))
	measured := len(c.Cases) >= MinCases
	if measured {
		add(atLeast("held_out_cases", float64(len(c.Cases)), MinCases, "held-out cases to judge by"))
		add(notWorseThanPopularity("not_worse_than_popularity", c.Cases, c.Popular))
		add(servesAsMeasured(c))
	} else {
		add(atLeast(
			"validation_cases", float64(len(c.Validation)), MinCases, "histories of two items or more, of which a part can be hidden",
		))
		add(notWorseThanPopularity("validation_not_worse_than_popularity", c.Validation, c.PopularValidation))
		g.Missing = fmt.Sprintf("%d visits or orders lie in the latest tenth of the events and go on long enough "+
			"to be measured on; %d are needed. Until then histories decide of which a part was hidden during the "+
			"search.", len(c.Cases), MinCases)
	}
	add(atLeast(
		"coverage", float64(c.Listed)/math.Max(float64(c.Items), 1), minCoverage,
		"share of the items with interactions that have neighbours",
	))
	if c.Live != nil {
		g.Against = c.Live.Version
		againstLive(c, measured, add)
	}
	switch {
	case !g.Passed:
		g.Verdict = refused
	case measured:
		g.Verdict = passed
	default:
		g.Verdict = unmeasured
	}
	return g
}

// againstLive runs the checks that need a live model.
func againstLive(c Candidate, measured bool, add func(similarityapi.GateCheck)) {
	if c.Live.Cases != nil && measured {
		add(notWorseThanLive(c))
	}
	if c.Live.Used > 0 {
		add(atLeast(
			"data_volume", float64(c.Used)/float64(c.Live.Used), minVolume, "interactions learned from, as a share of the live model's",
		))
	}
	if !math.IsNaN(c.Live.Overlap) {
		add(atLeast("list_overlap", c.Live.Overlap, minOverlap, "mean share of neighbours in common with the live model"))
	}
}

func atLeast(name string, value, limit float64, what string) similarityapi.GateCheck {
	return similarityapi.GateCheck{
		Name: name, Passed: value >= limit, Value: round(value), Limit: limit,
		Detail: fmt.Sprintf("%s: %.4g, at least %g wanted", what, value, limit),
	}
}

func sound(problem error) similarityapi.GateCheck {
	if problem != nil {
		return similarityapi.GateCheck{Name: "sound", Value: 0, Limit: 1, Detail: problem.Error()}
	}
	return similarityapi.GateCheck{
		Name: "sound", Passed: true, Value: 1, Limit: 1, Detail: "every list is ordered, finite and names known items",
	}
}

// notWorseThanPopularity refuses what is certainly worse than the simplest of lists. With few held-out cases the interval is wide, and a
// model is not kept from a shop for a difference that chance explains: without one the shop has nothing but texts.
func notWorseThanPopularity(name string, cases, popular []metrics.Accuracy) similarityapi.GateCheck {
	gain := difference(cases, popular)
	return similarityapi.GateCheck{
		Name: name, Passed: len(popular) == len(cases) && gain.high >= 0, Value: round(gain.mean), Limit: 0,
		Detail: fmt.Sprintf("NDCG over popularity by %s; refused when the whole interval is below 0", gain),
	}
}

// servesAsMeasured catches a final model that is not the one that was measured: it knows more, so it may not do worse.
func servesAsMeasured(c Candidate) similarityapi.GateCheck {
	gain := difference(c.Final, c.Cases)
	return similarityapi.GateCheck{
		Name: "serves_as_measured", Passed: len(c.Final) == len(c.Cases) && gain.high >= 0, Value: round(gain.mean), Limit: 0,
		Detail: fmt.Sprintf("NDCG of the model that would serve over the measured one by %s", gain),
	}
}

func notWorseThanLive(c Candidate) similarityapi.GateCheck {
	gain := difference(c.Cases, c.Live.Cases)
	return similarityapi.GateCheck{
		Name: "not_worse_than_live", Passed: gain.high >= 0, Value: round(gain.mean), Limit: 0,
		Detail: fmt.Sprintf("NDCG over the live model by %s; refused when the whole interval is below 0", gain),
	}
}

// gain is a paired difference of mean NDCG with its bootstrap interval.
type gain struct{ mean, low, high float64 }

func (g gain) String() string { return fmt.Sprintf("%+.4f [%+.4f, %+.4f]", g.mean, g.low, g.high) }

func difference(a, b []metrics.Accuracy) gain {
	n := min(len(a), len(b))
	if n == 0 {
		return gain{}
	}
	values := make([]float64, n)
	sum := 0.0
	for p := range n {
		values[p] = a[p].NDCG - b[p].NDCG
		sum += values[p]
	}
	interval := metrics.Bootstrap(values, resamples, level, rand.New(rand.NewPCG(1, 0x6a7e)))
	return gain{sum / float64(n), interval.Low, interval.High}
}

func round(v float64) float64 { return math.Round(v*1e6) / 1e6 }

// OverlapAt is how many neighbours of items of a catalogue of n are compared: 20, or fewer in a small one, where lists drawn at
// random would have more than a twentieth in common.
func OverlapAt(n int) int { return max(1, min(20, n/20)) }

// Overlap is the mean share of common items among the first k neighbours of items that both models list; NaN when there is none. index
// maps an item of a to the same item of b, or to −1.
func Overlap(a, b *neighbours.Lists, index func(i int32) int32, k int) float64 {
	sum, n := 0.0, 0
	for i := range int32(a.N()) {
		other := index(i)
		if other < 0 || a.Len[i] == 0 || b.Len[other] == 0 {
			continue
		}
		mine, _ := a.Of(i)
		theirs, _ := b.Of(other)
		mine, theirs = mine[:min(k, len(mine))], theirs[:min(k, len(theirs))]
		in := make(map[int32]bool, len(theirs))
		for _, j := range theirs {
			in[j] = true
		}
		common := 0
		for _, j := range mine {
			if in[index(j)] {
				common++
			}
		}
		sum += float64(common) / float64(min(len(mine), len(theirs)))
		n++
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}
