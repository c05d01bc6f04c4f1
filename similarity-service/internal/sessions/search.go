package sessions

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"
)

// ErrCancelled is returned by Search when its Cancelled function said so.
var ErrCancelled = errors.New("search cancelled")

// SearchOptions say what Search may use.
type SearchOptions struct {
	// Train are the training sessions, oldest first; Times their times or nil, as for BuildAt.
	Train [][]int32
	Times []int64
	Items int
	// Start is the first point tried; nil means DefaultParams.
	Start *Params
	// Seed makes two searches alike; the result depends on nothing else but the data and Evaluations.
	Seed uint64
	// Evaluations bounds the points tried; 0 means 200.
	Evaluations int
	// Ceiling ends the search early on slow machines; 0 means none. A search that it ends is not reproducible, which
	// SearchReport.Stopped tells.
	Ceiling time.Duration
	// Now is the clock for Ceiling; it may be nil when Ceiling is 0.
	Now func() time.Time
	// Holdout is the share of newest sessions held out; 0 means .1.
	Holdout float64
	// Cases bounds the held-out prefixes scored per point; 0 means 6000.
	Cases int
	// Workers bounds the goroutines; 0 means GOMAXPROCS.
	Workers int
	// Progress, when set, is told after every evaluation.
	Progress func(done, total int)
	// Cancelled, when set, is asked before every evaluation.
	Cancelled func() bool
}

// SearchReport tells how the parameters were chosen.
type SearchReport struct {
	// TrainSessions and Cases are the sessions the points were built on and the held-out prefixes they were scored on.
	TrainSessions int `json:"train_sessions"`
	Cases         int `json:"cases"`
	// Evaluations counts the points tried; Stopped says that the ceiling ended the search.
	Evaluations int  `json:"evaluations"`
	Stopped     bool `json:"stopped"`
	// Start and Best are the held-out figures of the first and of the chosen point.
	Start Accuracy `json:"start"`
	Best  Accuracy `json:"best"`
}

// Search chooses parameters by coordinate descent on a grid. The newest sessions of the training data are held out,
// since what is to be predicted follows the training data in time; every prefix of them whose next click is a known item
// is a case, of which a seeded sample is scored. The objective is the mean of HR@20 and MRR@20, each relative to that of
// the first point. Parameters are visited in seeded random order; when a whole pass finds nothing better the search goes on
// from a point nearby, until the evaluations are used up. The caller then builds on all sessions with the chosen parameters.
func Search(o SearchOptions) (Params, SearchReport, error) {
	o = o.withDefaults()
	start := *o.Start
	if err := start.Validate(); err != nil {
		return Params{}, SearchReport{}, fmt.Errorf("session parameters: %w", err)
	}
	s, err := newSearch(o, start)
	if err != nil {
		return Params{}, SearchReport{}, err
	}
	if len(s.cases) == 0 {
		return start, s.report, nil
	}
	if err := s.descend(); err != nil && !errors.Is(err, errExhausted) {
		return Params{}, SearchReport{}, err
	}
	return s.best, s.report, nil
}

