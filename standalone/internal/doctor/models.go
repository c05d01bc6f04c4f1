package doctor

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// modelOld is how old a live model may be; lagWarn and lagFail are how far the catalogue of
// answers may be behind.
const (
	modelOld = 14 * 24 * time.Hour
	lagWarn  = time.Minute
	lagFail  = 10 * time.Minute
)

// models looks at what is live, how old it is, and whether the gate refused what was made
// since. A damaged snapshot fails, although an older model serves: the next failure would leave
// none.
func (e *examination) models(ctx context.Context) {
	var live similarityapi.LiveModels
	var page profileapi.Page[similarityapi.Model]
	if !e.get(ctx, "models", "/v1/models/live", "live.json", &live) || !e.get(ctx, "models", "/v1/models", "models.json", &page) {
		return
	}
	for _, d := range live.Degraded {
		e.add(
			"model of "+d.Relation, Fail, fmt.Sprintf("the snapshot of %s is damaged or gone; %q serves", d.Version, d.Serving),
			"recompute (aisle recompute), or restore the snapshots: docs/backup.md",
		)
	}
	if len(live.Live) == 0 {
		e.add("models", Warn, "no model is live: lists are what is popular and what has similar texts", "make them: aisle recompute")
		return
	}
	byVersion := map[string]similarityapi.Model{}
	for _, m := range page.Items {
		byVersion[m.Version] = m
	}
	for _, relation := range slices.Sorted(maps.Keys(live.Live)) {
		m, known := byVersion[live.Live[relation]]
		age := e.Now().Sub(m.CreatedAt.Time)
		detail := fmt.Sprintf("%s serves %s, %d items, made %s ago", relation, live.Live[relation], m.Items, ago(age))
		switch {
		case !known:
			e.add("model of "+relation, Warn, relation+" serves "+live.Live[relation]+", which is not listed any more",
				"recompute: aisle recompute")
		case age > modelOld:
			e.add("model of "+relation, Warn, detail, "recompute: aisle recompute, and give it a schedule: aisle schedules")
		default:
			e.add("model of "+relation, OK, detail, "")
		}
	}
	e.refusedModels(page.Items, byVersion, live.Live)
}

// refusedModels names models that the gate refused after the live one was made, the newest of
// each relation, with the checks that failed.
func (e *examination) refusedModels(list []similarityapi.Model, byVersion map[string]similarityapi.Model, live map[string]string) {
	newest := map[string]bool{}
	for _, m := range list { // newest first
		if newest[m.Relation] {
			continue
		}
		newest[m.Relation] = true
		if m.Gate == nil || m.Gate.Verdict != "refused" || !m.CreatedAt.After(byVersion[live[m.Relation]].CreatedAt.Time) {
			continue
		}
		var why []string
		for _, c := range m.Gate.Checks {
			if !c.Passed {
				why = append(why, c.Name+": "+c.Detail)
			}
		}
		e.add(
			"gate of "+m.Relation, Warn, fmt.Sprintf("the newest model %s was refused: %s", m.Version, strings.Join(why, "; ")),
			"the one before serves on; see aisle models report "+m.Version+", and whether the events of the last days are whole",
		)
	}
}

// jobs looks at the last recompute and at what starts the next.
func (e *examination) jobs(ctx context.Context) {
	var page profileapi.Page[similarityapi.Job]
	if e.get(ctx, "jobs", "/v1/jobs?limit=20", "jobs.json", &page) {
		e.lastJob(page.Items)
	}
	var schedules profileapi.Page[similarityapi.Schedule]
	if !e.get(ctx, "schedules", "/v1/schedules", "schedules.json", &schedules) {
		return
	}
	active := 0
	for _, s := range schedules.Items {
		if !s.Paused && (s.Request.Kind == "recompute" || s.Request.Kind == "") {
			active++
		}
	}
	if active == 0 {
		e.add("schedules", Warn, "nothing recomputes by itself: models grow old", `add one: aisle schedules add "0 3 * * *"`)
		return
	}
	e.add("schedules", OK, fmt.Sprintf("%d schedules recompute", active), "")
}

// lastJob judges the latest recompute: one that failed, or that waits although it was queued
// long ago.
func (e *examination) lastJob(list []similarityapi.Job) {
	for _, j := range list { // newest first
		if j.Kind != "recompute" {
			continue
		}
		detail := fmt.Sprintf("the last recompute, %s, %s ago, is %s", j.JobID, ago(e.Now().Sub(j.CreatedAt.Time)), j.State)
		switch {
		case j.State == similarityapi.JobFailed:
			e.add("jobs", Fail, detail+": "+j.Error, "see aisle jobs show "+j.JobID+" and the log of the similarity-service")
		case j.State == similarityapi.JobQueued && e.Now().Sub(j.CreatedAt.Time) > stillAfter:
			e.add("jobs", Warn, detail, "see whether a process does jobs: similarity-service --role worker, or all")
		default:
			e.add("jobs", OK, detail, "")
		}
		return
	}
}

// answers asks for a list as a test, which counts nowhere, and looks at what it was made of:
// that it has items for a visitor of whom nothing is known, that nothing was missing, and how
// old the catalogue is that it was made from.
func (e *examination) answers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var a recommenderapi.Answer
	began := e.Now()
	request := recommenderapi.Request{Scenario: "home.for_you", SessionID: "aisle-doctor", Test: true, DeadlineMS: 2000}
	if err := e.api.Call(ctx, http.MethodPost, "/v1/recommendations", nil, request, &a); err != nil {
		e.unasked("answers", "/v1/recommendations", err)
		return
	}
	detail := fmt.Sprintf("%d items in %d ms", len(a.Items), e.Now().Sub(began).Milliseconds())
	switch {
	case len(a.Items) == 0:
		e.add("answers", Fail, "a list for a new visitor is empty", "see the checks above; aisle recommend --why "+
			"ITEM shows which stage drops one")
	case len(a.Degraded) > 0:
		e.add("answers", Warn, detail+", made without "+strings.Join(a.Degraded, ", "), "see the log of what is named")
	default:
		e.add("answers", OK, detail, "")
	}
	if a.Freshness.CatalogueAsOf.IsZero() {
		e.add("catalogue replica", Fail, "the recommender-service has read no catalogue", "see whether it reaches the profile-service")
		return
	}
	lag := max(began.Sub(a.Freshness.CatalogueAsOf.Time), 0)
	detail = "the recommender-service has every change of the catalogue up to " + ago(lag) + " ago"
	const mend = "see whether it reaches the profile-service: its log, and the address AISLE_PROFILE_URL"
	e.add("catalogue replica", above(lag, lagWarn, lagFail), detail, mend)
}

// anomalies names figures that are far from what is expected, now; each is a warning.
func (e *examination) anomalies(ctx context.Context) {
	var page profileapi.Page[recommenderapi.Anomaly]
	if !e.get(ctx, "anomalies", "/v1/anomalies", "anomalies.json", &page) {
		return
	}
	open := 0
	for _, a := range page.Items {
		if a.ClosedAt.IsZero() {
			open++
			e.add("anomaly of "+a.Series, Warn, a.Detail, "it closes by itself when the figure is as usual again")
		}
	}
	if open == 0 {
		e.add("anomalies", OK, "none is open", "")
	}
}
