package leaveownout

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// randomMatrix draws a users × items matrix with values 1…3, or ones.
func randomMatrix(t *testing.T, users, items int, valued bool) *csr.Matrix {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	b := csr.NewBuilder(items)
	for range users {
		for j := range items {
			if rng.Float64() < .4 {
				b.Add(int32(j), float32(1+rng.IntN(3)))
			}
		}
		if err := b.EndRow(); err != nil {
			t.Fatal(err)
		}
	}
	m := b.Matrix()
	if !valued {
		m.Val = nil
	}
	return m
}

// rebuiltFrom returns m with the hidden items taken out of row u.
func rebuiltFrom(t *testing.T, m *csr.Matrix, c *validation.Case) *csr.Matrix {
	t.Helper()
	b := csr.NewBuilder(m.Cols)
	for i := range m.Rows {
		items, val := m.Row(i)
		for p, j := range items {
			if i == int(c.Row) && metrics.Among(c.Hidden)(j) {
				continue
			}
			x := float32(1)
			if val != nil {
				x = val[p]
			}
			b.Add(j, x)
		}
		if err := b.EndRow(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Matrix()
}

// halve makes the case of row u in which every other item is hidden.
func halve(m *csr.Matrix, u int) *validation.Case {
	items, _ := m.Row(u)
	c := &validation.Case{Row: int32(u)}
	for p, j := range items {
		if p%2 == 0 {
			c.Hidden = append(c.Hidden, j)
		} else {
			c.Known = append(c.Known, j)
		}
	}
	return c
}

// rawScores adds up what a case's seeds give every item, by the validation's shortcut.
func rawScores(n int, g *neighbours.Graph, c *validation.Case, add func(r *rank.Ranker, t *laidOut)) []float32 {
	r, t := rank.NewRanker(n), &laidOut{Scratch: validation.NewScratch(n)}
	t.Begin(g.Users(), c)
	t.order(g)
	add(r, t)
	return r.Scores()
}

// The oracle takes the hidden entries out of the data and builds the model again.
func TestLeaveOwnOutEqualsRebuilding(t *testing.T) {
	t.Parallel()
	const n = 12
	for name, valued := range map[string]bool{"ones": false, "valued": true} {
		t.Run("EASE "+name, func(t *testing.T) {
			t.Parallel()
			m := randomMatrix(t, 30, n, valued)
			for u := range 5 {
				checkEASE(t, m, halve(m, u))
			}
		})
		t.Run("two-hop "+name, func(t *testing.T) {
			t.Parallel()
			m := randomMatrix(t, 30, n, valued)
			for u := range 5 {
				checkTwoHop(t, m, halve(m, u), neighbours.Order{})
			}
		})
		t.Run("two-hop in order "+name, func(t *testing.T) {
			t.Parallel()
			m := randomMatrix(t, 30, n, valued)
			for u := range 5 {
				checkTwoHop(t, m, lastThird(m, u), neighbours.Order{Direction: .4, Nearness: .5})
			}
		})
	}
}

// lastThird makes the case of row u in which its last entries are hidden.
func lastThird(m *csr.Matrix, u int) *validation.Case {
	items, _ := m.Row(u)
	known := len(items) - len(items)/3
	return &validation.Case{Row: int32(u), Known: items[:known], Hidden: items[known:]}
}

// everyThird marks the entries of rows that came with the one before them; none of them begins a last third.
func everyThird(m *csr.Matrix) (together csr.Marks) {
	for u := range m.Rows {
		n := m.RowPtr[u+1] - m.RowPtr[u]
		for p := 1; p < n; p += 3 {
			if p != n-n/3 {
				together.Add(m.RowPtr[u] + p)
			}
		}
	}
	return together
}

func checkEASE(t *testing.T, m *csr.Matrix, c *validation.Case) {
	t.Helper()
	const lambda = 2.
	all := neighbours.Options{K: m.Cols}
	g, err := neighbours.NewGraph(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	gram, err := closedform.Gram(g, all)
	if err != nil {
		t.Fatal(err)
	}
	p, err := closedform.Precision(gram, lambda, all)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := closedform.Lists(p, all)
	if err != nil {
		t.Fatal(err)
	}
	s := &EASE{Graph: g, Precision: p, Lists: lists}
	u := newUpdate(m.Cols)
	got := rawScores(m.Cols, g, c, func(r *rank.Ranker, tr *laidOut) {
		u.begin(s, tr.Scratch)
		for q, i := range tr.Seeds {
			s.addList(r, tr.Scratch, u, i, tr.Values[q])
		}
	})
	rebuilt, err := neighbours.NewGraph(rebuiltFrom(t, m, c), nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := closedform.EASE(rebuilt, lambda, all)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, got, scoresOf(rebuilt, want, c), c)
}

func checkTwoHop(t *testing.T, m *csr.Matrix, c *validation.Case, o neighbours.Order) {
	t.Helper()
	hop := neighbours.TwoHop{UserExponent: 0, TargetExponent: .4}
	g, err := neighbours.NewGraph(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	g = g.WithOrder(o, everyThird(m))
	lists, err := neighbours.Build(g, hop.Similarity(g), neighbours.Options{K: m.Cols, KeepCounts: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &TwoHop{Graph: g, Similarity: hop.Similarity(g), Lists: lists}
	got := rawScores(m.Cols, g, c, func(r *rank.Ranker, tr *laidOut) {
		for q, i := range tr.Seeds {
			s.addList(r, tr, i, tr.Values[q], tr.Values[q])
		}
	})
	rebuilt, err := neighbours.NewGraph(rebuiltFrom(t, m, c), nil)
	if err != nil {
		t.Fatal(err)
	}
	all := &dataset.Data{Train: m, Together: everyThird(m)}
	rebuilt = rebuilt.WithOrder(o, all.TogetherIn(rebuilt.Users()))
	want, err := neighbours.Build(rebuilt, hop.Similarity(rebuilt), neighbours.Options{K: m.Cols})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, got, scoresOf(rebuilt, want, c), c)
}

// scoresOf adds up the lists of the known items of a case's row.
func scoresOf(g *neighbours.Graph, l *neighbours.Lists, c *validation.Case) []float32 {
	out := make([]float32, l.N())
	seeds, values := g.Users().Row(int(c.Row))
	for p, i := range seeds {
		items, weights := l.Of(i)
		for q, j := range items {
			out[j] += values[p] * weights[q]
		}
	}
	return out
}

// compare looks at the items that can be recommended: those that are not known.
func compare(t *testing.T, got, want []float32, c *validation.Case) {
	t.Helper()
	known := metrics.Among(c.Known)
	for j := range want {
		if known(int32(j)) {
			continue
		}
		if d := math.Abs(float64(got[j] - want[j])); d > 1e-4*(1+math.Abs(float64(want[j]))) {
			t.Errorf("row %d, item %d: %v leave-own-out, %v rebuilt", c.Row, j, got[j], want[j])
		}
	}
}
