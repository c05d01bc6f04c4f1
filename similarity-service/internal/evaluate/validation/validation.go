// Package validation holds a part of the training data back, by which models are chosen before the test part is looked at.
//
// Of users' histories each case hides a part of one row, which must not teach the model that ranks it: see package leaveownout for
// models that can take a row's own share out again, and [Set.Apart] for those that cannot. Of baskets and sessions the latest rows are
// held back whole. The main type is [Set]; [New] draws one, [Scratch] lays a case out for who scores it.
package validation

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// ErrTooSmall says that the training part is too small to hold anything back from it.
var ErrTooSmall = errors.New("there is nothing to validate on")

const (
	// MaxCases bounds the validation cases. With so many, two points of a family differ by noise of about two thousandths
	// of their NDCG.
	MaxCases = 30_000
	// GuideCases of them guide a search; all of them confirm what it found.
	GuideCases = 8_000
	// fewCases of histories are enough to leave out those whose entries all came at once.
	fewCases = 500
	// basketDraws is the number of seeds tried per validation basket.
	basketDraws = 4
	// heldSessions is the share of newest training sessions that validate.
	heldSessions = .1
)

// Case is one question whose answer is known. The case of a training row names the items of the row that are hidden; every other
// item of the row is known. The case of a basket or a session has seeds and no row.
type Case struct {
	Row      int32 // −1 for a case of a basket or a session
	Hidden   []int32
	Known    []int32 // the other items of the row, or the seeds of a basket, which are not ranked
	Seeds    []int32
	Relevant []int32
}

// Set is the held-out part of the training data and the rows that may teach meanwhile.
type Set struct {
	Rows  int    // training rows [0, Rows) teach
	Until int64  // the Unix second by which they age, of rows that have times
	Cases []Case // at least one
}

// OfRows reports whether the cases hide entries of training rows; those of baskets and sessions have no rows.
func (v *Set) OfRows() bool { return v.Cases[0].Row >= 0 }

// New draws at most so many cases from the training part of d. The error is [ErrTooSmall] when there are none.
func New(d *dataset.Data, seed uint64, most int) (*Set, error) {
	rng := rand.New(rand.NewPCG(seed, 0x7a11d))
	if d.Relation == dataset.ViewedNext {
		return lastSessions(d, rng, most)
	}
	v := leaveOwnOut(d, rng, most)
	if d.Relation == dataset.BoughtTogether {
		v = lastBaskets(d, rng, most)
	}
	if len(v.Cases) == 0 {
		return nil, fmt.Errorf("%w: none of the %d training rows has two items", ErrTooSmall, d.Train.Rows)
	}
	return v, nil
}

// lastSessions holds out the newest training sessions: every prefix with its next click, which may be an item of the prefix.
func lastSessions(d *dataset.Data, rng *rand.Rand, most int) (*Set, error) {
	if len(d.Sessions) < 2 {
		return nil, fmt.Errorf("%w: there are fewer than two training sessions", ErrTooSmall)
	}
	v := &Set{Rows: len(d.Sessions) - max(int(float64(len(d.Sessions))*heldSessions), 1)}
	for _, c := range dataset.NextClicks(d.Sessions[v.Rows:]) {
		v.Cases = append(v.Cases, Case{Row: -1, Seeds: c.Seeds, Relevant: c.Relevant})
	}
	if len(v.Cases) == 0 {
		return nil, fmt.Errorf("%w: the newest training sessions have no two clicks", ErrTooSmall)
	}
	v.sample(rng, most)
	return v, nil
}

// sample keeps at most so many cases.
func (v *Set) sample(rng *rand.Rand, most int) {
	if len(v.Cases) > most {
		rng.Shuffle(len(v.Cases), func(i, j int) { v.Cases[i], v.Cases[j] = v.Cases[j], v.Cases[i] })
		v.Cases = v.Cases[:most]
	}
}

// Guide is v with the cases that a search looks at.
func (v *Set) Guide() *Set { return v.First(GuideCases) }

