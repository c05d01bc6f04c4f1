package learning

import (
	"net/url"
	"testing"
	"time"

	g "maragu.dev/gomponents"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/console/internal/page/pagetest"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// shown is a page and what is in its HTML.
type shown struct {
	found page.View
	texts []string
}

func each(t *testing.T, pages map[string]shown) {
	for name, one := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pagetest.Shows(t, one.found, one.texts...)
		})
	}
}

func hourAgo() wire.Time { return wire.Time{Time: pagetest.Now().Add(-time.Hour)} }

func TestExperimentsAreShown(t *testing.T) {
	t.Parallel()
	x := recommenderapi.Experiment{
		ExperimentID: "e/1", Title: "<b>", Kind: "holdout", Status: "running", StopReason: "too <slow>", Traffic: .5, Version: 7,
		Scenarios: []string{"home.a", "home.b"}, Arms: []recommenderapi.ExperimentArm{{Name: "control", Share: .5}, {Name: "new",
			Shadow: true}},
	}
	interval := &recommenderapi.Interval{Value: .01, Low: -.01, High: .03}
	results := &recommenderapi.ExperimentResults{RequiredPerArm: 1234, MinEffect: .1, SampleRatioP: .0004, Arms: []recommenderapi.ArmResult{
		{Arm: "<new>", Control: true, Visitors: 2000, ClickerRateDiff: interval, RevenueDiff: interval},
	}}
	each(t, map[string]shown{
		"list": {
			&experimentsData{
				Kind: "experiment", Path: "/experiments", Change: true, Experiments: []recommenderapi.Experiment{x, {}},
				Size: sampleSize{PerArm: 80_679, Days: 24.2, Form: form.New(url.Values{"rate": {"2"}}, nil, form.Plain)},
			},
			[]string{
				`href="/console/experiments/new">New experiment`,
				`<a href="/console/experiments/e%2F1">&lt;b&gt;</a><br><small>e/1, holdout`,
				"<small>too &lt;slow&gt;</small>", "home.a, home.b", "everywhere", "control 50.0\u202f%, new 0.0\u202f% (shadow)",
				`data-live="#needed"`, "80\u202f679 visitors in each arm", "takes 24.2 days",
			},
		},
		"no rollouts":    {&experimentsData{Kind: "rollout"}, []string{"All rollouts", "Nothing is being rolled out."}},
		"no experiments": {&experimentsData{}, []string{"There is no experiment."}},
		"one that runs": {
			&experimentData{
				Kind: "experiment", Path: "/experiments", Experiment: x, Change: true, Results: results, Diffs: g.Raw("<svg>1</svg>"),
				Over: g.Raw("<svg>2</svg>"), Models: form.Options("", "similar-1"), Scenarios: form.Options("", "home.x"),
				Form: form.New(experimentValues(&x), apierror.Invalid("Wrong <form>.", apierror.FieldError{
					Pointer: "/arms/1/share", Detail: "is too much",
				}), experimentField),
			},
			[]string{
				`action="/console/experiments/e%2F1/turn"><input type="hidden" name="version" value="7">`, `name="status" value="stopped"`,
				`data-confirm="Stop it?`, `/e%2F1/delete"`, "stopped it: too &lt;slow&gt;", "comparison is broken", "(chance 0.0004)",
				"Each arm needs 1\u202f234 visitors to find a change of 10.0\u202f%", `&lt;new&gt; <span class="tag">control`,
				"1.0\u202f% [−1.0\u202f%, 3.0\u202f%]", "0.01 [−0.01, 0.03]", "<svg>1</svg>", "<svg>2</svg>", "<option>new</option>",
				"Wrong &lt;form&gt;.", `id="f-arm1_share-error">is too much`, `<option value="holdout" selected>`,
				"Arm 1, the control", "Arm 4",
				`id="f-arm1_shadow" name="arm1_shadow" checked`, "As JSON", "&#34;experiment_id&#34;: &#34;e/1&#34;",
			},
		},
		"a new rollout": {
			&experimentData{Kind: "rollout", Path: "/rollouts", New: true, Change: true},
			[]string{`action="/console/rollouts" class="card"`, `name="experiment_id"`, `<details class="more" open>`, "Save"},
		},
		"an empty one": {&experimentData{}, []string{"Set-up"}},
		"results that are empty": {
			&experimentData{Results: &recommenderapi.ExperimentResults{}}, []string{"Nobody has taken part: it does not run."},
		},
		"one that nobody came to, of arms that are alike": {
			&experimentData{
				Experiment: recommenderapi.Experiment{Status: "running", Arms: []recommenderapi.ExperimentArm{
					{Name: "now", Share: .5, Scenario: "home.x"}, {Name: "old", Scenario: "home.y"},
					{Name: "new", Share: .4, Scenario: "home.x"},
				}},
				Results: &recommenderapi.ExperimentResults{SampleRatioOK: true, SampleRatioP: 1, Arms: []recommenderapi.ArmResult{{}, {}}},
			},
			[]string{"The arms now and new show the same", "Nobody has taken part yet."},
		},
		"one in which nothing was sold": {
			&experimentData{Results: &recommenderapi.ExperimentResults{Arms: []recommenderapi.ArmResult{{Visitors: 3}}}},
			[]string{"has sold nothing yet: wait."},
		},
	})
}

