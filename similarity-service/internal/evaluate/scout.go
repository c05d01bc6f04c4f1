package evaluate

import "github.com/aisle-rec/aisle/similarity-service/internal/metrics"

const (
	// scoutShare of the budget may be the cost of the one point of EASE that is looked at before the budget is spent.
	scoutShare = .5
	// outOfReach is the lead, as a share of the better NDCG, that a search is not expected to make up. On MovieLens 1M the search of the
	// two-hop family, low-rank term included, gained 14 % over the best of its named points, and that of EASE 3 % over where it starts.
	outOfReach = .15
)

// standing is how EASE does, before it is searched, beside what was found by then.
type standing int

const (
	notScouted standing = iota
	easeBehind          // by more than a search makes up: it is not searched
	easeNear
	easeAhead // the two-hop family is not searched, and its budget goes into EASE
)

// scout looks at one point of EASE beside the named points that were measured, so that the budget goes where a winner is expected: on data
// that suit one of the two families whose searches cost most, its short search beats a long one of the other. Families that were asked for
// by name are searched as they are.
func (s *search) scout() error {
	if s.o.Recipe != nil || s.o.Algorithms != nil || len(s.o.Pinned) > 0 || s.easeSeconds() > scoutShare*s.o.BudgetSeconds {
		return nil
	}
	some := s.held.first(easeMaxCases)
	ease, err := s.bestEASE(s.easeStart(), some)
	if err != nil {
		return err
	}
	s.scouted = ease
	best := 0.0
	for _, c := range s.found {
		best = max(best, metrics.Mean(c.cases[:len(ease.cases)]).NDCG)
	}
	switch a := ease.ndcg(); {
	case a < best*(1-outOfReach):
		s.standing = easeBehind
	case best < a*(1-outOfReach):
		s.standing = easeAhead
	default:
		s.standing = easeNear
	}
	return nil
}

// climb evaluates try at place from of n and moves on to a neighbour as long as that is better; with all of them asked for it evaluates
// every place. It returns the best place.
func climb(n, from int, all bool, try func(at int) (better bool, err error)) (int, error) {
	best := from
	if _, err := try(from); err != nil {
		return best, err
	}
	for _, step := range []int{1, -1} {
		for at := from + step; at >= 0 && at < n; at += step {
			better, err := try(at)
			if err != nil {
				return best, err
			}
			if better {
				best = at
			} else if !all {
				break
			}
		}
		if best != from && !all {
			break
		}
	}
	return best, nil
}
