// Package study runs a competition of models several times, with other seeds or on the folds of a cross-validation, and says what is told
// apart by that: means with their intervals, and paired tests.
//
// Package evaluate does the runs. The main type is [Study]; [Conduct] makes one, [OfRun] makes one of a run that there was already.
package study

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// Plan says how often a competition is run.
type Plan struct {
	Folds int // of a cross-validation of the training part; 0 or 1 tests on the test part instead
	Seeds int // runs with evaluate.Options.Seed and the seeds after it; 0 means 1
}

// Runs is the number of competitions of the plan.
func (p Plan) Runs() int { return max(p.Folds, 1) * max(p.Seeds, 1) }

// Competition is one run of a study.
type Competition struct {
	Seed  uint64
	Fold  int // counted from 1; 0 for the test part
	Board *evaluate.Leaderboard
	// overlap is the number of test cases over that of training rows.
	overlap float64
	data    *dataset.Data  // until the run is noted
	tests   []dataset.Case // of a run on the test part
}

// Study is a competition that was run several times. In a cross-validation every algorithm is tested, in every fold.
type Study struct {
	Runs        []Competition     // by seed, then fold; boards without their models
	Data        *dataset.Data     // of the first run
	Results     []AlgorithmResult // best mean NDCG on validation first
	Comparisons []Comparison      // of every two algorithms that were tested, in the order of the standings
}

// AlgorithmResult is what an algorithm reached over all runs in which it competed.
type AlgorithmResult struct {
	Name       string
	Wins       int // runs in which validation chose it
	Validation metrics.Spread
	Figures    map[string]metrics.Spread // by name, of the runs in which it was tested
	Runs       int                       // in which it competed
}

// Comparison is a paired test between two algorithms: the difference of the NDCG of First less that of Second, over the runs, or over the
// cases of the only run and of runs that all asked the same.
type Comparison struct {
	First, Second string
	metrics.Spread
	Pairs int
}

