package sessions

import (
	"errors"
	"fmt"
	"math"
)

const (
	// maxSeeds bounds the clicks of a running session that are looked at, because matches are kept in a 64-bit mask.
	maxSeeds = 64
	// maxSessionCap bounds Params.MaxSession, because click positions are kept in 16 bits.
	maxSessionCap = 1 << 15
)

// Params are all choices of the model. Ages of sessions are fractions of the training span: 0 is the newest session, 1
// the oldest. A decay is the factor by which a weight shrinks per step and lies in (0, 1]; a power is an exponent.
type Params struct {
	// MaxSession is how many of a session's latest clicks are kept; older ones are ignored.
	MaxSession int `json:"max_session"`
	// MaxPrefix is how many of the running session's latest clicks are used, at most 64.
	MaxPrefix int `json:"max_prefix"`

	// Postings is how many of the newest sessions with an item are looked at.
	Postings int `json:"postings"`
	// Neighbours is how many of the most similar sessions vote.
	Neighbours int `json:"neighbours"`
	// SeedDecay and SeedPower weigh a seed n clicks before the latest by SeedDecayⁿ·(1+n)^−SeedPower.
	SeedDecay float64 `json:"seed_decay"`
	SeedPower float64 `json:"seed_power"`
	// SeedIDF is the exponent of the seed's inverse session frequency.
	SeedIDF float64 `json:"seed_idf"`
	// LengthPower divides a session's similarity by its length to that power.
	LengthPower float64 `json:"length_power"`
	// SimilarityPower sharpens (>1) or flattens (<1) the votes of sessions by similarity.
	SimilarityPower float64 `json:"similarity_power"`
	// Recency multiplies a session's vote by exp(−Recency·age).
	Recency float64 `json:"recency"`
	// AfterPower weighs an item d clicks after the matched click by d^−AfterPower.
	AfterPower float64 `json:"after_power"`
	// BeforeWeight and BeforePower do the same for items before it: BeforeWeight·d^−BeforePower.
	BeforeWeight float64 `json:"before_weight"`
	BeforePower  float64 `json:"before_power"`

	// OrderShare is the share of the order model in the blend, 0 to 1.
	OrderShare float64 `json:"order_share"`
	// OrderKeep is how many successors are kept per item.
	OrderKeep int `json:"order_keep"`
	// OrderSeedDecay is the decay of a seed per click before the latest.
	OrderSeedDecay float64 `json:"order_seed_decay"`
	// OrderAfterPower and OrderBeforeWeight weigh a pair d clicks apart: d^−OrderAfterPower forwards, times
	// OrderBeforeWeight backwards.
	OrderAfterPower   float64 `json:"order_after_power"`
	OrderBeforeWeight float64 `json:"order_before_weight"`
	// OrderRecency multiplies a pair by exp(−OrderRecency·age of its session).
	OrderRecency float64 `json:"order_recency"`
	// OrderSourcePower and OrderTargetPower divide a pair by the total weight of its two items to those powers.
	OrderSourcePower float64 `json:"order_source_power"`
	OrderTargetPower float64 `json:"order_target_power"`
	// OrderSecond is the weight of the two-step walk that is added to the one-step weights.
	OrderSecond float64 `json:"order_second"`

	// TrendPower multiplies an item's score by its recent popularity to that power; TrendDecay is the rate of
	// exp(−TrendDecay·age) by which popularity is called recent.
	TrendPower float64 `json:"trend_power"`
	TrendDecay float64 `json:"trend_decay"`
	// IDFPower divides an item's score by its number of sessions to that power.
	IDFPower float64 `json:"rarity_power"`
	// RepeatFactor multiplies the scores of items that are in the running session, LastFactor that of its latest item.
	RepeatFactor float64 `json:"repeat_factor"`
	LastFactor   float64 `json:"last_factor"`
	// RepeatWeight adds RepeatWeight·RepeatDecayⁿ to the score of the seed n clicks before the latest, once for each of
	// its clicks; the latest click adds LastWeight.
	RepeatWeight float64 `json:"repeat_weight"`
	RepeatDecay  float64 `json:"repeat_decay"`
	LastWeight   float64 `json:"last_weight"`
	// EchoWeight adds to the item that followed an earlier click of the latest item in the running session, once for
	// each time.
	EchoWeight float64 `json:"echo_weight"`
}

