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

// Names of the algorithms that compete.
const (
	Popular = "popular"
	Cosine  = "cosine"
	RP3Beta = "rp3beta"
	GFCF    = "gfcf"
	LLR     = "llr"
	TwoHop  = "two_hop"
)

// Algorithms lists every algorithm that [Run] knows; [NextItem] competes on sessions, the others on histories and baskets.
func Algorithms() []string {
	return []string{Popular, Cosine, RP3Beta, GFCF, LLR, TwoHop, TwoHopLowRank, EASE, Ridge, NextItem}
}

// ErrNothingToValidate says that the training part is too small to hold anything back from it.
var ErrNothingToValidate = errors.New("there is nothing to validate on")

// defaultHistoryCap bounds a row's pair updates at four million.
const defaultHistoryCap = 2000

// Options steer a run. K and Neighbours must be at least 1.
type Options struct {
	Algorithms    []string // nil means all but ridge; popular and cosine are always measured
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
		if !slices.Contains(Algorithms(), name) {
			errs = append(errs, fmt.Errorf("algorithm %q is unknown, want some of %v", name, Algorithms()))
		}
	}
	if _, err := o.Pinned.Checked(); err != nil {
		errs = append(errs, err)
	}
	if o.Recipe != nil {
		errs = append(errs, o.Recipe.validate())
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
	CPUSeconds      float64   // of the search; of the search, build and test when tested
	PeakBytes       int64     // of the process up to the end of this algorithm
}

// Leaderboard is the outcome of a run. Results are ordered by validation NDCG, best first.
type Leaderboard struct {
	Selected string
	Results  []Result
	Recipe   *Recipe  // of the selected algorithm; nil when it is popularity
	Model    *Model   // the selected model, built on the whole training part
	Optimum  *Optimum // set when Options.ScanTest asked for it and a two-hop model won

	train func(d *dataset.Data, o Options) (*Trained, error) // nil when popularity won
	built *Trained                                           // the selected model as it serves, of the training part of data
	data  *dataset.Data
}

// candidate is an algorithm with the parameters that did best on validation.
type candidate struct {
	name       string
	parameters map[string]any
	cases      []metrics.Accuracy
	point      twoHopPoint // of the two-hop family
	ease       easePoint   // of EASE
	lambda     float64     // of the ridge
	rank       int         // of the low-rank term, 0 for none
	strength   float64     // of the low-rank term
	build      buildFunc
	cpu        float64
	peak       int64
}

// better reports whether c has a strictly higher validation NDCG than best.
func (best *candidate) better(c *candidate) bool {
	return best.cases == nil || metrics.Mean(c.cases).NDCG > metrics.Mean(best.cases).NDCG
}

// shared is the mean over the cases that every family was scored on.
func (c *candidate) shared() metrics.Accuracy { return metrics.Mean(c.sharedCases()) }

func (c *candidate) sharedCases() []metrics.Accuracy { return c.cases[:min(len(c.cases), searchCases)] }

// search is the state shared by the families of one run.
type search struct {
	data     *dataset.Data
	held     *validation
	variants []variant
	graphs   map[graphKey]*neighbours.Graph
	vectors  *closedform.LowRank // of the whole training part, once a model with a low-rank term was built
	twoHop   *candidate          // what the two-hop search chose, once it has run
	standing standing
	scouted  *candidate // EASE where its search begins
	// easeDecay and hopDecay are the places of the half-lives of seeds that did best last, where the next point's scan begins.
	easeDecay, hopDecay int
	o                   Options
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
	if d.Relation == dataset.ViewedNext {
		return runSessions(d, o)
	}
	held, err := newValidation(d, o.Seed, o.MaxCases)
	if err != nil {
		return nil, err
	}
	s := &search{data: d, held: held, variants: variants(d), graphs: map[graphKey]*neighbours.Graph{}, o: o}
	found, err := s.candidates()
	if err != nil {
		return nil, err
	}
	return s.leaderboard(found)
}

// family is an algorithm and how its best candidate is found.
type family struct {
	name string
	run  func() (*candidate, error)
}

// families lists what competes: the baselines, and the algorithms that were asked for or the one of the recipe.
func (s *search) families() []family {
	all := []family{
		{Popular, s.popular},
		{Cosine, func() (*candidate, error) { return s.fixed(Cosine, named(neighbours.Cosine())) }},
	}
	if r := s.o.Recipe; r != nil {
		given := family{r.Algorithm, func() (*candidate, error) { return s.given(r) }}
		if r.Algorithm == Cosine {
			all[1] = given
			return all
		}
		return append(all, given)
	}
	for _, one := range []family{
		{RP3Beta, func() (*candidate, error) { return s.fixed(RP3Beta, named(neighbours.RP3Beta(.5))) }},
		{GFCF, func() (*candidate, error) { return s.fixed(GFCF, named(neighbours.GFCF())) }},
		{LLR, func() (*candidate, error) { return s.fixed(LLR, twoHopPoint{logHalfLife: noDecay, llr: true}) }},
		{TwoHop, s.twoHopInReach},
		{TwoHopLowRank, s.searchLowRank},
		{EASE, s.searchEASE},
		{Ridge, s.searchRidge},
	} {
		if s.o.Algorithms == nil && one.name != Ridge || slices.Contains(s.o.Algorithms, one.name) {
			all = append(all, one)
		}
	}
	return all
}

