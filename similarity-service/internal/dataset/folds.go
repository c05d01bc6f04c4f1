package dataset

import (
	"fmt"
	"math/rand/v2"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
)

// Fold returns part f of a cross-validation of the training part of d in the given number of folds, at least 2; the tests of d stay out of
// it. The same seed draws the same folds.
//
// The entries of a history are dealt out to the folds at random, those of one fold are the tests, and the fold has no order, so that what
// is chosen within it is chosen for entries at random too. Orders and sessions, which follow each other in time, are tested on what came
// later: the later half is cut in as many blocks as there are folds, and block f is tested with all that came before it for training.
// Orders without times are dealt out at random.
func (d *Data) Fold(f, folds int, seed uint64) (*Data, error) {
	if folds < 2 || f < 0 || f >= folds {
		return nil, fmt.Errorf("fold %d of %d, want 2 folds or more", f, folds)
	}
	out := *d
	out.Tests = nil
	rng := rand.New(rand.NewPCG(seed, 0xf01d))
	if d.Relation == Similar {
		return &out, out.dealHistories(d.Train, f, folds, rng)
	}
	if d.Relation == BoughtTogether && d.RowTimes == nil {
		return &out, out.dealOrders(d.Train, f, folds, rng)
	}
	from, to := block(d.Rows(), f, folds)
	if from == 0 || from == to {
		return nil, fmt.Errorf("%d training rows are too few for %d folds", d.Rows(), folds)
	}
	if d.Relation == ViewedNext {
		out.Sessions = d.Sessions[:from]
		out.Tests = NextClicks(d.Sessions[from:to])
		return &out, nil
	}
	out.Train, out.RowTimes, out.Until = d.Train.First(from), d.RowTimes[:from], d.RowTimes[from]
	out.Tests = BasketCases(rowsOf(d.Train, from, to), func(b []int32) []int32 { return b }, rng)
	return &out, nil
}

// NextClicks lists every prefix of the sessions with the click that follows. The cases share
// the memory of the sessions.
func NextClicks(sessions [][]int32) []Case {
	var cases []Case
	for _, s := range sessions {
		for p := 1; p < len(s); p++ {
			cases = append(cases, Case{Row: -1, Seeds: s[:p], Relevant: s[p : p+1]})
		}
	}
	return cases
}

// block is part f of the later half of n rows.
func block(n, f, folds int) (from, to int) {
	later := n - n/2
	return n/2 + later*f/folds, n/2 + later*(f+1)/folds
}

// rowsOf is the items of the rows [from, to), in m's memory.
func rowsOf(m *csr.Matrix, from, to int) [][]int32 {
	var out [][]int32
	for u := from; u < to; u++ {
		items, _ := m.Row(u)
		out = append(out, items)
	}
	return out
}

// dealHistories puts every entry of a row into a fold and makes a case of those of fold f.
func (d *Data) dealHistories(m *csr.Matrix, f, folds int, rng *rand.Rand) error {
	b := csr.NewBuilder(m.Cols)
	for u := range m.Rows {
		items, values := m.Row(u)
		fold := rng.Perm(len(items))
		shift := rng.IntN(folds)
		var relevant []int32
		for p, j := range items {
			x := float32(1)
			if values != nil {
				x = values[p]
			}
			if (fold[p]+shift)%folds != f {
				b.Add(j, x)
			} else if x > 0 && x >= d.Liked {
				relevant = append(relevant, j)
			}
		}
		if err := b.EndRow(); err != nil {
			return fmt.Errorf("row %d: %w", u, err)
		}
		if len(relevant) > 0 {
			d.Tests = append(d.Tests, Case{Row: int32(u), Relevant: relevant})
		}
	}
	d.Train, d.Ordered, d.Together = b.Matrix(), false, nil // what is to be found is no later part
	if m.Val == nil {
		d.Train.Val = nil
	}
	return nil
}

// dealOrders puts every row into a fold and makes cases of those of fold f.
func (d *Data) dealOrders(m *csr.Matrix, f, folds int, rng *rand.Rand) error {
	var past, held [][]int32
	for n, u := range rng.Perm(m.Rows) {
		items, _ := m.Row(u)
		if n%folds == f {
			held = append(held, items)
		} else {
			past = append(past, items)
		}
	}
	var err error
	if d.Train, err = csr.FromRows(past, m.Cols); err != nil {
		return fmt.Errorf("orders of the other folds: %w", err)
	}
	d.Tests = BasketCases(held, func(b []int32) []int32 { return b }, rng)
	return nil
}