// DefaultParams is the point from which Search starts; it is a sensible model by itself.
func DefaultParams() Params {
	return Params{
		MaxSession: 100, MaxPrefix: 30,
		Postings: 500, Neighbours: 500,
		SeedDecay: .7, SeedPower: 0, SeedIDF: .75, LengthPower: .25, SimilarityPower: 2, Recency: 1,
		AfterPower: 1.5, BeforeWeight: .6, BeforePower: .75,
		OrderShare: .6, OrderKeep: 200, OrderSeedDecay: .5, OrderAfterPower: 1, OrderBeforeWeight: .6, OrderRecency: 1,
		OrderSourcePower: .75, OrderTargetPower: .2, OrderSecond: 1.6,
		TrendPower: .1, TrendDecay: 20, IDFPower: .05, RepeatFactor: 1, LastFactor: 1,
		RepeatWeight: .2, RepeatDecay: .8, LastWeight: .1, EchoWeight: .4,
	}
}

// Validate reports every parameter out of range at once.
func (p Params) Validate() error {
	var problems []error
	count := func(name string, value, high int) {
		if value < 1 || value > high {
			problems = append(problems, fmt.Errorf("%s is %d: give 1 to %d", name, value, high))
		}
	}
	within := func(name string, value, low, high float64) {
		if math.IsNaN(value) || value < low || value > high {
			problems = append(problems, fmt.Errorf("%s is %g: give %g to %g", name, value, low, high))
		}
	}
	count("max_session", p.MaxSession, maxSessionCap)
	count("max_prefix", p.MaxPrefix, maxSeeds)
	count("postings", p.Postings, math.MaxInt32)
	count("neighbours", p.Neighbours, math.MaxInt32)
	count("order_keep", p.OrderKeep, 100_000)
	for _, f := range []struct {
		name      string
		value     float64
		low, high float64
	}{
		{"seed_decay", p.SeedDecay, .001, 1}, {"seed_power", p.SeedPower, 0, 8}, {"seed_idf", p.SeedIDF, 0, 4},
		{"length_power", p.LengthPower, -2, 2}, {"similarity_power", p.SimilarityPower, 0, 16}, {"recency", p.Recency, 0, 500},
		{"after_power", p.AfterPower, 0, 8}, {"before_weight", p.BeforeWeight, 0, 1}, {"before_power", p.BeforePower, 0, 8},
		{"order_share", p.OrderShare, 0, 1}, {"order_seed_decay", p.OrderSeedDecay, .001, 1},
		{"order_after_power", p.OrderAfterPower, 0, 8}, {"order_before_weight", p.OrderBeforeWeight, 0, 1},
		{"order_recency", p.OrderRecency, 0, 500}, {"order_source_power", p.OrderSourcePower, 0, 2},
		{"order_target_power", p.OrderTargetPower, 0, 2}, {"order_second", p.OrderSecond, 0, 100},
		{"trend_power", p.TrendPower, 0, 2}, {"trend_decay", p.TrendDecay, 0, 500}, {"rarity_power", p.IDFPower, -2, 2},
		{"repeat_factor", p.RepeatFactor, 0, 100}, {"last_factor", p.LastFactor, 0, 100}, {"repeat_weight", p.RepeatWeight, 0, 100},
		{"repeat_decay", p.RepeatDecay, .001, 1}, {"last_weight", p.LastWeight, 0, 100}, {"echo_weight", p.EchoWeight, 0, 100},
	} {
		within(f.name, f.value, f.low, f.high)
	}
	return errors.Join(problems...)
}
