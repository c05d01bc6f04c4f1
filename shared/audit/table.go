package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
)

// Table is a Log in the table "audit" of a service's database, on Postgres and on SQLite. It is safe for concurrent use.
type Table struct{ *database.Tables }

// Append stores an entry.
func (t Table) Append(ctx context.Context, shop string, e *Entry) error {
	if _, err := t.Exec(ctx, InsertSQL, InsertArgs(shop, e)...); err != nil {
		return fmt.Errorf("append to the audit log: %w", err)
	}
	return nil
}

// Finish stores how an action went.
func (t Table) Finish(ctx context.Context, shop string, e *Entry) error {
	if _, err := t.Exec(ctx, FinishSQL, e.Outcome, string(e.After), shop, e.ID); err != nil {
		return fmt.Errorf("finish an entry of the audit log: %w", err)
	}
	return nil
}

// List returns the newest entries that a query selects, newest first.
func (t Table) List(ctx context.Context, shop string, q Query) ([]Entry, error) {
	text, args := SelectSQL(shop, q)
	list, err := database.Select(ctx, t.Tables, Scan, text, args...)
	if err != nil {
		return nil, fmt.Errorf("list the audit log: %w", err)
	}
	return list, nil
}

// Purge removes the entries of all shops from before a moment.
func (t Table) Purge(ctx context.Context, before time.Time) error {
	if _, err := t.Exec(ctx, PurgeSQL, before.UnixMilli()); err != nil {
		return fmt.Errorf("remove old entries of the audit log: %w", err)
	}
	return nil
}
