package sqlstore

import (
	"context"
	"fmt"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// removed is what has to be put right after events were removed.
type removal struct {
	visitors, sessions []int64
	pairs              map[[2]int64]bool
}

// removeEvents removes events of a shop with all that they left: lines of orders, states, and those of whom nothing else is held. With a
// tally it takes them out of the statistics, too.
func (t *tx) removeEvents(ctx context.Context, shop string, shopID int64, events []stored, counts *store.Tally) error {
	if len(events) == 0 {
		return nil
	}
	seqs := make([]int64, len(events))
	var orders []orderKey
	r := removal{pairs: map[[2]int64]bool{}}
	seen := map[int64]bool{0: true}
	for i := range events {
		e := &events[i]
		seqs[i] = e.Seq
		if e.isOrder() {
			orders = append(orders, orderKey{e.visitor, e.OrderID})
		}
		if !seen[e.visitor] {
			seen[e.visitor] = true
			r.visitors = append(r.visitors, e.visitor)
		}
		if e.session != 0 {
			r.pairs[[2]int64{e.session, e.visitor}] = true
		}
		if counts != nil {
			counts.Remove(&e.Event)
		}
	}
	if err := t.untellOrders(ctx, orders, events); err != nil {
		return fmt.Errorf("take lines out of orders: %w", err)
	}
	theirs := "delete from events where shop_id = $1 and " + t.s.in("seq", 2, "bigint")
	if _, err := t.exec(ctx, theirs, shopID, list(t.s.dialect, seqs)); err != nil {
		return fmt.Errorf("delete events: %w", err)
	}
	if counts != nil {
		if err := t.addCounts(ctx, shop, counts); err != nil {
			return err
		}
	}
	return t.forgetStates(ctx, shop, &r)
}

func (t *tx) untellOrders(ctx context.Context, keys []orderKey, events []stored) error {
	if keys == nil {
		return nil
	}
	orders, err := t.readOrders(ctx, keys) // before the events go, which an order may have to be made from
	if err != nil {
		return err
	}
	b := teller{orders: orders}
	for i := range events {
		if events[i].isOrder() {
			if err := b.untell(&events[i]); err != nil {
				return err
			}
		}
	}
	return t.writeOrders(ctx, orders)
}

// forgetStates has the states of visitors made again, and removes those that have nothing left.
func (t *tx) forgetStates(ctx context.Context, shop string, r *removal) error {
	seq, err := t.raise(ctx, shop, eventCounter, 1)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, "update visitors set version = $1, weights = null, state = null where "+t.s.in("visitor", 2, "bigint"),
		seq, list(t.s.dialect, r.visitors))
	if err != nil {
		return fmt.Errorf("forget states: %w", err)
	}
	for pair := range r.pairs {
		if _, err := t.exec(ctx, `delete from visitor_sessions where session = $1 and visitor = $2
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

// Retain implements store.Upkeep. Each run of seqs that holds something too old is a transaction.
func (s *Store) Retain(ctx context.Context, shop string, beforeMs int64) (int64, error) {
	shopID, err := s.shopID(ctx, s, shop)
	if err != nil {
		return 0, err
	}
	blocks, err := collect(ctx, s, "select block from event_blocks where shop_id = $1 and oldest_ms < $2 order by block",
		[]any{shopID, beforeMs}, scanInt)
	if err != nil {
		return 0, fmt.Errorf("look for old events: %w", err)
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
	err = s.inTx(ctx, func(ctx context.Context, t *tx) error {
		for _, text := range []string{
			"delete from event_stats where shop = $1 and hour_ms < $2",
			"delete from import_errors where shop = $1 and import_id in (select import_id from imports where shop = $1 and created_ms < $2)",
			"delete from imports where shop = $1 and created_ms < $2",
		} {
			if _, err := t.exec(ctx, text, shop, beforeMs); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return removed, fmt.Errorf("remove what old events left: %w", err)
	}
	return removed, nil
}

func (s *Store) retainBlock(ctx context.Context, shop string, block, beforeMs int64) (removed int64, err error) {
	err = s.inTx(ctx, func(ctx context.Context, t *tx) error {
		shopID, err := t.lockEvents(ctx, shop)
		if err != nil {
			return err
		}
		var old []stored
		oldest := int64(0)
		span := []any{shopID, block * blockSize, (block + 1) * blockSize}
		err = t.eachEvent(ctx, t, "e.shop_id = $1 and e.seq >= $2 and e.seq < $3", span, func(e *stored) error {
			if e.OccurredMs < beforeMs {
				old = append(old, e.clone())
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
			_, err = t.exec(ctx, "delete from event_blocks where shop_id = $1 and block = $2", shopID, block)
		} else {
			_, err = t.exec(ctx, "update event_blocks set oldest_ms = $1 where shop_id = $2 and block = $3", oldest, shopID, block)
		}
		return err
	})
	return removed, err
}

// ForgetChanges implements store.Upkeep.
func (s *Store) ForgetChanges(ctx context.Context, shop string, beforeMs int64) error {
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.exec(ctx, `delete from import_changes where shop = $1
			and number in (select number from imports where shop = $1 and created_ms < $2)`, shop, beforeMs)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget what imports have changed: %w", err)
	}
	return nil
}

// Shops implements store.Upkeep.
func (s *Store) Shops(ctx context.Context) ([]string, error) {
	shops, err := collect(ctx, s, "select distinct shop from counters order by shop", nil, scanText)
	if err != nil {
		return nil, fmt.Errorf("list shops: %w", err)
	}
	return shops, nil
}
