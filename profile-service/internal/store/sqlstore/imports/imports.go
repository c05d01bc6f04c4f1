// Package imports keeps what is known of imports beside the events that they brought: their states, their reports, and what items and
// users were before an import changed them, by which it can be undone. The main type is Log.
package imports

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/number"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
)

// Log implements store.Imports but for undoing, and of store.Traces what reports and changes hold.
type Log struct{ DB *sqldb.DB }

const selectImports = "select import_id, created_ms, updated_ms, cancelled, body from imports where shop = $1"

func scanImport(r *sql.Rows, i *store.ImportRow) error {
	return r.Scan(&i.ImportID, &i.CreatedMs, &i.UpdatedMs, &i.Cancelled, &i.Body)
}

// PutImport implements store.Imports. A new import gets a number, which its events and changes
// carry instead of the id: one or two bytes for each event.
func (l *Log) PutImport(ctx context.Context, shop string, r store.ImportRow) error {
	return l.DB.Change(ctx, "store import "+r.ImportID, func(ctx context.Context, t *sqldb.Tx) error {
		t.Committed = sqldb.OfNobody
		n, err := t.Exec(ctx, "update imports set updated_ms = $1, cancelled = cancelled or $2, body = $3 where shop = "+
			"$4 and import_id = $5",
			r.UpdatedMs, r.Cancelled, string(r.Body), shop, r.ImportID)
		if err != nil || n > 0 {
			return err
		}
		number, err := number.Raise(ctx, t, shop, number.Imports, 1)
		if err != nil {
			return err
		}
		_, err = t.Exec(ctx, `insert into imports (shop, import_id, created_ms, updated_ms, cancelled, body, number)
			values ($1, $2, $3, $4, $5, $6, $7)`,
			shop, r.ImportID, r.CreatedMs, r.UpdatedMs, r.Cancelled, string(r.Body), number)
		return err
	})
}

// CancelImport implements store.Imports.
func (l *Log) CancelImport(ctx context.Context, shop, id string) error {
	return l.set(ctx, "cancel import "+id, "cancelled", true, shop, id)
}

// TouchImport implements store.Imports.
func (l *Log) TouchImport(ctx context.Context, shop, id string, updatedMs int64) error {
	return l.set(ctx, "touch import "+id, "updated_ms", updatedMs, shop, id)
}

// set changes one column of an import.
func (l *Log) set(ctx context.Context, doing, column string, value any, shop, id string) error {
	return l.DB.Change(ctx, doing, func(ctx context.Context, t *sqldb.Tx) error {
		t.Committed = sqldb.OfNobody
		_, err := t.Exec(ctx, "update imports set "+column+" = $1 where shop = $2 and import_id = $3", value, shop, id)
		return err
	})
}

// Note returns the number of an import that appends events from first to last, and widens
// the span in which UndoImport looks for them. An import without a row is store.ErrNotFound.
func Note(ctx context.Context, t *sqldb.Tx, shop, id string, first, last int64) (int64, error) {
	number, err := sqldb.One(ctx, t, `update imports set first_seq = case when first_seq = 0 then $1 else first_seq end, last_seq = $2
		where shop = $3 and import_id = $4 returning number`, first, last, shop, id)
	if err == nil && number == 0 {
		err = fmt.Errorf("import %s: %w", id, store.ErrNotFound)
	}
	return number, err
}

// Import implements store.Imports.
func (l *Log) Import(ctx context.Context, shop, id string) (store.ImportRow, error) {
	rows, err := sqldb.Collect(ctx, l.DB, "read import "+id, selectImports+" and import_id = $2", []any{shop, id}, scanImport)
	switch {
	case err != nil:
		return store.ImportRow{}, err
	case len(rows) == 0:
		return store.ImportRow{}, store.ErrNotFound
	}
	return rows[0], nil
}

// ListImports implements store.Imports. Ids rise with the time at which an import was started.
func (l *Log) ListImports(ctx context.Context, shop, before string, limit int) ([]store.ImportRow, error) {
	return sqldb.Collect(ctx, l.DB, "list imports", selectImports+" and ($2 = '' or import_id < $2) order by import_id desc limit $3",
		[]any{shop, before, limit}, scanImport)
}

// AddImportErrors implements store.Imports.
func (l *Log) AddImportErrors(ctx context.Context, shop, id string, entries []store.ImportError) error {
	columns := sqldb.NewColumns("shop", "import_id", "number", "body")
	for _, e := range entries {
		sqldb.Add(columns, shop, id, e.Number, string(e.Body))
	}
	return l.DB.Change(ctx, "store errors of import "+id, func(ctx context.Context, t *sqldb.Tx) error {
		t.Committed = sqldb.OfNobody
		return t.Insert(ctx, "import_errors", columns, "", nil)
	})
}

