package catalogue

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/cursor"
	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// pollInterval bounds how long a change made through another replica of this service stays unseen when nobody told of it: a pooler in
// transaction mode delivers no notifications.
const pollInterval = 5 * time.Second

// Changes returns the changes behind a cursor, waiting up to wait for the first. Changes are ordered as they were committed; one that was
// overtaken by a later change of the same item is left out. It returns without changes when
// wait is over, with the cursor to go on from. A cursor of another listing is a 400 problem,
// one of a future that this database has not seen a 410 one.
func (c *Catalogue) Changes(ctx context.Context, shop, after string, limit int, wait time.Duration) (profileapi.ItemChanges, error) {
	var position int64
	if after != "" {
		if _, err := cursor.Decode(cursor.ItemChanges, after, &position); err != nil {
			return profileapi.ItemChanges{}, apierror.Malformed("The cursor cannot be used.", apierror.FieldError{
				Parameter: "after", Code: "invalid_cursor", Detail: err.Error(),
			})
		}
	}
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	var poll <-chan time.Time // without other replicas the bell says it all, and a thousand shops at rest ask the store nothing
	if !c.Alone {
		ticker := time.NewTicker(pollInterval)
		defer ticker.Stop()
		poll = ticker.C
	}
	for {
		rung := c.bell.next(shop) // taken before reading, so that no change falls between
		changes, err := c.read(ctx, shop, position, limit)
		if err != nil || len(changes.Changes) > 0 || wait <= 0 {
			return changes, err
		}
		select {
		case <-rung:
		case <-poll:
		case <-deadline.C:
			wait = 0
		case <-ctx.Done():
			return profileapi.ItemChanges{}, ctx.Err()
		}
	}
}

// read returns the changes behind a position, at most limit: each item once, at its latest change, and one that is gone
// without its content. One row more than the limit is read to know whether there are more.
func (c *Catalogue) read(ctx context.Context, shop string, position int64, limit int) (profileapi.ItemChanges, error) {
	page := profileapi.ItemChanges{Changes: []profileapi.ItemChange{}}
	rows, err := c.store.ItemChanges(ctx, shop, position, limit+1)
	if err != nil {
		return page, err
	}
	if len(rows) == 0 {
		return page, c.checkAhead(ctx, shop, position, &page)
	}
	if page.More = len(rows) > limit; page.More {
		rows = rows[:limit]
	}
	for _, row := range rows {
		change := profileapi.ItemChange{ItemID: row.ItemID, Cursor: cursor.Encode(cursor.ItemChanges, "", row.Position)}
		if !row.Deleted {
			item, err := itemOf(row)
			if err != nil {
				return page, err
			}
			change.Item = &item
		}
		page.Changes = append(page.Changes, change)
		page.Next = change.Cursor
	}
	return page, nil
}

// checkAhead refuses a cursor from a future that this database has not seen: it was restored from a backup, and a replica must start again.
func (c *Catalogue) checkAhead(ctx context.Context, shop string, position int64, page *profileapi.ItemChanges) error {
	last, err := c.store.LastPosition(ctx, shop)
	if err != nil {
		return err
	}
	if position > last {
		return apierror.New(
			http.StatusGone, "cursor_unknown",
			"The cursor is ahead of this catalogue, which was restored from a backup. Read the feed from the start.",
		)
	}
	page.Next = cursor.Encode(cursor.ItemChanges, "", position)
	return nil
}

// bell wakes those who wait for changes of a shop. A ring without anybody waiting is not
// remembered: who waits takes a channel before he looks.
type bell struct {
	mu    sync.Mutex
	rings map[string]chan struct{} // by shop; of those somebody waits for
}

func newBell() *bell { return &bell{rings: map[string]chan struct{}{}} }

// next returns a channel that is closed at the next ring.
func (b *bell) next(shop string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rings[shop] == nil {
		b.rings[shop] = make(chan struct{})
	}
	return b.rings[shop]
}

// ringAll wakes those who wait, of whichever shop.
func (b *bell) ringAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for shop, c := range b.rings {
		close(c)
		delete(b.rings, shop)
	}
}

// ring wakes those who wait for a shop.
func (b *bell) ring(shop string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.rings[shop]; c != nil {
		close(c)
		delete(b.rings, shop)
	}
}
