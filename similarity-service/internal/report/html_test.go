package report_test

import (
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/similarity-service/internal/report"
)

func TestThePageHasEveryPartOfTheReport(t *testing.T) {
	t.Parallel()
	low, high := .2, .3
	tested := map[string]similarityapi.ReportFigure{"coverage@20": {Value: .5}, "popularity_bias@20": {Value: .6}}
	for _, name := range []string{"ndcg@20", "recall@20", "mrr@20"} {
		tested[name] = similarityapi.ReportFigure{Value: .25, Low: &low, High: &high}
	}
	r := similarityapi.Report{
		Data:     similarityapi.ReportData{Path: "a<b>.csv", Format: "csv", Rows: 7, Items: 5, Notes: []string{"no times"}},
		Selected: "two_hop",
		Results: []similarityapi.ReportResult{{
			Name: "two_hop", Parameters: map[string]any{"beta": .2}, Validation: map[string]float64{"ndcg@20": .24},
			Metrics: tested,
		}, {Name: "popular", Validation: map[string]float64{"ndcg@20": .1}}},
		Runs:        []similarityapi.ReportRun{{Seed: 3, Fold: 2, Selected: "two_hop"}},
		Comparisons: []similarityapi.ReportComparison{{First: "two_hop", Second: "popular", Difference: .15, P: .012345, Pairs: 9}},
		Served: &similarityapi.ReportServed{
			Metrics: map[string]similarityapi.ReportFigure{"ndcg@20": {Value: .245}}, Ratio: map[string]float64{"ndcg@20": .98},
		},
		Breakdown: &similarityapi.ReportBreakdown{Samples: []similarityapi.ReportSample{{
			History: []string{"<script>"}, Relevant: []string{"i2"}, Lists: map[string][]string{"two_hop": {"i1", "i2"}},
		}}},
	}
	var page strings.Builder
	if err := report.WriteHTML(&page, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<title>Evaluation of a&lt;b&gt;.csv</title>", "two_hop was chosen", "7 rows, 5 items", "no times. Means over 1 runs.",
		"0.2500 (0.2000–0.3000)", `<td class="n">–</td>`, "<svg", "<td>two_hop</td><td>popular</td>", `<td class="n">0.012</td>`,
		`<td class="n">3</td><td class="n">2</td>`, `<td>ndcg@20</td><td class="n">0.2450</td><td class="n">0.9800</td>`,
		"<td>i1<br><b>i2</b><br></td>", "&lt;script&gt;", "beta 0.2; ", "font-variant-numeric",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(page.String(), "<script") {
		t.Error("the name of an item became a script")
	}
}
