package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// CountedKey names something that counts once: an item of a kind, by a visitor, within a scope such as a recommendation.
type CountedKey struct{ Shop, Scope, Visitor, Kind, ItemID string }

// compare orders keys as the table's primary key does.
func (k CountedKey) compare(o CountedKey) int {
	return cmp.Or(strings.Compare(k.Shop, o.Shop), strings.Compare(k.Scope, o.Scope), strings.Compare(k.Visitor, o.Visitor),
		strings.Compare(k.Kind, o.Kind),
		strings.Compare(k.ItemID, o.ItemID))
}

// LineKey names a line of an order: a product that a visitor bought.
type LineKey struct{ Shop, OrderID, ItemID, Visitor string }

// compare orders keys as the table's primary key does.
func (k LineKey) compare(o LineKey) int {
	return cmp.Or(
		strings.Compare(k.Shop, o.Shop), strings.Compare(k.OrderID, o.OrderID), strings.Compare(k.ItemID, o.ItemID),
		strings.Compare(k.Visitor, o.Visitor),
	)
}

// Line is what an attributed line of an order came to. Among Counts, Quantity and Revenue are added to what is stored.
type Line struct {
	RecommendationID, Currency string
	Quantity, Revenue          float64
	AtMs                       int64
}

// Counted returns the items that have counted already.
func (s *Store) Counted(ctx context.Context, shop, scope, visitor, kind string) ([]string, error) {
	list, err := query(ctx, s, func(r *sql.Rows, id *string) error { return r.Scan(id) },
		"select item_id from counted where shop = $1 and scope = $2 and visitor = $3 and kind = $4 order by item_id", shop,
		scope, visitor, kind)
	if err != nil {
		return nil, fmt.Errorf("read what has counted: %w", err)
	}
	return list, nil
}

// StoredLine is a line with its key.
type StoredLine struct {
	LineKey
	Line
}

// lineColumns are what lines scans.
const lineColumns = "select order_id, item_id, visitor, recommendation_id, currency, quantity, revenue, at_ms from attributed_lines "

// OrderLines returns the attributed lines of an order, in order of item and visitor.
func (s *Store) OrderLines(ctx context.Context, shop, orderID string) ([]StoredLine, error) {
	return s.lines(ctx, shop, lineColumns+"where shop = $1 and order_id = $2 order by item_id, visitor", shop, orderID)
}

// BoughtLines returns the attributed lines of a visitor on a product, the latest first.
func (s *Store) BoughtLines(ctx context.Context, shop, visitor, itemID string) ([]StoredLine, error) {
	return s.lines(
		ctx, shop, lineColumns+"where shop = $1 and visitor = $2 and item_id = $3 order by at_ms desc, order_id", shop, visitor, itemID,
	)
}

// lines reads the lines of a statement that begins with lineColumns.
func (s *Store) lines(ctx context.Context, shop, statement string, args ...any) ([]StoredLine, error) {
	list, err := query(ctx, s, func(r *sql.Rows, l *StoredLine) error {
		l.Shop = shop
		return r.Scan(&l.OrderID, &l.ItemID, &l.Visitor, &l.RecommendationID, &l.Currency, &l.Quantity, &l.Revenue, &l.AtMs)
	}, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("read attributed lines: %w", err)
	}
	return list, nil
}

// rows turns what counted and the lines of orders into rows, in the order of their keys.
func (c *Counts) rows() (counted, lines [][]any) {
	for _, k := range inOrder(c.Counted, CountedKey.compare) {
		counted = append(counted, []any{k.Shop, k.Scope, k.Visitor, k.Kind, k.ItemID, c.Counted[k]})
	}
	for _, k := range inOrder(c.Lines, LineKey.compare) {
		l := c.Lines[k]
		lines = append(lines, []any{k.Shop, k.OrderID, k.ItemID, k.Visitor, l.RecommendationID, l.Currency, l.Quantity, l.Revenue, l.AtMs})
	}
	return counted, lines
}
