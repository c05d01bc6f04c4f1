package evaluate

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
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
func rebuiltFrom(t *testing.T, m *csr.Matrix, c *validationCase) *csr.Matrix {
	t.Helper()
	b := csr.NewBuilder(m.Cols)
	for i := range m.Rows {
		items, val := m.Row(i)
		for p, j := range items {
			if i == int(c.row) && metrics.Among(c.hidden)(j) {
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
func halve(m *csr.Matrix, u int) *validationCase {
	items, _ := m.Row(u)
	c := &validationCase{row: int32(u)}
	for p, j := range items {
		if p%2 == 0 {
			c.hidden = append(c.hidden, j)
		} else {
			c.known = append(c.known, j)
		}
	}
	return c
}

// rawScores adds up what a case's seeds give every item, by the validation's shortcut.
func rawScores(n int, g *neighbours.Graph, c *validationCase, add func(r *rank.Ranker, t *caseScratch)) []float32 {
	r, t := rank.NewRanker(n), newCaseScratch(n)
	t.begin(g.Users(), c)
	add(r, t)
	return r.Scores()
}

// The oracle takes the hidden entries out of the data and builds the model again.
func TestOwnOutEqualsRebuilding(t *testing.T) {
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
				checkTwoHop(t, m, halve(m, u))
			}
		})
	}
}

func checkEASE(t *testing.T, m *csr.Matrix, c *validationCase) {
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
	s := &easeScores{graph: g, precision: p, lists: lists}
	u := newUpdate(m.Cols)
	got := rawScores(m.Cols, g, c, func(r *rank.Ranker, tr *caseScratch) {
		u.begin(s, tr)
		for q, i := range tr.seeds {
			s.addList(r, tr, u, i, tr.values[q])
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

func checkTwoHop(t *testing.T, m *csr.Matrix, c *validationCase) {
	t.Helper()
	hop := neighbours.TwoHop{UserExponent: 0, TargetExponent: .4}
	g, err := neighbours.NewGraph(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := neighbours.Build(g, hop.Similarity(g), neighbours.Options{K: m.Cols, KeepCounts: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &listScores{graph: g, sim: hop.Similarity(g), lists: lists}
	got := rawScores(m.Cols, g, c, func(r *rank.Ranker, tr *caseScratch) {
		for q, i := range tr.seeds {
			s.addList(r, tr, i, tr.values[q], tr.values[q])
		}
	})
	rebuilt, err := neighbours.NewGraph(rebuiltFrom(t, m, c), nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := neighbours.Build(rebuilt, hop.Similarity(rebuilt), neighbours.Options{K: m.Cols})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, got, scoresOf(rebuilt, want, c), c)
}

// scoresOf adds up the lists of the known items of a case's row.
func scoresOf(g *neighbours.Graph, l *neighbours.Lists, c *validationCase) []float32 {
	out := make([]float32, l.N())
	seeds, values := g.Users().Row(int(c.row))
	for p, i := range seeds {
		items, weights := l.Of(i)
		for q, j := range items {
			out[j] += values[p] * weights[q]
		}
	}
	return out
}

// compare looks at the items that can be recommended: those that are not known.
func compare(t *testing.T, got, want []float32, c *validationCase) {
	t.Helper()
	known := metrics.Among(c.known)
	for j := range want {
		if known(int32(j)) {
			continue
		}
		if d := math.Abs(float64(got[j] - want[j])); d > 1e-4*(1+math.Abs(float64(want[j]))) {
			t.Errorf("row %d, item %d: %v own-out, %v rebuilt", c.row, j, got[j], want[j])
		}
	}
}
