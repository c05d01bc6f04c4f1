package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/study"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
	"github.com/aisle-rec/aisle/similarity-service/internal/report"
)

// EvaluateOptions say what to evaluate. The zero value of every field but Path and Format is useful. As JSON they are a run file.
type EvaluateOptions struct {
	Path   string `json:"data"`
	Format string `json:"format"` // lightgcn, sessions, baskets, movielens or csv
	// share of a table that teaches; 0 means the format's own split
	TrainFraction float64 `json:"train_fraction,omitempty"`
	Resplit       bool    `json:"resplit,omitempty"` // lightgcn: draw the test part again at random
	Ordered       bool    `json:"ordered,omitempty"` // lightgcn: the items of a line are in the order in which they came
	// sessions: an item clicked again at once is a page loaded again, and left out
	WithoutReloads bool         `json:"without_reloads,omitempty"`
	Table          TableOptions `json:"table,omitzero"` // how to read tables
	// nil means EvaluateAlgorithms; popular and cosine are always measured
	Algorithms []string `json:"algorithms,omitempty"`
	// by algorithm and name: those that the search is to leave as they are
	Parameters map[string]map[string]float64 `json:"parameters,omitempty"`
	// of a cross-validation of the training part; below 2 the test part is scored
	Folds int `json:"folds,omitempty"`
	// runs with Seed and the seeds after it; 0 means 1
	Seeds      int `json:"seeds,omitempty"`
	K          int `json:"k,omitempty"`          // length of the measured lists; 0 means 20
	Neighbours int `json:"neighbours,omitempty"` // neighbours kept per item; 0 means 200
	// latest entries of a history that co-occur; 0 means 2000
	HistoryCap    int     `json:"history_cap,omitempty"`
	Seed          uint64  `json:"seed"`                     // same seed, same report
	BudgetSeconds float64 `json:"budget_seconds,omitempty"` // nominal CPU seconds for the search; 0 means 200
	// score the test part for every algorithm, not only for the winner and the baselines
	TestAll bool `json:"test_all,omitempty"`
	// afterwards, scan the test part for the family's optimum
	ScanTest bool `json:"scan_test,omitempty"`
	Workers  int  `json:"-"` // goroutines; 0 means GOMAXPROCS
	// afterwards, has the test part answered by what serves, and compares
	Serve    Serve                               `json:"-"`
	Progress func(stage string, done, total int) `json:"-"` // may be called from several goroutines
}

// WithDefaults fills in what is left out.
func (o EvaluateOptions) WithDefaults() EvaluateOptions {
	o.K, o.Neighbours, o.HistoryCap = cmp.Or(o.K, 20), cmp.Or(o.Neighbours, 200), cmp.Or(o.HistoryCap, 2000)
	o.BudgetSeconds, o.Seeds = cmp.Or(o.BudgetSeconds, 200), cmp.Or(o.Seeds, 1)
	return o
}

func (o EvaluateOptions) check() error {
	var errs []error
	if o.Folds < 0 || o.Folds == 1 {
		errs = append(errs, fmt.Errorf("folds is %d, want 2 or more, or 0 to score the test part", o.Folds))
	}
	if o.Seeds < 1 {
		errs = append(errs, fmt.Errorf("seeds is %d, want at least 1", o.Seeds))
	}
	if o.Seeds > 1 || o.Folds > 1 {
		if o.Serve != nil {
			errs = append(errs, errors.New("what is served is compared with one run: leave out folds and seeds"))
		}
		if o.ScanTest {
			errs = append(errs, errors.New("the scan of the test part is made after one run: leave out folds and seeds"))
		}
	}
	return errors.Join(errs...)
}

// TableOptions say how to read tables; what is left out is found out by itself.
type TableOptions = dataset.Table

// Report is the outcome of an evaluation.
type Report = similarityapi.Report

// WriteReport writes a report as one page that needs nothing else.
func WriteReport(w io.Writer, r Report) error { return report.WriteHTML(w, r) }

// OrderedMetrics sorts names of figures: those of accuracy first, in the order in which papers give them.
func OrderedMetrics(names iter.Seq[string]) []string { return report.Ordered(names) }

// Evaluate reads a data set, lets the algorithms compete on a held-out part of its training data and scores the winner and the baselines on
// the test part, or, with folds, all of them on each fold. Cancelling ctx ends it within a moment, with the context's error.
func Evaluate(ctx context.Context, o EvaluateOptions) (Report, error) {
	o = o.WithDefaults()
	run := evaluate.Options{
		Algorithms: o.Algorithms, K: o.K, Neighbours: o.Neighbours, HistoryCap: o.HistoryCap, Seed: o.Seed, Pinned: o.Parameters,
		ScanTest: o.ScanTest, TestAll: o.TestAll, BudgetSeconds: o.BudgetSeconds,
		Workers: o.Workers, Progress: o.Progress, CPUSeconds: cpuSeconds, PeakBytes: peakBytes,
		Stop: func() bool { return ctx.Err() != nil },
	}
	if err := errors.Join(o.check(), run.Validate()); err != nil { // before a large file is read
		return Report{}, err
	}
	load := loader(o)
	data, err := load(o.Seed)
	if err != nil {
		return Report{}, err
	}
	runs, err := study.Conduct(load, study.Plan{Folds: o.Folds, Seeds: o.Seeds}, run)
	if errors.Is(err, neighbours.ErrStopped) && ctx.Err() != nil {
		return Report{}, fmt.Errorf("evaluate %s: %w", o.Path, ctx.Err())
	}
	if err != nil {
		return Report{}, fmt.Errorf("evaluate %s: %w", o.Path, err)
	}
	r := report.Of(runs, data, run)
	r.Data.Path, r.Data.Format = o.Path, o.Format
	if o.Serve != nil {
		if r.Served, err = served(ctx, o.Serve, data, run, r.Result(r.Selected).Metrics); err != nil {
			return Report{}, err
		}
	}
	r.CPUSeconds, r.PeakBytes = cpuSeconds(), peakBytes()
	return r, nil
}

// loader reads the data set once for each seed, which decides what is drawn of it.
func loader(o EvaluateOptions) func(seed uint64) (*dataset.Data, error) {
	var mu sync.Mutex
	read := map[uint64]func() (*dataset.Data, error){}
	return func(seed uint64) (*dataset.Data, error) {
		mu.Lock()
		once := read[seed]
		if once == nil {
			once = sync.OnceValues(func() (*dataset.Data, error) {
				return dataset.Load(o.Path, dataset.Options{
					Format: dataset.Format(o.Format), TrainFraction: o.TrainFraction, Resplit: o.Resplit, Ordered: o.Ordered,
					WithoutReloads: o.WithoutReloads, Seed: seed, Table: o.Table,
				})
			})
			read[seed] = once
		}
		mu.Unlock()
		return once()
	}
}

// EvaluateAlgorithms lists the algorithms, which all compete when none are named.
func EvaluateAlgorithms() []string {
	return evaluate.Algorithms()
}

// EvaluateFormats lists the data formats that can be read.
func EvaluateFormats() []string {
	var out []string
	for _, f := range dataset.Formats() {
		out = append(out, string(f))
	}
	return out
}
