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
	// Train are the training sessions, oldest first; Times their times or nil, as for buildAt.
	Train [][]int32
	Times []int64
	Items int
	// Start is the first point tried; nil means DefaultParams.
	Start *Params
	// Pinned are parameters that Search leaves as they are given, by name.
	Pinned map[string]float64
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
	// Cases bounds the held-out prefixes scored per point; 0 means 12,000.
	Cases int
	// Workers bounds the goroutines; 0 means GOMAXPROCS.
	Workers int
	// Progress, when set, is told after every evaluation.
	Progress func(done, total int)
	// Tried, when set, is told of every point that was measured on all cases.
	Tried func(p Params, a Accuracy)
	// Cancelled, when set, is asked before every evaluation.
	Cancelled func() bool
	// Ahead, when set, measures points before the search comes to them.
	Ahead Ahead
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

// Search chooses parameters by coordinate descent on a grid from the best of a few starting points. The newest sessions of the training
// data are held out, since what is to be predicted follows the training data in time; every prefix of them whose next click is a known item
// is a case, of which a seeded sample is scored. The objective is the mean of HR@20 and MRR@20, each relative to that of the first point.
// Parameters are visited in seeded random order; when a whole pass finds nothing better the search goes on from a point nearby, until the
// evaluations are used up. The caller then builds on all sessions with the chosen parameters.
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
	if err := s.descend(); !errors.Is(err, errExhausted) {
		return Params{}, SearchReport{}, err
	}
	return s.best, s.report, nil
}

// withDefaults fills in what is left out: some 200 points, the latest tenth of the sessions held out, 12,000 cases of it.
// Pinned parameters are put into the starting point here, so that no axis starts elsewhere.
func (o SearchOptions) withDefaults() SearchOptions {
	if o.Start == nil {
		p := DefaultParams()
		o.Start = &p
	}
	start := o.Start.With(o.Pinned)
	o.Start = &start
	if o.Evaluations <= 0 {
		o.Evaluations = 200
	}
	if o.Holdout <= 0 || o.Holdout >= 1 {
		o.Holdout = .1
	}
	if o.Cases <= 0 {
		o.Cases = 12_000
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return o
}

const (
	// noise is about the standard error of the relative difference of two neighbouring points on one case; it falls with the root of their
	// number. The cases are the same for both, so that it is much less than that of either.
	noise = .4
	// leastStage is the number of cases below which no comparison says enough.
	leastStage = 400
)

// stagesOf are the numbers of cases after which a point is compared with the one the search stands on; the last has all of them.
func stagesOf(cases int) (stages []int) {
	for _, n := range []int{cases / 16, cases / 4} {
		if n >= leastStage {
			stages = append(stages, n)
		}
	}
	return append(stages, cases)
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
	stages []int
	report SearchReport

	// at is the point the descent stands on, with its score and its measure.
	at      Params
	atScore float64
	atTrial Trial

	best      Params
	bestScore float64
	orders    []builtOrder

	// What the descent comes to next: starting points, the other direction of the present axis, and the axes after it in this pass.
	starts   []Params
	down     *axis
	downTo   int
	axes     []axis
	prepared []Params // that are being measured ahead
}

// builtOrder remembers an order model, since most points share one with an earlier point.
type builtOrder struct {
	key  Params
	rows *rows
}

// newSearch holds out the last sessions and indexes the others; Train is in order of time, so that the cases come after
// what they are answered from. The random numbers follow from the seed alone.
func newSearch(o SearchOptions, start Params) (*search, error) {
	if o.Times != nil && len(o.Times) != len(o.Train) {
		return nil, fmt.Errorf("%d times for %d sessions: give one per session or none", len(o.Times), len(o.Train))
	}
	held := min(len(o.Train), int(o.Holdout*float64(len(o.Train))+.5))
	fit, times := o.Train[:len(o.Train)-held], o.Times
	if times != nil {
		times = times[:len(fit)]
	}
	ix, err := newIndex(fit, times, o.Items, start.MaxSession)
	if err != nil {
		return nil, fmt.Errorf("index sessions for the search: %w", err)
	}
	s := &search{o: o, ix: ix, random: rand.New(rand.NewPCG(o.Seed, 0x5e55)), at: start, best: start}
	s.cases = s.holdOut(o.Train[len(fit):])
	s.stages = stagesOf(len(s.cases))
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
