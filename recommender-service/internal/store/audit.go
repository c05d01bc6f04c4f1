package store

import (
	"context"
	"fmt"

	"github.com/aisle-rec/aisle/shared/audit"
)

// Audit is the log of what people did to the configuration and asked of persons.
type Audit struct{ *Store }

// Append stores an entry.
func (a Audit) Append(ctx context.Context, shop string, e *audit.Entry) error {
	if _, err := a.Exec(ctx, audit.InsertSQL, audit.InsertArgs(shop, e)...); err != nil {
		return fmt.Errorf("append to the audit log: %w", err)
	}
	return nil
}

// Finish stores how an action went.
func (a Audit) Finish(ctx context.Context, shop string, e *audit.Entry) error {
	if _, err := a.Exec(ctx, audit.FinishSQL, e.Outcome, string(e.After), shop, e.ID); err != nil {
		return fmt.Errorf("finish an entry of the audit log: %w", err)
	}
	return nil
}

// List returns the newest entries that a query selects, newest first.
func (a Audit) List(ctx context.Context, shop string, q audit.Query) ([]audit.Entry, error) {
	text, args := audit.SelectSQL(shop, q)
	list, err := query(ctx, a.Store, audit.Scan, text, args...)
	if err != nil {
		return nil, fmt.Errorf("list the audit log: %w", err)
	}
	return list, nil
}
