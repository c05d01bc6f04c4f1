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
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// ErrNothingToValidate says that the training part is too small to hold anything back from it.
var ErrNothingToValidate = errors.New("there is nothing to validate on")

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
	MaxCases      int     // validation cases at the most; 0 means 10,000, from which on more tell little
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
	o.MaxCases = cmp.Or(o.MaxCases, maxCases)
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

// Result is one algorithm on the leaderboard.
type Result struct {
	Name       string
	Parameters map[string]any
	Validation metrics.Accuracy // on the held-out part of the training data
	// ValidationCases are those that Validation is the mean of, the same ones in the same order for every algorithm.
	ValidationCases []metrics.Accuracy
	Tested          bool // whether the test part was scored
	Test            metrics.Summary
	TestCases       []metrics.Accuracy
	TestLists       [][]int32 // the list of each test case, best first
	Path            []Point   // what the search tried, in its order
	CPUSeconds      float64   // of the search; of the search, build and test when tested
	PeakBytes       int64     // of the process up to the end of this algorithm
}

// Leaderboard is the outcome of a run. Results are ordered by validation NDCG, best first.
type Leaderboard struct {
	Selected string
	Results  []Result
	Recipe   *Recipe  // of the selected algorithm; nil when it is popularity
	Model    *Trained // the selected model, built on the whole training part
	Optimum  *Optimum // set when Options.ScanTest asked for it and a two-hop model won

	winner member
	data   *dataset.Data // that Model was built from
}

// search is the state of a run: what the families share, and what they leave for those after them.
type search struct {
	data     *dataset.Data
	train    *csr.Matrix // the training rows, of sessions their distinct items
	variants []variant
	heldOut  *validation
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
	s := &search{data: d, train: d.Train, variants: variants(d), graphs: map[graphKey]*neighbours.Graph{}, o: o}
	if s.train == nil {
		s.train = s.variants[0].matrix
	}
	return s
}

// reading returns the training rows under a reading of their values, "" for as they are, and whether the data offer it.
func (s *search) reading(name string) (*csr.Matrix, bool) {
	if name == "" {
		return s.train, true
	}
	at := slices.IndexFunc(s.variants, func(v variant) bool { return v.name == name })
	if at < 0 {
		return s.train, false
	}
	return s.variants[at].matrix, true
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
	heldOut, err := newValidation(d, o.Seed, o.MaxCases)
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
func (s *search) measure(c *candidate, r *Result) (*Trained, error) {
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

// test ranks every test case. Users' seeds are the entries of their rows as the model reads them; everything in their training row, and
// what a basket has, is left out, but a session may return. Users without seeds get what is popular, whatever the model, as a storefront
// gives them.
func (s *search) test(m *Trained) (*metrics.Collector, error) {
	d, rows := s.data, s.matrix(m.Values)
	known := catalogue(d)
	collector := metrics.NewCollector(len(d.Tests), s.o.K, known)
	popular := byMass(known.Popularity)
	err := neighbours.Blocks(len(d.Tests), neighbours.Options{
		Workers: s.o.Workers, Stop: s.o.Stop, Progress: s.o.progress("test"),
	}, func() func(int) {
		r := newRanker(s.train.Cols)
		return func(at int) {
			c := d.Tests[at]
			seeds, exclude := c.Seeds, c.Seeds
			var values []float32
			switch {
			case c.Row >= 0:
				seeds, values = rows.Row(int(c.Row))
				exclude, _ = s.train.Row(int(c.Row))
			case d.Relation == dataset.ViewedNext:
				exclude = nil
			}
			model := m
			if len(seeds) == 0 {
				model = popular
			}
			ranked := r.Rank(model, seeds, values, exclude, s.o.K)
			a := metrics.Measure(ranked, contains(c.Relevant), len(c.Relevant), s.o.K, d.CappedRecall)
			collector.Record(at, a, ranked)
		}
	})
	return collector, err
}
