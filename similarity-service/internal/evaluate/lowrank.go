package evaluate

import (
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// TwoHopLowRank is the two-hop family with a low-pass term added to the co-counts of listed pairs.
const TwoHopLowRank = "two_hop_low_rank"

const (
	// maxRank is the largest number of singular vectors; what is beyond them is mostly noise in data of this kind.
	maxRank = 128
	// rowsPerVector keeps the vectors few beside the rows, so that no row holds a large part of one: a row's share is
	// taken out of the vectors only to first order.
	rowsPerVector, itemsPerVector, minRank = 50, 4, 8
	// lowRankShare of the budget may go into the vectors, at lowRankSeconds per multiply-add.
	lowRankShare   = .2
	lowRankSeconds = .5e-9
	// lowRankPoints bounds the strengths tried.
	lowRankPoints = 12
)

// lowTerm is the term of one set of lists: w(i→j) gains strength·d_i^½·d_j^{½−β}·v_i·v_j, which treats
// strength·√(d_i·d_j)·v_i·v_j as further co-counts.
type lowTerm struct {
	vectors  *closedform.LowRank
	extra    []float32 // parallel to the lists' weights, for strength 1
	strength float32
	beta     float64
}

// without is the term of a hidden pair after row t.row's entry at j is taken out.
func (l *lowTerm) without(g *neighbours.Graph, t *trial, i, j int32) float32 {
	degree := g.Degree()[j] - g.RowBase(t.row)*math.Abs(float64(t.hidden[j]))
	if degree <= 0 {
		return 0
	}
	scale := math.Sqrt(g.Degree()[i]) * math.Pow(degree, .5-l.beta)
	return l.strength * float32(scale) * l.vectors.TermWithout(i, j, t.row, t.hidden[j], t.own)
}

// rank is the number of vectors that suits the data, 0 when it is too small or they do not fit their share of the budget.
func (s *search) rank() int {
	m := s.data.Train
	rank := min(maxRank, m.Rows/rowsPerVector, m.Cols/itemsPerVector)
	products := (8*float64(m.NNZ()) + 16*float64(m.Cols)*float64(rank)) * float64(rank)
	if rank < minRank || products*lowRankSeconds > lowRankShare*s.o.BudgetSeconds {
		return 0
	}
	return rank
}

// searchLowRank looks for the strength of the term at the point that the two-hop search chose; nil when no strength other
// than zero helps or the vectors do not fit the budget. Without a two-hop search it makes one.
func (s *search) searchLowRank() (*candidate, error) {
	rank := s.rank()
	if rank == 0 {
		return nil, nil
	}
	if s.twoHop == nil {
		if _, err := s.searchTwoHop(); err != nil {
			return nil, err
		}
	}
	base := s.twoHop.point
	held := s.held.first(searchCases)
	scores, err := s.validate(base, held)
	if err != nil {
		return nil, err
	}
	vectors, err := closedform.NewLowRank(scores.graph, rank, s.o.Seed, s.o.Stop)
	if err != nil {
		return nil, err
	}
	scores.low = &lowTerm{vectors: vectors, beta: base.hop.TargetExponent, extra: make([]float32, len(scores.lists.Weight))}
	if err := s.addTerm(scores.lists, scores.low, scores.graph); err != nil {
		return nil, err
	}
	best := &candidate{}
	at, _, err := patternSearch([]axis{{name: "strength", step: .1, last: .02, low: -1, top: 2}}, lowRankPoints, func(at []float64) (float64, error) {
		scores.low.strength = float32(at[0])
		cases, err := scores.accuracy(held, s.o, base.seeding(scores.graph))
		if c := s.lowRankCandidate(base, rank, at[0], cases); err == nil && best.better(c) {
			best = c
		}
		return metrics.Mean(cases).NDCG, err
	})
	if err != nil || at[0] == 0 {
		return nil, err
	}
	return best, nil
}

// addTerm fills the term of every listed pair, for strength 1.
func (s *search) addTerm(l *neighbours.Lists, low *lowTerm, g *neighbours.Graph) error {
	source, target := neighbours.Powers(g.Degree(), .5), neighbours.Powers(g.Degree(), .5-low.beta)
	return neighbours.Blocks(l.N(), neighbours.Options{Workers: s.o.Workers, Stop: s.o.Stop}, func() func(int) {
		return func(i int) {
			items, _ := l.Of(int32(i))
			for p, j := range items {
				low.extra[i*l.K+p] = float32(source[i]*target[j]) * low.vectors.Term(int32(i), j)
			}
		}
	})
}

func (s *search) lowRankCandidate(base twoHopPoint, rank int, strength float64, cases []metrics.Accuracy) *candidate {
	parameters := base.parameters(s)
	parameters["low_rank"], parameters["strength"] = rank, strength
	return &candidate{
		name: TwoHopLowRank, parameters: parameters, cases: cases,
		build: func(s *search) (*Model, *csr.Matrix, error) { return s.buildLowRank(base, rank, strength) },
	}
}

// buildLowRank builds the two-hop lists of base on the whole training part and adds the term to them.
func (s *search) buildLowRank(base twoHopPoint, rank int, strength float64) (*Model, *csr.Matrix, error) {
	model, rows, err := s.buildTwoHop(base)
	if err != nil {
		return nil, nil, err
	}
	g, err := s.graph(base, s.data.Train.Rows, s.data.Until)
	if err != nil {
		return nil, nil, err
	}
	vectors, err := closedform.NewLowRank(g, rank, s.o.Seed, s.o.Stop)
	if err != nil {
		return nil, nil, err
	}
	low := &lowTerm{vectors: vectors, beta: base.hop.TargetExponent, extra: make([]float32, len(model.Lists.Weight))}
	if err := s.addTerm(model.Lists, low, g); err != nil {
		return nil, nil, err
	}
	source := neighbours.Powers(g.Degree(), -base.hop.SourceExponent)
	model.Lists = model.Lists.Mapped(func(i int32, p int, w float32) float32 {
		return w + float32(strength*source[i])*low.extra[int(i)*model.Lists.K+p]
	})
	return model, rows, nil
}