// ImportErrors implements store.Imports.
func (l *Log) ImportErrors(ctx context.Context, shop, id string, after int64, limit int) ([]store.ImportError, error) {
	return sqldb.Collect(ctx, l.DB, "read errors of import "+id, `select number, body from import_errors
		where shop = $1 and import_id = $2 and number > $3 order by number limit $4`, []any{shop, id, after, limit},
		func(r *sql.Rows, e *store.ImportError) error { return r.Scan(&e.Number, &e.Body) })
}

// The kinds of rows that an import changes beside events, as stored.
const KindItem, KindUser = "i", "u"

// Keep notes what rows of a kind were before an import changed them. present has the rows of before; one that was not there is stored as
// null. of tells the id and the version of a row. Without an import it does nothing. A later change by the same import keeps what was
// before the first and moves on the version only, by which UndoImport tells that nobody else has changed the row.
func Keep[R any](
	ctx context.Context, t *sqldb.Tx, shop, importID, kind string, rows []R, present map[string]R, of func(*R) (id string, version int64),
) error {
	if importID == "" {
		return nil
	}
	number, err := sqldb.One(ctx, t, "select number from imports where shop = $1 and import_id = $2", shop, importID)
	if err != nil {
		return fmt.Errorf("read import %s: %w", importID, err)
	}
	c := sqldb.NewColumns("shop", "kind", "id", "number", "version", "before")
	for i := range rows {
		id, version := of(&rows[i])
		var before []byte
		if was, ok := present[id]; ok {
			if before, err = json.Marshal(was); err != nil {
				return fmt.Errorf("keep what %q was: %w", id, err)
			}
		}
		sqldb.Add(c, shop, kind, id, number, version, before)
	}
	return t.Insert(ctx, "import_changes", c, "on conflict (shop, kind, id, number) do update set version = excluded.version", nil)
}

// tracesAtOnce is how many entries of reports are in memory at once.
const tracesAtOnce = 1000

// Traces implements store.Traces. The changes, which have an index by user, are all in memory;
// reports have none and are read through a page at a time.
func (l *Log) Traces(ctx context.Context, shop string, userIDs []string, see func(*store.Trace) error) error {
	last := store.Trace{}
	for {
		page, err := sqldb.Collect(ctx, l.DB, "look through reports of imports", `select e.import_id, e.number, e.body,
			coalesce(i.created_ms, 0) from import_errors e left join imports i on i.shop = e.shop and i.import_id = e.import_id
			where e.shop = $1 and (e.import_id, e.number) > ($2, $3) order by e.import_id, e.number limit $4`,
			[]any{shop, last.ImportID, last.Number, tracesAtOnce}, func(r *sql.Rows, t *store.Trace) error {
				t.Kind = store.TraceError
				return r.Scan(&t.ImportID, &t.Number, &t.Body, &t.CreatedMs)
			})
		if err != nil {
			return err
		}
		for i := range page {
			if err := see(&page[i]); err != nil {
				return err
			}
		}
		if len(page) < tracesAtOnce {
			break
		}
		last = page[len(page)-1]
	}
	changes, err := sqldb.Collect(ctx, l.DB, "look through what imports have changed", `select c.number, c.id, c.before,
		coalesce(i.import_id, ''), coalesce(i.created_ms, 0) from import_changes c
		left join imports i on i.shop = c.shop and i.number = c.number
		where c.shop = $1 and c.kind = '`+KindUser+`' and `+l.DB.In("c.id", 2, "text")+" order by +c.number, c.id",
		[]any{shop, sqldb.List(l.DB.Dialect, userIDs)}, func(r *sql.Rows, t *store.Trace) error {
			t.Kind = store.TraceChange
			return r.Scan(&t.Number, &t.UserID, &t.Body, &t.ImportID, &t.CreatedMs)
		})
	if err != nil {
		return err
	}
	for i := range changes {
		if err := see(&changes[i]); err != nil {
			return err
		}
	}
	return nil
}

// EraseTraces implements store.Traces, in transactions of sqldb.RemoveAtOnce traces.
func (l *Log) EraseTraces(ctx context.Context, shop string, traces []store.Trace) error {
	for some := range slices.Chunk(traces, sqldb.RemoveAtOnce) {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := l.DB.Change(ctx, "erase what imports have left of a user", func(ctx context.Context, t *sqldb.Tx) error {
			t.Committed = sqldb.OfNobody
			for i := range some {
				trace := &some[i]
				text, args := "delete from import_errors where shop = $1 and number = $2 and import_id = $3", []any{
					shop, trace.Number, trace.ImportID,
				}
				if trace.Kind == store.TraceChange {
					text = "delete from import_changes where shop = $1 and number = $2 and kind = '" + KindUser + "' and id = $3"
					args[2] = trace.UserID
				}
				if err := t.Later(ctx, text, args...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
