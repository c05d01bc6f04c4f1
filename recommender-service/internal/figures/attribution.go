package figures

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/rounds"
)

const (
	// AttributionWindow is how long after a click a purchase is attributed to it.
	AttributionWindow = 7 * 24 * time.Hour
	// attributeEvery is how late new events of a shop are counted that serves recommendations.
	attributeEvery = 2 * time.Second
	// attributeIdle is how late those of a shop may be that has had neither events nor answers for as long.
	attributeIdle = 30 * time.Second
	// attributeAtOnce is how many shops are looked at together, so that a slow one does not delay the others.
	attributeAtOnce = 4
	// eventsPage is how many events are counted in one transaction: a few milliseconds of work.
	eventsPage = 250
	// eventsTimeout bounds the reading of a page, and positionName is under which the store
	// keeps how far events were read.
	eventsTimeout = 20 * time.Second
	positionName  = "attribution"
)

// Attribution follows the events of the profile-service and counts what answers brought:
// clicks, adds, orders, refunds. Its fields are set before Run. It is safe for concurrent use,
// also by several replicas on one store.
type Attribution struct {
	Events func(ctx context.Context, shop string, seq int64, from time.Time, limit int) ([]profileapi.StoredEvent, error)
	Store  Store
	IDs    *trackingid.Keys
	// Decision returns what an answer was made from; store.ErrNotFound when that is not known, or no longer.
	Decision func(ctx context.Context, shop, recommendationID string) (*decision.Decision, error)
	// Product says what an item is counted as, from the catalogue as it is; an unknown item is
	// a product of its own id.
	Product  func(shop, itemID string) Product
	Visitors Visitors
	Logger   *slog.Logger
	Now      func() time.Time

	// rounds visits the shops; mu guards looked.
	rounds rounds.Rounds
	mu     sync.Mutex
	looked map[string]time.Time // at the latest verdicts of a shop
}

// Product is what is counted of an item.
type Product struct {
	Key      string  // of its family, or its own id
	Price    float64 // of a line that names none; 0 when unknown
	Currency string
}

// Run follows the events of all shops until ctx ends. A shop at rest is looked at less and less often, until something is recommended in it
// again.
func (a *Attribution) Run(ctx context.Context, shops func() []string) {
	a.rounds.Every, a.rounds.Idle, a.rounds.AtOnce = attributeEvery, attributeIdle, attributeAtOnce
	a.rounds.Visit = func(ctx context.Context, shop string) (busy bool) {
		n, err := a.CatchUp(ctx, shop)
		if err != nil && ctx.Err() == nil {
			a.Logger.Debug("events not attributed, they will be tried again", "shop", shop, "error", err)
		}
		return n > 0 || err != nil
	}
	a.rounds.Run(ctx, shops)
}

// Answered notes that something was recommended in a shop: events will follow.
func (a *Attribution) Answered(shop string) { a.rounds.Soon(shop) }

// CatchUp counts every event that was acknowledged since the last time, and returns how many. Each event counts once, whatever fails in
// between and however many replicas do this: counts and position move in one transaction.
//
// A visitor who has become a robot is left out with all that he brought before, and one who is none any more counts again.
func (a *Attribution) CatchUp(ctx context.Context, shop string) (n int, err error) {
	if err := a.followVerdicts(ctx, shop); err != nil && !errors.Is(err, store.ErrMoved) {
		a.Logger.Debug("verdicts on robots not followed, they will be tried again", "shop", shop, "error", err)
	}
	for {
		from, err := a.Store.PositionOf(ctx, shop, positionName)
		if err != nil {
			return n, err
		}
		at, err := parsePlace(from)
		if err != nil {
			return n, err
		}
		call, cancel := context.WithTimeout(ctx, eventsTimeout)
		events, err := a.Events(call, shop, at.seq, a.Now().Add(-AttributionWindow), eventsPage)
		cancel()
		if err != nil {
			return n, fmt.Errorf("read events behind %d: %w", at.seq, err)
		}
		if len(events) == 0 {
			return n, nil
		}
		robots := robotsAmong(events)
		visitors, err := a.turned(ctx, shop, robots)
		if err != nil {
			return n, err
		}
		if len(visitors) > 0 {
			if err := a.turn(ctx, shop, visitors[0], robots[visitors[0]]); err != nil && !errors.Is(err, store.ErrMoved) {
				return n, err
			}
			continue
		}
		counts, err := a.count(ctx, shop, events, robots)
		if err != nil {
			return n, err
		}
		to := eventPlace{events[len(events)-1].Seq, at.turns}.String()
		err = a.Store.AddCounts(ctx, counts, &store.Position{Shop: shop, Name: positionName, From: from, To: to})
		switch {
		case err == nil:
			n += len(events)
		case !errors.Is(err, store.ErrMoved):
			return n, err
		}
		if len(events) < eventsPage {
			return n, nil
		}
	}
}

// count counts a page of events, in their order. Events of robots, and of visitors who do not
// want to be counted, are left out.
func (a *Attribution) count(
	ctx context.Context, shop string, events []profileapi.StoredEvent, robots map[string]bool,
) (store.Counts, error) {
	p := newPage(a, shop)
	for n := range events {
		e := &events[n]
		if robots[decision.VisitorID(e.UserID, e.SessionID)] || deniesAnalytics(e.Consent) {
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
	return at.After(shown.Add(-time.Minute)) && at.Before(shown.Add(AttributionWindow))
}
