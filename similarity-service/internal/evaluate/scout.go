package evaluate

const (
	// scoutShare of the budget may be the cost of the one point of EASE that is looked at before the budget is spent.
	scoutShare = .5
	// outOfReach is the lead, as a share of the better NDCG, that a search is not expected to make up.
	outOfReach = .15
)

// scoutVerdict is how EASE does, before it is searched, beside the two-hop family.
type scoutVerdict int

const (
	notScouted scoutVerdict = iota
	easeBehind              // by more than a search makes up: it is not searched
	easeNear
	easeAhead // the two-hop family is not searched, and its budget goes into EASE
)

// scout looks at the points where the searches of EASE and of the two-hop family begin, so that the budget goes where a winner is expected:
// on data that suit one of these two, whose searches cost most, its short search beats a long one of the other. Families that were asked
// for by name are searched as they are.
func (s *search) scout() error {
	if s.o.Recipe != nil || s.o.Algorithms != nil || len(s.o.Pinned) > 0 || s.easeSeconds() > scoutShare*s.o.BudgetSeconds {
		return nil
	}
	some := s.heldOut.First(easeMaxCases)
	ease, err := s.bestEASE(s.easeStart(), some)
	if err != nil {
		return err
	}
	hop, err := s.bestSeeding(s.twoHopStart(), some)
	if err != nil {
		return err
	}
	s.scouted, s.verdict = ease, compareScouts(ease.ndcg(), hop.ndcg())
	return nil
}

// compareScouts compares the NDCG of both by the lead that a search is not expected to make up.
func compareScouts(ease, hop float64) scoutVerdict {
	switch {
	case ease < hop*(1-outOfReach):
		return easeBehind
	case hop < ease*(1-outOfReach):
		return easeAhead
	}
	return easeNear
}
