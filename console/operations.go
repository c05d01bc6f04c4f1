package console

import (
	"html/template"

	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// operatingPages are about getting data in and about who may do what.
func operatingPages() []page {
	const write = auth.ScopeEventsWrite
	return []page{
		{
			pattern: "GET /imports", template: "imports", title: "Imports", handle: imports,
			lead: "Products, orders and users from files: see how a file is understood before anything is stored.",
		},
		{pattern: "POST /imports", template: "imports", title: "Imports", scope: write, upload: true, handle: sendImport},
		{pattern: "GET /imports/{id}", template: "import", title: "Import", below: true, handle: importPage},
		{pattern: "GET /imports/{id}/report", title: "Import", below: true, handle: importReport},
		{pattern: "POST /imports/{id}/undo", title: "Import", below: true, scope: write, handle: undoImport},
		{pattern: "POST /imports/{id}/cancel", title: "Import", below: true, scope: write, handle: cancelImport},
		{pattern: "GET /keys", template: "keys", title: "Keys", handle: keys, lead: "Who may call, and what he may do."},
		{
			pattern: "GET /audit", template: "audit", title: "Audit log", handle: auditLog,
			lead: "Who did what, and what it was before.",
		},
		{
			pattern: "GET /settings", template: "settings", title: "Settings", handle: settings,
			lead: "What this installation is set to, and what your key may do.",
		},
	}
}

// operationsFunctions are the functions of its templates.
func operationsFunctions() template.FuncMap {
	return template.FuncMap{
		"importkinds": importKinds, "importformats": func() []form.Option { return form.Options(profileapi.ImportFormats()...) },
	}
}

// importKinds are what a file can hold, in the words of a shop.
func importKinds() []form.Option {
	return []form.Option{
		{Value: "items", Label: "products"}, {Value: "events", Label: "events or orders"}, {Value: "users", Label: "users"},
	}
}
