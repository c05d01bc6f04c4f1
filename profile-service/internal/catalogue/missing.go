package catalogue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// ErrTooManyGone says that a complete catalogue lacks more of the present one than it may.
var ErrTooManyGone = errors.New("too many items would be archived")

// Missing says what a complete catalogue has.
type Missing struct {
	Has     func(id string) bool // whether it has the item, or variants of it
	Before  time.Time            // items that were made since are part of it
	MaxGone float64              // largest share of the items from before that may go
	DryRun  bool                 // only count
}

// missingPage is how many items are read at once.
const missingPage = 1000

// ArchiveMissing archives the items that a complete catalogue lacks, all in one transaction. It returns how many they are and of how many
// that were there before; the error is ErrTooManyGone, and nothing is archived, when that is more than the share. Archived items are not
// counted. It reads the whole catalogue, a page at a time.
func (c *Catalogue) ArchiveMissing(ctx context.Context, shop string, q Missing) (gone, of int, err error) {
	var ids []string
	var after int64
	for {
		rows, err := c.store.ItemChanges(ctx, shop, after, missingPage)
		if err != nil {
			return 0, 0, fmt.Errorf("read the catalogue: %w", err)
		}
		for _, row := range rows {
			after = row.Position
			if row.Deleted || row.Status == profileapi.ItemArchived || row.CreatedMs >= q.Before.UnixMilli() {
				continue
			}
			if of++; !q.Has(row.ItemID) {
				ids = append(ids, row.ItemID)
			}
		}
		if len(rows) < missingPage {
			break
		}
	}
	gone = len(ids)
	if float64(gone) > q.MaxGone*float64(of) {
		return gone, of, ErrTooManyGone
	}
	if q.DryRun || gone == 0 {
		return gone, of, nil
	}
	_, err = c.Update(ctx, shop, ids, func(_ int, present *profileapi.Item) (*profileapi.Item, error) {
		if present == nil {
			return nil, nil // deleted meanwhile
		}
		next := *present
		next.Status = profileapi.ItemArchived
		return &next, nil
	})
	if err != nil {
		return gone, of, fmt.Errorf("archive %d items: %w", gone, err)
	}
	return gone, of, nil
}
