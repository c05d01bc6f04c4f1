package tune

import (
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

const (
	// maxHoldout is how much is held out when the caller does not say, unless a fifth of the time is less.
	maxHoldout = 28 * 24 * time.Hour
	// memory is how far back events are taken over: a service refuses what is older than 400 days unless it is told otherwise.
	memory = 399 * 24 * time.Hour
)

// Split is a shop cut in two at a moment. Times of Past and of the catalogue are moved so that the cut is now; Held keeps its own.
type Split struct {
	Items []profileapi.Item
	Past  []profileapi.Event // before the cut
	Held  []profileapi.Event // from the cut on, before Until
	Cut   time.Time          // at the shop's own times
	Until time.Time
	Now   time.Time // the moment that stands for the cut
}

// cut cuts a shop's events at holdout before until (zero: behind the last event). holdout 0 is
// a fifth of the time, at most maxHoldout. Events that are too old for a service are left out.
// It fails when nothing lies before the cut. The shop is not changed.
func (s *Shop) cut(now, until time.Time, holdout time.Duration) (*Split, error) {
	first, last := s.Events[0].OccurredAt.Time, s.Events[len(s.Events)-1].OccurredAt.Time
	if until.IsZero() || until.After(last) {
		until = last.Add(time.Millisecond)
	}
	if holdout == 0 {
		holdout = min(maxHoldout, until.Sub(first)/5)
	}
	c := &Split{Cut: until.Add(-holdout), Until: until, Now: now}
	if holdout < 0 || !first.Before(c.Cut) {
		return nil, fmt.Errorf(
			"all events are younger than the cut at %s: hold out less than %s", c.Cut.UTC().Format(time.RFC3339),
			until.Sub(first).Round(time.Hour),
		)
	}
	shift := now.Sub(c.Cut)
	for _, e := range s.Events {
		at := e.OccurredAt.Time
		switch {
		case at.Before(c.Cut.Add(-memory)) || !at.Before(until):
		case at.Before(c.Cut):
			c.Past = append(c.Past, moved(e, shift))
		default:
			c.Held = append(c.Held, e)
		}
	}
	for _, i := range s.Items {
		c.Items = append(c.Items, asOfCut(i, shift))
	}
	return c, nil
}

// moved returns what models and profiles read of an event, at another time.
func moved(e profileapi.Event, shift time.Duration) profileapi.Event {
	e.OccurredAt = wire.TimeOf(e.OccurredAt.Add(shift))
	e.RecommendationID, e.Position, e.Page, e.Properties = "", nil, "", nil
	return e
}

// asOfCut makes of an item of today what it may have been at the cut. Whether it was in stock and active then is not known; that people did
// something with it is the better guess, so that it counts as sellable. An item that was published since stays unpublished.
func asOfCut(i profileapi.Item, shift time.Duration) profileapi.Item {
	i.Stock, i.Status = nil, ""
	for _, at := range []*wire.Time{&i.PublishedAt, &i.ExpiresAt} {
		if !at.IsZero() {
			*at = wire.TimeOf(at.Add(shift))
		}
	}
	i.CreatedAt, i.UpdatedAt, i.Version = wire.Time{}, wire.Time{}, 0
	return i
}
