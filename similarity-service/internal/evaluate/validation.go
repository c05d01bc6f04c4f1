package evaluate

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

const (
	// maxCases bounds the validation cases. With so many, two points of a family differ by noise of about two thousandths
	// of their NDCG.
	maxCases = 30_000
	// searchCases of them guide a search; all of them confirm what it found.
	searchCases = 8_000
	// hiddenShare of a history is hidden for validation.
	hiddenShare = .2
	// basketDraws is the number of seeds tried per validation basket.
	basketDraws = 4
	// heldSessions is the share of newest training sessions that validate.
	heldSessions = .1
)

// validationCase is one validation case. The case of a training row names the items of the row that are hidden; every other
// item of the row is known. The case of a basket or a session has seeds and no row.
type validationCase struct {
	row      int32
	hidden   []int32
	known    []int32 // the other items of the row, or the seeds of a basket, which are not ranked
	seeds    []int32
	relevant []int32
}

// validation is the held-out part of the training data and the rows that may teach meanwhile.
type validation struct {
	rows  int // training rows [0, rows) teach
	until int64
	cases []validationCase
}

// newValidation draws at most so many validation cases of d.
func newValidation(d *dataset.Data, seed uint64, most int) (*validation, error) {
	rng := rand.New(rand.NewPCG(seed, 0x7a11d))
	if d.Relation == dataset.ViewedNext {
		return lastSessions(d, rng, most)
	}
	v := leaveOwnOut(d, rng, most)
	if d.Relation == dataset.BoughtTogether {
		v = lastBaskets(d, rng, most)
	}
	if len(v.cases) == 0 {
		return nil, fmt.Errorf("%w: none of the %d training rows has two items", ErrNothingToValidate, d.Train.Rows)
	}
	return v, nil
}

// lastSessions holds out the newest training sessions: every prefix with its next click, which may be an item of the prefix.
func lastSessions(d *dataset.Data, rng *rand.Rand, most int) (*validation, error) {
	if len(d.Sessions) < 2 {
		return nil, fmt.Errorf("%w: there are fewer than two training sessions", ErrNothingToValidate)
	}
	v := &validation{rows: len(d.Sessions) - max(int(float64(len(d.Sessions))*heldSessions), 1)}
	for _, c := range dataset.NextClicks(d.Sessions[v.rows:]) {
		v.cases = append(v.cases, validationCase{row: -1, seeds: c.Seeds, relevant: c.Relevant})
	}
	if len(v.cases) == 0 {
		return nil, fmt.Errorf("%w: the newest training sessions have no two clicks", ErrNothingToValidate)
	}
	v.sample(rng, most)
	return v, nil
}

// sample keeps at most so many cases.
func (v *validation) sample(rng *rand.Rand, most int) {
	if len(v.cases) > most {
		rng.Shuffle(len(v.cases), func(i, j int) { v.cases[i], v.cases[j] = v.cases[j], v.cases[i] })
		v.cases = v.cases[:most]
	}
}

// guide is v with the cases that a search looks at.
func (v *validation) guide() *validation { return v.first(searchCases) }

// leaveOwnOut hides a fifth of the history of sampled users: the latest part when the order is known.
func leaveOwnOut(d *dataset.Data, rng *rand.Rand, most int) *validation {
	v := &validation{rows: d.Train.Rows}
	for _, u := range rng.Perm(d.Train.Rows) {
		items, val := d.Train.Row(u)
		if len(items) < 2 {
			continue
		}
		at := make([]int, len(items))
		for p := range at {
			at[p] = p
		}
		if !d.Ordered {
			rng.Shuffle(len(at), func(i, j int) { at[i], at[j] = at[j], at[i] })
		}
		hide := max(int(math.Round(float64(len(items))*hiddenShare)), 1)
		c := validationCase{row: int32(u)}
		for _, p := range at[len(at)-hide:] {
			c.hidden = append(c.hidden, items[p])
			if val == nil || val[p] > 0 && val[p] >= d.Liked {
				c.relevant = append(c.relevant, items[p])
			}
		}
		for _, p := range at[:len(at)-hide] {
			c.known = append(c.known, items[p])
		}
		if len(c.relevant) > 0 {
			v.cases = append(v.cases, c)
		}
		if len(v.cases) == most {
			break
		}
	}
	return v
}

// lastBaskets holds out the last training baskets, as many of those as the test part is of all.
func lastBaskets(d *dataset.Data, rng *rand.Rand, most int) *validation {
	rows := d.Train.Rows
	heldOut := max(rows*len(d.Tests)/max(rows+len(d.Tests), 1), 1)
	heldOut = min(heldOut, (rows+3)/4)
	v := &validation{rows: rows - heldOut}
	if d.RowTimes != nil && v.rows < rows {
		v.until = d.RowTimes[v.rows]
	}
	var last [][]int32
	for u := v.rows; u < rows; u++ {
		items, _ := d.Train.Row(u)
		last = append(last, items)
	}
	for range basketDraws {
		for _, c := range dataset.BasketCases(last, func(b []int32) []int32 { return b }, rng) {
			v.cases = append(v.cases, validationCase{row: -1, seeds: c.Seeds, known: c.Seeds, relevant: c.Relevant})
		}
	}
	v.sample(rng, most)
	return v
}

// first returns v with its first n cases only; they are in random order.
func (v *validation) first(n int) *validation {
	some := *v
	some.cases = v.cases[:min(n, len(v.cases))]
	return &some
}

// each scores every case with rank, in parallel, and returns the accuracies by case. newRank makes the function of one
// goroutine, for n items.
func (v *validation) each(o rank.Options, n int, newRank func(r *rank.Ranker) func(c *validationCase) []int32) ([]metrics.Accuracy, error) {
	out := make([]metrics.Accuracy, len(v.cases))
	err := o.Cases(len(v.cases), n, func(r *rank.Ranker) func(int) {
		best := newRank(r)
		return func(at int) {
			c := &v.cases[at]
			out[at] = metrics.Measure(best(c), metrics.Among(c.relevant), len(c.relevant), o.K, false)
		}
	})
	return out, err
}

// neededRows lists the items that are seeds of some case: only their lists are needed for validation.
func (v *validation) neededRows(m *csr.Matrix) []int32 {
	needed := make([]bool, m.Cols)
	for _, c := range v.cases {
		seeds := c.seeds
		if c.row >= 0 {
			seeds, _ = m.Row(int(c.row))
		}
		for _, i := range seeds {
			needed[i] = true
		}
	}
	rows := []int32{}
	for i, yes := range needed {
		if yes {
			rows = append(rows, int32(i))
		}
	}
	return rows
}
