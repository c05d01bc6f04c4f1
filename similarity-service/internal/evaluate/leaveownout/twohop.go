package leaveownout

import (
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/mmap"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// TwoHop scores lists whose counts and similarity are known, subtracting each case's own share.
type TwoHop struct {
	Graph      *neighbours.Graph // with every row, the hidden parts included
	Similarity *neighbours.Similarity
	Lists      *neighbours.Lists // without the source exponent; with Counts when the cases have rows
	LowRank    *LowRank          // nil for none
	Arena      *mmap.Arena       // that the lists lie in, nil for memory
}

// Close gives up the lists.
func (s *TwoHop) Close() {
	_ = s.Arena.Close() // what cannot be unmapped stays until the process ends
}

// laidOut is a case with its row's part in the vectors of a low-rank term.
type laidOut struct {
	*validation.Scratch
	own   []float32
	steps []int32 // of the entries of its row
	step  []int32 // by item of the row, length n where histories have an order
}

// order lays out the steps of the case's row.
func (t *laidOut) order(g *neighbours.Graph) {
	if t.Row < 0 {
		return
	}
	if t.steps = g.Steps(t.Row, t.steps); t.steps == nil {
		return
	}
	if t.step == nil {
		t.step = make([]int32, g.Items())
	}
	items, _ := g.Users().Row(int(t.Row))
	for p, j := range items {
		t.step[j] = t.steps[p]
	}
}

// Accuracy ranks every case of v, in parallel; the figures are in the order of the cases.
func (s *TwoHop) Accuracy(v *validation.Set, how Seeding, o rank.Options) ([]metrics.Accuracy, error) {
	n := s.Graph.Items()
	scale := neighbours.Powers(s.Graph.Degree(), -how.SourceExponent)
	return v.Each(o, n, func(r *rank.Ranker) func(*validation.Case) []int32 {
		t := &laidOut{Scratch: validation.NewScratch(n)}
		return func(c *validation.Case) []int32 {
			t.Begin(s.Graph.Users(), c)
			t.order(s.Graph)
			r.Mask(t.Exclude)
			if s.LowRank != nil && t.Row >= 0 {
				t.own = s.LowRank.vectors.Own(t.Row, t.own)
			}
			for p, i := range t.Seeds {
				f := rank.Decay(how.HalfLife, len(t.Seeds)-1-p) * t.Values[p] * float32(scale[i])
				s.addList(r, t, i, t.Values[p], f)
			}
			return r.Take(o.K)
		}
	})
}

// addList adds the list of seed i, whose value in the row is x, times f.
func (s *TwoHop) addList(r *rank.Ranker, t *laidOut, i int32, x, f float32) {
	items, weights := s.Lists.Of(i)
	from := s.Lists.Start(i)
	for q, j := range items {
		w := weights[q]
		own := t.Hidden[j]
		if own != 0 {
			product := x * own
			if t.step != nil {
				product *= s.Graph.Apart(t.step[i], t.step[j])
			}
			w = s.without(t, i, j, product, s.Lists.Counts[from+q])
			if full := len(items) == s.Lists.K; full && abs(w) < abs(weights[len(weights)-1]) {
				w = 0 // without this user the pair would have been cut
			}
		}
		if w == 0 {
			continue
		}
		switch {
		case s.LowRank == nil:
		case own != 0:
			w += s.LowRank.without(s.Graph, t, i, j)
		default:
			w += s.LowRank.Strength * s.LowRank.extra[from+q]
		}
		r.Add(j, f*w)
	}
}

// without is w(i→j) with the row's own share product·w_u taken out of the co-count and out of the target's degree.
func (s *TwoHop) without(t *laidOut, i, j int32, product, count float32) float32 {
	left := float64(count) - s.Graph.RowWeight(t.Row)*float64(product)
	if left <= 1e-5*float64(count) {
		return 0 // what remains is rounding
	}
	degree := s.Graph.Degree()[j] - s.Graph.RowBase(t.Row)*math.Abs(float64(t.Hidden[j]))
	return float32(s.Similarity.Pair(i, left, degree))
}

func abs(x float32) float32 { return float32(math.Abs(float64(x))) }
