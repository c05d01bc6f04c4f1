package sessions

import "math"

// Ahead measures points before the search comes to them, as other processes can. What a search finds does not depend on it.
type Ahead interface {
	// Width is how many points are worth to be prepared.
	Width() int
	// Prepare has points measured that the search will come to next, in this order, unless a better one comes before. Those that were
	// prepared earlier are not wanted any more. It returns how many of them, the first ones, are being measured.
	Prepare(points []Params, against Trial) (int, error)
	// Result waits for the measure of a prepared point; false says that nobody is at it, so that the search measures it itself.
	Result(p Params) (Trial, bool, error)
}

// Trial is the measure of a point: its accuracy on the cases of each stage, which contain those of the stages before, up to the first
// stage at which it is far behind.
type Trial []Accuracy

// Trials measures points as the search of the same options does.
type Trials struct{ *search }

// NewTrials returns what measures points on the cases of a search.
func NewTrials(o SearchOptions) (*Trials, error) {
	o = o.withDefaults()
	s, err := newSearch(o, *o.Start)
	return &Trials{s}, err
}

// Trial measures a point; against is the measure of the one that the search stands on. It is not for concurrent use.
func (t *Trials) Trial(p Params, against Trial) Trial { return t.trial(p, nil, against) }

// trial measures a point from where an earlier measure ended, stage by stage, until it is far behind what it is compared with.
func (s *search) trial(p Params, t, against Trial) Trial {
	m := newModel(s.ix, s.orderFor(p), p)
	for !s.ended(t, against) {
		from, to := 0, s.stages[len(t)]
		var before Accuracy
		if n := len(t); n > 0 {
			from, before = s.stages[n-1], t[n-1]
		}
		t = append(t, before.join(from, m.Measure(s.cases[from:to], s.o.Workers), to-from))
	}
	return t
}

// ended reports whether a measure needs no further stage.
func (s *search) ended(t, against Trial) bool { return len(t) == len(s.stages) || s.behind(t, against) }

// behind reports whether a point is behind another one by more than chance after its last stage, so that the other cases are spared.
func (s *search) behind(t, against Trial) bool {
	n := len(t) - 1
	if n < 0 || n == len(s.stages)-1 || n >= len(against) {
		return false
	}
	return t[n].relative(against[n]) < 1-noise/math.Sqrt(float64(s.stages[n]))
}

// measured measures a point, or takes its measure where it was prepared, and has those prepared that come next if it is no better.
func (s *search) measured(p Params) (Trial, error) {
	if s.o.Ahead == nil {
		return s.trial(p, nil, s.atTrial), nil
	}
	for n, q := range s.prepared {
		if q == p {
			s.prepared = s.prepared[n+1:]
			t, ok, err := s.o.Ahead.Result(p)
			if err == nil && (!ok || !s.ended(t, s.atTrial)) { // it was compared with another point
				t = s.trial(p, t, s.atTrial)
			}
			return t, err
		}
	}
	next := s.following(min(s.o.Ahead.Width(), s.o.Evaluations-s.report.Evaluations-1))
	n, err := s.o.Ahead.Prepare(next, s.atTrial)
	if err != nil {
		return Trial{}, err
	}
	s.prepared = next[:n]
	return s.trial(p, nil, s.atTrial), nil
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