func TestModelsAreShown(t *testing.T) {
	t.Parallel()
	m := similarityapi.Model{
		Version: "v/1", Relation: "bought_together", Algorithm: "<als>", State: "ready", CreatedAt: hourAgo(), Items: 1234, JobID: "j/1",
		Metrics: map[string]similarityapi.Metric{"ndcg@20": {Value: .2, Low: .1, High: .3}, "coverage": {Value: .5}},
		Gate: &similarityapi.Gate{Verdict: "refused", Forced: true, Reason: "we <know>", Against: "v/0", Checks: []similarityapi.GateCheck{
			{Detail: "is <worse>"}, {Passed: true, Detail: "is better"},
		}},
		Preparation: &similarityapi.PreparationReport{Steps: []similarityapi.PreparationStep{{Name: "too_few", Rows: 9, Dropped: 1}}},
		Parameters:  map[string]any{"factors": 64},
	}
	each(t, map[string]shown{
		"list": {
			&modelsData{
				Models: []similarityapi.Model{m, {}}, Live: []string{"bought_together"}, Change: true,
				Damaged: []similarityapi.ModelFallback{{Relation: "similar"}, {Relation: "similar", Serving: "<v>"}},
			},
			[]string{
				"similar is damaged. Only texts answer.", "&lt;v&gt; serves instead.", `name="relation" value="bought_together"`,
				"Roll back bought together", `<a href="/console/models/v%2F1">bought together</a><br><small>v/1`, "&lt;als&gt;",
				`<span class="tag bad">refused</span><br><small>forced</small>`, "1 h ago", "0.2 [0.1, 0.3]",
			},
		},
		"empty list": {&modelsData{}, []string{"There is no model yet."}},
		"one": {
			&modelData{
				Model: m, Others: []similarityapi.Model{{Version: "v/2", State: "live"}}, With: "v/2", Change: true,
				Comparison: &similarityapi.Comparison{
					Overlap: .5, Added: 3, Metrics: map[string]float64{"ndcg@20": -.01},
					Movers: []similarityapi.Mover{{ItemID: "a b", Overlap: .25}},
				},
			},
			[]string{
				"published it all the same: we &lt;know&gt;", `<span class="tag bad">fails</span> is &lt;worse&gt;`,
				"holds</span> is better",
				`<a href="/console/models/v%2F0">v/0</a>, which served then.`, `action="/console/models/v%2F1/activate"`,
				`<a href="/console/jobs/j%2F1">`, "&#34;factors&#34;: 64", `name="model_bought_together" value="v/1"`, "0.1 to 0.3",
				"counted, not sampled", "too few", `<option value="v/2" selected>v/2 (live)`, `data-live="#comparison"`, `id="comparison"`,
				"<strong>50.0\u202f%</strong> are in common", `item?id=a+b">a b</a> <small>25.0`, `href="/console/models/v%2F1/report"`,
			},
		},
		"empty one": {&modelData{}, []string{"The gate has not judged this version.", "There is no other version"}},
		"report": {
			&reportData{Version: "v/1", Report: similarityapi.Report{
				Selected: "<als>", Data: similarityapi.ReportData{TestCases: 1234},
				Results: []similarityapi.ReportResult{{
					Name: "<als>", Validation: map[string]float64{"mrr": .1}, Parameters: map[string]any{"factors": 64},
					Metrics: map[string]similarityapi.ReportFigure{"ndcg@20": {Value: .2}},
				}, {Name: "other"}},
				Drawings: []similarityapi.ReportDrawing{{Title: "<path>", Says: "It rises.", SVG: "<svg/>"}},
				Breakdown: &similarityapi.ReportBreakdown{
					ByActivity: []similarityapi.ReportGroup{{
						Name: "5–12", Measure: "ndcg@20", Values: map[string]float64{"<als>": .75},
					}},
					ByPopularity: []similarityapi.ReportGroup{{Name: "1–2"}},
					Samples: []similarityapi.ReportSample{{
						History: []string{"h"}, Relevant: []string{"r"}, Lists: map[string][]string{"<als>": {"r", "x"}},
					}},
				},
			}},
			[]string{
				"<strong>&lt;als&gt;</strong> was chosen", "1\u202f234 cases of the latest time", "mrr\u00a00.1",
				`<th class="n">ndcg@20</th>`,
				`<td class="n">0.2</td>`, `<img src="data:image/svg+xml;base64,PHN2Zy8+" alt="&lt;path&gt;. It rises.">`,
				"Visitors with 5–12 items", "Items with 1–2 interactions", `<td class="n">0.75</td>`, `item?id=h">h</a><br>`,
				`<mark><a href="/console/catalogue/item?id=r">r</a></mark><br><a href="/console/catalogue/item?id=x">x</a><br>`,
				"<h3>&lt;als&gt;</h3>", "&#34;factors&#34;: 64",
			},
		},
		"empty report": {&reportData{}, []string{"Too little was held out"}},
	})
}

