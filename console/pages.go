package console

import (
	"strings"

	"github.com/aisle-rec/aisle/shared/auth"
)

// pages lists what the console answers, with patterns below Root. The five functions are the
// five parts of the navigation. A page without a scope only reads, or its handle asks a service
// that checks the scope itself.
func (c *console) pages() []page {
	var all []page
	for _, group := range [][]page{c.lookingPages(), c.merchandisePages(), c.visitorPages(), c.learningPages(), c.operatingPages()} {
		for _, p := range group {
			method, path, _ := strings.Cut(p.pattern, " ")
			p.pattern = method + " " + Root + path
			all = append(all, p)
		}
	}
	return all
}

// lookingPages are the pages that look at the shop as a whole.
func (c *console) lookingPages() []page {
	return []page{
		{
			pattern: "GET /{$}", template: "overview", title: "Overview", section: "overview", handle: c.overview,
			lead: "What the shop sends, what it is shown, and what sells.",
		},
		{
			pattern: "GET /anomalies", template: "anomalies", title: "Anomalies", section: "anomalies", handle: c.anomalies,
			lead: "Figures that are far from what the shop's own weeks before make one expect.",
		},
		{
			pattern: "GET /anomalies/series", template: "series", title: "Series", section: "anomalies", back: "anomalies",
			handle: c.series,
		},
		{
			pattern: "GET /try", template: "try", title: "Try it", section: "try", handle: c.try,
			lead: "What a visitor is shown in a placement, why, and why not something else.",
		},
	}
}

// merchandisePages are about what is shown where. A preview changes nothing, so that the two
// editors post without a scope; what they save the service checks.
func (c *console) merchandisePages() []page {
	const write = auth.ScopeConfigWrite
	return []page{
		{
			pattern: "GET /placements", template: "placements", title: "Placements", section: "placements", handle: c.placements,
			lead: "The named places on the shop's pages, and how each is filled.",
		},
		{
			pattern: "POST /placements", template: "placements", title: "Placements", section: "placements", scope: write,
			handle: c.newPlacement,
		},
		{
			pattern: "GET /placements/{id}", template: "placement", title: "Placement", section: "placements", back: "placements",
			handle: c.placement,
		},
		{
			pattern: "POST /placements/{id}", template: "placement", title: "Placement", section: "placements", back: "placements",
			handle: c.editPlacement,
		},
		{
			pattern: "POST /placements/{id}/delete", title: "Placement", section: "placements", back: "placements", scope: write,
			handle: c.deletePlacement,
		},
		{
			pattern: "POST /placements/{id}/restore", title: "Placement", section: "placements", back: "placements", scope: write,
			handle: c.restorePlacement,
		},
		{
			pattern: "GET /rules", template: "rules", title: "Rules", section: "rules", handle: c.rules,
			lead: "What is pinned, boosted, buried and hidden, and until when.",
		},
		{pattern: "GET /rules/edit", template: "rule", title: "Rule", section: "rules", back: "rules", handle: c.ruleForm},
		{pattern: "POST /rules/edit", template: "rule", title: "Rule", section: "rules", back: "rules", handle: c.editRule},
		{pattern: "POST /rules/undo", title: "Rules", section: "rules", back: "rules", scope: write, handle: c.undoRule},
		{pattern: "POST /rules/{id}/delete", title: "Rules", section: "rules", back: "rules", scope: write, handle: c.deleteRule},
		{
			pattern: "GET /catalogue", template: "catalogue", title: "Catalogue", section: "catalogue", handle: c.catalogue,
			lead: "The products that can be recommended.",
		},
		{pattern: "GET /catalogue/item", template: "item", title: "Item", section: "catalogue", back: "catalogue", handle: c.item},
		{
			pattern: "GET /catalogue/quality", template: "quality", title: "Quality report", section: "catalogue", back: "catalogue",
			handle: c.quality, lead: "What keeps products from being recommended well.",
		},
	}
}

// visitorPages are about people and their events. Ids of visitors are in the query rather than
// in the path, since a page is about a user or a session.
func (c *console) visitorPages() []page {
	const write = auth.ScopeUsersWrite
	return []page{
		{
			pattern: "GET /visitors", template: "visitors", title: "Visitors", section: "visitors", handle: c.visitors,
			lead: "What is known of one person, and what he agreed to.",
		},
		{pattern: "GET /visitors/visitor", template: "visitor", title: "Visitor", section: "visitors", back: "visitors", handle: c.visitor},
		{pattern: "GET /visitors/export", title: "Export", section: "visitors", back: "visitors", handle: c.exportVisitor},
		{
			pattern: "GET /visitors/erase", template: "erase", title: "Erase a visitor", section: "visitors", back: "visitors",
			scope: write, handle: c.eraseVisitor,
		},
		{
			pattern: "POST /visitors/erase", template: "erase", title: "Erase a visitor", section: "visitors", back: "visitors",
			scope: write, handle: c.eraseVisitor,
		},
		{
			pattern: "POST /visitors/consent", title: "Visitor", section: "visitors", back: "visitors", scope: write,
			handle: c.consentVisitor,
		},
		{
			pattern: "POST /visitors/robot", title: "Visitor", section: "visitors", back: "visitors", scope: write,
			handle: c.judgeVisitor,
		},
		{
			pattern: "GET /health", template: "health", title: "Data health", section: "health", handle: c.health,
			lead: "What arrives, what was refused and why, and how late.",
		},
		{
			pattern: "GET /debugger", template: "debugger", title: "Event debugger", section: "debugger", handle: c.debugger,
			lead: "Events as they arrive, each with its verdict.",
		},
		{pattern: "POST /debugger", template: "debugger", title: "Event debugger", section: "debugger", handle: c.judge},
	}
}

