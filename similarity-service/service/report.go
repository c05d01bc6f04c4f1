package service

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// resamples is the number of bootstrap resamples behind each interval.
const resamples = 1000

// Metric is a measured figure with its 95 % interval: of one run the bootstrap interval over the cases, which figures of all lists together lack; of
// several the mean of the runs with the interval of Student's t, and the standard deviation of one run.
type Metric struct {
	Value float64  `json:"value"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
	SD    *float64 `json:"sd,omitempty"`
}

// Result is one algorithm of a report. Metrics are those of the test part; they are missing for algorithms that lost
// on validation, whose test score is not looked at unless all are asked for.
type Result struct {
	Name       string             `json:"name"`
	Relation   string             `json:"relation"`
	Parameters map[string]any     `json:"parameters"`     // of several runs those of the first
	Runs       int                `json:"runs,omitempty"` // of several in which it competed
	Wins       int                `json:"wins,omitempty"` // of several in which validation chose it
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
	// Runs has the figures of each run, when there were several.
	Runs []RunReport `json:"runs,omitempty"`
	// Comparisons are paired tests between every two algorithms that were tested.
	Comparisons []Comparison `json:"comparisons,omitempty"`
	Breakdown   *Breakdown   `json:"breakdown,omitempty"`
	CPUSeconds  float64      `json:"cpu_seconds"`
	PeakBytes   int64        `json:"peak_bytes"`
	// TestOptimum is what the winning two-hop family could have reached had it been chosen on the test part. It is only for
	// judging the choice and is never used by it.
	TestOptimum *TestOptimum `json:"test_optimum,omitempty"`
	// Served has the figures of what was served beside those of the winner.
	Served *Served `json:"served,omitempty"`
}

// RunReport is one of several runs.
type RunReport struct {
	Seed     uint64   `json:"seed"`
	Fold     int      `json:"fold,omitempty"` // counted from 1; 0 for the test part
	Selected string   `json:"selected"`
	Results  []Result `json:"results"`
}

// Comparison is the mean of the NDCG of one algorithm less that of another, over runs or over the cases of the only run, with a paired t-test. The
// interval of runs that share training data is widened for it (Nadeau and Bengio, 2003).
type Comparison struct {
	First      string  `json:"first"`
	Second     string  `json:"second"`
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	P          float64 `json:"p"`
	Pairs      int     `json:"pairs"`
}

// TestOptimum compares the honest choice of two-hop parameters with the best ones in hindsight.
type TestOptimum struct {
	Parameters map[string]any     `json:"parameters"`
	Metrics    map[string]float64 `json:"metrics"`
	Chosen     map[string]float64 `json:"chosen"`
	Loss       float64            `json:"loss"` // share of the optimum's NDCG that the choice gave away
}

// MetricNames lists the figures of a report without their cut-off: those of accuracy first, in the order in which papers give them.
func MetricNames() []string {
	return append(metrics.AccuracyNames(), "coverage", "gini", "novelty", "popularity_bias", "diversity", "new_items")
}

func (r *Report) result(name string) *Result {
	return &r.Results[slices.IndexFunc(r.Results, func(one Result) bool { return one.Name == name })]
}

func report(o EvaluateOptions, run evaluate.Options, data *dataset.Data, study *evaluate.Study) Report {
	first := study.Runs[0].Board
	r := Report{Selected: study.Standings[0].Name, Data: DataSummary{
		Path: o.Path, Format: o.Format, Items: data.Items.Len(), Rows: data.Rows(), Interactions: data.Interactions(),
		TestCases: len(data.Tests), Lines: data.Lines, Skipped: data.Skipped, Notes: data.Notes,
	}}
	if best := first.Optimum; best != nil {
		figures := func(s metrics.Summary) map[string]float64 {
			return map[string]float64{at("recall", run.K): s.Recall, at("ndcg", run.K): s.NDCG}
		}
		r.TestOptimum = &TestOptimum{best.Parameters, figures(best.Test), figures(best.Chosen), best.Loss()}
	}
	for _, c := range study.Comparisons {
		r.Comparisons = append(r.Comparisons, Comparison{c.First, c.Second, c.Mean, c.Low, c.High, c.P, c.Pairs})
	}
	r.Breakdown = breakdown(study, run.K)
	if len(study.Runs) == 1 {
		r.Selected, r.Results = first.Selected, results(first, data.Relation, run)
		return r
	}
	for _, c := range study.Runs {
		r.Runs = append(r.Runs, RunReport{c.Seed, c.Fold, c.Board.Selected, results(c.Board, data.Relation, run)})
	}
	for _, s := range study.Standings {
		r.Results = append(r.Results, overall(s, study, data.Relation, run))
	}
	return r
}

// results are those of one run.
func results(board *evaluate.Leaderboard, relation string, run evaluate.Options) []Result {
	var out []Result
	for _, one := range board.Results {
		res := Result{
			Name: one.Name, Relation: relation, Parameters: one.Parameters, CPUSeconds: one.CPUSeconds, PeakBytes: one.PeakBytes,
			Validation: map[string]float64{at("recall", run.K): one.Validation.Recall, at("ndcg", run.K): one.Validation.NDCG},
		}
		if one.Tested {
			res.Metrics = testMetrics(one, run)
		}
		out = append(out, res)
	}
	return out
}

// overall is an algorithm over several runs.
func overall(s evaluate.Standing, study *evaluate.Study, relation string, run evaluate.Options) Result {
	out := Result{Name: s.Name, Relation: relation, Runs: s.Runs, Wins: s.Wins, Validation: map[string]float64{at("ndcg", run.K): s.Validation.Mean}}
	for _, c := range study.Runs {
		if one := c.Board.ByName(s.Name); one != nil {
			out.Parameters, out.PeakBytes = one.Parameters, max(out.PeakBytes, one.PeakBytes)
			break
		}
	}
	if len(s.Figures) > 0 {
		out.Metrics = map[string]Metric{}
	}
	for name, v := range s.Figures {
		out.Metrics[at(name, run.K)] = Metric{Value: v.Mean, Low: known(v.Low), High: known(v.High), SD: known(v.SD)}
	}
	return out
}

// known is v unless it is not a number.
func known(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
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
