package figures

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// mostOfAPage is how many of an item a page's order counts for. Whoever reads a publishable key can post orders with it: they cost no more
// than the catalogue says.
const mostOfAPage = 100

// bought counts an order line for the answer that it names, or else for the last click of the
// visitor on the product. A line without quantity is of one, without price at that of the
// catalogue. Without either answer it counts nowhere.
func (p *page) bought(ctx context.Context, id, visitor string, line *profileapi.EventItem, e *profileapi.StoredEvent) error {
	product := p.a.Product(p.shop, line.ItemID)
	var a *answer
	var err error
	if id != "" {
		if a, err = p.named(ctx, id, product.Key, e); err != nil {
			return err
		}
	}
	if a == nil {
		if a, err = p.clickedBefore(ctx, visitor, product.Key, e); a == nil || err != nil {
			return err
		}
	}
	quantity, price := 1.0, product.Price
	if line.Quantity != nil {
		quantity = *line.Quantity
	}
	if line.Price != nil {
		price = *line.Price
	}
	currency := cmp.Or(e.Currency, product.Currency)
	if e.FromPage {
		quantity = min(quantity, mostOfAPage)
		if price = min(price, product.Price); currency != product.Currency {
			price, currency = product.Price, product.Currency
		}
	}
	revenue := quantity * price
	order := cmp.Or(e.OrderID, e.EventID)
	// An order with several lines counts once for a scenario and arm.
	first, err := p.once(ctx, scopeOf(a), "", "order", order, e.OccurredAt.UnixMilli())
	if err != nil {
		return err
	}
	counts := map[string]float64{OrderLines: 1, Revenue: revenue, RevenuePrefix + currency: revenue}
	if first {
		counts[Orders] = 1
	}
	p.add(a, product.Key, visitor, e, counts)
	p.line(store.LineKey{Shop: p.shop, OrderID: order, ItemID: product.Key, Visitor: visitor},
		store.Line{RecommendationID: a.id, Currency: currency, Quantity: quantity, Revenue: revenue, AtMs: e.OccurredAt.UnixMilli()})
	return nil
}

// scopeOf names whose orders are counted apart: a scenario and an arm.
func scopeOf(a *answer) string {
	return strings.Join([]string{a.from.Scenario, a.from.Experiment, a.from.Arm}, "\n") // no id holds a line feed
}

// clickedBefore returns the answer that the visitor's last click on a product was of; nil when there is none or it is too old.
func (p *page) clickedBefore(ctx context.Context, visitor, product string, e *profileapi.StoredEvent) (*answer, error) {
	click, ok := p.clicks[[2]string{visitor, product}]
	if !ok && p.anew {
		return nil, nil
	}
	if !ok {
		var err error
		if click, err = p.a.Store.LastClick(ctx, p.shop, visitor, product); errors.Is(err, store.ErrNotFound) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
	}
	a, err := p.answer(ctx, click.RecommendationID)
	if err != nil || a.verdict == madeUp || !within(time.UnixMilli(click.AtMs), e.OccurredAt.Time) {
		return nil, err
	}
	return a, nil // the click was judged when it was counted
}

// line adds to an attributed line: among what is to be stored, and in what this page knows.
func (p *page) line(k store.LineKey, more store.Line) {
	for _, to := range []map[store.LineKey]store.Line{p.counts.Lines, p.lines} {
		l := to[k]
		if l.RecommendationID == "" {
			l.RecommendationID, l.Currency, l.AtMs = more.RecommendationID, more.Currency, more.AtMs
		}
		l.Quantity, l.Revenue = l.Quantity+more.Quantity, l.Revenue+more.Revenue
		to[k] = l
	}
}

