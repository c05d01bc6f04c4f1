package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// HourKey says what an hourly count counts. HourMs is the beginning of the hour in epoch
// milliseconds; Experiment and Arm are "" for answers outside of one.
type HourKey struct {
	Shop, Scenario, Experiment, Arm, Metric string
	HourMs                                  int64
}

// ItemKey is an item that a scenario showed on a day.
type ItemKey struct {
	Shop, Scenario, ItemID string
	DayMs                  int64
}

// VisitorKey is a visitor of an experiment. It is stored with a hash in the place of Visitor.
type VisitorKey struct{ Shop, Experiment, Arm, Visitor string }

// VisitorCount is what a visitor of an experiment did. FirstMs, in epoch milliseconds, stays as
// it was stored first; the others are added up.
type VisitorCount struct {
	FirstMs                     int64
	Impressions, Clicks, Orders int64
	Revenue                     float64
}

// Click is an attributed click.
type Click struct {
	Shop, Visitor, ItemID, RecommendationID string
	AtMs                                    int64
}

// Counts are added to what is stored, each map into a table of its own: sums grow, clicks keep
// the latest, and what has counted stays as it was first. Nil maps are empty.
type Counts struct {
	Hours    map[HourKey]float64
	Items    map[ItemKey]int64
	Visitors map[VisitorKey]VisitorCount
	Clicks   []Click
	Counted  map[CountedKey]int64 // when, in epoch milliseconds
	Lines    map[LineKey]Line
}

// Position is how far a feed has been read. Moved from From to To in the same transaction as counts, so that nothing counts twice.
type Position struct{ Shop, Name, From, To string }

// AddCounts adds counts and, when p is not nil, moves a position; ErrMoved when it is no longer at From, and then nothing is added.
func (s *Store) AddCounts(ctx context.Context, c Counts, p *Position) error {
	err := s.inTx(ctx, func(t *tx) error {
		if p != nil {
			if err := t.move(ctx, p); err != nil {
				return err
			}
		}
		return t.addCounts(ctx, c)
	})
	if err != nil {
		return fmt.Errorf("add metrics: %w", err)
	}
	return nil
}

// move moves a position, or stores it when From is "". ErrMoved says that it is somewhere else.
func (t *tx) move(ctx context.Context, p *Position) error {
	statement := "update positions set position = $3 where shop = $1 and name = $2 and position = $4"
	args := []any{p.Shop, p.Name, p.To, p.From}
	if p.From == "" {
		statement, args = "insert into positions (shop, name, position) values ($1, $2, $3) on conflict (shop, name) do nothing", args[:3]
	}
	n, err := t.Exec(ctx, statement, args...)
	if err == nil && n == 0 {
		return ErrMoved
	}
	return err
}

// addCounts writes rows in the order of their keys in every transaction: two replicas that write the same rows in different orders would
// wait for each other.
func (t *tx) addCounts(ctx context.Context, c Counts) error {
	var hours, items, visitors, clicks [][]any
	for _, k := range inOrder(c.Hours, HourKey.compare) {
		hours = append(hours, []any{k.Shop, k.HourMs, k.Scenario, k.Experiment, k.Arm, k.Metric, c.Hours[k]})
	}
	for _, k := range inOrder(c.Items, ItemKey.compare) {
		items = append(items, []any{k.Shop, k.DayMs, k.Scenario, k.ItemID, c.Items[k]})
	}
	for _, k := range inOrder(c.Visitors, VisitorKey.compare) {
		v := c.Visitors[k]
		visitors = append(visitors, []any{
			k.Shop, k.Experiment, k.Arm, visitorHash(k.Shop, k.Experiment, k.Visitor), v.FirstMs, v.Impressions, v.Clicks, v.Orders,
			v.Revenue,
		})
	}
	latest := map[[3]string]Click{} // a statement must not change a row twice
	for _, k := range c.Clicks {
		key := [3]string{k.Shop, k.Visitor, k.ItemID}
		if have, ok := latest[key]; !ok || have.AtMs <= k.AtMs {
			latest[key] = k
		}
	}
	for _, key := range inOrder(latest, func(a, b [3]string) int { return slices.Compare(a[:], b[:]) }) {
		k := latest[key]
		clicks = append(clicks, []any{k.Shop, k.Visitor, k.ItemID, k.RecommendationID, k.AtMs})
	}
	counted, lines := c.rows()
	for _, write := range []struct {
		to   *sink
		rows [][]any
	}{
		{t.s.sinks.hours, hours}, {t.s.sinks.items, items}, {t.s.sinks.visitors, visitors}, {t.s.sinks.clicks, clicks},
		{t.s.sinks.counted, counted}, {t.s.sinks.lines, lines},
	} {
		if err := t.insert(ctx, write.to, write.rows); err != nil {
			return err
		}
	}
	return nil
}

