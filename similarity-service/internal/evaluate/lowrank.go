package evaluate

import (
	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/leaveownout"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/pattern"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
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
	lowRankPoints = 24
)

// lowRank is one member: a point of the two-hop family and the term.
type lowRank struct {
	weighing
	Rank       int     `json:"low_rank,omitempty"`
	Strength   float64 `json:"strength,omitempty"`
	VectorSeed uint64  `json:"vector_seed,omitempty"` // starts the vectors
}

func (p lowRank) twoHop() twoHop { return twoHop{p.weighing} }

func lowRankFamily(relations []string) family {
	return family{
		name: TwoHopLowRank, relations: relations, base: TwoHop, search: searchLowRank,
		parameters: []Parameter{{Strength, "", -10, 10, "weight of the low-rank term; its other parameters are those of two_hop"}},
		read:       func(r *Recipe) (member, error) { return decode(r, lowRank{weighing: weighing{LogHalfLife: noDecay}}) },
	}
}

// rank is the number of vectors that suits the data, 0 when it is too small or they do not fit their share of the budget.
func (s *search) rank() int {
	m := s.train
	rank := min(maxRank, m.Rows/rowsPerVector, m.Cols/itemsPerVector)
	products := (8*float64(m.NNZ()) + 16*float64(m.Cols)*float64(rank)) * float64(rank)
	if rank < minRank || products*lowRankSeconds > lowRankShare*s.o.BudgetSeconds {
		return 0
	}
	return rank
}

// searchLowRank looks for the strength of the term, and again for the target exponent, from the point that the two-hop search chose. It
// returns nil when no strength other than zero helps or the vectors do not fit the budget. Without a two-hop search before it, it makes
// one.
func searchLowRank(s *search) (*candidate, error) {
	rank := s.rank()
	if rank == 0 || s.verdict == easeAhead {
		return nil, nil
	}
	base, err := s.bestTwoHop()
	if err != nil {
		return nil, err
	}
	p := lowRank{weighing: base.at.weighing, Rank: rank, VectorSeed: s.o.Seed}
	l, err := s.lowScores(p, s.heldOut.Guide())
	if err != nil {
		return nil, err
	}
	defer l.close()
	best := &scored[lowRank]{}
	axes := append(s.axes(TwoHopLowRank, pattern.Axis{Name: Strength, Step: .2, Last: .05, Low: -2, High: 2}),
		s.axes(TwoHop, pattern.Axis{Name: TargetExponent, Start: p.TargetExponent, Step: .06, Last: .03, Low: -.3, High: 1})...)
	at, _, err := pattern.Search(axes, lowRankPoints, func(at []float64) (float64, error) {
		p.Strength, p.TargetExponent = at[0], at[1]
		c, err := l.score(p)
		if err != nil {
			return 0, err
		}
		if best.better(c) {
			best = c
		}
		return c.ndcg(), nil
	})
	if err != nil || at[0] == 0 {
		return nil, err
	}
	return confirmed(s, TwoHopLowRank, best)
}

// lowScores scores the term at points that have the user exponent, the reading and the half-life of the one that its vectors were found
// for.
type lowScores struct {
	*search
	heldOut  *validation.Set
	vectors  *closedform.LowRank
	byTarget map[float64]*leaveownout.TwoHop // the lists of the target exponent in use
}

// lowScores finds the vectors of a point once; the caller closes what it gets.
func (s *search) lowScores(p lowRank, heldOut *validation.Set) (*lowScores, error) {
	g, err := s.graph(p.weighing, heldOut.Rows, heldOut.Until)
	if err != nil {
		return nil, err
	}
	vectors, err := closedform.NewLowRank(g, p.Rank, p.VectorSeed, s.o.Stop)
	return &lowScores{search: s, heldOut: heldOut, vectors: vectors, byTarget: map[float64]*leaveownout.TwoHop{}}, err
}

// close gives up the lists.
func (l *lowScores) close() {
	for _, scores := range l.byTarget {
		scores.Close()
	}
	clear(l.byTarget)
}

// score validates p. Only the target exponent needs new lists.
func (l *lowScores) score(p lowRank) (*scored[lowRank], error) {
	scores, ok := l.byTarget[p.TargetExponent]
	if !ok {
		l.close() // lists are large: keep the last
		var err error
		if scores, err = l.scores(p.twoHop(), l.heldOut); err != nil {
			return nil, err
		}
		scores.LowRank = leaveownout.NewLowRank(l.vectors, scores.Graph, p.TargetExponent)
		if err := scores.LowRank.Fill(scores.Lists, l.o.build()); err != nil {
			scores.Close()
			return nil, err
		}
		l.byTarget[p.TargetExponent] = scores
	}
	scores.LowRank.Strength = float32(p.Strength)
	cases, err := scores.Accuracy(l.heldOut, p.seeding(), l.o.ranking())
	l.tried(p, cases)
	return &scored[lowRank]{p, cases}, err
}

func (p lowRank) parameters(s *search) map[string]any {
	out := p.weighing.parameters(s)
	out["low_rank"], out["strength"] = p.Rank, p.Strength
	return out
}

func (p lowRank) validate(s *search, heldOut *validation.Set) ([]metrics.Accuracy, error) {
	l, err := s.lowScores(p, heldOut)
	if err != nil {
		return nil, err
	}
	defer l.close()
	c, err := l.score(p)
	if err != nil {
		return nil, err
	}
	return c.cases, nil
}

// build adds the term to the two-hop lists.
func (p lowRank) build(s *search) (*rank.Model, error) {
	t, err := p.twoHop().build(s)
	if err != nil {
		return nil, err
	}
	g, err := s.whole(p.weighing)
	if err != nil {
		return nil, err
	}
	vectors, err := s.fullVectors(g, p)
	if err != nil {
		return nil, err
	}
	low := leaveownout.NewLowRank(vectors, g, p.TargetExponent)
	source := neighbours.Powers(g.Degree(), -p.SourceExponent)
	items, k := t.Lists.Items, t.Lists.K
	t.Lists.Reweigh(func(i int32, at int, w float32) float32 {
		return w + float32(p.Strength*source[i])*low.Of(i, items[int(i)*k+at])
	})
	return t, nil
}

// fullVectors returns the vectors of the whole training part's graph, found once per search.
func (s *search) fullVectors(g *neighbours.Graph, p lowRank) (*closedform.LowRank, error) {
	if s.vectors == nil || s.vectors.Rank != p.Rank {
		vectors, err := closedform.NewLowRank(g, p.Rank, p.VectorSeed, s.o.Stop)
		if err != nil {
			return nil, err
		}
		s.vectors = vectors
	}
	return s.vectors, nil
}
