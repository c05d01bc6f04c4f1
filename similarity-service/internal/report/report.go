// Package report lays out what a competition of models came to: figures with intervals, for whom the models are right, what they answer to
// some visitors, and drawings of it all. [Of] makes a report, [Draw] its drawings and [WriteHTML] a page that needs nothing else.
//
// report.go takes the figures over, breakdown.go divides them by visitors and items,
// drawings.go draws and html.go writes the page. The types are of package similarityapi, so
// that the API, the console and the command line show the same report.
package report

import (
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/dataset"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate"
	"github.com/aisle-rec/aisle/similarity-service/internal/evaluate/study"
	"github.com/aisle-rec/aisle/similarity-service/internal/metrics"
)

// resamples is the number of bootstrap resamples behind each interval. The seed is that of the
// run, so that a report is the same each time.
const resamples = 1000

// metricNames lists the figures of a report without their cut-off: those of accuracy first, in the order in which papers give them.
func metricNames() []string {
	return append(metrics.AccuracyNames(), "coverage", "gini", "novelty", "popularity_bias", "diversity", "new_items")
}

// Of reports a study that was made with the options o, on data: of several runs the means, and
// each run beside them. It reads study and data and keeps parts of the former. Drawings are
// left out: see [Draw].
func Of(runs *study.Study, data *dataset.Data, run evaluate.Options) similarityapi.Report {
	first := runs.Runs[0].Board
	r := similarityapi.Report{Selected: runs.Results[0].Name, Data: similarityapi.ReportData{
		Relation: data.Relation, Items: data.Items.Len(), Rows: data.Rows(), Interactions: data.Interactions(),
		TestCases: len(data.Tests), Lines: data.Lines, Skipped: data.Skipped, Notes: data.Notes,
	}}
	if best := first.Optimum; best != nil {
		figures := func(s metrics.Summary) map[string]float64 {
			return map[string]float64{at("recall", run.K): s.Recall, at("ndcg", run.K): s.NDCG}
		}
		r.TestOptimum = &similarityapi.ReportOptimum{
			Parameters: best.Parameters, Metrics: figures(best.Test), Chosen: figures(best.Chosen), Loss: best.Loss(),
		}
	}
	r.Comparisons = Comparisons(runs)
	r.Breakdown = breakdown(runs, run.K)
	if len(runs.Runs) == 1 {
		r.Selected, r.Results = first.Selected, results(first, data.Relation, run)
		return r
	}
	for _, c := range runs.Runs {
		r.Runs = append(r.Runs, similarityapi.ReportRun{
			Seed: c.Seed, Fold: c.Fold, Selected: c.Board.Selected, Results: results(c.Board, data.Relation, run),
		})
	}
	for _, s := range runs.Results {
		r.Results = append(r.Results, overall(s, runs, data.Relation, run))
	}
	return r
}

// Comparisons are the paired tests of a study.
func Comparisons(runs *study.Study) (out []similarityapi.ReportComparison) {
	for _, c := range runs.Comparisons {
		out = append(out, similarityapi.ReportComparison{
			First: c.First, Second: c.Second, Difference: c.Mean, Low: c.Low, High: c.High, P: c.P, Pairs: c.Pairs,
		})
	}
	return out
}

// results are those of one run.
func results(board *evaluate.Leaderboard, relation string, run evaluate.Options) []similarityapi.ReportResult {
	var out []similarityapi.ReportResult
	for _, one := range board.Results {
		res := similarityapi.ReportResult{
			Name: one.Name, Relation: relation, Parameters: one.Parameters, CPUSeconds: one.CPUSeconds, PeakBytes: one.PeakBytes,
			Validation: map[string]float64{at("recall", run.K): one.Validation.Recall, at("ndcg", run.K): one.Validation.NDCG},
		}
		for _, p := range one.Path {
			res.Path = append(res.Path, similarityapi.ReportPoint{Parameters: p.Parameters, Score: p.Score})
		}
		if one.Tested {
			res.Metrics = Figures(one.Test, one.TestCases, run)
		}
		out = append(out, res)
	}
	return out
}

// overall is an algorithm over several runs. Parameters and memory are those of the first run
// in which it competed.
func overall(s study.AlgorithmResult, runs *study.Study, relation string, run evaluate.Options) similarityapi.ReportResult {
	out := similarityapi.ReportResult{
		Name: s.Name, Relation: relation, Runs: s.Runs, Wins: s.Wins, Validation: map[string]float64{at("ndcg", run.K): s.Validation.Mean},
	}
	for _, c := range runs.Runs {
		if one := c.Board.ByName(s.Name); one != nil {
			out.Parameters, out.PeakBytes = one.Parameters, max(out.PeakBytes, one.PeakBytes)
			break
		}
	}
	if len(s.Figures) > 0 {
		out.Metrics = map[string]similarityapi.ReportFigure{}
	}
	for name, v := range s.Figures {
		out.Metrics[at(name, run.K)] = similarityapi.ReportFigure{Value: v.Mean, Low: known(v.Low), High: known(v.High), SD: known(v.SD)}
	}
	return out
}

// known is v unless it is not a number, which JSON cannot say.
func known(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

// Figures gives the means with their intervals. Every algorithm gets the same resamples of the cases.
func Figures(means metrics.Summary, cases []metrics.Accuracy, run evaluate.Options) map[string]similarityapi.ReportFigure {
	var columns [6][]float64
	for _, c := range cases {
		for n, v := range c.Values() {
			columns[n] = append(columns[n], v)
		}
	}
	intervals := metrics.BootstrapColumns(columns[:], resamples, .95, rand.New(rand.NewPCG(run.Seed, 0xb007)))
	out := map[string]similarityapi.ReportFigure{}
	for name, v := range means.Beyond() {
		out[at(name, run.K)] = similarityapi.ReportFigure{Value: v}
	}
	for n, v := range means.Values() {
		out[at(metrics.AccuracyNames()[n], run.K)] = similarityapi.ReportFigure{Value: v, Low: &intervals[n].Low, High: &intervals[n].High}
	}
	return out
}

// at is the name of a figure with its cut-off, "ndcg@20".
func at(name string, k int) string { return name + "@" + strconv.Itoa(k) }

// Ordered sorts names of figures, with or without their cut-off, accuracy first, in the order in which papers give them.
// A name that is none of a report comes first.
func Ordered(names iter.Seq[string]) []string {
	order := metricNames()
	return slices.SortedFunc(names, func(a, b string) int {
		a, _, _ = strings.Cut(a, "@")
		b, _, _ = strings.Cut(b, "@")
		return slices.Index(order, a) - slices.Index(order, b)
	})
}
