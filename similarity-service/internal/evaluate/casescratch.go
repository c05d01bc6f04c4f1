package evaluate

import (
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/mmap"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// seeding says how seeds weigh besides the lists: what can be changed without building lists
// anew.
type seeding struct {
	scale    []float64 // per item; nil means one
	halfLife float64   // in later seeds; 0 means none
}

// listScores validates lists whose counts and similarity are known, subtracting each case's own share.
type listScores struct {
	graph *neighbours.Graph
	sim   *neighbours.Similarity
	lists *neighbours.Lists // with Counts when any case has a row
	low   *lowTerm          // nil for none
	arena *mmap.Arena       // that the lists lie in
}

// close gives up the lists.
func (s *listScores) close() {
	_ = s.arena.Close() // what cannot be unmapped stays until the process ends
}

// accuracy ranks every case of v under the given seeding, in parallel; the figures are in the
// order of the cases.
func (s *listScores) accuracy(v *validation, o Options, how seeding) ([]metrics.Accuracy, error) {
	n := s.graph.Items()
	return v.each(o.ranking(), n, func(r *rank.Ranker) func(*validationCase) []int32 {
		t := newCaseScratch(n)
		return func(c *validationCase) []int32 {
			t.begin(s.graph.Users(), c)
			r.Mask(t.exclude)
			if s.low != nil && t.row >= 0 {
				t.own = s.low.vectors.Own(t.row, t.own)
			}
			for p, i := range t.seeds {
				f := rank.Decay(how.halfLife, len(t.seeds)-1-p) * t.values[p]
				if how.scale != nil {
					f *= float32(how.scale[i])
				}
				s.addList(r, t, i, t.values[p], f)
			}
			return r.Take(o.K)
		}
	})
}

// addList adds the list of seed i, whose value in the row is x, times f.
func (s *listScores) addList(r *rank.Ranker, t *caseScratch, i int32, x, f float32) {
	items, weights := s.lists.Of(i)
	from := s.lists.Start(i)
	for q, j := range items {
		w := weights[q]
		own := t.hidden[j]
		if own != 0 {
			w = s.without(t, i, j, x*own, s.lists.Counts[from+q])
			if full := len(items) == s.lists.K; full && abs(w) < abs(weights[len(weights)-1]) {
				w = 0 // without this user the pair would have been cut
			}
		}
		if w == 0 {
			continue
		}
		switch {
		case s.low == nil:
		case own != 0:
			w += s.low.without(s.graph, t, i, j)
		default:
			w += s.low.strength * s.low.extra[from+q]
		}
		r.Add(j, f*w)
	}
}

// without is w(i→j) with the row's own share product·w_u taken out of the co-count and out of the target's degree.
func (s *listScores) without(t *caseScratch, i, j int32, product, count float32) float32 {
	left := float64(count) - s.graph.RowWeight(t.row)*float64(product)
	if left <= 1e-5*float64(count) {
		return 0 // what remains is rounding
	}
	degree := s.graph.Degree()[j] - s.graph.RowBase(t.row)*math.Abs(float64(t.hidden[j]))
	return float32(s.sim.Pair(i, left, degree))
}

func abs(x float32) float32 { return float32(math.Abs(float64(x))) }

// caseScratch is one case laid out for scoring: known seeds with values, and the hidden entries
// by item. It is reused from case to case, and of one goroutine.
type caseScratch struct {
	row     int32 // −1 for a case of a basket or a session
	seeds   []int32
	values  []float32
	exclude []int32
	hidden  []float32 // value in the row of a hidden item, else 0; length n
	isHid   []bool    // which items are hidden, also those of the value 0 under this reading
	last    []int32   // the hidden items of the case before
	own     []float32 // the row's part in the vectors of a low-rank term
}

// newCaseScratch returns a scratch for n items.
func newCaseScratch(n int) *caseScratch {
	return &caseScratch{hidden: make([]float32, n), isHid: make([]bool, n)}
}

// begin lays out case c over the rows of m.
func (t *caseScratch) begin(m *csr.Matrix, c *validationCase) {
	for _, j := range t.last {
		t.hidden[j], t.isHid[j] = 0, false
	}
	t.row, t.last = c.row, c.hidden
	t.seeds, t.values, t.exclude = t.seeds[:0], t.values[:0], t.exclude[:0]
	if c.row < 0 {
		for _, i := range c.seeds {
			t.seeds, t.values = append(t.seeds, i), append(t.values, 1)
		}
		t.exclude = append(t.exclude, c.known...)
		return
	}
	for _, j := range c.hidden {
		t.isHid[j] = true
	}
	items, val := m.Row(int(c.row))
	for p, i := range items {
		x := float32(1)
		if val != nil {
			x = val[p]
		}
		if t.isHid[i] {
			t.hidden[i] = x
			continue
		}
		t.seeds, t.values = append(t.seeds, i), append(t.values, x)
	}
	t.exclude = append(t.exclude, c.known...)
}
