// Package evaluate chooses a model for a data set and measures it.
//
// Parameters and families compete on a held-out part of the training data; the test part is scored once, for the model
// that won there and for the baselines, popularity and cosine. Users' histories are validated "leave-own-out": co-counts are
// built once from all training data, and for each sampled user a fifth of the history is hidden and the user's own share
// is subtracted from the counts it touched, so that nothing is thinned and nothing leaks. Baskets are validated on the
// last ones of the training part. The entry is [Run].
//
// Read run.go first: Run holds out, searches and scores, and Options says with what. family.go
// has the table of families and what each has to know; a family is one file or two (twohop.go
// and twohopsearch.go, ease.go and refit.go, ridge*.go, lowrank.go, nextitem.go, popular.go) and
// shares weighing.go, how rows and seeds weigh. Package validation draws the cases, package leaveownout
// takes a case's own share out of the counts, package rank ranks and measures. Package pattern is
// the search itself, scout.go says where the budget goes. recipe.go is how a winner is stored and
// built again, elsewhere.go how other processes do parts; package study runs a competition several
// times.
package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/closedform"
	"github.com/aisle-rec/aisle/similarity-service/internal/csr"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// defaultHistoryCap bounds a row's pair updates at four million.
const defaultHistoryCap = 2000

// Options steer a run. K and Neighbours must be at least 1.
type Options struct {
	Algorithms    []string // nil means all; popular and cosine are always measured
	K             int      // length of the measured lists
	Neighbours    int      // neighbours kept per item
	HistoryCap    int      // latest entries of a row that co-occur, which bounds the cost of long rows; 0 means 2000
	Recipe        *Recipe  // when set, it alone competes, without a search, and is selected whatever the baselines reach
	Seed          uint64
	BudgetSeconds float64 // nominal CPU seconds for the search
	MaxCases      int     // validation cases at the most; 0 means 30,000, from which on more tell little
	Workers       int     // 0 means GOMAXPROCS; no result depends on it
	Select        string  // the algorithm that wins whatever the others reach; "" for the best
	Pinned        Pinned  // parameters that the search is not to choose
	TestAll       bool    // score the test part for every algorithm, not only for the winner and the baselines
	Untested      bool    // go without a test part when there is none: the winner and the baselines then have validation figures only
	ScanTest      bool    // afterwards, look for the winning two-hop family's optimum on the test part, to measure the choice
	Progress      func(stage string, done, total int)
	Stop          func() bool
	Elsewhere     Elsewhere      // has other processes do parts of the run; nil does all of it here, with the same result
	CPUSeconds    func() float64 // CPU time used so far, for the report; nil reports 0
	PeakBytes     func() int64   // largest memory use so far, for the report; nil reports 0
}

// ranking is how cases are ranked.
func (o Options) ranking() rank.Options {
	return rank.Options{K: o.K, Workers: o.Workers, Stop: o.Stop}
}

// progress adapts the run's progress to one stage.
func (o Options) progress(stage string) func(int, int) {
	if o.Progress == nil {
		return nil
	}
	return func(done, total int) { o.Progress(stage, done, total) }
}

// tests reports whether an algorithm is scored on the test part though it did not win.
func (o Options) tests(name string) bool { return o.TestAll || name == Popular || name == Cosine }

// chosen is the place of the winner among n candidates, best first.
func (o Options) chosen(n int, name func(int) string) (int, error) {
	want := o.Select
	if o.Recipe != nil {
		want = o.Recipe.Algorithm
	}
	for at := range n {
		if want == "" || name(at) == want {
			return at, nil
		}
	}
	return 0, fmt.Errorf("%s is to be selected, but it is out of reach for these data and budget", want)
}

// withDefaults fills in what is zero. Pinned parameters get their full names; validate has
// refused what cannot be read.
func (o Options) withDefaults() Options {
	if pinned, err := o.Pinned.Checked(); err == nil {
		o.Pinned = pinned
	}
	o.HistoryCap = cmp.Or(o.HistoryCap, defaultHistoryCap)
	o.MaxCases = cmp.Or(o.MaxCases, validation.MaxCases)
	o.Workers = cmp.Or(o.Workers, runtime.GOMAXPROCS(0))
	if o.CPUSeconds == nil {
		o.CPUSeconds = func() float64 { return 0 }
	}
	if o.PeakBytes == nil {
		o.PeakBytes = func() int64 { return 0 }
	}
	return o
}

// validate names every option that cannot be used, whatever the data.
func (o Options) validate() error {
	var errs []error
	if o.K < 1 {
		errs = append(errs, fmt.Errorf("k is %d, want at least 1", o.K))
	}
	if o.Neighbours < 1 {
		errs = append(errs, fmt.Errorf("neighbours is %d, want at least 1", o.Neighbours))
	}
	if !(o.BudgetSeconds > 0) {
		errs = append(errs, fmt.Errorf("budget is %v seconds, want more than 0", o.BudgetSeconds))
	}
	for _, name := range o.Algorithms {
		if err := Known(name); err != nil {
			errs = append(errs, err)
		}
	}
	if _, err := o.Pinned.Checked(); err != nil {
		errs = append(errs, err)
	}
	if o.Recipe != nil {
		errs = append(errs, o.Recipe.Readable())
	}
	return errors.Join(errs...)
}

