package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// tracesAtOnce is how many entries of reports are in memory at once.
const tracesAtOnce = 1000

// Subjects implements store.Traces.
func (s *Store) Subjects(ctx context.Context, shop, subject string) ([]string, error) {
	shopID, err := s.shopID(ctx, s, shop)
	if err != nil {
		return nil, err
	}
	subjects, err := collect(ctx, s, `with person as (select visitor from visitors where shop_id = $1 and subject = $2)
		select subject from visitors where visitor in (select visitor from person) or canonical in (select visitor from person)
			or visitor in (select session from visitor_sessions where visitor in (select visitor from person))`,
		[]any{shopID, subject}, scanText)
	if err != nil {
		return nil, fmt.Errorf("read the names of a user: %w", err)
	}
	if len(subjects) == 0 {
		subjects = []string{subject}
	}
	slices.Sort(subjects)
	return subjects, nil
}

// Traces implements store.Traces. The changes, which have an index by user, are all in memory;
// reports have none and are read through a page at a time.
func (s *Store) Traces(ctx context.Context, shop string, userIDs []string, see func(*store.Trace) error) error {
	last := store.Trace{}
	for {
		page, err := collect(ctx, s, `select e.import_id, e.number, e.body, coalesce(i.created_ms, 0) from import_errors e
			left join imports i on i.shop = e.shop and i.import_id = e.import_id
			where e.shop = $1 and (e.import_id, e.number) > ($2, $3) order by e.import_id, e.number limit $4`,
			[]any{shop, last.ImportID, last.Number, tracesAtOnce}, func(r *sql.Rows, t *store.Trace) error {
				t.Kind = store.TraceError
				return r.Scan(&t.ImportID, &t.Number, &t.Body, &t.CreatedMs)
			})
		if err != nil {
			return fmt.Errorf("look through reports of imports: %w", err)
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
	changes, err := collect(ctx, s, `select c.number, c.id, c.before, coalesce(i.import_id, ''),
		coalesce(i.created_ms, 0) from import_changes c
		left join imports i on i.shop = c.shop and i.number = c.number
		where c.shop = $1 and c.kind = '`+kindUser+`' and `+s.in("c.id", 2, "text")+" order by c.number, c.id",
		[]any{shop, list(s.dialect, userIDs)}, func(r *sql.Rows, t *store.Trace) error {
			t.Kind = store.TraceChange
			return r.Scan(&t.Number, &t.UserID, &t.Body, &t.ImportID, &t.CreatedMs)
		})
	if err != nil {
		return fmt.Errorf("look through what imports have changed: %w", err)
	}
	for i := range changes {
		if err := see(&changes[i]); err != nil {
			return err
		}
	}
	return nil
}

// EraseTraces implements store.Traces, in transactions of removeAtOnce traces.
func (s *Store) EraseTraces(ctx context.Context, shop string, traces []store.Trace) error {
	for some := range slices.Chunk(traces, removeAtOnce) {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
			t.committed = ofNobody
			for i := range some {
				trace := &some[i]
				text, args := "delete from import_errors where shop = $1 and number = $2 and import_id = $3", []any{
					shop, trace.Number, trace.ImportID,
				}
				if trace.Kind == store.TraceChange {
					text = "delete from import_changes where shop = $1 and number = $2 and kind = '" + kindUser + "' and id = $3"
					args[2] = trace.UserID
				}
				if err := t.later(ctx, text, args...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("erase what imports have left of a user: %w", err)
		}
	}
	return nil
}