// learningPages are about models, the jobs that make them, and experiments.
func (c *console) learningPages() []page {
	const write = auth.ScopeModelsWrite
	list := []page{
		{
			pattern: "GET /models", template: "models", title: "Models", section: "models", handle: c.models,
			lead: "What was learnt, how well it does on held-out time, and what serves.",
		},
		{pattern: "GET /models/{version}", template: "model", title: "Model", section: "models", back: "models", handle: c.model},
		{pattern: "GET /models/{version}/report", template: "report", title: "Report", section: "models", back: "models", handle: c.report},
		{pattern: "POST /models/{version}/activate", title: "Model", section: "models", back: "models", scope: write, handle: c.activate},
		{pattern: "POST /models/rollback", title: "Models", section: "models", back: "models", scope: write, handle: c.rollback},
		{
			pattern: "GET /jobs", template: "jobs", title: "Jobs", section: "jobs", handle: c.jobs,
			lead: "Long work: recomputes and evaluations, with what they found.",
		},
		{pattern: "POST /jobs", template: "jobs", title: "Jobs", section: "jobs", scope: write, handle: c.startJob},
		{pattern: "GET /jobs/{id}", template: "job", title: "Job", section: "jobs", back: "jobs", handle: c.job},
		{pattern: "POST /jobs/{id}/cancel", title: "Job", section: "jobs", back: "jobs", scope: write, handle: c.cancelJob},
		{
			pattern: "GET /schedules", template: "schedules", title: "Schedules", section: "schedules", handle: c.schedules,
			lead: "What runs by itself, and when next.",
		},
		{pattern: "POST /schedules", template: "schedules", title: "Schedules", section: "schedules", scope: write, handle: c.newSchedule},
		{
			pattern: "POST /schedules/{id}/pause", title: "Schedules", section: "schedules", back: "schedules", scope: write,
			handle: c.pauseSchedule,
		},
		{
			pattern: "POST /schedules/{id}/delete", title: "Schedules", section: "schedules", back: "schedules", scope: write,
			handle: c.deleteSchedule,
		},
	}
	// Experiments and rollouts have the same pages; the order of patterns does not matter.
	for kind, lead := range map[string]string{
		"experiment": "Which of several ways sells more, with intervals.",
		"rollout":    "Something new for a few visitors first, watched by guardrails.",
	} {
		t, name := c.experiments(kind), kind+"s"
		title := map[string]string{"experiment": "Experiments", "rollout": "Rollouts"}[kind]
		list = append(list,
			page{pattern: "GET /" + name, template: "experiments", title: title, section: name, lead: lead, handle: t.list},
			page{pattern: "GET /" + name + "/new", template: "experiment", title: title, section: name, back: name, handle: t.fresh},
			page{pattern: "GET /" + name + "/{id}", template: "experiment", title: title, section: name, back: name, handle: t.show},
			page{
				pattern: "POST /" + name, template: "experiment", title: title, section: name, back: name, scope: auth.ScopeConfigWrite,
				handle: t.save,
			},
			page{
				pattern: "POST /" + name + "/{id}", template: "experiment", title: title, section: name, back: name,
				scope: auth.ScopeConfigWrite, handle: t.save,
			},
			page{
				pattern: "POST /" + name + "/{id}/turn", title: title, section: name, back: name, scope: auth.ScopeConfigWrite,
				handle: t.turn,
			},
			page{
				pattern: "POST /" + name + "/{id}/decide", title: title, section: name, back: name, scope: auth.ScopeConfigWrite,
				handle: t.decide,
			},
			page{
				pattern: "POST /" + name + "/{id}/delete", title: title, section: name, back: name, scope: auth.ScopeConfigWrite,
				handle: t.remove,
			},
		)
	}
	return list
}

// operatingPages are about getting data in and about who may do what.
func (c *console) operatingPages() []page {
	const write = auth.ScopeEventsWrite
	return []page{
		{
			pattern: "GET /imports", template: "imports", title: "Imports", section: "imports", handle: c.imports,
			lead: "Products, orders and users from files: see how a file is understood before anything is stored.",
		},
		{
			pattern: "POST /imports", template: "imports", title: "Imports", section: "imports", scope: write, upload: true,
			handle: c.sendImport,
		},
		{pattern: "GET /imports/{id}", template: "import", title: "Import", section: "imports", back: "imports", handle: c.importPage},
		{pattern: "GET /imports/{id}/report", title: "Import", section: "imports", back: "imports", handle: c.importReport},
		{pattern: "POST /imports/{id}/undo", title: "Import", section: "imports", back: "imports", scope: write, handle: c.undoImport},
		{pattern: "POST /imports/{id}/cancel", title: "Import", section: "imports", back: "imports", scope: write, handle: c.cancelImport},
		{pattern: "GET /keys", template: "keys", title: "Keys", section: "keys", handle: c.keys, lead: "Who may call, and what he may do."},
		{
			pattern: "GET /audit", template: "audit", title: "Audit log", section: "audit", handle: c.auditLog,
			lead: "Who did what, and what it was before.",
		},
		{
			pattern: "GET /settings", template: "settings", title: "Settings", section: "settings", handle: c.settings,
			lead: "What this installation is set to, and what your key may do.",
		},
	}
}
