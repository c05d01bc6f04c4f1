package sqlstore

import (
	"context"
	"fmt"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/number"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/stored"
)

// removal is what has to be put right after events were removed: the visitors whose events they
// were, and the pairs of session and visitor that may have lost their last.
type removal struct {
	visitors, sessions []int64
	pairs              map[[2]int64]bool
}

// removeEvents removes events of a shop with all that they left: lines of orders, states, and those of whom nothing else is held. With a
// tally it takes them out of the statistics, too. The caller has the shop's lock. The order
// matters: lines are taken out while an order can still be made from the events.
func (t *tx) removeEvents(ctx context.Context, shop string, shopID int64, events []stored.Event, counts *store.Tally) error {
	if len(events) == 0 {
		return nil
	}
	seqs := make([]int64, len(events))
	var orders []stored.OrderKey
	r := removal{pairs: map[[2]int64]bool{}}
	seen := map[int64]bool{0: true}
	for i := range events {
		e := &events[i]
		seqs[i] = e.Seq
		if e.IsOrder() {
			orders = append(orders, e.Order())
		}
		if !seen[e.Visitor] {
			seen[e.Visitor] = true
			r.visitors = append(r.visitors, e.Visitor)
		}
		if e.Session != 0 {
			r.pairs[[2]int64{e.Session, e.Visitor}] = true
		}
		if counts != nil {
			counts.Remove(&e.Event)
		}
	}
	if err := t.untellOrders(ctx, orders, events); err != nil {
		return fmt.Errorf("take lines out of orders: %w", err)
	}
	theirs := "delete from events where shop_id = $1 and " + t.In("seq", 2, "bigint")
	if _, err := t.Exec(ctx, theirs, shopID, sqldb.List(t.Dialect, seqs)); err != nil {
		return fmt.Errorf("delete events: %w", err)
	}
	if counts != nil {
		if err := t.addCounts(ctx, shop, counts); err != nil {
			return err
		}
	}
	return t.forgetStates(ctx, shop, &r)
}

// untellOrders takes the lines of purchases out of their orders; keys are the orders of those
// among events.
func (t *tx) untellOrders(ctx context.Context, keys []stored.OrderKey, events []stored.Event) error {
	if keys == nil {
		return nil
	}
	orders, err := t.readOrders(ctx, keys) // before the events go, which an order may have to be made from
	if err != nil {
		return err
	}
	b := stored.NewTeller(orders)
	for i := range events {
		if events[i].IsOrder() {
			if err := b.Untell(&events[i]); err != nil {
				return err
			}
		}
	}
	return t.writeOrders(ctx, orders)
}

// forgetStates has the states of visitors made again, and removes those that have nothing left.
// What an event brought cannot be taken out of a state again: weights are sums, of which the
// parts are not kept.
func (t *tx) forgetStates(ctx context.Context, shop string, r *removal) error {
	seq, err := number.Raise(ctx, t.Tx, shop, number.Events, 1)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, "update visitors set version = $1, weights = null, state = null where "+t.In("visitor", 2, "bigint"),
		seq, sqldb.List(t.Dialect, r.visitors))
	if err != nil {
		return fmt.Errorf("forget states: %w", err)
	}
	for pair := range r.pairs {
		if _, err := t.Exec(ctx, `delete from visitor_sessions where session = $1 and visitor = $2
			and not exists (select 1 from events where visitor = $2 and session = $1)`, pair[0], pair[1]); err != nil {
			return fmt.Errorf("forget sessions: %w", err)
		}
		r.sessions = append(r.sessions, pair[0])
	}
	if err := t.dropUnused(ctx, shop, append(r.visitors, r.sessions...)); err != nil {
		return fmt.Errorf("forget visitors: %w", err)
	}
	return nil
}

