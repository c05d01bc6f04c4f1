package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/stored"
)

// readOrders reads those of the orders that are there; the others are empty. The map has an
// entry for every key. It is one look-up, but for orders whose lines were not kept, which cost
// a look through the visitor's events each.
func (t *tx) readOrders(ctx context.Context, keys []stored.OrderKey) (map[stored.OrderKey]*stored.Order, error) {
	orders := make(map[stored.OrderKey]*stored.Order, len(keys))
	columns := sqldb.NewColumns("visitor", "order_id")
	for _, k := range keys {
		if orders[k] == nil {
			orders[k] = &stored.Order{Key: k}
			sqldb.Add(columns, k.Visitor, k.ID)
		}
	}
	var unread []*stored.Order
	there := t.Keyed("k.visitor, k.order_id, o.lines", "orders", "o", "o.visitor = k.visitor and o.order_id = k.order_id", "")
	err := t.LookUp(ctx, there, columns, func(r *sql.Rows) error {
		var k stored.OrderKey
		var lines sql.RawBytes
		if err := r.Scan(&k.Visitor, &k.ID, &lines); err != nil {
			return err
		}
		if lines == nil {
			unread = append(unread, orders[k])
			return nil
		}
		return orders[k].Decode(lines)
	})
	for _, o := range unread {
		err = errors.Join(err, t.orderOfEvents(ctx, o))
	}
	return orders, err
}

// orderOfEvents makes an order from the events, as those of a database that did not keep the lines.
func (t *tx) orderOfEvents(ctx context.Context, o *stored.Order) error {
	return t.eachEvent(ctx, t, "e.visitor = $1", []any{o.Key.Visitor}, func(e *stored.Event) error {
		if !e.IsOrder() || e.OrderID != o.Key.ID {
			return nil
		}
		return o.Add(e)
	})
}

// writeOrders stores orders that have changed; one without lines goes.
func (t *tx) writeOrders(ctx context.Context, orders map[stored.OrderKey]*stored.Order) error {
	columns := sqldb.NewColumns("visitor", "order_id", "lines")
	for _, o := range orders {
		if !o.Dirty {
			continue
		}
		if o.Empty() {
			if _, err := t.Exec(ctx, "delete from orders where visitor = $1 and order_id = $2", o.Key.Visitor, o.Key.ID); err != nil {
				return err
			}
			continue
		}
		sqldb.Add(columns, o.Key.Visitor, o.Key.ID, o.Append(nil))
	}
	return t.Insert(ctx, "orders", columns, "on conflict (visitor, order_id) do update set lines = excluded.lines", nil)
}
