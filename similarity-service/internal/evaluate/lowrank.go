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
	// lowRankPoints bounds the points tried.
	lowRankPoints = 16
	// lowRankWalk bounds the steps towards the random walk.
	lowRankWalk = 4
)

// lowTerm is the term of one set of lists: w(i→j) gains strength·d_i^½·d_j^{½−β}·v_i·v_j, which treats
// strength·√(d_i·d_j)·v_i·v_j as further co-counts.
type lowTerm struct {
	vectors        *closedform.LowRank
	source, target []float64 // d_i^½ and d_j^{½−β}
	extra          []float32 // parallel to the weights of lists that are scored, for strength 1
	strength       float32
	beta           float64
}

func newLowTerm(vectors *closedform.LowRank, g *neighbours.Graph, beta float64) *lowTerm {
	return &lowTerm{vectors: vectors, source: neighbours.Powers(g.Degree(), .5), target: neighbours.Powers(g.Degree(), .5-beta), beta: beta}
}

// of is the term of a pair for strength 1.
func (l *lowTerm) of(i, j int32) float32 {
	return float32(l.source[i]*l.target[j]) * l.vectors.Term(i, j)
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

// searchLowRank looks for the strength of the term at the point that the two-hop search chose. It returns nil when no
// strength other than zero helps or the vectors do not fit the budget. Without a two-hop search before it, it makes one.
func (s *search) searchLowRank() (*candidate, error) {
	rank := s.rank()
	if rank == 0 || s.standing == easeAhead {
		return nil, nil
	}
	if s.twoHop == nil {
		if _, err := s.searchTwoHop(); err != nil {
			return nil, err
		}
	}
	l := &lowSearch{search: s, held: s.held.first(searchCases), rank: rank, byTarget: map[float64]*listScores{}}
	base := s.twoHop.point
	g, err := s.graph(base, l.held.rows, l.held.until)
	if err != nil {
		return nil, err
	}
	if l.vectors, err = closedform.NewLowRank(g, rank, s.o.vectorSeed(), s.o.Stop); err != nil {
		return nil, err
	}
	best := &candidate{}
	at, _, err := patternSearch(l.axes(TwoHopLowRank, axis{name: Strength, step: .2, last: .05, low: -2, top: 2}), lowRankPoints, func(at []float64) (float64, error) {
		c, err := l.validate(base, at[0])
		if err != nil {
			return 0, err
		}
		if best.better(c) {
			best = c
		}
		return metrics.Mean(c.cases).NDCG, nil
	})
	if err != nil || at[0] == 0 {
		return nil, err
	}
	return l.towardsRandomWalk(best)
}

// towardsRandomWalk lowers the target exponent while the loss is within the noise, as the two-hop search does: the term
// has changed what the exponent had to do.
func (l *lowSearch) towardsRandomWalk(best *candidate) (*candidate, error) {
	at := best
	for range lowRankWalk {
		p := at.point
		if l.held.cases[0].row < 0 || p.hop.TargetExponent <= 0 || l.isPinned(TwoHop, TargetExponent) {
			break
		}
		p.hop.TargetExponent = round(max(p.hop.TargetExponent-.03, 0))
		c, err := l.validate(p, at.strength)
		if err != nil {
			return nil, err
		}
		if !tied(best.cases, c.cases) {
			break
		}
		at = c
	}
	return at, nil
}

// lowSearch is the state of the search for the low-rank term.
type lowSearch struct {
	*search
	held     *validation
	rank     int
	vectors  *closedform.LowRank
	byTarget map[float64]*listScores // the lists of the target exponent in use
}

// validate scores the term of the given strength at point p. Only the target exponent needs new lists.
func (l *lowSearch) validate(p twoHopPoint, strength float64) (*candidate, error) {
	scores, ok := l.byTarget[p.hop.TargetExponent]
	if !ok {
		clear(l.byTarget) // lists are large: keep the last
		var err error
		if scores, err = l.search.validate(p, l.held); err != nil {
			return nil, err
		}
		scores.low = newLowTerm(l.vectors, scores.graph, p.hop.TargetExponent)
		if err := l.addTerm(scores.lists, scores.low); err != nil {
			return nil, err
		}
		l.byTarget[p.hop.TargetExponent] = scores
	}
	scores.low.strength = float32(strength)
	cases, err := scores.accuracy(l.held, l.o, p.seeding(scores.graph))
	return l.lowRankCandidate(p, l.rank, strength, cases), err
}

// addTerm fills the term of every listed pair, for strength 1.
func (s *search) addTerm(l *neighbours.Lists, low *lowTerm) error {
	low.extra = make([]float32, len(l.Weight))
	return neighbours.Blocks(l.N(), neighbours.Options{Workers: s.o.Workers, Stop: s.o.Stop}, func() func(int) {
		return func(i int) {
			items, _ := l.Of(int32(i))
			for p, j := range items {
				low.extra[i*l.K+p] = low.of(int32(i), j)
			}
		}
	})
}

func (s *search) lowRankCandidate(base twoHopPoint, rank int, strength float64, cases []metrics.Accuracy) *candidate {
	parameters := base.parameters(s)
	parameters["low_rank"], parameters["strength"] = rank, strength
	return &candidate{
		name: TwoHopLowRank, parameters: parameters, cases: cases, point: base, rank: rank, strength: strength,
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
	vectors, err := s.fullVectors(g, rank)
	if err != nil {
		return nil, nil, err
	}
	low := newLowTerm(vectors, g, base.hop.TargetExponent)
	source := neighbours.Powers(g.Degree(), -base.hop.SourceExponent)
	items, k := model.Lists.Items, model.Lists.K
	model.Lists.Reweigh(func(i int32, p int, w float32) float32 {
		return w + float32(strength*source[i])*low.of(i, items[int(i)*k+p])
	})
	return model, rows, nil
}

// fullVectors returns the vectors of the whole training part's graph, found once per search.
func (s *search) fullVectors(g *neighbours.Graph, rank int) (*closedform.LowRank, error) {
	if s.vectors == nil || s.vectors.Rank != rank {
		vectors, err := closedform.NewLowRank(g, rank, s.o.vectorSeed(), s.o.Stop)
		if err != nil {
			return nil, err
		}
		s.vectors = vectors
	}
	return s.vectors, nil
}