// inOrder returns the keys of a map, sorted.
func inOrder[K comparable, V any](m map[K]V, compare func(a, b K) int) []K {
	return slices.SortedFunc(maps.Keys(m), compare)
}

// compare orders keys as the table's primary key does.
func (k HourKey) compare(o HourKey) int {
	return cmp.Or(strings.Compare(k.Shop, o.Shop), cmp.Compare(k.HourMs, o.HourMs), strings.Compare(k.Scenario, o.Scenario),
		strings.Compare(k.Experiment, o.Experiment),
		strings.Compare(k.Arm, o.Arm), strings.Compare(k.Metric, o.Metric))
}

func (k ItemKey) compare(o ItemKey) int {
	return cmp.Or(
		strings.Compare(k.Shop, o.Shop), cmp.Compare(k.DayMs, o.DayMs), strings.Compare(k.Scenario, o.Scenario),
		strings.Compare(k.ItemID, o.ItemID),
	)
}

func (k VisitorKey) compare(o VisitorKey) int {
	return cmp.Or(
		strings.Compare(k.Shop, o.Shop), strings.Compare(k.Experiment, o.Experiment), strings.Compare(k.Arm, o.Arm),
		strings.Compare(k.Visitor, o.Visitor),
	)
}

// PositionOf returns how far a feed has been read; "" for not at all.
func (s *Store) PositionOf(ctx context.Context, shop, name string) (string, error) {
	var at string
	err := s.Reader.QueryRowContext(ctx, s.Rebind("select position from positions where shop = $1 and name = $2"), shop, name).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read a position: %w", err)
	}
	return at, nil
}

// LastClick returns the last attributed click of a visitor on an item, or ErrNotFound. One row
// is kept for each, however often it was clicked.
func (s *Store) LastClick(ctx context.Context, shop, visitor, itemID string) (Click, error) {
	c := Click{Shop: shop, Visitor: visitor, ItemID: itemID}
	err := s.Reader.QueryRowContext(
		ctx, s.Rebind("select recommendation_id, at_ms from clicks where shop = $1 and visitor = $2 and item_id = $3"), shop, visitor,
		itemID,
	).
		Scan(&c.RecommendationID, &c.AtMs)
	if errors.Is(err, sql.ErrNoRows) {
		return c, ErrNotFound
	}
	if err != nil {
		return c, fmt.Errorf("read a click: %w", err)
	}
	return c, nil
}

// Sum is a total over hours, of a metric for a scenario and arm.
type Sum struct {
	AtMs                              int64 // of a total per interval: its beginning
	Scenario, Experiment, Arm, Metric string
	Value                             float64
}

// Sums returns totals per scenario, arm and metric of the hours in [fromMs, toMs), in order.
func (s *Store) Sums(ctx context.Context, shop string, fromMs, toMs int64) ([]Sum, error) {
	list, err := query(ctx, s, func(r *sql.Rows, v *Sum) error {
		return r.Scan(&v.Scenario, &v.Experiment, &v.Arm, &v.Metric, &v.Value)
	},
		`select scenario, experiment, arm, metric, sum(value)
		from metric_hours where shop = $1 and hour_ms >= $2 and hour_ms < $3
		group by scenario, experiment, arm, metric order by scenario, experiment, arm, metric`, shop, fromMs, toMs)
	if err != nil {
		return nil, fmt.Errorf("sum metrics: %w", err)
	}
	return list, nil
}

