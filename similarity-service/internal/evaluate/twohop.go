package evaluate

import (
	"fmt"
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

const (
	daySeconds = 24 * 60 * 60
	// noDecay is the logarithm of a half-life in days beyond which rows do not age: 2¹² days are eleven years.
	noDecay = 12
	// pairSeconds and listSeconds are nominal costs of a pair update and of a scored list entry. They turn the search's
	// time budget into a number of evaluations that does not depend on the machine, so that the choice is reproducible.
	pairSeconds = 25e-9
	listSeconds = 8e-9
)

// twoHopPoint is one member of the two-hop family with everything around it.
type twoHopPoint struct {
	variant      int
	logHalfLife  float64 // of rows, log₂ days; noDecay or more for none
	hop          neighbours.TwoHop
	seedHalfLife float64
	llr          bool
}

// parameters names the point's values for a report.
func (p twoHopPoint) parameters(s *search) map[string]any {
	out := map[string]any{}
	if !p.llr {
		out["user_exponent"], out["source_exponent"], out["target_exponent"] = p.hop.UserExponent, p.hop.SourceExponent, p.hop.TargetExponent
	}
	if len(s.variants) > 1 {
		out["values"] = s.variants[p.variant].name
	}
	if p.logHalfLife < noDecay {
		out["half_life_days"] = math.Round(math.Exp2(p.logHalfLife)*10) / 10
	}
	if p.seedHalfLife > 0 {
		out["seed_half_life"] = p.seedHalfLife
	}
	return out
}

// graph returns the graph of a variant's first rows, aged to the moment until.
func (s *search) graph(p twoHopPoint, rows int, until int64) (*neighbours.Graph, error) {
	key := graphKey{p.variant, p.logHalfLife, rows}
	g, ok := s.graphs[key]
	if !ok {
		clear(s.graphs) // one at a time: a graph takes as much memory as the data
		var err error
		g, err = neighbours.NewGraph(s.variants[p.variant].matrix.First(rows).Latest(s.o.HistoryCap), s.ages(p.logHalfLife, rows, until))
		if err != nil {
			return nil, fmt.Errorf("graph of %d rows: %w", rows, err)
		}
		s.graphs[key] = g
	}
	return g.WithUserExponent(p.hop.UserExponent), nil
}

type graphKey struct {
	variant     int
	logHalfLife float64
	rows        int
}

// ages returns the weights of the first rows by their age at until, nil when nothing ages.
func (s *search) ages(logHalfLife float64, rows int, until int64) []float64 {
	if s.data.RowTimes == nil || logHalfLife >= noDecay {
		return nil
	}
	out := make([]float64, rows)
	halfLife := math.Exp2(logHalfLife) * daySeconds
	for u := range out {
		out[u] = math.Exp2(-math.Max(float64(until-s.data.RowTimes[u]), 0) / halfLife)
	}
	return out
}

// validate builds the lists of a point for the validation part, without the source exponent, which scales seeds alike.
func (s *search) validate(p twoHopPoint, held *validation) (*listScores, error) {
	g, err := s.graph(p, held.rows, held.until)
	if err != nil {
		return nil, err
	}
	sim := neighbours.LLR(g)
	if !p.llr {
		sim = neighbours.TwoHop{UserExponent: p.hop.UserExponent, TargetExponent: p.hop.TargetExponent}.Similarity(g)
	}
	needed := held.neededRows(s.variants[p.variant].matrix)
	lists, err := neighbours.Build(g, sim, neighbours.Options{
		K: s.o.Neighbours, Workers: s.o.Workers, Rows: needed, KeepCounts: held.cases[0].row >= 0, Stop: s.o.Stop,
	})
	return &listScores{graph: g, sim: sim, lists: lists}, err
}

// seeding is how the seeds of a point weigh over lists without the source exponent.
func (p twoHopPoint) seeding(g *neighbours.Graph) seeding {
	if p.llr {
		return seeding{halfLife: p.seedHalfLife}
	}
	return seeding{scale: neighbours.Powers(g.Degree(), -p.hop.SourceExponent), halfLife: p.seedHalfLife}
}

// fixed validates one named point as it is.
func (s *search) fixed(name string, p twoHopPoint) (*candidate, error) {
	held := s.held.first(searchCases)
	scores, err := s.validate(p, held)
	if err != nil {
		return nil, err
	}
	cases, err := scores.accuracy(held, s.o, p.seeding(scores.graph))
	if err != nil {
		return nil, err
	}
	return s.twoHopCandidate(name, p, cases), nil
}

func (s *search) twoHopCandidate(name string, p twoHopPoint, cases []metrics.Accuracy) *candidate {
	return &candidate{
		name: name, parameters: p.parameters(s), cases: cases, point: p,
		build: func(s *search) (*Model, *csr.Matrix, error) { return s.buildTwoHop(p) },
	}
}

// buildTwoHop builds the model of a point on the whole training part.
func (s *search) buildTwoHop(p twoHopPoint) (*Model, *csr.Matrix, error) {
	g, err := s.graph(p, s.data.Train.Rows, s.data.Until)
	if err != nil {
		return nil, nil, err
	}
	sim := neighbours.LLR(g)
	if !p.llr {
		sim = p.hop.Similarity(g)
	}
	lists, err := neighbours.Build(g, sim, neighbours.Options{K: s.o.Neighbours, Workers: s.o.Workers, Stop: s.o.Stop, Progress: s.o.progress("build")})
	return &Model{Lists: lists, SeedHalfLife: p.seedHalfLife}, s.variants[p.variant].matrix, err
}

// twoHopInReach is searchTwoHop unless EASE leads clearly.
func (s *search) twoHopInReach() (*candidate, error) {
	if s.standing == easeAhead {
		return nil, nil
	}
	return s.searchTwoHop()
}

// searchTwoHop looks for the best point of the family and remembers it.
func (s *search) searchTwoHop() (*candidate, error) {
	c, err := s.bestTwoHop()
	s.twoHop = c
	return c, err
}

// bestTwoHop searches first for the reading of the values, then for exponents and half-life.
func (s *search) bestTwoHop() (*candidate, error) {
	start := s.pinned(TwoHop, twoHopStart())
	best, some := &candidate{}, s.held.first(searchCases)
	for at := range s.variants {
		p := start
		p.variant = at
		c, err := s.bestSeeding(p, some)
		if err != nil {
			return nil, err
		}
		if best.better(c) {
			best = c
		}
	}
	axes := s.axes(TwoHop,
		axis{name: TargetExponent, start: start.hop.TargetExponent, step: .15, last: .03, low: -.3, top: 1},
		axis{name: UserExponent, start: start.hop.UserExponent, step: .25, last: .1, low: -1.5, top: .5},
	)
	if s.data.RowTimes != nil {
		axes = append(axes, s.axes(TwoHop, axis{name: HalfLifeDays, start: 8, step: 1, last: .4, low: 2, top: noDecay})...)
	}
	limit := s.evaluations(best.point)
	variantAt, calls := best.point.variant, 0
	_, _, err := patternSearch(axes, limit, func(at []float64) (float64, error) {
		p := start
		p.variant, p.hop.TargetExponent, p.hop.UserExponent = variantAt, at[0], at[1]
		if len(at) > 2 {
			p.logHalfLife = at[2]
		}
		c, err := s.bestSeeding(p, some)
		if err != nil {
			return 0, err
		}
		if calls++; s.o.Progress != nil {
			s.o.Progress("search two_hop", min(calls, limit), limit)
		}
		if best.better(c) {
			best = c
		}
		return metrics.Mean(c.cases).NDCG, nil
	})
	if err != nil || s.held.cases[0].row < 0 {
		return best, err
	}
	return s.towardsRandomWalk(best, min(max(limit/2, 4), 12))
}

// towardsRandomWalk moves from the best point towards P3, the plain random walk over users (a = −1, β = 0; Cooper et
// al., WWW 2014), as long as the loss is within the noise of the held-out cases. Exponents far from the random walk fit
// the popularity of the held-out sample; what comes later differs from any sample, and where the data cannot tell two
// points apart the one with fewer assumptions is safer. It evaluates at most limit points.
func (s *search) towardsRandomWalk(best *candidate, limit int) (*candidate, error) {
	best, err := s.bestSeeding(best.point, s.held)
	if err != nil {
		return nil, err
	}
	at := best
	for limit > 0 {
		next := &candidate{}
		for _, p := range s.nearerRandomWalk(at.point) {
			limit--
			c, err := s.bestSeeding(p, s.held)
			if err != nil {
				return nil, err
			}
			if tied(best.cases, c.cases) && next.better(c) {
				next = c
			}
		}
		if next.cases == nil {
			break
		}
		at = next
	}
	return at, nil
}

// nearerRandomWalk lists the points one step nearer to a = −1, β = 0 along each exponent.
func (s *search) nearerRandomWalk(p twoHopPoint) []twoHopPoint {
	var out []twoHopPoint
	if p.hop.UserExponent > -1 && !s.isPinned(TwoHop, UserExponent) {
		q := p
		q.hop.UserExponent = round(max(p.hop.UserExponent-.1, -1))
		out = append(out, q)
	}
	if p.hop.TargetExponent > 0 && !s.isPinned(TwoHop, TargetExponent) {
		q := p
		q.hop.TargetExponent = round(max(p.hop.TargetExponent-.03, 0))
		out = append(out, q)
	}
	return out
}

// tied reports whether the mean NDCG of other is not significantly below that of best: by
// more than one standard error of the paired difference (the one-standard-error rule of Breiman et al., 1984).
func tied(best, other []metrics.Accuracy) bool {
	n := float64(len(best))
	sum, squares := 0.0, 0.0
	for i := range best {
		d := best[i].NDCG - other[i].NDCG
		sum += d
		squares += d * d
	}
	mean := sum / n
	variance := max(squares/n-mean*mean, 0)
	return mean <= math.Sqrt(variance/n)
}

// evaluations is the number of points that fit half of the time budget.
func (s *search) evaluations(p twoHopPoint) int {
	m := s.variants[p.variant].matrix
	pairs := 0
	for u := range m.Rows {
		d := min(m.RowPtr[u+1]-m.RowPtr[u], s.o.HistoryCap)
		pairs += d * d
	}
	entries := 0
	for _, c := range s.held.first(searchCases).cases {
		entries += (len(c.known) + len(c.seeds)) * s.o.Neighbours
	}
	each := float64(pairs)*pairSeconds + 5*float64(entries)*listSeconds
	return int(min(max(s.o.BudgetSeconds/2/each, 8), 80))
}

// bestSeeding builds a point's lists once and scans what only weighs seeds: the source exponent, then their half-life.
func (s *search) bestSeeding(p twoHopPoint, held *validation) (*candidate, error) {
	scores, err := s.validate(p, held)
	if err != nil {
		return nil, err
	}
	best := &candidate{}
	try := func(q twoHopPoint) error {
		cases, err := scores.accuracy(held, s.o, q.seeding(scores.graph))
		if c := s.twoHopCandidate("two_hop", q, cases); err == nil && best.better(c) {
			best = c
		}
		return err
	}
	if held.cases[0].row < 0 { // a single seed: its scale changes no order
		err := try(p)
		return best, err
	}
	if err := s.climbSource(p, &best, try); err != nil {
		return nil, err
	}
	if s.data.Ordered && !s.isPinned(TwoHop, SeedHalfLife) {
		p = best.point
		halfLives := []float64{0, 400, 200, 100, 50, 25, 12, 6}
		s.hopDecay, err = climb(len(halfLives), s.hopDecay, s.hopDecay == 0, func(at int) (bool, error) {
			before := best
			if p.seedHalfLife = halfLives[at]; at == 0 {
				return false, nil // as it is
			}
			err := try(p)
			return best != before, err
		})
		if err != nil {
			return nil, err
		}
	}
	return best, nil
}

// climbSource moves the source exponent by tenths from p's while that helps; the accuracy has one peak in it.
func (s *search) climbSource(p twoHopPoint, best **candidate, try func(twoHopPoint) error) error {
	if err := try(p); err != nil {
		return err
	}
	if s.isPinned(TwoHop, SourceExponent) {
		return nil
	}
	start := p.hop.SourceExponent
	for _, step := range []float64{.1, -.1} {
		for alpha := round(start + step); alpha > -.01 && alpha < 1.21; alpha = round(alpha + step) {
			p.hop.SourceExponent = alpha
			if err := try(p); err != nil {
				return err
			}
			if (*best).point.hop.SourceExponent != alpha {
				break
			}
		}
		if (*best).point.hop.SourceExponent != start {
			return nil
		}
	}
	return nil
}