// refund takes back what was counted for lines that come back: those that it names, or else the
// whole order. It takes no more of a product than was counted, beginning with what was bought
// last; what no line is known of was not attributed.
func (p *page) refund(ctx context.Context, visitor string, lines []profileapi.EventItem, e *profileapi.StoredEvent) error {
	if len(lines) == 0 {
		if e.OrderID == "" {
			return nil
		}
		stored, err := p.orderLines(ctx, e.OrderID)
		for n := range stored {
			if err == nil {
				err = p.takeBack(ctx, &stored[n], stored[n].Quantity, e)
			}
		}
		return err
	}
	for n := range lines {
		product := p.a.Product(p.shop, lines[n].ItemID).Key
		stored, err := p.linesOf(ctx, visitor, product, e.OrderID)
		if err != nil {
			return err
		}
		quantity := 1.0
		if lines[n].Quantity != nil {
			quantity = *lines[n].Quantity
		}
		for k := range stored {
			taken := min(quantity, stored[k].Quantity)
			if taken <= 0 {
				continue
			}
			if err := p.takeBack(ctx, &stored[k], taken, e); err != nil {
				return err
			}
			quantity -= taken
		}
	}
	return nil
}

// takeBack counts so many of a line as given back, at the time of the refund. A line that is given back whole is no order line any more,
// and an order without a line no order.
func (p *page) takeBack(ctx context.Context, l *store.StoredLine, quantity float64, e *profileapi.StoredEvent) error {
	if quantity <= 0 || l.Quantity <= 0 {
		return nil
	}
	a, err := p.answer(ctx, l.RecommendationID)
	if err != nil || a.verdict == madeUp {
		return err
	}
	revenue := l.Revenue * quantity / l.Quantity
	counts := map[string]float64{Refunded: revenue, Revenue: -revenue, RevenuePrefix + l.Currency: -revenue}
	if quantity == l.Quantity {
		counts[OrderLines], counts[RefundedLines] = -1, 1
	}
	p.line(l.LineKey, store.Line{
		RecommendationID: l.RecommendationID, Currency: l.Currency, Quantity: -quantity, Revenue: -revenue, AtMs: l.AtMs,
	})
	left, err := p.orderLines(ctx, l.OrderID)
	if err != nil {
		return err
	}
	scope := scopeOf(a)
	empty := !slices.ContainsFunc(left, func(o store.StoredLine) bool {
		other, err := p.answer(ctx, o.RecommendationID)
		return err == nil && o.Quantity > 0 && other.verdict != madeUp && scopeOf(other) == scope
	})
	if empty {
		counts[Orders] = -1
	}
	p.add(a, l.ItemID, l.Visitor, e, counts)
	return nil
}

// linesOf returns the attributed lines that a refund can be about, as they are now.
func (p *page) linesOf(ctx context.Context, visitor, product, orderID string) ([]store.StoredLine, error) {
	if orderID != "" {
		list, err := p.orderLines(ctx, orderID)
		return slices.DeleteFunc(list, func(l store.StoredLine) bool { return l.ItemID != product }), err
	}
	ofVisitor := func(k store.LineKey) bool { return k.Visitor == visitor && k.ItemID == product }
	if p.anew {
		return p.present(nil, ofVisitor), nil
	}
	list, err := p.a.Store.BoughtLines(ctx, p.shop, visitor, product)
	return p.present(list, ofVisitor), err
}

// orderLines returns the attributed lines of an order, as they are after what this page has
// counted.
func (p *page) orderLines(ctx context.Context, orderID string) ([]store.StoredLine, error) {
	ofOrder := func(k store.LineKey) bool { return k.OrderID == orderID }
	if p.anew {
		return p.present(nil, ofOrder), nil
	}
	list, err := p.a.Store.OrderLines(ctx, p.shop, orderID)
	return p.present(list, ofOrder), err
}

// present puts what this page has added so far on stored lines, the latest bought first.
func (p *page) present(list []store.StoredLine, wanted func(store.LineKey) bool) []store.StoredLine {
	for k, l := range p.lines {
		if !wanted(k) {
			continue
		}
		if n := slices.IndexFunc(list, func(have store.StoredLine) bool { return have.LineKey == k }); n >= 0 {
			list[n].Quantity, list[n].Revenue = list[n].Quantity+l.Quantity, list[n].Revenue+l.Revenue
		} else {
			list = append(list, store.StoredLine{LineKey: k, Line: l})
		}
	}
	slices.SortFunc(list, func(a, b store.StoredLine) int {
		return cmp.Or(
			cmp.Compare(b.AtMs, a.AtMs), strings.Compare(a.OrderID, b.OrderID), strings.Compare(a.ItemID, b.ItemID),
			strings.Compare(a.Visitor, b.Visitor),
		)
	})
	return list
}