// SumsPer returns totals per interval, scenario, arm and metric of the hours in [fromMs, toMs), in order. Intervals begin at multiples of
// everyMs since the epoch: those of a day at midnight UTC.
func (s *Store) SumsPer(ctx context.Context, shop string, fromMs, toMs, everyMs int64) ([]Sum, error) {
	list, err := query(ctx, s, func(r *sql.Rows, v *Sum) error {
		return r.Scan(&v.AtMs, &v.Scenario, &v.Experiment, &v.Arm, &v.Metric, &v.Value)
	}, `select hour_ms / $4 * $4 as at_ms, scenario, experiment, arm, metric, sum(value)
		from metric_hours where shop = $1 and hour_ms >= $2 and hour_ms < $3
		group by 1, scenario, experiment, arm, metric order by 1, scenario, experiment, arm, metric`, shop, fromMs, toMs, everyMs)
	if err != nil {
		return nil, fmt.Errorf("sum metrics: %w", err)
	}
	return list, nil
}

// Shown returns how many distinct items each scenario showed in [fromMs, toMs), by scenario.
func (s *Store) Shown(ctx context.Context, shop string, fromMs, toMs int64) (map[string]int, error) {
	type row struct {
		scenario string
		items    int
	}
	list, err := query(ctx, s, func(r *sql.Rows, v *row) error { return r.Scan(&v.scenario, &v.items) },
		"select scenario, count(distinct item_id) from metric_items where shop = $1 and day_ms >= $2 and day_ms < $3 "+
			"group by scenario", shop, fromMs, toMs)
	if err != nil {
		return nil, fmt.Errorf("count shown items: %w", err)
	}
	shown := map[string]int{}
	for _, r := range list {
		shown[r.scenario] = r.items
	}
	return shown, nil
}

// ArmTotals are sums over the visitors of an arm, enough for means and variances per visitor.
type ArmTotals struct {
	Arm                           string
	Visitors, Impressions, Clicks int64
	Clickers, Orders, Buyers      int64
	Revenue, RevenueSquares       float64
}

// ofVisitors are the totals of an arm from its visitors.
const ofVisitors = `count(*) as visitors, sum(impressions) as impressions, sum(clicks) as clicks,
	sum(case when clicks > 0 then 1 else 0 end) as clickers, sum(orders) as orders,
	sum(case when orders > 0 then 1 else 0 end) as buyers, sum(revenue) as revenue,
	sum(revenue * revenue) as revenue_squares`

// ExperimentTotals returns the totals of each arm, in order of arm, also of visitors that are no longer kept.
func (s *Store) ExperimentTotals(ctx context.Context, shop, experiment string) ([]ArmTotals, error) {
	list, err := query(ctx, s, func(r *sql.Rows, a *ArmTotals) error {
		return r.Scan(&a.Arm, &a.Visitors, &a.Impressions, &a.Clicks, &a.Clickers, &a.Orders, &a.Buyers, &a.Revenue, &a.RevenueSquares)
	}, `select arm, sum(visitors), sum(impressions), sum(clicks), sum(clickers), sum(orders), sum(buyers),
		sum(revenue), sum(revenue_squares) from (
		select arm, `+ofVisitors+` from experiment_visitors where shop = $1 and experiment = $2 group by arm
		union all
		select arm, visitors, impressions, clicks, clickers, orders, buyers, revenue, revenue_squares
		from experiment_totals where shop = $1 and experiment = $2
		) as t group by arm order by arm`, shop, experiment)
	if err != nil {
		return nil, fmt.Errorf("sum experiment %s: %w", experiment, err)
	}
	return list, nil
}
