package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

const selectImports = "select import_id, created_ms, updated_ms, cancelled, body from imports where shop = $1"

func scanImport(r *sql.Rows, i *store.ImportRow) error {
	return r.Scan(&i.ImportID, &i.CreatedMs, &i.UpdatedMs, &i.Cancelled, &i.Body)
}

// PutImport implements store.Imports. A new import gets a number, which its events and changes
// carry instead of the id: one or two bytes for each event.
func (s *Store) PutImport(ctx context.Context, shop string, r store.ImportRow) error {
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		t.committed = ofNobody
		n, err := t.exec(ctx, "update imports set updated_ms = $1, cancelled = cancelled or $2, body = $3 where shop = "+
			"$4 and import_id = $5",
			r.UpdatedMs, r.Cancelled, string(r.Body), shop, r.ImportID)
		if err != nil || n > 0 {
			return err
		}
		number, err := t.raise(ctx, shop, importCounter, 1)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, `insert into imports (shop, import_id, created_ms, updated_ms, cancelled, body, number)
			values ($1, $2, $3, $4, $5, $6, $7)`,
			shop, r.ImportID, r.CreatedMs, r.UpdatedMs, r.Cancelled, string(r.Body), number)
		return err
	})
	if err != nil {
		return fmt.Errorf("store import %s: %w", r.ImportID, err)
	}
	return nil
}

// CancelImport implements store.Imports.
func (s *Store) CancelImport(ctx context.Context, shop, id string) error {
	return s.noteOnImport(ctx, "cancelled", true, shop, id)
}

// TouchImport implements store.Imports.
func (s *Store) TouchImport(ctx context.Context, shop, id string, updatedMs int64) error {
	return s.noteOnImport(ctx, "updated_ms", updatedMs, shop, id)
}

// noteOnImport sets one column of an import.
func (s *Store) noteOnImport(ctx context.Context, column string, value any, shop, id string) error {
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		t.committed = ofNobody
		_, err := t.exec(ctx, "update imports set "+column+" = $1 where shop = $2 and import_id = $3", value, shop, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("note %s on import %s: %w", column, id, err)
	}
	return nil
}

// noteImport returns the number of an import that appends events from first to last, and widens
// the span in which UndoImport looks for them. An import without a row is store.ErrNotFound.
func (t *tx) noteImport(ctx context.Context, shop, id string, first, last int64) (int64, error) {
	number, err := one(ctx, t, `update imports set first_seq = case when first_seq = 0 then $1 else first_seq end, last_seq = $2
		where shop = $3 and import_id = $4 returning number`, first, last, shop, id)
	if err == nil && number == 0 {
		err = fmt.Errorf("import %s: %w", id, store.ErrNotFound)
	}
	return number, err
}

// Import implements store.Imports.
func (s *Store) Import(ctx context.Context, shop, id string) (store.ImportRow, error) {
	rows, err := collect(ctx, s, selectImports+" and import_id = $2", []any{shop, id}, scanImport)
	switch {
	case err != nil:
		return store.ImportRow{}, fmt.Errorf("read import %s: %w", id, err)
	case len(rows) == 0:
		return store.ImportRow{}, store.ErrNotFound
	}
	return rows[0], nil
}

// ListImports implements store.Imports. Ids rise with the time at which an import was started.
func (s *Store) ListImports(ctx context.Context, shop, before string, limit int) ([]store.ImportRow, error) {
	rows, err := collect(ctx, s, selectImports+" and ($2 = '' or import_id < $2) order by import_id desc limit $3",
		[]any{shop, before, limit}, scanImport)
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	return rows, nil
}

// AddImportErrors implements store.Imports.
func (s *Store) AddImportErrors(ctx context.Context, shop, id string, entries []store.ImportError) error {
	columns := newColumns("shop", "import_id", "number", "body")
	for _, e := range entries {
		add(columns, shop, id, e.Number, string(e.Body))
	}
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		t.committed = ofNobody
		return t.insert(ctx, "import_errors", columns, "", nil)
	})
	if err != nil {
		return fmt.Errorf("store errors of import %s: %w", id, err)
	}
	return nil
}

// ImportErrors implements store.Imports.
func (s *Store) ImportErrors(ctx context.Context, shop, id string, after int64, limit int) ([]store.ImportError, error) {
	entries, err := collect(ctx, s, `select number, body from import_errors where shop = $1 and import_id = $2 and number > $3
		order by number limit $4`, []any{shop, id, after, limit},
		func(r *sql.Rows, e *store.ImportError) error { return r.Scan(&e.Number, &e.Body) })
	if err != nil {
		return nil, fmt.Errorf("read errors of import %s: %w", id, err)
	}
	return entries, nil
}
