package sqlstore

import (
	"context"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
	"github.com/aisle-rec/aisle/shared/audit"
)

// Audit is the log of what people did with persons and imports.
type Audit struct{ *Store }

// Append stores an entry.
func (a Audit) Append(ctx context.Context, shop string, e *audit.Entry) error {
	return a.change(ctx, audit.InsertSQL, audit.InsertArgs(shop, e)...)
}

// Finish stores how an action went.
func (a Audit) Finish(ctx context.Context, shop string, e *audit.Entry) error {
	return a.change(ctx, audit.FinishSQL, e.Outcome, string(e.After), shop, e.ID)
}

// PurgeAudit removes entries older than a moment.
func (s *Store) PurgeAudit(ctx context.Context, before time.Time) error {
	return Audit{s}.change(ctx, audit.PurgeSQL, before.UnixMilli())
}

func (a Audit) change(ctx context.Context, text string, args ...any) error {
	return a.Change(ctx, "write the audit log", func(ctx context.Context, t *sqldb.Tx) error {
		_, err := t.Exec(ctx, text, args...)
		return err
	})
}

// List returns the newest entries that a query selects, newest first.
func (a Audit) List(ctx context.Context, shop string, q audit.Query) ([]audit.Entry, error) {
	text, args := audit.SelectSQL(shop, q)
	return sqldb.Collect(ctx, a.DB, "list the audit log", text, args, audit.Scan)
}
