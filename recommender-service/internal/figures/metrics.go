// Package figures counts what scenarios and experiment arms did: answers as they are given, and clicks, adds and purchases as the
// profile-service acknowledges them, each attributed to the answer that showed the item. Counts are kept per hour in the store. The main
// types are Counter and Attribution.
package figures

import (
	"context"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
)

// The metrics of an hour. A tier's impressions are counted under tierPrefix and its name.
const (
	Requests    = "requests"
	Empty       = "empty"
	Degraded    = "degraded"
	LatencyMS   = "latency_ms"
	Impressions = "impressions"
	Clicks      = "clicks"
	Adds        = "adds"
	OrderLines  = "order_lines"
	// Revenue is the sum over all currencies; RevenuePrefix has them apart. Orders are
	// distinct.
	Revenue = "revenue"
	Orders  = "orders"
	// Refunded is the value of what was given back, RefundedLines the lines that were given back whole. Both are taken from revenue and
	// lines as well.
	Refunded      = "refunded"
	RefundedLines = "refunded_lines"
	// Unverified are events about an answer of which is not known what it showed, NotInList those about an item that it did not show, and
	// UnknownRecommendation those that name no answer at all.
	Unverified            = "unverified"
	NotInList             = "not_in_list"
	UnknownRecommendation = "unknown_recommendation"
	// Shadows are lists that a shadow arm was compared in, and Overlap the sum of their
	// overlaps.
	Shadows    = "shadows"
	Overlap    = "shadow_overlap"
	tierPrefix = "tier:"
	// RevenuePrefix begins the revenue in a currency.
	RevenuePrefix = "revenue:"
)

// Store is the port to the database; package store says what each method costs and which errors
// it gives.
type Store interface {
	AddCounts(ctx context.Context, c store.Counts, p *store.Position) error
	PositionOf(ctx context.Context, shop, name string) (string, error)
	LastClick(ctx context.Context, shop, visitor, itemID string) (store.Click, error)
	Counted(ctx context.Context, shop, scope, visitor, kind string) ([]string, error)
	OrderLines(ctx context.Context, shop, orderID string) ([]store.StoredLine, error)
	BoughtLines(ctx context.Context, shop, visitor, itemID string) ([]store.StoredLine, error)
	Sums(ctx context.Context, shop string, fromMs, toMs int64) ([]store.Sum, error)
	LeftOut(ctx context.Context, shop string, visitors []string) (map[string]store.LeftOut, error)
	Turn(ctx context.Context, shop string, l store.LeftOut, c store.Counts, p *store.Position) error
}

// newCounts returns counts whose maps can be added to.
func newCounts() store.Counts {
	return store.Counts{
		Hours: map[store.HourKey]float64{}, Items: map[store.ItemKey]int64{}, Visitors: map[store.VisitorKey]store.VisitorCount{},
		Counted: map[store.CountedKey]int64{}, Lines: map[store.LineKey]store.Line{},
	}
}

// hourOf and dayOf are the beginnings of the hour and the day of a moment in UTC, in epoch
// milliseconds.
func hourOf(t time.Time) int64 { return t.UTC().Truncate(time.Hour).UnixMilli() }
func dayOf(t time.Time) int64  { return t.UTC().Truncate(24 * time.Hour).UnixMilli() }
