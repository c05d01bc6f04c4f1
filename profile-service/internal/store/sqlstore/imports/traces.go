package imports

import (
	"context"
	"database/sql"
	"slices"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
)

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
		where c.shop = $1 and c.kind = '`+KindUser+`' and `+l.DB.In("c.id", 2, "text")+" order by c.number, c.id",
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
