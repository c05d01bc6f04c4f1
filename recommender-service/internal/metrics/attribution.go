package metrics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/experiment"
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
	Price  func(shop, itemID string) float64 // of a line that names none
	Logger *slog.Logger
	Now    func() time.Time
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

// page counts the events of one page; a click earlier on the page is known before it is stored.
type page struct {
	a      *Attribution
	shop   string
	counts store.Counts
	clicks map[[2]string]store.Click // by visitor and item
}

func (a *Attribution) count(ctx context.Context, shop string, events []profileapi.StoredEvent) (store.Counts, error) {
	p := &page{a: a, shop: shop, counts: newCounts(), clicks: map[[2]string]store.Click{}}
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

func (p *page) event(ctx context.Context, e *profileapi.StoredEvent) error {
	visitor := experiment.Visitor(e.UserID, e.SessionID)
	lines := e.Items
	if len(lines) == 0 && e.ItemID != "" {
		lines = []profileapi.EventItem{{ItemID: e.ItemID}}
	}
	for n := range lines {
		line := &lines[n]
		id := cmp.Or(line.RecommendationID, e.RecommendationID)
		switch e.Type {
		case "view_item", "select_item":
			p.clicked(id, Clicks, visitor, line.ItemID, e)
		case "add_to_cart":
			p.clicked(id, Adds, visitor, line.ItemID, e)
		case "purchase":
			if err := p.bought(ctx, id, visitor, line, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// clicked counts a click or an add that names the answer which showed the item.
func (p *page) clicked(id, metric, visitor, itemID string, e *profileapi.StoredEvent) {
	from, err := trackingid.Parse(id)
	if err != nil || !within(from.At, e.OccurredAt.Time) {
		return
	}
	p.add(from, visitor, e, metric, 1, 0)
	p.clicks[[2]string{visitor, itemID}] = store.Click{Shop: p.shop, Visitor: visitor, ItemID: itemID, RecommendationID: id, AtMs: e.OccurredAt.UnixMilli()}
}

// bought counts an order line for the answer that it names, or else for the last click of the visitor on the item.
func (p *page) bought(ctx context.Context, id, visitor string, line *profileapi.EventItem, e *profileapi.StoredEvent) error {
	at := e.OccurredAt.Time
	from, err := trackingid.Parse(id)
	if err != nil {
		click, ok := p.clicks[[2]string{visitor, line.ItemID}]
		if !ok {
			if click, err = p.a.Store.LastClick(ctx, p.shop, visitor, line.ItemID); err != nil {
				if errors.Is(err, store.ErrNotFound) {
					return nil
				}
				return err
			}
		}
		if from, err = trackingid.Parse(click.RecommendationID); err != nil || !within(time.UnixMilli(click.AtMs), at) {
			return nil // the click is too old
		}
	} else if !within(from.At, at) {
		return nil
	}
	quantity, price := 1.0, 0.0
	if line.Quantity != nil {
		quantity = *line.Quantity
	}
	if line.Price != nil {
		price = *line.Price
	} else {
		price = p.a.Price(p.shop, line.ItemID)
	}
	p.add(from, visitor, e, OrderLines, 1, quantity*price)
	return nil
}

// within reports whether an event lies in the window after what it is attributed to. A minute is granted to clocks that differ.
func within(shown, at time.Time) bool {
	return at.After(shown.Add(-time.Minute)) && at.Before(shown.Add(Window))
}

func (p *page) add(from trackingid.ID, visitor string, e *profileapi.StoredEvent, metric string, n, revenue float64) {
	key := store.HourKey{Shop: p.shop, Scenario: from.Scenario, Experiment: from.Experiment, Arm: from.Arm, HourMs: hourOf(e.OccurredAt.Time), Metric: metric}
	p.counts.Hours[key] += n
	if metric == OrderLines {
		key.Metric = Revenue
		p.counts.Hours[key] += revenue
	}
	if from.Experiment == "" || visitor == "" {
		return
	}
	k := store.VisitorKey{Shop: p.shop, Experiment: from.Experiment, Arm: from.Arm, Visitor: visitor}
	v := p.counts.Visitors[k]
	if v.FirstMs == 0 {
		v.FirstMs = e.OccurredAt.UnixMilli()
	}
	switch metric {
	case Clicks:
		v.Clicks++
	case OrderLines:
		v.Orders++
		v.Revenue += revenue
	}
	p.counts.Visitors[k] = v
}
