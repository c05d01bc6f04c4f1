package tune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
	"github.com/aisle-rec/aisle/standalone/internal/onlineretail"
)

// pageSize is how many entries of a listing are asked for at once.
const pageSize = 1000

// Shop is what a shop knows: its catalogue and what its visitors did, by time.
type Shop struct {
	Items  []profileapi.Item
	Events []profileapi.Event
}

// FromServer reads the catalogue and all events of a running service. Events of visitors who withhold consent to personalisation, which are
// kept without a name when they withheld it then, are left out, as they are in models.
func FromServer(ctx context.Context, client *profileapi.Client, progress Progress) (*Shop, error) {
	items, err := readItems(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	withheld, err := withheldUsers(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("read who withholds consent: %w", err)
	}
	shop := &Shop{Items: items}
	q := profileapi.EventsQuery{Ascending: true, Limit: pageSize}
	for more := true; more; {
		page, err := client.Events(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("read events: %w", err)
		}
		for n := range page.Items {
			e := &page.Items[n].Event
			if visitorOf(e) != "" && e.Consent.AllowsPersonalization() && !withheld[e.UserID] {
				shop.Events = append(shop.Events, *e)
			}
		}
		progress("read events", len(shop.Events), -1)
		if more = page.NextCursor != nil; more {
			q.Cursor = *page.NextCursor
		}
	}
	return shop, shop.normalise()
}

// readItems reads the change feed from its start, which gives every item once or, when it
// changes meanwhile, again; the last word counts. The result is in order of id.
func readItems(ctx context.Context, client *profileapi.Client) ([]profileapi.Item, error) {
	all := map[string]profileapi.Item{}
	for after := ""; ; {
		page, err := client.ItemChanges(ctx, after, pageSize, 0)
		if err != nil {
			return nil, err
		}
		for _, c := range page.Changes {
			if c.Item == nil {
				delete(all, c.ItemID)
				continue
			}
			all[c.ItemID] = *c.Item
		}
		if after = page.Next; !page.More {
			return sorted(all), nil
		}
	}
}

// withheldUsers reads all users for those who withhold consent to personalisation.
func withheldUsers(ctx context.Context, client *profileapi.Client) (map[string]bool, error) {
	withheld := map[string]bool{}
	for cursor := ""; ; {
		page, err := client.Users(ctx, cursor, pageSize)
		if err != nil {
			return nil, err
		}
		for _, u := range page.Items {
			if !u.Consent.AllowsPersonalization() {
				withheld[u.UserID] = true
			}
		}
		if page.NextCursor == nil {
			return withheld, nil
		}
		cursor = *page.NextCursor
	}
}

// fromOnlineRetail returns the data set that the program carries, at its own times.
func fromOnlineRetail(now time.Time) (*Shop, error) {
	data, err := onlineretail.Load(now)
	if err != nil {
		return nil, err
	}
	for n := range data.Events {
		data.Events[n].OccurredAt = wire.TimeOf(data.Events[n].OccurredAt.Add(-data.Shift))
	}
	shop := &Shop{Items: data.Items, Events: data.Events}
	return shop, shop.normalise()
}

// normalise brings events in order of time, equal times in the order in which they came, and
// makes a catalogue of the items they name where there is none. Without events it is an error.
func (s *Shop) normalise() error {
	if len(s.Events) == 0 {
		return errors.New("there are no events to tune on")
	}
	slices.SortStableFunc(s.Events, func(a, b profileapi.Event) int { return a.OccurredAt.Compare(b.OccurredAt.Time) })
	if len(s.Items) > 0 {
		return nil
	}
	named := map[string]profileapi.Item{}
	for n := range s.Events {
		for _, id := range itemsOf(&s.Events[n]) {
			named[id] = profileapi.Item{ItemID: id}
		}
	}
	s.Items = sorted(named)
	return nil
}

// sorted returns items in order of id.
func sorted(items map[string]profileapi.Item) []profileapi.Item {
	return slices.SortedFunc(maps.Values(items), func(a, b profileapi.Item) int { return cmp.Compare(a.ItemID, b.ItemID) })
}

// itemsOf lists the items of an event.
func itemsOf(e *profileapi.Event) []string {
	if e.ItemID != "" {
		return []string{e.ItemID}
	}
	ids := make([]string, len(e.Items))
	for n := range e.Items {
		ids[n] = e.Items[n].ItemID
	}
	return ids
}

// visitorOf names who did something: the user, or the session of one who is not known.
func visitorOf(e *profileapi.Event) string {
	return cmp.Or(e.UserID, e.SessionID)
}
