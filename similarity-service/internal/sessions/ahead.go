package sessions

// Ahead measures points before the search comes to them, as other processes can. What a search finds does not depend on it.
type Ahead interface {
	// Width is how many points are worth to be prepared.
	Width() int
	// Prepare has points measured that the search will come to next, in this order, unless a better one comes before. Those that were
	// prepared earlier are not wanted any more. It returns how many of them, the first ones, are being measured.
	Prepare(points []Params, against Accuracy) (int, error)
	// Result waits for the measure of a prepared point; false says that nobody is at it, so that the search measures it itself.
	Result(p Params) (Trial, bool, error)
}

// Trial is the measure of a point: on the scouting cases and, unless it is far behind there, on the others.
type Trial struct {
	Scout Accuracy  `json:"scout"`
	Rest  *Accuracy `json:"rest,omitempty"`
}

// Trials measures points as the search of the same options does.
type Trials struct{ *search }

// NewTrials returns what measures points on the cases of a search.
func NewTrials(o SearchOptions) (*Trials, error) {
	o = o.withDefaults()
	s, err := newSearch(o, *o.Start)
	return &Trials{s}, err
}

// Trial measures a point; against is what the scouting cases gave where the search stands. It is not for concurrent use.
func (t *Trials) Trial(p Params, against Accuracy) Trial { return t.trial(p, against) }

// scouts is the number of cases that a point is first compared on.
func (s *search) scouts() int {
	if few := int(scoutShare * float64(len(s.cases))); few >= scoutLeast {
		return few
	}
	return 0
}

// behind reports whether the rest of the cases is spared.
func (s *search) behind(scout, against Accuracy) bool {
	return s.scouts() > 0 && scout.relative(against) < 1-scoutMargin
}

func (s *search) trial(p Params, against Accuracy) Trial {
	m := newModel(s.ix, s.orderFor(p), p)
	t := Trial{Scout: m.Measure(s.cases[:s.scouts()], s.o.Workers)}
	if !s.behind(t.Scout, against) {
		t.Rest = s.rest(m)
	}
	return t
}

func (s *search) rest(m *Model) *Accuracy {
	a := m.Measure(s.cases[s.scouts():], s.o.Workers)
	return &a
}

// measured measures a point, or takes its measure where it was prepared, and has those prepared that come next if it is no better.
func (s *search) measured(p Params) (Trial, error) {
	if s.o.Ahead == nil {
		return s.trial(p, s.atScout), nil
	}
	for n, q := range s.prepared {
		if q == p {
			s.prepared = s.prepared[n+1:]
			t, ok, err := s.o.Ahead.Result(p)
			if err == nil && !ok {
				return s.trial(p, s.atScout), nil
			}
			if err == nil && t.Rest == nil && !s.behind(t.Scout, s.atScout) { // it was compared with another point
				t.Rest = s.rest(newModel(s.ix, s.orderFor(p), p))
			}
			return t, err
		}
	}
	next := s.following(min(s.o.Ahead.Width(), s.o.Evaluations-s.report.Evaluations-1))
	n, err := s.o.Ahead.Prepare(next, s.atScout)
	if err != nil {
		return Trial{}, err
	}
	s.prepared = next[:n]
	return s.trial(p, s.atScout), nil
}

// following are the points that the descent comes to after the present one if that is no better, at most so many. They end with the pass:
// what comes then is drawn.
func (s *search) following(most int) []Params {
	var points []Params
	points = append(points, s.starts...)
	add := func(a axis, n int) {
		if n >= 0 && n < len(a.values) {
			p := s.at
			*a.field(&p) = a.values[n]
			points = append(points, p)
		}
	}
	if s.down != nil {
		add(*s.down, s.downTo)
	}
	for _, a := range s.axes {
		if len(points) >= most {
			break
		}
		from := a.nearest(&s.at)
		add(a, from+1)
		add(a, from-1)
	}
	return points[:max(0, min(most, len(points)))]
}
