package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-rec/aisle/shared/audit"
	"github.com/aisle-rec/aisle/shared/auth"
	"github.com/aisle-rec/aisle/shared/httpserver"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// registerUndo adds the one operation of package undo, with an entry in the audit log.
func (a *API) registerUndo(api huma.API) {
	undo := operation(http.MethodPost, "/v1/imports/{id}/undo", "undo-import", importsTag, "Take out what an import stored")
	undo.Description = "Removes exactly the events that the import stored, and gives the items and users that it stored back what they " +
		"were; those that somebody has changed since " +
		"stay and are counted as `kept`. Possible for 30 days. Safe to repeat: an undo that was interrupted goes on. The file can " +
		"then be imported again."
	undo.Errors = append(undo.Errors, http.StatusNotFound, http.StatusConflict)
	httpserver.Register(
		api, auth.ScopeEventsWrite, undo,
		audited(a, audit.What[idInput]{Action: "import.undo", Subject: func(_ string, in *idInput) string { return in.ID }}, a.undoImport),
	)
}

type undoOutput struct{ Body profileapi.ImportUndone }

// undoImport takes out what an import stored and answers when that is done, after many
// transactions. 409 says why it cannot be: it still runs, was a dry run or is too old. It needs
// the right to write what the import holds.
func (a *API) undoImport(ctx context.Context, in *idInput) (*undoOutput, error) {
	shop := auth.Shop(ctx)
	state, err := a.Imports.Import(ctx, shop, in.ID)
	if err != nil {
		return nil, storeProblem(err)
	}
	if err := mayWrite(ctx, state.Spec.Kind); err != nil {
		return nil, err
	}
	undone, err := a.Undo.Import(ctx, shop, state)
	if err != nil {
		return nil, storeProblem(err)
	}
	return &undoOutput{Body: undone}, nil
}
