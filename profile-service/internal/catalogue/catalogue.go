// Package catalogue keeps a shop's items: it judges them, applies whole and partial changes with version checks, and serves the feed of
// changes that replicas follow. The main type is Catalogue.
//
// catalogue.go has Update, which every change goes through, and edit.go the changes of the API;
// validate.go judges items and unknown.go warns of what is no field of one. feed.go serves the
// changes, and missing.go archives what a complete file lacks.
package catalogue

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Catalogue changes and reads items. It is safe for concurrent use.
type Catalogue struct {
	store store.Catalogue
	now   func() time.Time
	bell  *bell

	// Alone says that no other process writes into the store: who waits for changes is woken by the bell and need not look. It is set
	// before the first call.
	Alone bool
}

// New returns a Catalogue over a store.
func New(s store.Catalogue, now func() time.Time) *Catalogue {
	return &Catalogue{store: s, now: now, bell: newBell()}
}

// Ring wakes those who wait for changes of a shop, or with "" of any, for who changes items in the store by other ways or hears that
// another process did.
func (c *Catalogue) Ring(shop string) {
	if shop == "" {
		c.bell.ringAll()
		return
	}
	c.bell.ring(shop)
}

// change says what an item becomes: present is nil when there is none, and the result nil when it is to be deleted. An error stops the
// whole update.
type change func(present *profileapi.Item) (*profileapi.Item, error)

// Update applies a change to each id in order, all in one transaction, and returns the items after it (nil where deleted). An item that
// stays the same keeps its version and does not appear in the feed again. change is called
// while no other writer of the shop's items is let in, and must not use the catalogue. An id
// that comes twice is changed twice. An error of change undoes all and is returned as it is.
func (c *Catalogue) Update(
	ctx context.Context, shop string, ids []string, change func(i int, present *profileapi.Item) (*profileapi.Item, error),
) ([]*profileapi.Item, error) {
	results := make([]*profileapi.Item, len(ids))
	changed := false
	err := c.store.UpdateItems(ctx, shop, ids, func(present map[string]store.ItemRow) ([]store.ItemRow, error) {
		order := []string{}
		touched := map[string]bool{}
		for i, id := range ids {
			row, exists := present[id]
			next, item, err := c.apply(row, exists, id, func(p *profileapi.Item) (*profileapi.Item, error) { return change(i, p) })
			if err != nil {
				return nil, err
			}
			results[i] = item
			if next == nil {
				continue
			}
			present[id] = *next
			if !touched[id] {
				touched[id] = true
				order = append(order, id)
			}
		}
		rows := make([]store.ItemRow, len(order))
		for i, id := range order {
			rows[i] = present[id]
		}
		changed = len(rows) > 0
		return rows, nil
	})
	if changed { // whatever has become of the commit: who is woken looks
		c.bell.ring(shop)
	}
	if err != nil {
		return nil, err
	}
	return results, nil
}

// apply returns the row to write, nil when nothing changes, and the item after the change. An
// item that is made anew under the id of a deleted one goes on with its versions, so that a tag
// never stands for two contents.
func (c *Catalogue) apply(row store.ItemRow, exists bool, id string, change change) (*store.ItemRow, *profileapi.Item, error) {
	var present *profileapi.Item
	if exists && !row.Deleted {
		item, err := itemOf(row)
		if err != nil {
			return nil, nil, err
		}
		present = &item
	}
	wanted, err := change(present)
	if err != nil {
		return nil, nil, err
	}
	now := c.now().UnixMilli()
	next := store.ItemRow{ItemID: id, Version: row.Version + 1, CreatedMs: now, UpdatedMs: now, Deleted: wanted == nil}
	if wanted == nil {
		if present == nil {
			return nil, nil, nil
		}
		next.CreatedMs, next.Body = row.CreatedMs, []byte("{}")
		return &next, nil, nil
	}
	if err := fill(&next, *wanted); err != nil {
		return nil, nil, err
	}
	if present != nil {
		next.CreatedMs = row.CreatedMs
		if string(next.Body) == string(row.Body) {
			return nil, present, nil
		}
	}
	item, err := itemOf(next)
	return &next, &item, err
}

// fill sets the columns of an item: those that listings filter by and profiles need, and the
// body with all of it. Price is what it costs now.
func fill(row *store.ItemRow, item profileapi.Item) error {
	item.ItemID, item.Version, item.CreatedAt, item.UpdatedAt = "", 0, wire.Time{}, wire.Time{}
	if item.Status == "" {
		item.Status = profileapi.ItemActive
	}
	body, err := json.Marshal(item)
	if err != nil {
		return fmt.Errorf("encode item %q: %w", row.ItemID, err)
	}
	row.Body, row.Status, row.Brand, row.ParentID = body, item.Status, item.Brand, item.ParentID
	row.Category = strings.Join(item.CategoryPath, store.CategorySeparator)
	row.Price = item.Price
	if item.SalePrice != nil {
		row.Price = item.SalePrice
	}
	return nil
}

// itemOf reads the item of a row, which is no tombstone.
func itemOf(row store.ItemRow) (profileapi.Item, error) {
	var item profileapi.Item
	if err := json.Unmarshal(row.Body, &item); err != nil {
		return item, fmt.Errorf("read item %q: %w", row.ItemID, err)
	}
	item.ItemID, item.Version = row.ItemID, row.Version
	item.CreatedAt, item.UpdatedAt = wire.TimeOf(time.UnixMilli(row.CreatedMs)), wire.TimeOf(time.UnixMilli(row.UpdatedMs))
	return item, nil
}

// Item returns one item, or a 404 problem.
func (c *Catalogue) Item(ctx context.Context, shop, id string) (profileapi.Item, error) {
	rows, err := c.store.Items(ctx, shop, []string{id})
	if err != nil {
		return profileapi.Item{}, err
	}
	row, ok := rows[id]
	if !ok || row.Deleted {
		return profileapi.Item{}, apierror.NotFound("item", id)
	}
	return itemOf(row)
}

// PutAll stores valid items whole, in one transaction, whatever their versions. Of two with one
// id the later one stays.
func (c *Catalogue) PutAll(ctx context.Context, shop string, items []profileapi.Item) ([]*profileapi.Item, error) {
	ids := make([]string, len(items))
	for i := range items {
		ids[i] = items[i].ItemID
	}
	return c.Update(ctx, shop, ids, func(i int, _ *profileapi.Item) (*profileapi.Item, error) { return &items[i], nil })
}
