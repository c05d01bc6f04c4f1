package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"

	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/rank"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/validation"
)

// defaultHistoryCap bounds a row's pair updates at four million.
const defaultHistoryCap = 2000

// maxK bounds the memory for the lists of test cases, four bytes a place.
const maxK = 10_000

// Options steer a run. K and Neighbours must be at least 1, K at most 10,000.
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

// withDefaults fills in what is zero. Pinned parameters get their full names; Validate has
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

// Validate names every option that cannot be used, whatever the data.
func (o Options) Validate() error {
	var errs []error
	if o.K < 1 || o.K > maxK {
		errs = append(errs, fmt.Errorf("k is %d, want 1 to %d", o.K, maxK))
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