// candidates runs the search of every family.
func (s *search) candidates() ([]*candidate, error) {
	searches := s.families()
	var found []*candidate
	for at, one := range searches {
		if s.o.Progress != nil {
			s.o.Progress("search", at, len(searches))
		}
		before := s.o.CPUSeconds()
		if one.name == TwoHop { // the named points are measured
			if err := s.scout(found); err != nil {
				return nil, fmt.Errorf("scout: %w", err)
			}
		}
		c, err := one.run()
		if err != nil {
			return nil, fmt.Errorf("search %s: %w", one.name, err)
		}
		if c == nil {
			continue // out of reach for this data set and budget
		}
		c.cpu, c.peak = s.o.CPUSeconds()-before, s.o.PeakBytes()
		found = append(found, c)
	}
	return found, nil
}

func named(t neighbours.TwoHop) twoHopPoint { return twoHopPoint{logHalfLife: noDecay, hop: t} }

// leaderboard orders the candidates and scores the test part for the winner and the baselines.
func (s *search) leaderboard(found []*candidate) (*Leaderboard, error) {
	slices.SortStableFunc(found, func(x, y *candidate) int {
		return cmp.Compare(y.shared().NDCG, x.shared().NDCG)
	})
	at, err := s.o.chosen(len(found), func(n int) string { return found[n].name })
	if err != nil {
		return nil, err
	}
	selected := found[at]
	board := &Leaderboard{Selected: selected.name}
	for _, c := range found {
		r := Result{Name: c.name, Parameters: c.parameters, Validation: c.shared(), ValidationCases: c.sharedCases(), CPUSeconds: c.cpu, PeakBytes: c.peak}
		if c == selected || s.o.tests(c.name) {
			before := s.o.CPUSeconds()
			model, rows, err := c.build(s)
			if err != nil {
				return nil, fmt.Errorf("build %s: %w", c.name, err)
			}
			tested, err := s.test(model, rows)
			if err != nil {
				return nil, fmt.Errorf("test %s: %w", c.name, err)
			}
			r.Test, r.TestCases, r.TestLists = tested.Summary(), tested.Cases(), tested.Lists()
			r.Tested = true
			r.CPUSeconds += s.o.CPUSeconds() - before
			r.PeakBytes = s.o.PeakBytes()
			if c == selected {
				board.Model = model
			}
			if c == selected && model.Lists != nil {
				board.train, board.Recipe = c.trainLists, s.recipe(c)
				board.data, board.built = s.data, c.trained(s, model)
			}
		}
		board.Results = append(board.Results, r)
	}
	if s.o.ScanTest && (selected.name == TwoHop || selected.name == TwoHopLowRank) {
		var err error
		if board.Optimum, err = s.testOptimum(selected); err != nil {
			return nil, fmt.Errorf("scan the test part: %w", err)
		}
	}
	return board, nil
}

// test ranks every test case. Users' seeds are the entries of rows; everything in their training row is left out. Users
// without seeds get what is popular, whatever the model, as a storefront gives them.
func (s *search) test(m *Model, rows *csr.Matrix) (*metrics.Collector, error) {
	d := s.data
	known := catalogue(d)
	collector := metrics.NewCollector(len(d.Tests), s.o.K, known)
	popular := popularModel(known.Popularity)
	err := neighbours.Blocks(len(d.Tests), neighbours.Options{Workers: s.o.Workers, Stop: s.o.Stop, Progress: s.o.progress("test")}, func() func(int) {
		r := NewRanker(d.Train.Cols)
		return func(at int) {
			c := d.Tests[at]
			seeds, exclude := c.Seeds, c.Seeds
			var values []float32
			if c.Row >= 0 {
				seeds, values = rows.Row(int(c.Row))
				exclude, _ = d.Train.Row(int(c.Row))
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

// popular ranks by the number of interactions.
func (s *search) popular() (*candidate, error) {
	mass := s.data.Train.First(s.held.rows).ColMass()
	n := len(mass)
	cases, err := s.held.first(searchCases).each(s.o, n, func(r *Ranker) func(*heldCase) []int32 {
		m := popularModel(mass)
		return func(c *heldCase) []int32 {
			for _, j := range c.hidden {
				m.Prior[j]--
			}
			ranked := r.Rank(m, nil, nil, append(c.known, c.seeds...), s.o.K)
			for _, j := range c.hidden {
				m.Prior[j]++
			}
			return ranked
		}
	})
	return &candidate{name: Popular, parameters: map[string]any{}, cases: cases, build: func(s *search) (*Model, *csr.Matrix, error) {
		return popularModel(s.data.Train.ColMass()), s.data.Train, nil
	}}, err
}

// popularModel ranks by mass, the same for everybody.
func popularModel(mass []float64) *Model {
	m := &Model{Prior: make([]float32, len(mass))}
	for j, v := range mass {
		m.Prior[j] = float32(v)
	}
	return m
}