func (o SearchOptions) withDefaults() SearchOptions {
	if o.Start == nil {
		p := DefaultParams()
		o.Start = &p
	}
	if o.Evaluations <= 0 {
		o.Evaluations = 200
	}
	if o.Holdout <= 0 || o.Holdout >= 1 {
		o.Holdout = .1
	}
	if o.Cases <= 0 {
		o.Cases = 6000
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return o
}

// jumpAxes is how many parameters a jump changes.
const jumpAxes = 4

// errExhausted ends the descent when evaluations or time are used up.
var errExhausted = errors.New("search budget used up")

// search is the state of one descent.
type search struct {
	o      SearchOptions
	random *rand.Rand
	ix     *index
	cases  []Case
	began  time.Time
	report SearchReport

	at, best           Params
	atScore, bestScore float64
	orders             []builtOrder
}

// builtOrder remembers an order model, since most points share one with an earlier point.
type builtOrder struct {
	key  Params
	rows *rows
}

func newSearch(o SearchOptions, start Params) (*search, error) {
	held := min(len(o.Train), int(o.Holdout*float64(len(o.Train))+.5))
	fit, times := o.Train[:len(o.Train)-held], o.Times
	if times != nil {
		times = times[:min(len(times), len(fit))]
	}
	ix, err := newIndex(fit, times, o.Items, start.MaxSession)
	if err != nil {
		return nil, fmt.Errorf("index sessions for the search: %w", err)
	}
	s := &search{o: o, ix: ix, random: rand.New(rand.NewPCG(o.Seed, 0x5e55)), at: start, best: start}
	s.cases = s.holdOut(o.Train[len(fit):])
	s.report.TrainSessions, s.report.Cases = len(fit), len(s.cases)
	if o.Ceiling > 0 {
		s.began = o.Now()
	}
	return s, nil
}

// holdOut makes the cases: every prefix with at least one known item and a known next item.
func (s *search) holdOut(held [][]int32) []Case {
	var cases []Case
	known := func(item int32) bool {
		return item >= 0 && int(item) < s.ix.items && s.ix.support(item) > 0
	}
	for _, session := range held {
		for n := 1; n < len(session); n++ {
			if known(session[n]) && slices.ContainsFunc(session[:n], known) {
				cases = append(cases, Case{Prefix: session[:n], Next: session[n]})
			}
		}
	}
	s.random.Shuffle(len(cases), func(a, b int) { cases[a], cases[b] = cases[b], cases[a] })
	return cases[:min(len(cases), s.o.Cases)]
}

// descend evaluates the start and moves along one axis at a time, as long as a step is better. When no step is, it jumps
// a little away from the best point and descends again (iterated local search).
func (s *search) descend() error {
	first, err := s.evaluate(s.best)
	if err != nil {
		return err
	}
	s.report.Start, s.report.Best, s.bestScore = first, first, 1
	s.atScore = 1
	all := axes()
	for {
		for better := true; better; {
			better = false
			for _, n := range s.random.Perm(len(all)) {
				moved, err := s.along(all[n])
				if err != nil {
					return err
				}
				better = better || moved
			}
		}
		s.at, s.atScore = s.best, s.bestScore
		if err := s.jump(all); err != nil {
			return err
		}
	}
}

// jump moves a few random axes to a neighbouring grid value.
func (s *search) jump(all []axis) error {
	p := s.best
	for _, n := range s.random.Perm(len(all))[:jumpAxes] {
		a := all[n]
		to := a.nearest(&p) + 1 - 2*s.random.IntN(2)
		*a.field(&p) = a.values[min(max(to, 0), len(a.values)-1)]
	}
	s.atScore = 0
	_, err := s.try(p)
	return err
}

// along tries the neighbouring grid values of one axis, first upwards, and walks on while it gets better.
func (s *search) along(a axis) (moved bool, err error) {
	from := a.nearest(&s.at)
	for _, step := range []int{1, -1} {
		for n := from + step; n >= 0 && n < len(a.values); n += step {
			p := s.at
			*a.field(&p) = a.values[n]
			better, err := s.try(p)
			if err != nil {
				return moved, err
			}
			if !better {
				break
			}
			moved = true
		}
		if moved {
			break
		}
	}
	return moved, nil
}

// try moves to p if that is better than the current point.
func (s *search) try(p Params) (bool, error) {
	got, err := s.evaluate(p)
	if err != nil {
		return false, err
	}
	score := got.relative(s.report.Start)
	if score <= s.atScore {
		return false, nil
	}
	s.at, s.atScore = p, score
	if score > s.bestScore {
		s.best, s.bestScore, s.report.Best = p, score, got
	}
	return true, nil
}

func (s *search) evaluate(p Params) (Accuracy, error) {
	if s.o.Cancelled != nil && s.o.Cancelled() {
		return Accuracy{}, ErrCancelled
	}
	if s.report.Evaluations >= s.o.Evaluations {
		return Accuracy{}, errExhausted
	}
	if s.report.Evaluations > 0 && s.o.Ceiling > 0 && s.o.Now().Sub(s.began) > s.o.Ceiling {
		s.report.Stopped = true
		return Accuracy{}, errExhausted
	}
	got := newModel(s.ix, s.orderFor(p), p).Measure(s.cases, s.o.Workers)
	s.report.Evaluations++
	if s.o.Progress != nil {
		s.o.Progress(s.report.Evaluations, s.o.Evaluations)
	}
	return got, nil
}

// orderFor returns the order model of p, from memory when one of the last few points had the same.
func (s *search) orderFor(p Params) *rows {
	key := Params{
		OrderKeep: p.OrderKeep, OrderAfterPower: p.OrderAfterPower, OrderBeforeWeight: p.OrderBeforeWeight, OrderRecency: p.OrderRecency,
		OrderSourcePower: p.OrderSourcePower, OrderTargetPower: p.OrderTargetPower, OrderSecond: p.OrderSecond,
	}
	if n := slices.IndexFunc(s.orders, func(b builtOrder) bool { return b.key == key }); n >= 0 {
		found := s.orders[n]
		s.orders = append(slices.Delete(s.orders, n, n+1), found)
		return found.rows
	}
	built := builtOrder{key, buildOrder(s.ix, p)}
	s.orders = append(s.orders[max(0, len(s.orders)-2):], built)
	return built.rows
}