// leaveOwnOut hides a fifth of the history of sampled users: the latest part when the order is known, and then no part of what came at the
// same time, such as an order. Histories that came all at once are asked for their last entries where there are few others.
func leaveOwnOut(d *dataset.Data, rng *rand.Rand, most int) *Set {
	v := &Set{Rows: d.Train.Rows}
	users := rng.Perm(d.Train.Rows)
	for _, u := range users {
		if len(v.Cases) == most {
			return v
		}
		items, _ := d.Train.Row(u)
		if len(items) < 2 {
			continue
		}
		part := dataset.Fifth(len(items))
		if d.Ordered {
			part = d.LatestPart(u)
		}
		if part > 0 {
			v.hide(d, int32(u), part, rng)
		}
	}
	for _, u := range users {
		if !d.Ordered || len(v.Cases) >= min(fewCases, most) {
			break
		}
		if items, _ := d.Train.Row(u); len(items) > 1 && d.LatestPart(u) == 0 {
			v.hide(d, int32(u), dataset.Fifth(len(items)), rng)
		}
	}
	return v
}

// hide adds the case of a row with some of its entries hidden: the last ones when the order is known. It is none where there is nothing to
// find.
func (v *Set) hide(d *dataset.Data, row int32, entries int, rng *rand.Rand) {
	items, val := d.Train.Row(int(row))
	at := make([]int, len(items))
	for p := range at {
		at[p] = p
	}
	if !d.Ordered {
		rng.Shuffle(len(at), func(i, j int) { at[i], at[j] = at[j], at[i] })
	}
	known := len(at) - entries
	c := Case{Row: row}
	for _, p := range at[:known] {
		c.Known = append(c.Known, items[p])
	}
	for _, p := range at[known:] {
		c.Hidden = append(c.Hidden, items[p])
		if val == nil || val[p] > 0 && val[p] >= d.Liked {
			c.Relevant = append(c.Relevant, items[p])
		}
	}
	if len(c.Relevant) > 0 {
		v.Cases = append(v.Cases, c)
	}
}

// lastBaskets holds out the last training baskets, as many of those as the test part is of all.
func lastBaskets(d *dataset.Data, rng *rand.Rand, most int) *Set {
	rows := d.Train.Rows
	heldOut := max(rows*len(d.Tests)/max(rows+len(d.Tests), 1), 1)
	heldOut = min(heldOut, (rows+3)/4)
	v := &Set{Rows: rows - heldOut}
	if d.RowTimes != nil && v.Rows < rows {
		v.Until = d.RowTimes[v.Rows]
	}
	var last [][]int32
	for u := v.Rows; u < rows; u++ {
		items, _ := d.Train.Row(u)
		last = append(last, items)
	}
	for range basketDraws {
		for _, c := range dataset.BasketCases(last, func(b []int32) []int32 { return b }, rng) {
			v.Cases = append(v.Cases, Case{Row: -1, Seeds: c.Seeds, Known: c.Seeds, Relevant: c.Relevant})
		}
	}
	v.sample(rng, most)
	return v
}

// First returns v with its first n cases only; they are in random order.
func (v *Set) First(n int) *Set {
	some := *v
	some.Cases = v.Cases[:min(n, len(v.Cases))]
	return &some
}

// Each ranks every case, in parallel, and returns the accuracies by case. newRank makes the function of one goroutine, which ranks among n
// items.
func (v *Set) Each(o rank.Options, n int, newRank func(r *rank.Ranker) func(c *Case) []int32) ([]metrics.Accuracy, error) {
	out := make([]metrics.Accuracy, len(v.Cases))
	err := o.Each(len(v.Cases), n, func(r *rank.Ranker) func(int) {
		best := newRank(r)
		return func(at int) {
			c := &v.Cases[at]
			out[at] = metrics.Measure(best(c), metrics.Among(c.Relevant), len(c.Relevant), o.K, false)
		}
	})
	return out, err
}

// Measure ranks every case by m, which has not seen what they hide; rows are the training rows as m reads their values.
func (v *Set) Measure(m *rank.Model, rows *csr.Matrix, o rank.Options) ([]metrics.Accuracy, error) {
	return v.Each(o, rows.Cols, func(r *rank.Ranker) func(*Case) []int32 {
		t := NewScratch(rows.Cols)
		return func(c *Case) []int32 {
			t.Begin(rows, c)
			return r.Rank(m, t.Seeds, t.Values, t.Exclude, o.K)
		}
	})
}

// SeedItems lists the items that are seeds of some case: only their lists are needed for validation.
func (v *Set) SeedItems(m *csr.Matrix) []int32 {
	needed := make([]bool, m.Cols)
	for _, c := range v.Cases {
		seeds := c.Seeds
		if c.Row >= 0 {
			seeds, _ = m.Row(int(c.Row))
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
