package console

import "github.com/aisle-rec/aisle/shared/auth"

// pages lists what the console answers.
func (c *console) pages() []page {
	return []page{
		{pattern: "GET " + Root + "/{$}", template: "overview", title: "Overview", section: "overview", handle: c.overview},
		{pattern: "GET " + Root + "/try", template: "try", title: "Try it", section: "try", handle: c.try},
		{pattern: "GET " + Root + "/rules", template: "rules", title: "Rules", section: "rules", handle: c.rules},
		{pattern: "POST " + Root + "/rules", template: "rules", scope: auth.ScopeConfigWrite, title: "Rules", section: "rules", handle: c.editRule},
		{pattern: "POST " + Root + "/rules/{id}/delete", scope: auth.ScopeConfigWrite, title: "Rules", section: "rules", handle: c.deleteRule},
		{pattern: "GET " + Root + "/models", template: "models", title: "Models and jobs", section: "models", handle: c.models},
		{pattern: "GET " + Root + "/models/{version}", template: "model", title: "Model", section: "models", handle: c.model},
		{pattern: "POST " + Root + "/models/{version}/activate", scope: auth.ScopeModelsWrite, title: "Model", section: "models", handle: c.activate},
		{pattern: "POST " + Root + "/models/rollback", scope: auth.ScopeModelsWrite, title: "Models", section: "models", handle: c.rollback},
		{pattern: "GET " + Root + "/jobs", template: "models", title: "Models and jobs", section: "models", handle: c.models},
		{pattern: "GET " + Root + "/jobs/{id}", template: "job", title: "Job", section: "models", handle: c.job},
		{pattern: "POST " + Root + "/jobs", scope: auth.ScopeModelsWrite, title: "Job", section: "models", handle: c.recompute},
		{pattern: "POST " + Root + "/jobs/{id}/cancel", scope: auth.ScopeModelsWrite, title: "Job", section: "models", handle: c.cancelJob},
	}
}
