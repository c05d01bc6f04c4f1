package metrics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/recommend"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

const (
	// Window is how long after a click a purchase is attributed to it.
	Window = 7 * 24 * time.Hour
	// attributeEvery is how late new events are counted.
	attributeEvery = 2 * time.Second
	// eventsPage is how many events are counted in one transaction: a few milliseconds of work.
	eventsPage    = 250
	eventsTimeout = 20 * time.Second
	positionName  = "attribution"
)

// Attribution follows the events of the profile-service.
type Attribution struct {
	Events func(ctx context.Context, shop string, seq int64, from time.Time, limit int) ([]profileapi.StoredEvent, error)
	Store  Store
	IDs    *trackingid.Keys
	// Decision returns what an answer was made from; store.ErrNotFound when that is not known, or no longer.
	Decision func(ctx context.Context, shop, recommendationID string) (*recommend.Decision, error)
	// Sampled reports whether the decision of an answer is kept at all. Of one that is not, events are believed what it showed.
	Sampled func(recommendationID string) bool
	Product func(shop, itemID string) Product
	Logger  *slog.Logger
	Now     func() time.Time
}

// Product is what is counted of an item.
type Product struct {
	Key      string  // of its family, or its own id
	Price    float64 // of a line that names none; 0 when unknown
	Currency string
}

// Run follows the events of all shops until ctx ends.
func (a *Attribution) Run(ctx context.Context, shops func() []string) {
	tick := time.NewTicker(attributeEvery)
	defer tick.Stop()
	for {
		for _, shop := range shops() {
			if err := a.CatchUp(ctx, shop); err != nil && ctx.Err() == nil {
				a.Logger.Debug("events not attributed, they will be tried again", "shop", shop, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// CatchUp counts every event that was acknowledged since the last time. Each event counts once, whatever fails in between and however many
// replicas do this: counts and position move in one transaction.
func (a *Attribution) CatchUp(ctx context.Context, shop string) error {
	for {
		from, err := a.Store.PositionOf(ctx, shop, positionName)
		if err != nil {
			return err
		}
		seq, err := strconv.ParseInt(cmp.Or(from, "0"), 10, 64)
		if err != nil {
			return fmt.Errorf("stored position %q: %w", from, err)
		}
		call, cancel := context.WithTimeout(ctx, eventsTimeout)
		events, err := a.Events(call, shop, seq, a.Now().Add(-Window), eventsPage)
		cancel()
		if err != nil {
			return fmt.Errorf("read events behind %d: %w", seq, err)
		}
		if len(events) == 0 {
			return nil
		}
		counts, err := a.count(ctx, shop, events)
		if err != nil {
			return err
		}
		to := strconv.FormatInt(events[len(events)-1].Seq, 10)
		err = a.Store.AddCounts(ctx, counts, &store.Position{Shop: shop, Name: positionName, From: from, To: to})
		if err != nil && !errors.Is(err, store.ErrMoved) {
			return err
		}
		if len(events) < eventsPage {
			return nil
		}
	}
}

// count counts a page of events.
func (a *Attribution) count(ctx context.Context, shop string, events []profileapi.StoredEvent) (store.Counts, error) {
	p := newPage(a, shop)
	for n := range events {
		e := &events[n]
		if e.Consent != nil && e.Consent.Analytics != nil && !*e.Consent.Analytics {
			continue
		}
		if err := p.event(ctx, e); err != nil {
			return store.Counts{}, err
		}
	}
	for _, c := range p.clicks {
		p.counts.Clicks = append(p.counts.Clicks, c)
	}
	return p.counts, nil
}

// within reports whether an event lies in the window after what it is attributed to. A minute is granted to clocks that differ.
func within(shown, at time.Time) bool {
	return at.After(shown.Add(-time.Minute)) && at.Before(shown.Add(Window))
}
