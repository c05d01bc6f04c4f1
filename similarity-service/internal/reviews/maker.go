package reviews

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

const (
	// mostReviews is how many of the latest reviews of a shop are read, and mostBytes up to how much text.
	mostReviews = 200_000
	mostBytes   = 64 << 20
	// page is how many are asked for at once.
	page = 1000
	// reviewType is the type of event.
	reviewType = "review"
)

// Maker makes the sums of shops. Families returns what tells the family of an item of a shop:
// reviews of variants count for the product.
type Maker struct {
	Profile  *profileapi.Client
	Store    Store
	Families func(ctx context.Context, shop string) (func(itemID string) (family string, known bool), error)
	Texts    func(shop string) Texts
	Now      func() time.Time
}

// Make reads the reviews of a shop and stores their sums. A shop that never had any has none.
// One whose last review was removed gets empty sums, so that those of before do not stay. It is
// called by a recompute; an error leaves the sums of before.
func (m *Maker) Make(ctx context.Context, shop string) error {
	now := m.Now()
	list, err := m.read(ctx, shop)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		if exists, err := m.Store.Exists(ctx, shop); err != nil || !exists {
			return err
		}
	}
	sums, err := Sum(list, m.Texts(shop), ctx.Err)
	if err != nil {
		return err
	}
	return m.Store.Put(ctx, shop, sums, now)
}

// read returns the latest reviews, the latest first. Of several by one visitor on one family the latest counts.
// Robots do not count. It ends with the page that reaches either limit, so that it may return
// up to a page more.
func (m *Maker) read(ctx context.Context, shop string) ([]Review, error) {
	family, err := m.Families(ctx, shop)
	if err != nil {
		return nil, err
	}
	var list []Review
	said := map[[2]string]bool{}
	client, bytes := m.Profile.ForShop(shop), 0
	for q := (profileapi.EventsQuery{Type: reviewType, Limit: page}); ; {
		events, err := client.Events(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("read reviews: %w", err)
		}
		for _, e := range events.Items {
			if e.Robot {
				continue
			}
			for _, id := range itemsOf(&e.Event) {
				if f, known := family(id); known {
					id = f
				}
				who := cmp.Or(e.UserID, e.SessionID)
				if key := [2]string{who, id}; who != "" {
					if said[key] {
						continue
					}
					said[key] = true
				}
				r := Review{ItemID: id, Text: e.Text}
				if e.Rating != nil {
					r.Rating = *e.Rating
				}
				if r.Rating == 0 && r.Text == "" { // of somebody who was anonymised
					continue
				}
				list = append(list, r)
				bytes += len(e.Text)
			}
		}
		if events.NextCursor == nil || len(list) >= mostReviews || bytes >= mostBytes {
			return list, nil
		}
		q.Cursor = *events.NextCursor
	}
}

func itemsOf(e *profileapi.Event) []string {
	if len(e.Items) == 0 {
		return []string{e.ItemID}
	}
	ids := make([]string, len(e.Items))
	for n := range e.Items {
		ids[n] = e.Items[n].ItemID
	}
	return ids
}
