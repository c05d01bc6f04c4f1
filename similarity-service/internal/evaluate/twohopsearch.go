package evaluate

import (
	"fmt"

	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/pattern"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// twoHopStart is where the search begins.
func (s *search) twoHopStart() twoHop {
	return twoHop{s.pinned(TwoHop, s.lasting().with(neighbours.TwoHop{UserExponent: -.75, SourceExponent: .6, TargetExponent: .3}))}
}

// twoHopInReach searches unless EASE leads clearly.
func twoHopInReach(s *search) (*candidate, error) {
	if err := s.scout(); err != nil {
		return nil, fmt.Errorf("scout: %w", err)
	}
	if s.verdict == easeAhead {
		return nil, nil
	}
	best, err := s.bestTwoHop()
	if err != nil {
		return nil, err
	}
	return found(TwoHop, best), nil
}

// bestTwoHop is the best point of the family, searched for once.
func (s *search) bestTwoHop() (*scored[twoHop], error) {
	if s.twoHop == nil {
		best, err := s.searchTwoHop()
		if err != nil {
			return nil, err
		}
		c, err := confirmed(s, TwoHop, best)
		if err != nil {
			return nil, err
		}
		s.twoHop = &scored[twoHop]{best.at, c.cases}
	}
	return s.twoHop, nil
}

// searchTwoHop searches first for the reading of the values, then for exponents and half-life, and at last for what the order of histories
// tells.
func (s *search) searchTwoHop() (*scored[twoHop], error) {
	start := s.twoHopStart()
	best, some := &scored[twoHop]{}, s.heldOut.Guide()
	for _, v := range s.readings {
		p := start
		p.Values = v.Name
		c, err := s.bestSeeding(p, some)
		if err != nil {
			return nil, err
		}
		if best.better(c) {
			best = c
		}
	}
	start.Values = best.at.Values
	axes := exponentAxes(start.weighing)
	if s.data.RowTimes != nil {
		axes = append(axes, pattern.Axis{Name: HalfLifeDays, Start: 8, Step: 1, Last: .4, Low: 2, High: noDecay})
	}
	limit := s.evaluations(best.at)
	if err := s.alongTwoHop(best, start, axes, limit); err != nil || !s.data.Ordered {
		return best, err
	}
	inOrder := &scored[twoHop]{}
	start = best.at
	err := s.alongTwoHop(inOrder, start, append(orderAxes(), exponentAxes(start.weighing)...), limit/2)
	if err == nil && (clearlyBetter(inOrder.cases, best.cases) || s.isPinned(TwoHop, Direction) || s.isPinned(TwoHop, Nearness)) {
		best = inOrder
	}
	return best, err
}

// exponentAxes are those of the search for exponents around a point.
func exponentAxes(p weighing) []pattern.Axis {
	return []pattern.Axis{
		{Name: TargetExponent, Start: p.TargetExponent, Step: .15, Last: .03, Low: -.3, High: 1},
		{Name: UserExponent, Start: p.UserExponent, Step: .25, Last: .1, Low: -1.5, High: .5},
	}
}

// orderAxes are those of the search for what the order of histories tells.
func orderAxes() []pattern.Axis {
	return []pattern.Axis{
		{Name: Direction, Start: .5, Step: .5, Last: .125, Low: 0, High: 1},
		{Name: Nearness, Start: .25, Step: .25, Last: .125, Low: 0, High: 3},
	}
}

// alongTwoHop searches from start along some of its axes and keeps the best point in best.
func (s *search) alongTwoHop(best *scored[twoHop], start twoHop, axes []pattern.Axis, limit int) error {
	some, calls := s.heldOut.Guide(), 0
	_, _, err := pattern.Search(s.axes(TwoHop, axes...), limit, func(at []float64) (float64, error) {
		p := start
		for n, axis := range axes {
			p.set(axis.Name, at[n])
		}
		c, err := s.bestSeeding(p, some)
		if err != nil {
			return 0, err
		}
		if calls++; s.o.Progress != nil {
			s.o.Progress("search two_hop", min(calls, limit), limit)
		}
		if best.better(c) {
			*best = *c
		}
		return c.ndcg(), nil
	})
	return err
}

// evaluations is the number of points that fit half of the time budget.
func (s *search) evaluations(p twoHop) int {
	entries := 0
	for _, c := range s.heldOut.Guide().Cases {
		entries += len(c.Known) * s.o.Neighbours
	}
	each := s.pairSeconds(s.matrix(p.Values)) + 5*float64(entries)*listSeconds
	return int(min(max(s.o.BudgetSeconds/2/each, 8), 80))
}

// pairSeconds is the nominal cost of counting all pairs of the rows of m.
func (s *search) pairSeconds(m *csr.Matrix) float64 {
	pairs := 0
	for u := range m.Rows {
		d := min(m.RowPtr[u+1]-m.RowPtr[u], s.o.HistoryCap)
		pairs += d * d
	}
	return float64(pairs) * pairSeconds
}

// bestSeeding builds a point's lists once and scans what only weighs seeds: the source exponent, then their half-life.
func (s *search) bestSeeding(p twoHop, heldOut *validation.Set) (*scored[twoHop], error) {
	scores, err := s.scores(p, heldOut)
	if err != nil {
		return nil, err
	}
	defer scores.Close()
	best := &scored[twoHop]{}
	try := func(q twoHop) error {
		cases, err := scores.Accuracy(heldOut, q.seeding(), s.o.ranking())
		if err != nil {
			return err
		}
		s.tried(q, cases)
		if c := (&scored[twoHop]{q, cases}); best.better(c) {
			best = c
		}
		return nil
	}
	if !heldOut.OfRows() { // a single seed: its scale changes no order
		err := try(p)
		return best, err
	}
	if err := s.climbSource(p, &best, try); err != nil {
		return nil, err
	}
	if s.data.Ordered && !s.isPinned(TwoHop, SeedHalfLife) {
		p = best.at
		halfLives := []float64{0, 400, 200, 100, 50, 25, 12, 6}
		if p.order() != (neighbours.Order{}) {
			halfLives = append(halfLives, 3, 1.5)
		}
		from := min(s.hopDecay, len(halfLives)-1)
		s.hopDecay, err = pattern.Climb(len(halfLives), from, from == 0, func(at int) (bool, error) {
			before := best
			if p.SeedHalfLife = halfLives[at]; at == 0 {
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
func (s *search) climbSource(p twoHop, best **scored[twoHop], try func(twoHop) error) error {
	if err := try(p); err != nil {
		return err
	}
	if s.isPinned(TwoHop, SourceExponent) {
		return nil
	}
	start := p.SourceExponent
	for _, step := range []float64{.1, -.1} {
		for alpha := pattern.Round(start + step); alpha > -.01 && alpha < 1.21; alpha = pattern.Round(alpha + step) {
			p.SourceExponent = alpha
			if err := try(p); err != nil {
				return err
			}
			if (*best).at.SourceExponent != alpha {
				break
			}
		}
		if (*best).at.SourceExponent != start {
			return nil
		}
	}
	return nil
}