// Retain implements store.Maintenance. Each run of seqs that holds something too old is a
// transaction. Imports bring old events under new seqs, so that the old ones are not simply the
// first: event_blocks tells which runs have any.
func (s *Store) Retain(ctx context.Context, shop string, beforeMs int64) (int64, error) {
	shopID, err := s.numbers.Shop(ctx, shop)
	if err != nil {
		return 0, err
	}
	blocks, err := sqldb.Collect(ctx, s.DB, "look for old events",
		"select block from event_blocks where shop_id = $1 and oldest_ms < $2 order by block", []any{shopID, beforeMs}, sqldb.ScanInt)
	if err != nil {
		return 0, err
	}
	var removed int64
	for _, block := range blocks {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		n, err := s.retainBlock(ctx, shop, block, beforeMs)
		if err != nil {
			return removed, fmt.Errorf("remove old events: %w", err)
		}
		removed += n
	}
	for _, left := range []bounded{
		{"event_stats", "shop, hour_ms, name", "shop = $1 and hour_ms < $2"},
		{
			"import_errors", "shop, import_id, number",
			"shop = $1 and import_id in (select import_id from imports where shop = $1 and created_ms < $2)",
		},
		oldChanges, // before the rows that tell how old they are
		{"imports", "shop, import_id", "shop = $1 and created_ms < $2"},
	} {
		if err := s.RemoveBounded(ctx, left.table, left.key, left.where, shop, beforeMs); err != nil {
			return removed, fmt.Errorf("remove what old events left: %w", err)
		}
	}
	return removed, nil
}

// retainBlock removes the old events of one run of seqs and notes the oldest that stays. It
// returns how many it removed; statistics keep them, as what was received in their hour.
func (s *Store) retainBlock(ctx context.Context, shop string, block, beforeMs int64) (removed int64, err error) {
	err = s.InTx(ctx, s.with(func(ctx context.Context, t *tx) error {
		shopID, err := t.lockEvents(ctx, shop)
		if err != nil {
			return err
		}
		var old []stored.Event
		oldest := int64(0)
		span := []any{shopID, block * blockSize, (block + 1) * blockSize}
		err = t.eachEvent(ctx, t, "e.shop_id = $1 and e.seq >= $2 and e.seq < $3", span, func(e *stored.Event) error {
			if e.OccurredMs < beforeMs {
				old = append(old, e.Clone())
			} else if oldest == 0 || e.OccurredMs < oldest {
				oldest = e.OccurredMs
			}
			return nil
		})
		if err != nil {
			return err
		}
		removed = int64(len(old))
		if err := t.removeEvents(ctx, shop, shopID, old, nil); err != nil {
			return err
		}
		if oldest == 0 {
			_, err = t.Exec(ctx, "delete from event_blocks where shop_id = $1 and block = $2", shopID, block)
		} else {
			_, err = t.Exec(ctx, "update event_blocks set oldest_ms = $1 where shop_id = $2 and block = $3", oldest, shopID, block)
		}
		return err
	}))
	return removed, err
}

// ForgetChanges implements store.Maintenance.
func (s *Store) ForgetChanges(ctx context.Context, shop string, beforeMs int64) error {
	if err := s.RemoveBounded(ctx, oldChanges.table, oldChanges.key, oldChanges.where, shop, beforeMs); err != nil {
		return fmt.Errorf("forget what imports have changed: %w", err)
	}
	return nil
}

// bounded names rows to remove; see sqldb.RemoveBounded.
type bounded struct{ table, key, where string }

// oldChanges is what imports of before a moment have changed.
var oldChanges = bounded{"import_changes", "shop, kind, id, number",
	"shop = $1 and number in (select number from imports where shop = $1 and created_ms < $2)"}

// Shops implements store.Maintenance. A shop has data once one of its streams has given out a
// number.
func (s *Store) Shops(ctx context.Context) ([]string, error) {
	return sqldb.Collect(ctx, s.DB, "list shops", "select distinct shop from counters order by shop", nil, sqldb.ScanText)
}
