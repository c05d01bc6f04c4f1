// Package items keeps the catalogues of shops: the table items with the feed of its changes. The main type is Catalogue.
package items

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/imports"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/number"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
)

// Catalogue implements store.Catalogue, and of store.Visitors what is asked about items.
type Catalogue struct{ DB *sqldb.DB }

// itemsChannel is where the shop is notified whose items have changed. The payload is the name
// of the shop; what has changed is asked for by position, so that a notice that is lost or
// comes twice does no harm.
const itemsChannel = "aisle_items"

// FollowItems calls f with each shop whose items were changed, by whichever process, and with "" when any may have been unheard: at first,
// and after the connection was lost. It returns when ctx ends; at once on SQLite, whose file belongs to one process.
func (c *Catalogue) FollowItems(ctx context.Context, f func(shop string)) error {
	return c.DB.Listen(ctx, itemsChannel, f)
}

const selectItems = `select item_id, position, version, deleted, status, brand, category, parent_id, price, created_ms, updated_ms, body
	from items where `

func scanItem(r *sql.Rows, i *store.ItemRow) error {
	return r.Scan(&i.ItemID, &i.Position, &i.Version, &i.Deleted, &i.Status, &i.Brand, &i.Category, &i.ParentID, &i.Price,
		&i.CreatedMs, &i.UpdatedMs, &i.Body)
}

// UpdateItems implements store.Catalogue. The positions are taken for all ids, before change
// says what it stores; those that are left over name nothing, which readers of the feed do not
// notice. The counter's lock is what keeps other writers of the shop's items away.
func (c *Catalogue) UpdateItems(
	ctx context.Context, shop string, ids []string, change func(map[string]store.ItemRow) ([]store.ItemRow, error),
) error {
	return c.DB.Change(ctx, fmt.Sprintf("update %d items", len(ids)), func(free context.Context, t *sqldb.Tx) error {
		t.Committed = sqldb.OfNobody
		last, err := number.Raise(free, t, shop, number.Items, len(ids))
		if err != nil {
			return err
		}
		present, err := ByID(free, t, shop, ids)
		if err != nil {
			return err
		}
		before := maps.Clone(present) // change may write into what it gets
		rows, err := change(present)
		if err != nil {
			return sqldb.Refuse(err)
		}
		for i := range rows {
			rows[i].Position = last - int64(len(ids)) + 1 + int64(i)
		}
		err = imports.Keep(free, t, shop, store.ImportOf(ctx), imports.KindItem, rows, before, func(r *store.ItemRow) (string, int64) {
			return r.ItemID, r.Version
		})
		if err != nil {
			return err
		}
		return Write(free, t, shop, rows)
	})
}

// ByID reads those items of a shop that exist.
func ByID(ctx context.Context, t *sqldb.Tx, shop string, ids []string) (map[string]store.ItemRow, error) {
	ofIDs := []any{shop, sqldb.List(t.Dialect, ids)}
	rows, err := sqldb.All(ctx, t, selectItems+"shop = $1 and "+t.In("item_id", 2, "text"), ofIDs, scanItem)
	return byID(rows), err
}

func byID(rows []store.ItemRow) map[string]store.ItemRow {
	items := make(map[string]store.ItemRow, len(rows))
	for _, i := range rows {
		items[i.ItemID] = i
	}
	return items
}

// Write stores items and has Postgres tell the other replicas with the commit. SQLite's
// boolean is a number, and column knows none but that: Postgres makes the boolean of it.
func Write(ctx context.Context, t *sqldb.Tx, shop string, rows []store.ItemRow) error {
	columns := sqldb.NewColumns("shop", "item_id", "position", "version", "deleted", "status", "brand", "category", "parent_id", "price",
		"created_ms", "updated_ms", "body")
	columns[4].Value = "deleted <> 0"
	for i := range rows {
		r := &rows[i]
		deleted := int64(0)
		if r.Deleted {
			deleted = 1
		}
		sqldb.Add(columns, shop, r.ItemID, r.Position, r.Version, deleted, r.Status, r.Brand, r.Category, r.ParentID, r.Price,
			r.CreatedMs, r.UpdatedMs, string(r.Body))
	}
	if t.IsPostgres && len(rows) > 0 {
		if _, err := t.Exec(ctx, "select pg_notify($1, $2)", itemsChannel, shop); err != nil {
			return err
		}
	}
	return t.Insert(ctx, "items", columns, `on conflict (shop, item_id) do update set
		position = excluded.position, version = excluded.version, deleted = excluded.deleted, status = excluded.status,
		brand = excluded.brand, category = excluded.category, parent_id = excluded.parent_id, price = excluded.price,
		created_ms = excluded.created_ms, updated_ms = excluded.updated_ms, body = excluded.body`, nil)
}

