package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

const selectImports = "select import_id, created_ms, updated_ms, cancelled, body from imports where shop = $1"

func scanImport(row pgx.CollectableRow) (store.ImportRow, error) {
	var i store.ImportRow
	err := row.Scan(&i.ImportID, &i.CreatedMs, &i.UpdatedMs, &i.Cancelled, &i.Body)
	return i, err
}

// PutImport implements store.Imports.
func (s *Store) PutImport(ctx context.Context, shop string, r store.ImportRow) error {
	_, err := s.pool.Exec(ctx, `insert into imports as i (shop, import_id, created_ms, updated_ms, cancelled, body) values ($1, $2, $3, $4, $5, $6)
		on conflict (shop, import_id) do update set updated_ms = excluded.updated_ms, cancelled = i.cancelled or excluded.cancelled, body = excluded.body`,
		shop, r.ImportID, r.CreatedMs, r.UpdatedMs, r.Cancelled, r.Body)
	if err != nil {
		return fmt.Errorf("store import %s: %w", r.ImportID, err)
	}
	return nil
}

// Import implements store.Imports.
func (s *Store) Import(ctx context.Context, shop, id string) (store.ImportRow, error) {
	rows, err := s.pool.Query(ctx, selectImports+" and import_id = $2", shop, id)
	if err != nil {
		return store.ImportRow{}, fmt.Errorf("read import %s: %w", id, err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, scanImport)
	if errors.Is(err, pgx.ErrNoRows) {
		return row, store.ErrNotFound
	}
	if err != nil {
		return row, fmt.Errorf("read import %s: %w", id, err)
	}
	return row, nil
}

// ListImports implements store.Imports.
func (s *Store) ListImports(ctx context.Context, shop, before string, limit int) ([]store.ImportRow, error) {
	rows, err := s.pool.Query(ctx, selectImports+" and ($2 = '' or import_id < $2) order by import_id desc limit $3", shop, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanImport)
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	return list, nil
}

// AddImportErrors implements store.Imports.
func (s *Store) AddImportErrors(ctx context.Context, shop, id string, entries []store.ImportError) error {
	i := 0
	_, err := s.pool.CopyFrom(ctx, pgx.Identifier{"import_errors"}, []string{"shop", "import_id", "number", "body"}, pgx.CopyFromFunc(func() ([]any, error) {
		if i == len(entries) {
			return nil, nil
		}
		i++
		return []any{shop, id, entries[i-1].Number, string(entries[i-1].Body)}, nil
	}))
	if err != nil {
		return fmt.Errorf("store the report of import %s: %w", id, err)
	}
	return nil
}

// ImportErrors implements store.Imports.
func (s *Store) ImportErrors(ctx context.Context, shop, id string, after int64, limit int) ([]store.ImportError, error) {
	rows, err := s.pool.Query(ctx, "select number, body from import_errors where shop = $1 and import_id = $2 and number > $3 order by number limit $4", shop, id, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read the report of import %s: %w", id, err)
	}
	entries, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (store.ImportError, error) {
		var e store.ImportError
		err := row.Scan(&e.Number, &e.Body)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the report of import %s: %w", id, err)
	}
	return entries, nil
}
