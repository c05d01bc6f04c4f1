// Package learning has the pages about models, the jobs and schedules that make them, and experiments.
package learning

import (
	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/shared/auth"
)

// Pages are about models, the jobs that make them, and experiments.
func Pages() []page.Page {
	const write, configure = auth.ScopeModelsWrite, auth.ScopeConfigWrite
	list := []page.Page{
		{
			Pattern: "GET /models", Title: "Models", Handle: models,
			Lead: "What was learnt, how well it does on held-out time, and what serves.",
		},
		{Pattern: "GET /models/{version}", Title: "Model", Below: true, Handle: model},
		{Pattern: "GET /models/{version}/report", Title: "Report", Below: true, Handle: report},
		{Pattern: "POST /models/{version}/activate", Title: "Model", Below: true, Scope: write, Handle: activate},
		{Pattern: "POST /models/rollback", Title: "Models", Below: true, Scope: write, Handle: rollback},
		{
			Pattern: "GET /jobs", Title: "Jobs", Handle: jobs,
			Lead: "Long work: recomputes and evaluations, with what they found.",
		},
		{Pattern: "POST /jobs", Title: "Jobs", Scope: write, Handle: startJob},
		{Pattern: "GET /jobs/{id}", Title: "Job", Below: true, Handle: job},
		{Pattern: "POST /jobs/{id}/cancel", Title: "Job", Below: true, Scope: write, Handle: cancelJob},
		{
			Pattern: "GET /schedules", Title: "Schedules", Handle: schedules,
			Lead: "What runs by itself, and when next.",
		},
		{Pattern: "POST /schedules", Title: "Schedules", Scope: write, Handle: newSchedule},
		{Pattern: "POST /schedules/{id}/pause", Title: "Schedules", Below: true, Scope: write, Handle: pauseSchedule},
		{Pattern: "POST /schedules/{id}/delete", Title: "Schedules", Below: true, Scope: write, Handle: deleteSchedule},
	}
	// Experiments and rollouts have the same pages; the order of patterns does not matter.
	for kind, lead := range map[string]string{
		"experiment": "Which of several ways sells more, with intervals.",
		"rollout":    "Something new for a few visitors first, watched by guardrails.",
	} {
		t, name := experiments{"/" + kind + "s", kind}, kind+"s"
		title := map[string]string{"experiment": "Experiments", "rollout": "Rollouts"}[kind]
		list = append(list, []page.Page{
			{Pattern: "GET /" + name, Title: title, Lead: lead, Handle: t.list},
			{Pattern: "GET /" + name + "/new", Title: title, Below: true, Handle: t.fresh},
			{Pattern: "GET /" + name + "/{id}", Title: title, Below: true, Handle: t.show},
			{Pattern: "POST /" + name, Title: title, Below: true, Scope: configure, Handle: t.save},
			{Pattern: "POST /" + name + "/{id}", Title: title, Below: true, Scope: configure, Handle: t.save},
			{Pattern: "POST /" + name + "/{id}/turn", Title: title, Below: true, Scope: configure, Handle: t.turn},
			{Pattern: "POST /" + name + "/{id}/decide", Title: title, Below: true, Scope: configure, Handle: t.decide},
			{Pattern: "POST /" + name + "/{id}/delete", Title: title, Below: true, Scope: configure, Handle: t.remove},
		}...)
	}
	return list
}

// jobKinds are the jobs that a person can start.
func jobKinds() []form.Option {
	return []form.Option{
		{Value: "recompute", Label: "Recompute: new models, through the gate"},
		{Value: "evaluation", Label: "Evaluation: compare algorithms, publish nothing"},
	}
}

// publishOptions say when a recompute's models become live; the service's default stands first.
func publishOptions() []form.Option {
	return []form.Option{
		{Value: "gate", Label: "when the gate lets it pass"}, {Value: "never", Label: "never"},
		{Value: "always", Label: "always, whatever the gate says"},
	}
}

// cronOptions are suggestions: the field takes any cron expression, in UTC.
func cronOptions() []form.Option {
	return []form.Option{
		{Value: "0 3 * * *", Label: "each night at 3"}, {Value: "0 */4 * * *", Label: "every four hours"},
		{Value: "@daily", Label: "at midnight"},
	}
}

// experimentKinds are the kinds of an experiment; a rollout has pages of its own.
func experimentKinds() []form.Option {
	return []form.Option{{Value: "experiment", Label: "experiment"}, {Value: "holdout", Label: "holdout: a lasting comparison"}}
}

// experimentStates are the states that a person can set.
func experimentStates() []form.Option {
	return []form.Option{{Value: "draft", Label: "draft"}, {Value: "running", Label: "running"}, {Value: "stopped", Label: "stopped"}}
}
