package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

const selectImports = "select import_id, created_ms, updated_ms, cancelled, body from imports where shop = ?"

func scanImport(r scanner, i *store.ImportRow) error {
	return r.Scan(&i.ImportID, &i.CreatedMs, &i.UpdatedMs, &i.Cancelled, &i.Body)
}

// PutImport implements store.Imports.
func (s *Store) PutImport(ctx context.Context, shop string, r store.ImportRow) error {
	_, err := s.db.Writer.ExecContext(ctx, `insert into imports (shop, import_id, created_ms, updated_ms, cancelled, body) values (?, ?, ?, ?, ?, ?)
		on conflict (shop, import_id) do update set updated_ms = excluded.updated_ms, cancelled = cancelled or excluded.cancelled, body = excluded.body`,
		shop, r.ImportID, r.CreatedMs, r.UpdatedMs, r.Cancelled, string(r.Body))
	if err != nil {
		return fmt.Errorf("store import %s: %w", r.ImportID, err)
	}
	return nil
}

// Import implements store.Imports.
func (s *Store) Import(ctx context.Context, shop, id string) (store.ImportRow, error) {
	var row store.ImportRow
	err := scanImport(s.db.Reader.QueryRowContext(ctx, selectImports+" and import_id = ?", shop, id), &row)
	if errors.Is(err, sql.ErrNoRows) {
		return row, store.ErrNotFound
	}
	if err != nil {
		return row, fmt.Errorf("read import %s: %w", id, err)
	}
	return row, nil
}

// ListImports implements store.Imports.
func (s *Store) ListImports(ctx context.Context, shop, before string, limit int) ([]store.ImportRow, error) {
	rows, err := s.db.Reader.QueryContext(ctx, selectImports+" and (? = '' or import_id < ?) order by import_id desc limit ?", shop, before, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	list, err := collect(rows, func(r *sql.Rows, i *store.ImportRow) error { return scanImport(r, i) })
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	return list, nil
}

// AddImportErrors implements store.Imports.
func (s *Store) AddImportErrors(ctx context.Context, shop, id string, entries []store.ImportError) error {
	insert := bulkInsert{prefix: "insert into import_errors (shop, import_id, number, body)", width: 4}
	err := s.inTx(ctx, func(tx *writeTx) error {
		return insert.run(ctx, tx, len(entries), func(args []any, i int) []any {
			return append(args, shop, id, entries[i].Number, string(entries[i].Body))
		}, nil)
	})
	if err != nil {
		return fmt.Errorf("store the report of import %s: %w", id, err)
	}
	return nil
}

// ImportErrors implements store.Imports.
func (s *Store) ImportErrors(ctx context.Context, shop, id string, after int64, limit int) ([]store.ImportError, error) {
	rows, err := s.db.Reader.QueryContext(ctx, "select number, body from import_errors where shop = ? and import_id = ? and number > ? order by number limit ?", shop, id, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read the report of import %s: %w", id, err)
	}
	entries, err := collect(rows, func(r *sql.Rows, e *store.ImportError) error { return r.Scan(&e.Number, &e.Body) })
	if err != nil {
		return nil, fmt.Errorf("read the report of import %s: %w", id, err)
	}
	return entries, nil
}
