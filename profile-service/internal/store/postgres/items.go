package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

const selectItems = `select item_id, position, version, deleted, status, brand, category, parent_id, price, created_ms, updated_ms, body
	from items where shop = $1`

func scanItem(row pgx.CollectableRow) (store.ItemRow, error) {
	var i store.ItemRow
	err := row.Scan(&i.ItemID, &i.Position, &i.Version, &i.Deleted, &i.Status, &i.Brand, &i.Category, &i.ParentID, &i.Price,
		&i.CreatedMs, &i.UpdatedMs, &i.Body)
	return i, err
}

// UpdateItems implements store.Catalogue.
func (s *Store) UpdateItems(ctx context.Context, shop string, ids []string, change func(map[string]store.ItemRow) ([]store.ItemRow, error)) error {
	var refused error
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		last, err := raise(ctx, tx, shop, itemCounter, len(ids))
		if err != nil {
			return err
		}
		present, err := itemsByID(ctx, tx, shop, ids)
		if err != nil {
			return err
		}
		rows, err := change(present)
		if err != nil {
			refused = err
			return err
		}
		for i := range rows {
			rows[i].Position = last - int64(len(ids)) + 1 + int64(i)
		}
		return writeItems(ctx, tx, shop, rows)
	})
	if refused != nil {
		return refused
	}
	if err != nil {
		return fmt.Errorf("update %d items: %w", len(ids), err)
	}
	return nil
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func itemsByID(ctx context.Context, q querier, shop string, ids []string) (map[string]store.ItemRow, error) {
	rows, err := q.Query(ctx, selectItems+" and item_id = any($2)", shop, ids)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scanItem)
	if err != nil {
		return nil, err
	}
	items := make(map[string]store.ItemRow, len(list))
	for _, i := range list {
		items[i.ItemID] = i
	}
	return items, nil
}

func writeItems(ctx context.Context, tx pgx.Tx, shop string, rows []store.ItemRow) error {
	batch := &pgx.Batch{}
	for i := range rows {
		r := &rows[i]
		batch.Queue(`insert into items (shop, item_id, position, version, deleted, status, brand, category, parent_id, price, created_ms, updated_ms, body)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			on conflict (shop, item_id) do update set position = excluded.position, version = excluded.version, deleted = excluded.deleted,
				status = excluded.status, brand = excluded.brand, category = excluded.category, parent_id = excluded.parent_id,
				price = excluded.price, created_ms = excluded.created_ms, updated_ms = excluded.updated_ms, body = excluded.body`,
			shop, r.ItemID, r.Position, r.Version, r.Deleted, r.Status, r.Brand, r.Category, r.ParentID, r.Price, r.CreatedMs, r.UpdatedMs, r.Body)
	}
	if batch.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, batch).Close()
}

// Items implements store.Catalogue.
func (s *Store) Items(ctx context.Context, shop string, ids []string) (map[string]store.ItemRow, error) {
	items, err := itemsByID(ctx, s.pool, shop, ids)
	if err != nil {
		return nil, fmt.Errorf("read %d items: %w", len(ids), err)
	}
	return items, nil
}

// ListItems implements store.Catalogue.
func (s *Store) ListItems(ctx context.Context, shop string, f store.ItemFilter) ([]store.ItemRow, error) {
	q := &query{args: []any{shop}}
	q.WriteString(selectItems + " and not deleted")
	q.and("item_id > %s", f.After)
	for _, c := range []struct{ column, value string }{{"status", f.Status}, {"brand", f.Brand}, {"parent_id", f.ParentID}} {
		if c.value != "" {
			q.and(c.column+" = %s", c.value)
		}
	}
	if f.Category != "" {
		q.and("(category = %s or starts_with(category, %s || chr(31)))", f.Category)
	}
	q.args = append(q.args, f.Limit)
	fmt.Fprintf(q, " order by item_id limit $%d", len(q.args))
	return s.collectItems(ctx, q.String(), q.args...)
}

// ItemChanges implements store.Catalogue.
func (s *Store) ItemChanges(ctx context.Context, shop string, after int64, limit int) ([]store.ItemRow, error) {
	return s.collectItems(ctx, selectItems+" and position > $2 order by position limit $3", shop, after, limit)
}

func (s *Store) collectItems(ctx context.Context, sql string, args ...any) ([]store.ItemRow, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("list items: %w", err)
	}
	items, err := pgx.CollectRows(rows, scanItem)
	if err != nil {
		return nil, fmt.Errorf("list items: %w", err)
	}
	return items, nil
}

// LastPosition implements store.Catalogue.
func (s *Store) LastPosition(ctx context.Context, shop string) (int64, error) {
	return s.counter(ctx, shop, itemCounter)
}
