package similarityapi

import "slices"

// Report is what a competition of models came to: of an evaluation, or of the recompute that made a model. Results are ordered by their
// figures on the validation part, best first.
type Report struct {
	Data     ReportData     `json:"data"`
	Selected string         `json:"selected"`
	Results  []ReportResult `json:"results"`
	// Runs has the figures of each run, when there were several.
	Runs         []ReportRun         `json:"runs,omitempty"`
	Comparisons  []ReportComparison  `json:"comparisons,omitempty" doc:"Paired tests between every two algorithms that were tested"`
	Breakdown    *ReportBreakdown    `json:"breakdown,omitempty"`
	EventWeights *ReportEventWeights `json:"event_weights,omitempty"`
	CPUSeconds   float64             `json:"cpu_seconds"`
	PeakBytes    int64               `json:"peak_bytes"`
	TestOptimum  *ReportOptimum      `json:"test_optimum,omitempty"`
	Served       *ReportServed       `json:"served,omitempty" doc:"Figures of what was served beside those of the winner"`
	Drawings     []ReportDrawing     `json:"drawings,omitempty"`
}

// Result returns that of an algorithm, or nil.
func (r *Report) Result(name string) *ReportResult {
	at := slices.IndexFunc(r.Results, func(one ReportResult) bool { return one.Name == name })
	if at < 0 {
		return nil
	}
	return &r.Results[at]
}

// ReportData describes what the models learnt from.
type ReportData struct {
	Path         string         `json:"path,omitempty" doc:"Of a data set in files"`
	Format       string         `json:"format,omitempty" doc:"Of a data set in files"`
	Relation     string         `json:"relation"`
	Items        int            `json:"items"`
	Rows         int            `json:"rows" doc:"Visitors, orders or sessions"`
	Interactions int            `json:"interactions"`
	TestCases    int            `json:"test_cases"`
	Lines        int            `json:"lines,omitempty"`
	Skipped      map[string]int `json:"skipped,omitempty"`
	Notes        []string       `json:"notes,omitempty" doc:"What was found out about the files, such as that a table has no times"`
}

// ReportFigure is a measured figure with its 95 % interval: of one run the bootstrap interval over the cases, which figures of all lists
// together lack; of several runs their mean with the interval of Student's t, and the standard deviation of one run.
type ReportFigure struct {
	Value float64  `json:"value"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
	SD    *float64 `json:"sd,omitempty"`
}

// ReportResult is one algorithm. Metrics are those of the test part; they are missing for algorithms that lost on validation, whose test
// score is not looked at unless all are asked for.
type ReportResult struct {
	Name       string                  `json:"name"`
	Relation   string                  `json:"relation"`
	Parameters map[string]any          `json:"parameters" doc:"Of several runs those of the first"`
	Runs       int                     `json:"runs,omitempty" doc:"Of several in which it competed"`
	Wins       int                     `json:"wins,omitempty" doc:"Of several in which validation chose it"`
	Metrics    map[string]ReportFigure `json:"metrics,omitempty"`
	Validation map[string]float64      `json:"validation"`
	Path       []ReportPoint           `json:"path,omitempty" doc:"What the search tried, in its order"`
	CPUSeconds float64                 `json:"cpu_seconds"`
	PeakBytes  int64                   `json:"peak_bytes"`
}

// ReportPoint is one choice of parameters that a search tried.
type ReportPoint struct {
	Parameters map[string]any `json:"parameters"`
	Score      float64        `json:"score" doc:"On the validation cases that guide the search: NDCG, of sessions MRR"`
}

// ReportRun is one of several runs.
type ReportRun struct {
	Seed     uint64         `json:"seed"`
	Fold     int            `json:"fold,omitempty" doc:"Counted from 1; 0 for the test part"`
	Selected string         `json:"selected"`
	Results  []ReportResult `json:"results"`
}

// ReportComparison is the mean of the NDCG of one algorithm less that of another, over runs or over the cases of the only run, with a
// paired t-test. The interval of runs that share training data is widened for it (Nadeau and Bengio, 2003).
type ReportComparison struct {
	First      string  `json:"first"`
	Second     string  `json:"second"`
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	P          float64 `json:"p"`
	Pairs      int     `json:"pairs"`
}

// ReportOptimum compares the honest choice of parameters with the best ones in hindsight.
type ReportOptimum struct {
	Parameters map[string]any     `json:"parameters"`
	Metrics    map[string]float64 `json:"metrics"`
	Chosen     map[string]float64 `json:"chosen"`
	Loss       float64            `json:"loss" doc:"Share of the optimum's NDCG that the choice gave away"`
}

// ReportServed is what lists that were served for the test part are worth.
type ReportServed struct {
	Algorithm  string                  `json:"algorithm,omitempty" doc:"Of the model that the instance's own search chose"`
	Parameters map[string]any          `json:"parameters,omitempty"`
	Metrics    map[string]ReportFigure `json:"metrics"`
	Ratio      map[string]float64      `json:"ratio" doc:"The served figures by those of the winner"`
}

// ReportBreakdown says for whom and for what the models of the first run are right.
type ReportBreakdown struct {
	ByActivity   []ReportGroup  `json:"by_activity" doc:"Of visitors: items of the history"`
	ByPopularity []ReportGroup  `json:"by_popularity" doc:"Of the items to be found: training interactions"`
	Samples      []ReportSample `json:"samples"`
}

// ReportGroup is a part of the test cases, or of the items to be found, with a figure of each tested model.
type ReportGroup struct {
	Name    string             `json:"name" doc:"The range, such as 5–12"`
	Count   int                `json:"count"`
	Measure string             `json:"measure"`
	Values  map[string]float64 `json:"values" doc:"By model"`
}

// ReportSample is what the models answer to one test case.
type ReportSample struct {
	History  []string            `json:"history" doc:"The latest items"`
	Relevant []string            `json:"relevant"`
	Lists    map[string][]string `json:"lists" doc:"By model"`
}

// ReportEventWeights compares what events of each type weigh with what they are worth for finding what a visitor comes to next.
type ReportEventWeights struct {
	Weights           []ReportEventWeight `json:"weights"`
	Pairs             int                 `json:"pairs"`
	OrderedConfigured float64             `json:"ordered_configured"`
	OrderedLearnt     float64             `json:"ordered_learnt" doc:"The same under the learnt weights"`
}

// ReportEventWeight is what an event of one type is worth.
type ReportEventWeight struct {
	Type       string  `json:"type"`
	Configured float64 `json:"configured"`
	Learnt     float64 `json:"learnt" doc:"On the scale of the configured weights"`
	Low        float64 `json:"low" doc:"Of the 95 % interval"`
	High       float64 `json:"high"`
	Events     int     `json:"events" doc:"That taught"`
}

// ReportDrawing is a figure of the report as SVG.
type ReportDrawing struct {
	Title string `json:"title"`
	Says  string `json:"says,omitempty"`
	SVG   string `json:"svg"`
}
