package service

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// resamples is the number of bootstrap resamples behind each interval.
const resamples = 1000

// EvaluateOptions say what to evaluate. The zero value of every field but Path and Format is useful.
type EvaluateOptions struct {
	Path          string
	Format        string                              // lightgcn, sessions, baskets, movielens or csv
	TrainFraction float64                             // share of a table that teaches; 0 means the format's own split
	Resplit       bool                                // lightgcn: draw the test part again at random
	Algorithms    []string                            // nil means EvaluateAlgorithms; popular and cosine are always measured
	K             int                                 // length of the measured lists; 0 means 20
	Neighbours    int                                 // neighbours kept per item; 0 means 200
	HistoryCap    int                                 // latest entries of a history that co-occur; 0 means 2000
	Table         TableOptions                        // how to read tables
	Seed          uint64                              // same seed, same report
	BudgetSeconds float64                             // nominal CPU seconds for the search; 0 means 200
	Workers       int                                 // goroutines; 0 means GOMAXPROCS
	Serve         Serve                               // afterwards, has the test part answered by what serves, and compares
	TestAll       bool                                // score the test part for every algorithm, not only for the winner and the baselines
	ScanTest      bool                                // afterwards, scan the test part for the family's optimum
	Progress      func(stage string, done, total int) // may be called from several goroutines
}

// TableOptions say how to read tables; what is left out is found out by itself.
type TableOptions = dataset.Table