// Conduct runs the competition as often as the plan says, on the data that load gives for a seed, several runs at a time. The same plan and
// options give the same study.
func Conduct(load func(seed uint64) (*dataset.Data, error), plan Plan, o evaluate.Options) (*Study, error) {
	study := &Study{Runs: make([]Competition, plan.Runs())}
	workers := cmp.Or(o.Workers, runtime.GOMAXPROCS(0))
	atOnce := min(workers, len(study.Runs))
	var group errgroup.Group
	group.SetLimit(atOnce)
	var mu sync.Mutex
	done := 0
	folds := max(plan.Folds, 1)
	for n := range study.Runs {
		group.Go(func() error {
			run := o
			run.Workers = max(workers/atOnce, 1)
			if len(study.Runs) > 1 { // several at a time have one clock and one bar
				run.Progress, run.CPUSeconds = nil, nil
			}
			run.Seed += uint64(n / folds)
			c := Competition{Seed: run.Seed}
			if plan.Folds > 1 {
				c.Fold, run.TestAll = n%folds+1, true
			}
			if err := c.hold(load, plan, run); err != nil && len(study.Runs) == 1 {
				return err
			} else if err != nil {
				return fmt.Errorf("seed %d, fold %d: %w", c.Seed, c.Fold, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if study.Runs[n] = c; n == 0 {
				study.Data = c.data
			} else {
				c.forgetLists()
			}
			study.Runs[n].data = nil
			if done++; o.Progress != nil && len(study.Runs) > 1 {
				o.Progress("competitions", done, len(study.Runs))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	study.summarise()
	return study, nil
}

// OfRun makes a study of the only run that there was, on data.
func OfRun(b *evaluate.Leaderboard, data *dataset.Data) *Study {
	s := &Study{Runs: []Competition{{Board: b.Figures()}}, Data: data}
	s.summarise()
	return s
}

// hold runs one competition of a study and keeps its figures.
func (c *Competition) hold(load func(seed uint64) (*dataset.Data, error), plan Plan, o evaluate.Options) error {
	d, err := load(c.Seed)
	if err != nil {
		return err
	}
	if c.Fold > 0 {
		if d, err = d.Fold(c.Fold-1, plan.Folds, c.Seed); err != nil {
			return err
		}
	}
	c.overlap = float64(len(d.Tests)) / float64(max(d.Rows(), 1))
	switch { // of histories entries are held out, not rows
	case d.Relation != dataset.Similar:
	case c.Fold > 0:
		c.overlap = 1 / float64(plan.Folds-1)
	default:
		c.overlap = float64(entriesHeldOut(d)) / float64(max(d.Interactions(), 1))
	}
	board, err := evaluate.Run(d, o)
	if err != nil {
		return err
	}
	if c.Fold == 0 {
		c.tests = d.Tests
	}
	c.Board, c.data = board.Figures(), d // the models of many runs would fill the memory
	return nil
}

// entriesHeldOut counts what the test cases are to find.
func entriesHeldOut(d *dataset.Data) int {
	n := 0
	for _, c := range d.Tests {
		n += len(c.Relevant)
	}
	return n
}

// forgetLists gives up the lists of test cases, which are kept of the first run only.
func (c *Competition) forgetLists() {
	for n := range c.Board.Results {
		c.Board.Results[n].TestLists = nil
	}
}

// results are those of an algorithm by run, nil where it did not compete.
func (s *Study) results(name string) []*evaluate.Result {
	out := make([]*evaluate.Result, len(s.Runs))
	for n, c := range s.Runs {
		out[n] = c.Board.ByName(name)
	}
	return out
}

// sameTests reports whether all of several runs asked the same: of data that are split by time or by their files the seeds steer the
// search alone. Such runs are no samples, however many they are.
func (s *Study) sameTests() bool {
	for _, c := range s.Runs {
		if c.Fold > 0 || !reflect.DeepEqual(c.tests, s.Runs[0].tests) {
			return false
		}
	}
	return len(s.Runs) > 1
}

// overlap is the mean of the runs' shares of test cases to training rows, by which the spread
// over runs that share training data is widened.
func (s *Study) overlap() float64 {
	sum := 0.0
	for _, c := range s.Runs {
		sum += c.overlap
	}
	return sum / float64(len(s.Runs))
}

// summarise fills in the standings and the paired tests from the boards.
func (s *Study) summarise() {
	same := s.sameTests()
	for _, name := range evaluate.Algorithms() {
		result := AlgorithmResult{Name: name, Figures: map[string]metrics.Spread{}}
		var validation []float64
		figures := map[string][]float64{}
		for n, r := range s.results(name) {
			if r == nil {
				continue
			}
			result.Runs++
			if s.Runs[n].Board.Selected == name {
				result.Wins++
			}
			validation = append(validation, r.Validation.NDCG)
			if r.Tested {
				for figure, v := range r.Test.Figures() {
					figures[figure] = append(figures[figure], v)
				}
			}
		}
		if result.Runs == 0 {
			continue
		}
		result.Validation = metrics.Repeated(validation, s.overlap())
		for figure, values := range figures {
			spread := metrics.Repeated(values, s.overlap())
			if same { // the spread of the search is none of the figure
				spread.Interval = metrics.Interval{Low: math.NaN(), High: math.NaN()}
			}
			result.Figures[figure] = spread
		}
		s.Results = append(s.Results, result)
	}
	slices.SortStableFunc(s.Results, func(a, b AlgorithmResult) int { return cmp.Compare(b.Validation.Mean, a.Validation.Mean) })
	for at, first := range s.Results {
		for _, second := range s.Results[at+1:] {
			if c := s.compare(first.Name, second.Name, same); c.Pairs > 1 {
				s.Comparisons = append(s.Comparisons, c)
			}
		}
	}
}

// compare pairs the runs in which both were tested, or, of one run and of runs that asked the same, the cases, with the mean of the runs.
func (s *Study) compare(first, second string, same bool) Comparison {
	a, b := s.results(first), s.results(second)
	var runs, cases []float64
	for n := range a {
		if a[n] == nil || b[n] == nil || !a[n].Tested || !b[n].Tested {
			continue
		}
		runs = append(runs, a[n].Test.NDCG-b[n].Test.NDCG)
		if cases == nil {
			cases = make([]float64, len(a[n].TestCases))
		}
		if len(s.Runs) == 1 || same {
			for at := range cases {
				cases[at] += a[n].TestCases[at].NDCG - b[n].TestCases[at].NDCG
			}
		}
	}
	differences, overlap := runs, s.overlap()
	if len(s.Runs) == 1 || same {
		for at := range cases {
			cases[at] /= float64(len(runs))
		}
		differences, overlap = cases, 0 // cases, unlike runs, share no training data that differs from one to the next
	}
	if len(differences) == 0 {
		return Comparison{}
	}
	spread := metrics.Repeated(differences, overlap)
	if math.IsNaN(spread.P) {
		return Comparison{}
	}
	return Comparison{First: first, Second: second, Spread: spread, Pairs: len(differences)}
}