// Items implements store.Catalogue.
func (c *Catalogue) Items(ctx context.Context, shop string, ids []string) (map[string]store.ItemRow, error) {
	rows, err := sqldb.Collect(ctx, c.DB, fmt.Sprintf("read %d items", len(ids)),
		selectItems+"shop = $1 and "+c.DB.In("item_id", 2, "text"), []any{shop, sqldb.List(c.DB.Dialect, ids)}, scanItem)
	if err != nil {
		return nil, err
	}
	return byID(rows), nil
}

// ListItems implements store.Catalogue. A category is compared as text with its separator, so
// that "shoes" does not find "shoes for children". Words are looked for in every item of the
// shop behind f.After until there are f.Limit: there is no index of words.
func (c *Catalogue) ListItems(ctx context.Context, shop string, f store.ItemFilter) ([]store.ItemRow, error) {
	w := &sqldb.Where{}
	w.And("shop = ? and not deleted and item_id > ?", shop, f.After)
	for _, only := range []struct{ column, value string }{{"status", f.Status}, {"brand", f.Brand}, {"parent_id", f.ParentID}} {
		if only.value != "" {
			w.And(only.column+" = ?", only.value)
		}
	}
	if f.Category != "" {
		below := f.Category + store.CategorySeparator
		w.And("(category = ? or substr(category, 1, length(cast(? as text))) = ?)", f.Category, below, below)
	}
	for _, word := range f.Words {
		w.And(c.itemTexts()+" like ? escape '!'", "%"+likeEscape.Replace(word)+"%")
	}
	w.Args = append(w.Args, f.Limit)
	return c.listItems(ctx, w.String()+" order by item_id limit $"+strconv.Itoa(len(w.Args)), w.Args...)
}

// likeEscape makes a word a literal part of a like pattern.
var likeEscape = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// itemTexts is what the words of a search are looked for in, in lower case (SQLite: of A to Z only).
func (c *Catalogue) itemTexts() string {
	field := func(name string) string { return "coalesce(cast(body as jsonb)->>'" + name + "', '')" }
	if !c.DB.IsPostgres {
		field = func(name string) string { return "coalesce(json_extract(body, '$." + name + "'), '')" }
	}
	return "lower(item_id || ' ' || brand || ' ' || category || ' ' || " + field("title") + " || ' ' || " + field("gtin") + " || ' ' || " +
		field("aliases") + ")"
}

// ItemChanges implements store.Catalogue.
func (c *Catalogue) ItemChanges(ctx context.Context, shop string, after int64, limit int) ([]store.ItemRow, error) {
	return c.listItems(ctx, "shop = $1 and position > $2 order by position limit $3", shop, after, limit)
}

// listItems reads the items that a condition selects, which may end with an order and a limit.
func (c *Catalogue) listItems(ctx context.Context, condition string, args ...any) ([]store.ItemRow, error) {
	return sqldb.Collect(ctx, c.DB, "list items", selectItems+condition, args, scanItem)
}

// LastPosition implements store.Catalogue.
func (c *Catalogue) LastPosition(ctx context.Context, shop string) (int64, error) {
	return number.Last(ctx, c.DB, shop, number.Items)
}

// Facts implements store.Visitors.
func (c *Catalogue) Facts(ctx context.Context, shop string, itemIDs []string) (map[string]store.ItemFacts, error) {
	type fact struct {
		id string
		store.ItemFacts
	}
	rows, err := sqldb.Collect(ctx, c.DB, "read facts of items",
		"select item_id, category, brand, price from items where shop = $1 and not deleted and "+c.DB.In("item_id", 2, "text"),
		[]any{shop, sqldb.List(c.DB.Dialect, itemIDs)},
		func(r *sql.Rows, f *fact) error { return r.Scan(&f.id, &f.Category, &f.Brand, &f.Price) })
	if err != nil {
		return nil, err
	}
	facts := make(map[string]store.ItemFacts, len(rows))
	for _, f := range rows {
		facts[f.id] = f.ItemFacts
	}
	return facts, nil
}

// OtherNames implements store.Visitors. The text of an item is looked at before it is parsed:
// few have aliases.
func (c *Catalogue) OtherNames(ctx context.Context, shop string, names []string) ([]string, error) {
	aliases := "json_each(i.body, '$.aliases') a where "
	if c.DB.IsPostgres {
		aliases = "jsonb_array_elements_text(cast(i.body as jsonb)->'aliases') a(value) where "
	}
	return sqldb.Collect(ctx, c.DB, "look for other names of items", "select parent_id from items where shop = $1 and not deleted and "+
		c.DB.In("parent_id", 2, "text")+
		" union select a.value from (select body from items where shop = $1 and not deleted and body like '%\"aliases\":[%') i, "+aliases+
		c.DB.In("a.value", 2, "text")+" order by 1",
		[]any{shop, sqldb.List(c.DB.Dialect, names)}, sqldb.ScanText)
}