// search is the state of a run: what the families share, and what they leave for those after them.
type search struct {
	data     *dataset.Data
	train    *csr.Matrix // the training rows, of sessions their distinct items
	readings []dataset.Reading
	heldOut  *validation.Set
	found    []*candidate // so far
	path     []Point      // what the search of the present family has tried
	graphs   map[graphKey]*neighbours.Graph
	vectors  *closedform.LowRank // of the whole training part, once a model with a low-rank term was built
	twoHop   *scored[twoHop]     // what the two-hop search chose, once it has run
	verdict  scoutVerdict
	scouted  *scored[ease] // EASE where its search begins
	// easeDecay and hopDecay are the places of the half-lives of seeds that did best last, where the next point's scan begins.
	easeDecay, hopDecay int
	o                   Options
}

// newSearch returns the state of a run on d without a held-out part, which is enough to build
// and to test.
func newSearch(d *dataset.Data, o Options) *search {
	s := &search{data: d, train: d.Train, readings: d.Readings(), graphs: map[graphKey]*neighbours.Graph{}, o: o}
	if s.train == nil {
		s.train = s.readings[0].Rows
	}
	return s
}

// reading returns the training rows under a reading of their values, "" for as they are, and whether the data offer it.
func (s *search) reading(name string) (*csr.Matrix, bool) {
	if name == "" {
		return s.train, true
	}
	at := slices.IndexFunc(s.readings, func(r dataset.Reading) bool { return r.Name == name })
	if at < 0 {
		return s.train, false
	}
	return s.readings[at].Rows, true
}

// matrix is reading for a name that the data offer.
func (s *search) matrix(name string) *csr.Matrix {
	m, _ := s.reading(name)
	return m
}

// score validates a member as it is.
func (s *search) score(name string, m member) (*candidate, error) {
	cases, err := m.validate(s, s.heldOut)
	return &candidate{name: name, scored: scored[member]{m, cases}}, err
}

// Run chooses among the algorithms on validation data and scores the winner, popularity and cosine on the test part.
// The same data, options and seed give the same leaderboard.
func Run(d *dataset.Data, o Options) (*Leaderboard, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if len(d.Tests) == 0 && !o.Untested {
		return nil, errors.New("the test part has no case that can be measured")
	}
	o = o.withDefaults()
	if err := o.Pinned.fit(d, o); err != nil {
		return nil, err
	}
	heldOut, err := validation.New(d, o.Seed, o.MaxCases)
	if err != nil {
		return nil, err
	}
	s := newSearch(d, o)
	s.heldOut = heldOut
	if err := s.compete(); err != nil {
		return nil, err
	}
	return s.leaderboard()
}

// compete runs the search of every family, in the order of the table. A family that is out of
// reach takes no part; an error of one ends the run.
func (s *search) compete() error {
	competing := s.handedOut(s.families())
	for at, f := range competing {
		if s.o.Progress != nil {
			s.o.Progress("search", at, len(competing))
		}
		before := s.o.CPUSeconds()
		s.path = nil
		c, err := f.search(s)
		if err != nil {
			return fmt.Errorf("search %s: %w", f.name, err)
		}
		if c == nil {
			continue // out of reach for this data set and budget
		}
		c.path, c.cpu, c.peak = s.path, s.o.CPUSeconds()-before, s.o.PeakBytes()
		s.found = append(s.found, c)
	}
	return nil
}

// leaderboard orders the candidates and scores the test part for the winner and the baselines.
func (s *search) leaderboard() (*Leaderboard, error) {
	ranked := slices.Clone(s.found)
	slices.SortStableFunc(ranked, func(x, y *candidate) int { return cmp.Compare(y.ndcg(), x.ndcg()) })
	at, err := s.o.chosen(len(ranked), func(n int) string { return ranked[n].name })
	if err != nil {
		return nil, err
	}
	selected := ranked[at]
	board := &Leaderboard{Selected: selected.name, data: s.data}
	if board.Recipe, err = newRecipe(selected.name, selected.at); err != nil {
		return nil, err
	}
	selected.at = s.o.winner(selected.at, board.Recipe)
	board.winner = selected.at
	for _, c := range ranked {
		r := Result{
			Name: c.name, Parameters: c.at.parameters(s), Validation: metrics.Mean(c.cases), ValidationCases: c.cases, Path: c.path,
			CPUSeconds: c.cpu, PeakBytes: c.peak,
		}
		if c == selected || s.o.tests(c.name) {
			model, err := s.measure(c, &r)
			if err != nil {
				return nil, err
			}
			if c == selected {
				board.Model = model
			}
		}
		board.Results = append(board.Results, r)
	}
	if s.o.ScanTest && (selected.name == TwoHop || selected.name == TwoHopLowRank) {
		if board.Optimum, err = s.testOptimum(selected.at); err != nil {
			return nil, fmt.Errorf("scan the test part: %w", err)
		}
	}
	return board, nil
}

// measure builds the model of a candidate and notes in r what it reaches on the test part.
func (s *search) measure(c *candidate, r *Result) (*rank.Model, error) {
	before := s.o.CPUSeconds()
	model, err := c.at.build(s)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", c.name, err)
	}
	tested, err := s.test(model)
	if err != nil {
		return nil, fmt.Errorf("test %s: %w", c.name, err)
	}
	r.Tested, r.Test, r.TestCases, r.TestLists = true, tested.Summary(), tested.Cases(), tested.Lists()
	r.CPUSeconds += s.o.CPUSeconds() - before
	r.PeakBytes = s.o.PeakBytes()
	return model, nil
}

// test measures a model on the test part.
func (s *search) test(m *rank.Model) (*metrics.Collector, error) {
	o := s.o.ranking()
	o.Progress = s.o.progress("test")
	return rank.Measure(s.data, m, s.matrix(m.Values), o)
}
