package console

import (
	"html/template"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/shared/auth"
)

// learningPages are about models, the jobs that make them, and experiments.
func learningPages() []page {
	const write, configure = auth.ScopeModelsWrite, auth.ScopeConfigWrite
	list := []page{
		{
			pattern: "GET /models", template: "models", title: "Models", handle: models,
			lead: "What was learnt, how well it does on held-out time, and what serves.",
		},
		{pattern: "GET /models/{version}", template: "model", title: "Model", below: true, handle: model},
		{pattern: "GET /models/{version}/report", template: "report", title: "Report", below: true, handle: report},
		{pattern: "POST /models/{version}/activate", title: "Model", below: true, scope: write, handle: activate},
		{pattern: "POST /models/rollback", title: "Models", below: true, scope: write, handle: rollback},
		{
			pattern: "GET /jobs", template: "jobs", title: "Jobs", handle: jobs,
			lead: "Long work: recomputes and evaluations, with what they found.",
		},
		{pattern: "POST /jobs", template: "jobs", title: "Jobs", scope: write, handle: startJob},
		{pattern: "GET /jobs/{id}", template: "job", title: "Job", below: true, handle: job},
		{pattern: "POST /jobs/{id}/cancel", title: "Job", below: true, scope: write, handle: cancelJob},
		{
			pattern: "GET /schedules", template: "schedules", title: "Schedules", handle: schedules,
			lead: "What runs by itself, and when next.",
		},
		{pattern: "POST /schedules", template: "schedules", title: "Schedules", scope: write, handle: newSchedule},
		{pattern: "POST /schedules/{id}/pause", title: "Schedules", below: true, scope: write, handle: pauseSchedule},
		{pattern: "POST /schedules/{id}/delete", title: "Schedules", below: true, scope: write, handle: deleteSchedule},
	}
	// Experiments and rollouts have the same pages; the order of patterns does not matter.
	for kind, lead := range map[string]string{
		"experiment": "Which of several ways sells more, with intervals.",
		"rollout":    "Something new for a few visitors first, watched by guardrails.",
	} {
		t, name := experiments{"/" + kind + "s", kind}, kind+"s"
		title := map[string]string{"experiment": "Experiments", "rollout": "Rollouts"}[kind]
		list = append(list,
			page{pattern: "GET /" + name, template: "experiments", title: title, lead: lead, handle: t.list},
			page{pattern: "GET /" + name + "/new", template: "experiment", title: title, below: true, handle: t.fresh},
			page{pattern: "GET /" + name + "/{id}", template: "experiment", title: title, below: true, handle: t.show},
			page{pattern: "POST /" + name, template: "experiment", title: title, below: true, scope: configure, handle: t.save},
			page{pattern: "POST /" + name + "/{id}", template: "experiment", title: title, below: true, scope: configure, handle: t.save},
			page{pattern: "POST /" + name + "/{id}/turn", title: title, below: true, scope: configure, handle: t.turn},
			page{pattern: "POST /" + name + "/{id}/decide", title: title, below: true, scope: configure, handle: t.decide},
			page{pattern: "POST /" + name + "/{id}/delete", title: title, below: true, scope: configure, handle: t.remove},
		)
	}
	return list
}

// learningFunctions are the functions of its templates.
func learningFunctions() template.FuncMap {
	return template.FuncMap{
		"experimentkinds": experimentKinds, "experimentstates": experimentStates, "jobkinds": jobKinds, "publishoptions": publishOptions,
		"crons": cronOptions, "drawn": drawn,
	}
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