// Metric is a measured figure with its 95 % bootstrap interval. Figures of all lists together have no interval.
type Metric struct {
	Value float64  `json:"value"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
}

// Result is one algorithm of a report. Metrics are those of the test part; they are missing for algorithms that lost
// on validation, whose test score is not looked at unless all are asked for.
type Result struct {
	Name       string             `json:"name"`
	Relation   string             `json:"relation"`
	Parameters map[string]any     `json:"parameters"`
	Metrics    map[string]Metric  `json:"metrics,omitempty"`
	Validation map[string]float64 `json:"validation"`
	CPUSeconds float64            `json:"cpu_seconds"`
	PeakBytes  int64              `json:"peak_bytes"`
}

// DataSummary describes what was read.
type DataSummary struct {
	Path         string         `json:"path"`
	Format       string         `json:"format"`
	Items        int            `json:"items"`
	Rows         int            `json:"rows"`
	Interactions int            `json:"interactions"`
	TestCases    int            `json:"test_cases"`
	Lines        int            `json:"lines"`
	Skipped      map[string]int `json:"skipped,omitempty"`
	Notes        []string       `json:"notes,omitempty"` // what was found out about the files, such as that a table has no times
}

// Report is the outcome of an evaluation, best algorithm first by validation.
type Report struct {
	Data     DataSummary `json:"data"`
	Selected string      `json:"selected"`
	Results  []Result    `json:"results"`
	// TestOptimum is what the winning two-hop family could have reached had it been chosen on the test part. It is only for
	// judging the choice and is never used by it.
	TestOptimum *TestOptimum `json:"test_optimum,omitempty"`
	// Served has the figures of what was served beside those of the winner.
	Served *Served `json:"served,omitempty"`
}

// TestOptimum compares the honest choice of two-hop parameters with the best ones in hindsight.
type TestOptimum struct {
	Parameters map[string]any     `json:"parameters"`
	Metrics    map[string]float64 `json:"metrics"`
	Chosen     map[string]float64 `json:"chosen"`
	Loss       float64            `json:"loss"` // share of the optimum's NDCG that the choice gave away
}

// Evaluate reads a data set, lets the algorithms compete on a held-out part of its training data and scores the winner
// and the baselines on the test part. Cancelling ctx ends it within a moment, with the context's error.
func Evaluate(ctx context.Context, o EvaluateOptions) (Report, error) {
	data, err := dataset.Load(o.Path, dataset.Options{
		Format: dataset.Format(o.Format), TrainFraction: o.TrainFraction, Resplit: o.Resplit, Seed: o.Seed, Table: o.Table,
	})
	if err != nil {
		return Report{}, err
	}
	run := evaluate.Options{
		Algorithms: o.Algorithms, K: o.K, Neighbours: o.Neighbours, HistoryCap: o.HistoryCap, Seed: o.Seed, ScanTest: o.ScanTest, TestAll: o.TestAll, BudgetSeconds: o.BudgetSeconds,
		Workers: o.Workers, Progress: o.Progress, CPUSeconds: cpuSeconds, PeakBytes: peakBytes,
		Stop: func() bool { return ctx.Err() != nil },
	}
	if run.K == 0 {
		run.K = 20
	}
	if run.Neighbours == 0 {
		run.Neighbours = 200
	}
	if run.BudgetSeconds == 0 {
		run.BudgetSeconds = 200
	}
	board, err := evaluate.Run(data, run)
	if errors.Is(err, neighbours.ErrStopped) && ctx.Err() != nil {
		return Report{}, fmt.Errorf("evaluate %s: %w", o.Path, ctx.Err())
	}
	if err != nil {
		return Report{}, fmt.Errorf("evaluate %s: %w", o.Path, err)
	}
	r := report(o, run, data, board)
	if o.Serve != nil {
		if r.Served, err = served(ctx, o.Serve, data, run, r.Results[slices.IndexFunc(r.Results, func(one Result) bool { return one.Name == r.Selected })].Metrics); err != nil {
			return Report{}, err
		}
	}
	return r, nil
}

// EvaluateAlgorithms lists the algorithms that compete when none are named. One more, ridge, competes only when it is named.
func EvaluateAlgorithms() []string {
	return slices.DeleteFunc(evaluate.Algorithms(), func(name string) bool { return name == evaluate.Ridge })
}

// EvaluateFormats lists the data formats that can be read.
func EvaluateFormats() []string {
	var out []string
	for _, f := range dataset.Formats() {
		out = append(out, string(f))
	}
	return out
}

func report(o EvaluateOptions, run evaluate.Options, data *dataset.Data, board *evaluate.Leaderboard) Report {
	r := Report{Selected: board.Selected, Data: DataSummary{
		Path: o.Path, Format: o.Format, Items: data.Items.Len(), Rows: data.Rows(), Interactions: data.Interactions(),
		TestCases: len(data.Tests), Lines: data.Lines, Skipped: data.Skipped, Notes: data.Notes,
	}}
	if best := board.Optimum; best != nil {
		figures := func(s metrics.Summary) map[string]float64 {
			return map[string]float64{at("recall", run.K): s.Recall, at("ndcg", run.K): s.NDCG}
		}
		r.TestOptimum = &TestOptimum{best.Parameters, figures(best.Test), figures(best.Chosen), best.Loss()}
	}
	for _, one := range board.Results {
		res := Result{
			Name: one.Name, Relation: data.Relation, Parameters: one.Parameters, CPUSeconds: one.CPUSeconds, PeakBytes: one.PeakBytes,
			Validation: map[string]float64{at("recall", run.K): one.Validation.Recall, at("ndcg", run.K): one.Validation.NDCG},
		}
		if one.Tested {
			res.Metrics = testMetrics(one, run)
		}
		r.Results = append(r.Results, res)
	}
	return r
}

// testMetrics gives the means with their intervals. Every algorithm gets the same resamples of the cases.
func testMetrics(one evaluate.Result, run evaluate.Options) map[string]Metric {
	var columns [6][]float64
	for _, c := range one.TestCases {
		for n, v := range c.Values() {
			columns[n] = append(columns[n], v)
		}
	}
	intervals := metrics.BootstrapColumns(columns[:], resamples, .95, rand.New(rand.NewPCG(run.Seed, 0xb007)))
	out := map[string]Metric{}
	for name, v := range one.Test.Beyond() {
		out[at(name, run.K)] = Metric{Value: v}
	}
	for n, v := range one.Test.Values() {
		out[at(metrics.AccuracyNames()[n], run.K)] = Metric{Value: v, Low: &intervals[n].Low, High: &intervals[n].High}
	}
	return out
}

func at(name string, k int) string { return name + "@" + strconv.Itoa(k) }
