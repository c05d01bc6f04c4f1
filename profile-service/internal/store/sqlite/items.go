package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

const selectItems = `select item_id, position, version, deleted, status, brand, category, parent_id, price, created_ms, updated_ms, body
	from items where shop = ?`

func scanItem(r *sql.Rows, i *store.ItemRow) error {
	return r.Scan(&i.ItemID, &i.Position, &i.Version, &i.Deleted, &i.Status, &i.Brand, &i.Category, &i.ParentID, &i.Price,
		&i.CreatedMs, &i.UpdatedMs, &i.Body)
}

// UpdateItems implements store.Catalogue.
func (s *Store) UpdateItems(ctx context.Context, shop string, ids []string, change func(map[string]store.ItemRow) ([]store.ItemRow, error)) error {
	var refused error
	err := s.inTx(ctx, func(tx *writeTx) error {
		last, err := tx.raise(ctx, shop, itemCounter, len(ids))
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

func itemsByID(ctx context.Context, q querier, shop string, ids []string) (map[string]store.ItemRow, error) {
	rows, err := q.QueryContext(ctx, selectItems+" and item_id"+inList, shop, list(ids))
	if err != nil {
		return nil, err
	}
	found, err := collect(rows, scanItem)
	if err != nil {
		return nil, err
	}
	items := make(map[string]store.ItemRow, len(found))
	for _, i := range found {
		items[i.ItemID] = i
	}
	return items, nil
}

func writeItems(ctx context.Context, tx *writeTx, shop string, rows []store.ItemRow) error {
	insert := bulkInsert{width: 13, prefix: `insert into items
		(shop, item_id, position, version, deleted, status, brand, category, parent_id, price, created_ms, updated_ms, body)`,
		suffix: `on conflict (shop, item_id) do update set position = excluded.position, version = excluded.version, deleted = excluded.deleted,
			status = excluded.status, brand = excluded.brand, category = excluded.category, parent_id = excluded.parent_id,
			price = excluded.price, created_ms = excluded.created_ms, updated_ms = excluded.updated_ms, body = excluded.body`}
	return insert.run(ctx, tx, len(rows), func(args []any, i int) []any {
		r := &rows[i]
		return append(args, shop, r.ItemID, r.Position, r.Version, r.Deleted, r.Status, r.Brand, r.Category, r.ParentID, r.Price,
			r.CreatedMs, r.UpdatedMs, string(r.Body))
	}, nil)
}

// Items implements store.Catalogue.
func (s *Store) Items(ctx context.Context, shop string, ids []string) (map[string]store.ItemRow, error) {
	items, err := itemsByID(ctx, s.db.Reader, shop, ids)
	if err != nil {
		return nil, fmt.Errorf("read %d items: %w", len(ids), err)
	}
	return items, nil
}

// ListItems implements store.Catalogue.
func (s *Store) ListItems(ctx context.Context, shop string, f store.ItemFilter) ([]store.ItemRow, error) {
	q := &query{args: []any{shop}}
	q.WriteString(selectItems + " and not deleted")
	q.and("item_id > ?", f.After)
	for _, c := range []struct{ column, value string }{{"status", f.Status}, {"brand", f.Brand}, {"parent_id", f.ParentID}} {
		if c.value != "" {
			q.and(c.column+" = ?", c.value)
		}
	}
	if f.Category != "" {
		below := f.Category + store.CategorySeparator
		q.and("(category = ? or substr(category, 1, length(?)) = ?)", f.Category, below, below)
	}
	q.WriteString(" order by item_id limit ?")
	return s.collectItems(ctx, q.String(), append(q.args, f.Limit)...)
}

// ItemChanges implements store.Catalogue.
func (s *Store) ItemChanges(ctx context.Context, shop string, after int64, limit int) ([]store.ItemRow, error) {
	return s.collectItems(ctx, selectItems+" and position > ? order by position limit ?", shop, after, limit)
}

func (s *Store) collectItems(ctx context.Context, sql string, args ...any) ([]store.ItemRow, error) {
	rows, err := s.db.Reader.QueryContext(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("list items: %w", err)
	}
	items, err := collect(rows, scanItem)
	if err != nil {
		return nil, fmt.Errorf("list items: %w", err)
	}
	return items, nil
}

// LastPosition implements store.Catalogue.
func (s *Store) LastPosition(ctx context.Context, shop string) (int64, error) {
	return s.counter(ctx, shop, itemCounter)
}
