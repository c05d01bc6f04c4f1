package figures

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// page counts the events of one page; what an event earlier on the page did is known before it is stored.
type page struct {
	a       *Attribution
	shop    string
	counts  store.Counts
	clicks  map[[2]string]store.Click // by visitor and product
	answers map[string]*answer        // by recommendation id
	done    map[store.CountedKey]map[string]bool
	lines   map[store.LineKey]store.Line // of orders, as they are after this page
	hours   map[int64][]store.Sum        // what was counted of hours, as far as it was asked for

	anew    bool      // what has counted already counts again: nothing of the visitor is looked up
	trusted time.Time // answers before it count, whatever their visitor was taken for then
}

// newPage begins a page; it holds what was looked up, so that each answer is read once for all
// events about it.
func newPage(a *Attribution, shop string) *page {
	return &page{
		a: a, shop: shop, counts: newCounts(), clicks: map[[2]string]store.Click{}, answers: map[string]*answer{},
		done:  map[store.CountedKey]map[string]bool{},
		lines: map[store.LineKey]store.Line{}, hours: map[int64][]store.Sum{},
	}
}

// verdict says what is known of an answer that an event names.
type verdict uint8

const (
	madeUp     verdict = iota // not an id of an answer
	unverified                // too long ago, or what was in the answer is not known
	elsewhere                 // the answer did not show the product
	shown
)

// answer is an answer that events name.
type answer struct {
	id       string
	from     trackingid.ID
	verdict  verdict            // shown when it is known
	decision *decision.Decision // nil when it is not
}

// answer looks up an answer by its id: whether the id is one of ours, and what the answer
// showed. An answer that cannot be read is an error, and the page is tried again; one that is
// not known is a verdict.
func (p *page) answer(ctx context.Context, id string) (*answer, error) {
	if have := p.answers[id]; have != nil {
		return have, nil
	}
	a := &answer{id: id}
	p.answers[id] = a
	from, forged := p.a.IDs.Verify(p.shop, id)
	a.from = from
	if errors.Is(forged, trackingid.ErrInvalid) {
		return a, nil
	}
	var err error
	a.decision, err = p.a.Decision(ctx, p.shop, id)
	switch {
	case err == nil && forged != nil: // given out before ids were signed, or under a secret that was changed
		a.from = trackingid.ID{
			At: a.decision.At, Scenario: a.decision.Scenario, ScenarioVersion: a.decision.ScenarioVersion,
			Experiment: a.decision.Experiment, Arm: a.decision.Arm,
		}
		fallthrough
	case err == nil:
		a.verdict = shown
		if a.decision.Robot && a.decision.At.Before(p.trusted) {
			counts := *a.decision
			counts.Robot, a.decision = false, &counts
		}
	case errors.Is(err, store.ErrNotFound) && forged == nil:
		a.verdict = unverified
	case errors.Is(err, store.ErrNotFound):
	default:
		return a, err
	}
	return a, nil
}

// judge says whether the answer showed a product to whom an event is of.
func (a *answer) judge(product string, e *profileapi.StoredEvent) verdict {
	switch {
	case a.verdict != shown:
		return a.verdict
	case !within(a.from.At, e.OccurredAt.Time):
		return unverified
	case a.decision != nil && a.decision.Items != nil && a.item(product) == nil:
		return elsewhere
	}
	return shown
}

// item returns what the answer showed of a product; nil for nothing that is known.
func (a *answer) item(product string) *decision.ShownItem {
	if a.decision == nil {
		return nil
	}
	n := slices.IndexFunc(a.decision.Items, func(it decision.ShownItem) bool { return it.Key == product })
	if n < 0 {
		return nil
	}
	return &a.decision.Items[n]
}

// once reports whether something counts for the first time, and notes it. The first question of
// a scope, visitor and kind reads all that has counted there; the others cost nothing.
func (p *page) once(ctx context.Context, scope, visitor, kind, item string, atMs int64) (bool, error) {
	group := store.CountedKey{Shop: p.shop, Scope: scope, Visitor: visitor, Kind: kind}
	have := p.done[group]
	if have == nil {
		var list []string
		if !p.anew {
			var err error
			if list, err = p.a.Store.Counted(ctx, p.shop, scope, visitor, kind); err != nil {
				return false, err
			}
		}
		have = make(map[string]bool, len(list))
		for _, id := range list {
			have[id] = true
		}
		p.done[group] = have
	}
	if have[item] {
		return false, nil
	}
	have[item] = true
	group.ItemID = item
	p.counts.Counted[group] = atMs
	return true, nil
}

// event counts one event, line by line: a line names its own answer, else it has that of the event. Types that say nothing
// about an answer are passed over.
func (p *page) event(ctx context.Context, e *profileapi.StoredEvent) error {
	visitor := decision.VisitorID(e.UserID, e.SessionID)
	lines := e.Items
	if len(lines) == 0 && e.ItemID != "" {
		lines = []profileapi.EventItem{{ItemID: e.ItemID}}
	}
	if e.Type == "refund" {
		return p.refund(ctx, visitor, lines, e)
	}
	for n := range lines {
		line := &lines[n]
		id := cmp.Or(line.RecommendationID, e.RecommendationID)
		var err error
		switch e.Type {
		case "view_item_list":
			err = p.seen(ctx, id, visitor, line.ItemID, e)
		case "view_item", "select_item":
			err = p.clicked(ctx, id, Clicks, visitor, line.ItemID, e)
		case "add_to_cart":
			err = p.clicked(ctx, id, Adds, visitor, line.ItemID, e)
		case "purchase":
			err = p.bought(ctx, id, visitor, line, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// clicked counts a click or an add that names the answer which showed the item. A click on an item counts once, however it is reported.
func (p *page) clicked(ctx context.Context, id, metric, visitor, itemID string, e *profileapi.StoredEvent) error {
	if id == "" {
		return nil
	}
	product := p.a.Product(p.shop, itemID).Key
	a, err := p.named(ctx, id, product, e)
	if a == nil || err != nil {
		return err
	}
	if metric == Clicks {
		if first, err := p.once(ctx, id, visitor, "click", product, e.OccurredAt.UnixMilli()); err != nil || !first {
			return err
		}
	}
	p.add(a, product, visitor, e, map[string]float64{metric: 1})
	p.clicks[[2]string{visitor, product}] = store.Click{
		Shop: p.shop, Visitor: visitor, ItemID: product, RecommendationID: id, AtMs: e.OccurredAt.UnixMilli(),
	}
	return nil
}

// named returns the answer that an event names when it showed the product; nil when it did not, which is counted apart.
func (p *page) named(ctx context.Context, id, product string, e *profileapi.StoredEvent) (*answer, error) {
	a, err := p.answer(ctx, id)
	if err != nil {
		return nil, err
	}
	switch a.judge(product, e) {
	case shown:
		return a, nil
	case madeUp:
		p.hour(a, e.OccurredAt.Time, UnknownRecommendation, 1)
	case unverified:
		p.hour(a, e.OccurredAt.Time, Unverified, 1)
	case elsewhere:
		p.hour(a, e.OccurredAt.Time, NotInList, 1)
	}
	return nil, nil
}
