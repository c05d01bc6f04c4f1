// Package undo takes out what an import stored, for as long as it is remembered. The main type is Undo.
package undo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Undo undoes imports.
type Undo struct {
	Store store.Imports
	Now   func() time.Time
	// Changed, when not nil, is told that items of a shop may have changed.
	Changed func(shop string)
}

// Import undoes an import that has ended and notes that in its state. It returns a 409 problem while the import runs and when it is older
// than store.UndoFor.
func (u *Undo) Import(ctx context.Context, shop string, state profileapi.Import) (profileapi.ImportUndone, error) {
	now := u.Now()
	switch {
	case !state.Ended():
		return profileapi.ImportUndone{}, apierror.Conflict(
			"import_running", "The import runs. Cancel it, or wait for its end, and then undo it.",
		)
	case state.Spec.DryRun:
		return profileapi.ImportUndone{}, apierror.Conflict("dry_run", "The import was a dry run and stored nothing.")
	case now.Sub(state.CreatedAt.Time) > store.UndoFor:
		return profileapi.ImportUndone{}, apierror.Conflict("undo_too_late",
			fmt.Sprintf("The import is older than %d days, and what it replaced is no longer kept.", store.UndoFor/(24*time.Hour)))
	}
	did, err := u.Store.UndoImport(ctx, shop, state.ImportID)
	if u.Changed != nil {
		u.Changed(shop)
	}
	if err != nil {
		return profileapi.ImportUndone{}, err
	}
	if state.UndoneAt.IsZero() {
		state.UndoneAt, state.UndoUntil, state.UpdatedAt = wire.TimeOf(now), wire.Time{}, wire.TimeOf(now)
		body, err := json.Marshal(state)
		if err != nil {
			return profileapi.ImportUndone{}, fmt.Errorf("encode import: %w", err)
		}
		row := store.ImportRow{ImportID: state.ImportID, CreatedMs: state.CreatedAt.UnixMilli(), UpdatedMs: now.UnixMilli(), Body: body}
		if err := u.Store.PutImport(ctx, shop, row); err != nil {
			return profileapi.ImportUndone{}, err
		}
	}
	return profileapi.ImportUndone{Import: state, Events: did.Events, Items: did.Items, Users: did.Users, Kept: did.Kept}, nil
}

// UndoImport is Import for an id, as an import needs it that replaces another. It returns a 404 problem when there is none.
func (u *Undo) UndoImport(ctx context.Context, shop, id string) error {
	row, err := u.Store.Import(ctx, shop, id)
	if errors.Is(err, store.ErrNotFound) {
		return apierror.NotFound("import", id)
	}
	if err != nil {
		return err
	}
	var state profileapi.Import
	if err := json.Unmarshal(row.Body, &state); err != nil {
		return fmt.Errorf("read import %s: %w", id, err)
	}
	_, err = u.Import(ctx, shop, state)
	return err
}
