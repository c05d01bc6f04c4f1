// Package operations has the pages about getting data in and about who may do what.
package operations

import (
	"github.com/aisle-rec/aisle/console/internal/form"
	"github.com/aisle-rec/aisle/console/internal/page"
	"github.com/aisle-rec/aisle/shared/auth"
)

// Pages are about getting data in and about who may do what.
func Pages() []page.Page {
	const write = auth.ScopeEventsWrite
	return []page.Page{
		{
			Pattern: "GET /imports", Title: "Imports", Handle: imports,
			Lead: "Products, orders and users from files: see how a file is understood before anything is stored.",
		},
		{Pattern: "POST /imports", Title: "Imports", Scope: write, Upload: true, Handle: sendImport},
		{Pattern: "GET /imports/{id}", Title: "Import", Below: true, Handle: importPage},
		{Pattern: "GET /imports/{id}/report", Title: "Import", Below: true, Handle: importReport},
		{Pattern: "POST /imports/{id}/undo", Title: "Import", Below: true, Scope: write, Handle: undoImport},
		{Pattern: "POST /imports/{id}/cancel", Title: "Import", Below: true, Scope: write, Handle: cancelImport},
		{Pattern: "GET /keys", Title: "Keys", Handle: keys, Lead: "Who may call, and what he may do."},
		{Pattern: "GET /audit", Title: "Audit log", Handle: auditLog, Lead: "Who did what, and what it was before."},
		{
			Pattern: "GET /settings", Title: "Settings", Handle: settings,
			Lead: "What this installation is set to, and what your key may do.",
		},
	}
}

// importKinds are what a file can hold, in the words of a shop.
func importKinds() []form.Option {
	return []form.Option{
		{Value: "items", Label: "products"}, {Value: "events", Label: "events or orders"}, {Value: "users", Label: "users"},
	}
}
