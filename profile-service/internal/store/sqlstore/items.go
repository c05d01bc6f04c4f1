package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

const selectItems = `select item_id, position, version, deleted, status, brand, category, parent_id, price, created_ms, updated_ms, body
	from items where `

func scanItem(r *sql.Rows, i *store.ItemRow) error {
	return r.Scan(&i.ItemID, &i.Position, &i.Version, &i.Deleted, &i.Status, &i.Brand, &i.Category, &i.ParentID, &i.Price,
		&i.CreatedMs, &i.UpdatedMs, &i.Body)
}

// UpdateItems implements store.Catalogue. The positions are taken for all ids, before change
// says what it stores; those that are left over name nothing, which readers of the feed do not
// notice. The counter's lock is what keeps other writers of the shop's items away.
func (s *Store) UpdateItems(
	ctx context.Context, shop string, ids []string, change func(map[string]store.ItemRow) ([]store.ItemRow, error),
) error {
	return s.change(ctx, fmt.Sprintf("update %d items", len(ids)), func(free context.Context, t *tx) error {
		t.committed = ofNobody
		last, err := t.raise(free, shop, itemCounter, len(ids))
		if err != nil {
			return err
		}
		present, err := itemsByID(free, s, t, shop, ids)
		if err != nil {
			return err
		}
		before := maps.Clone(present) // change may write into what it gets
		rows, err := change(present)
		if err != nil {
			return refusal{err}
		}
		for i := range rows {
			rows[i].Position = last - int64(len(ids)) + 1 + int64(i)
		}
		if err := t.keepItems(free, shop, store.ImportOf(ctx), rows, before); err != nil {
			return err
		}
		return t.writeItems(free, shop, rows)
	})
}

// itemsByID reads those items of a shop that exist, through a transaction or the store.
func itemsByID(ctx context.Context, s *Store, q querier, shop string, ids []string) (map[string]store.ItemRow, error) {
	rows, err := all(ctx, q, selectItems+"shop = $1 and "+s.in("item_id", 2, "text"), []any{shop, list(s.dialect, ids)}, scanItem)
	items := make(map[string]store.ItemRow, len(rows))
	for _, i := range rows {
		items[i.ItemID] = i
	}
	return items, err
}

// writeItems stores items and has Postgres tell the other replicas with the commit. SQLite's
// boolean is a number, and column knows none but that: Postgres makes the boolean of it.
func (t *tx) writeItems(ctx context.Context, shop string, rows []store.ItemRow) error {
	c := newColumns("shop", "item_id", "position", "version", "deleted", "status", "brand", "category", "parent_id", "price",
		"created_ms", "updated_ms", "body")
	c[4].value = "deleted <> 0"
	for i := range rows {
		r := &rows[i]
		deleted := int64(0)
		if r.Deleted {
			deleted = 1
		}
		add(c, shop, r.ItemID, r.Position, r.Version, deleted, r.Status, r.Brand, r.Category, r.ParentID, r.Price,
			r.CreatedMs, r.UpdatedMs, string(r.Body))
	}
	if t.s.isPostgres && len(rows) > 0 {
		if _, err := t.exec(ctx, "select pg_notify($1, $2)", itemsChannel, shop); err != nil {
			return err
		}
	}
	return t.insert(ctx, "items", c, `on conflict (shop, item_id) do update set
		position = excluded.position, version = excluded.version, deleted = excluded.deleted, status = excluded.status,
		brand = excluded.brand, category = excluded.category, parent_id = excluded.parent_id, price = excluded.price,
		created_ms = excluded.created_ms, updated_ms = excluded.updated_ms, body = excluded.body`, nil)
}

// Items implements store.Catalogue.
func (s *Store) Items(ctx context.Context, shop string, ids []string) (map[string]store.ItemRow, error) {
	rows, err := collect(ctx, s, selectItems+"shop = $1 and "+s.in("item_id", 2, "text"), []any{shop, list(s.dialect, ids)}, scanItem)
	if err != nil {
		return nil, fmt.Errorf("read %d items: %w", len(ids), err)
	}
	items := make(map[string]store.ItemRow, len(rows))
	for _, i := range rows {
		items[i.ItemID] = i
	}
	return items, nil
}

// ListItems implements store.Catalogue. A category is compared as text with its separator, so
// that "shoes" does not find "shoes for children". Words are looked for in every item of the
// shop behind f.After until there are f.Limit: there is no index of words.
func (s *Store) ListItems(ctx context.Context, shop string, f store.ItemFilter) ([]store.ItemRow, error) {
	w := &where{}
	w.and("shop = ? and not deleted and item_id > ?", shop, f.After)
	for _, c := range []struct{ column, value string }{{"status", f.Status}, {"brand", f.Brand}, {"parent_id", f.ParentID}} {
		if c.value != "" {
			w.and(c.column+" = ?", c.value)
		}
	}
	if f.Category != "" {
		below := f.Category + store.CategorySeparator
		w.and("(category = ? or substr(category, 1, length(cast(? as text))) = ?)", f.Category, below, below)
	}
	for _, word := range f.Words {
		w.and(s.itemTexts()+" like ? escape '!'", "%"+likeEscape.Replace(word)+"%")
	}
	w.args = append(w.args, f.Limit)
	return s.listItems(ctx, w.String()+" order by item_id limit $"+strconv.Itoa(len(w.args)), w.args...)
}

// likeEscape makes a word a literal part of a like pattern.
var likeEscape = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// itemTexts is what the words of a search are looked for in, in lower case (SQLite: of A to Z only).
func (s *Store) itemTexts() string {
	field := func(name string) string { return "coalesce(cast(body as jsonb)->>'" + name + "', '')" }
	if !s.isPostgres {
		field = func(name string) string { return "coalesce(json_extract(body, '$." + name + "'), '')" }
	}
	return "lower(item_id || ' ' || brand || ' ' || category || ' ' || " + field("title") + " || ' ' || " + field("gtin") + " || ' ' || " +
		field("aliases") + ")"
}

// ItemChanges implements store.Catalogue.
func (s *Store) ItemChanges(ctx context.Context, shop string, after int64, limit int) ([]store.ItemRow, error) {
	return s.listItems(ctx, "shop = $1 and position > $2 order by position limit $3", shop, after, limit)
}

// listItems reads the items that a condition selects, which may end with an order and a limit.
func (s *Store) listItems(ctx context.Context, condition string, args ...any) ([]store.ItemRow, error) {
	items, err := collect(ctx, s, selectItems+condition, args, scanItem)
	if err != nil {
		return nil, fmt.Errorf("list items: %w", err)
	}
	return items, nil
}

// LastPosition implements store.Catalogue.
func (s *Store) LastPosition(ctx context.Context, shop string) (int64, error) {
	return s.counter(ctx, shop, itemCounter)
}
