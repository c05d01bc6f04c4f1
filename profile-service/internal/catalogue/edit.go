package catalogue

import (
	"context"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/validation"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// Put stores one item whole. require checks the version that is there, 0 when there is none,
// and its error is returned as it is; created reports whether there was none. A body that
// cannot be stored is a 422 problem.
func (c *Catalogue) Put(
	ctx context.Context, shop, id string, body []byte, require func(version int64) error,
) (item profileapi.Item, created bool, err error) {
	wanted, err := decodeOne(id, body)
	if err != nil {
		return item, false, err
	}
	results, err := c.Update(ctx, shop, []string{id}, func(_ int, present *profileapi.Item) (*profileapi.Item, error) {
		created = present == nil
		return &wanted, require(versionOf(present))
	})
	if err != nil {
		return item, false, err
	}
	return *results[0], created, nil
}

// Patch changes parts of one item by a JSON merge patch, or returns a 404 problem. The item
// after the patch is judged as a whole.
func (c *Catalogue) Patch(ctx context.Context, shop, id string, patch []byte, require func(version int64) error) (profileapi.Item, error) {
	results, err := c.Update(ctx, shop, []string{id}, func(_ int, present *profileapi.Item) (*profileapi.Item, error) {
		if present == nil {
			return nil, apierror.NotFound("item", id)
		}
		if err := require(present.Version); err != nil {
			return nil, err
		}
		return validation.Patch(present, patch, func(body []byte) (profileapi.Item, error) { return decodeOne(id, body) })
	})
	if err != nil {
		return profileapi.Item{}, err
	}
	return *results[0], nil
}

// Delete removes one item, or returns a 404 problem; the feed tells replicas. A tombstone keeps
// id, version and when it was made.
func (c *Catalogue) Delete(ctx context.Context, shop, id string, require func(version int64) error) error {
	_, err := c.Update(ctx, shop, []string{id}, func(_ int, present *profileapi.Item) (*profileapi.Item, error) {
		if present == nil {
			return nil, apierror.NotFound("item", id)
		}
		return nil, require(present.Version)
	})
	return err
}

// versionOf is the version of an item, 0 for none.
func versionOf(item *profileapi.Item) int64 {
	if item == nil {
		return 0
	}
	return item.Version
}

// decodeOne reads the body of a request on one item, whose id is in the path.
func decodeOne(id string, body []byte) (profileapi.Item, error) {
	return validation.DecodeOne("item", "item_id", id, body, func(v *profileapi.Item) *string { return &v.ItemID }, validate)
}

// SetStock changes nothing but the stock of items, in one transaction, and says of each update, which is valid, whether there is such an
// item.
func (c *Catalogue) SetStock(ctx context.Context, shop string, updates []profileapi.StockUpdate) ([]bool, error) {
	found := make([]bool, len(updates))
	ids := make([]string, len(updates))
	for i := range updates {
		ids[i] = updates[i].ItemID
	}
	_, err := c.Update(ctx, shop, ids, func(i int, present *profileapi.Item) (*profileapi.Item, error) {
		if present == nil {
			return nil, nil
		}
		found[i] = true
		item := *present
		item.Stock = &updates[i].Stock
		return &item, nil
	})
	return found, err
}

// Filter selects items of a listing; empty fields do not filter.
type Filter = store.ItemFilter

// List returns a page of items in ascending order of id.
func (c *Catalogue) List(ctx context.Context, shop string, f Filter) ([]profileapi.Item, error) {
	rows, err := c.store.ListItems(ctx, shop, f)
	if err != nil {
		return nil, err
	}
	items := make([]profileapi.Item, len(rows))
	for i, row := range rows {
		if items[i], err = itemOf(row); err != nil {
			return nil, err
		}
	}
	return items, nil
}