func TestJobsAreShown(t *testing.T) {
	t.Parallel()
	running := similarityapi.Job{JobID: "j/1", Kind: "recompute", State: similarityapi.JobRunning, Stage: "<search>", Progress: .25}
	ended := similarityapi.Job{
		JobID: "j/2", Kind: "evaluation", State: similarityapi.JobFailed, Error: "no <data>", Models: []string{"v/1"}, StartedAt: hourAgo(),
		FinishedAt: wire.Time{Time: pagetest.Now()}, Log: []similarityapi.JobStage{{At: hourAgo(), Stage: "read_events"}},
		Result: map[string]any{"seed": 7},
	}
	wrong := form.New(url.Values{"kind": {"evaluation"}}, apierror.Invalid("Wrong <form>."), jobField)
	each(t, map[string]shown{
		"list": {
			&jobsData{Jobs: []similarityapi.Job{running, ended}, Change: true, Form: wrong},
			[]string{
				`id="running" aria-live="polite" data-refresh="2"`, "&lt;search&gt; <progress max=\"1\" value=\"0.25\"", "25.0\u202f%",
				`action="/console/jobs/j%2F1/cancel"`, "Wrong &lt;form&gt;.", `<details class="more" open>`, `name="folds"`,
				`<option value="evaluation" selected>`, `<a href="/console/jobs/j%2F2">evaluation</a>`,
				"<small>no &lt;data&gt;</small>", "60 min",
				`<a href="/console/models/v%2F1">v/1</a><br>`,
			},
		},
		"empty list": {&jobsData{}, []string{`id="running" aria-live="polite"></div>`, "No job has run."}},
		"one that runs": {
			&jobData{Job: running, Change: true, Relations: []relationReport{
				{
					Relation: "bought_together", State: "live", Gate: &similarityapi.Gate{Passed: true},
					Leaderboard: []leader{{"<als>", []namedFigure{{"validation_ndcg", .2134}}}},
					Preparation: &similarityapi.PreparationReport{Steps: []similarityapi.PreparationStep{{Name: "too_few"}}},
				},
				{Gate: &similarityapi.Gate{}},
			}},
			[]string{
				`id="job" aria-live="polite" data-refresh="1"`, "no model yet", `cancel" class="actions"><button class="danger">Cancel`,
				`<h2>bought together <span class="tag good">live`, "The gate let it pass:", "The gate refused it:", "&lt;als&gt;",
				`<th class="n">validation ndcg</th>`, `<td class="n">0.2134</td>`, "too few", "No stage has begun.",
			},
		},
		"one that ended": {
			&jobData{Job: ended},
			[]string{`aria-live="polite"><section`, "no &lt;data&gt;", "60 min", "v/1</a>", "read events", "&#34;seed&#34;: 7"},
		},
		"an empty one": {&jobData{}, []string{"State"}},
		"schedules": {
			&schedulesData{Change: true, Form: wrong, Schedules: []similarityapi.Schedule{
				{
					ScheduleID: "s/1", Cron: "0 3 * * <b>", JitterSeconds: 60, Paused: true, NextAt: hourAgo(),
					Request: similarityapi.JobRequest{
						Kind: "recompute", Relations: []string{"similar", "viewed_next"}, Algorithms: []string{"als"}, TouchedOnly: true,
					},
				},
				{},
			}},
			[]string{
				"<code>0 3 * * &lt;b&gt;</code><br><small>up to 60 s later", "recompute of similar, viewed_next, only als, only new events",
				"2026-11-30 11:00:00 UTC", `<span class="tag warn">paused`, `/console/schedules/s%2F1/pause"><button>Go on`,
				`name="paused" value="yes"><button>Pause`, `/s%2F1/delete"`, "Wrong &lt;form&gt;.", `<option value="@daily">`,
				`<details class="more" open>`,
			},
		},
		"no schedules": {&schedulesData{}, []string{"Nothing runs by itself."}},
	})
}
