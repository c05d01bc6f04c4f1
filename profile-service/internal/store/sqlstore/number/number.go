// Package number gives shops, types of events and the members of a shop's streams their numbers. The main type is Registry.
package number

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
	"github.com/aisle-rec/aisle/shared/database"
)

// The numbered streams of a shop, rows of table counters: seq of events and versions of
// visitors, positions of the catalogue's feed, numbers of imports.
const Events, Items, Imports = "events", "items", "imports"

// RaiseSQL takes a shop, the name of a stream and how many numbers.
const RaiseSQL = `insert into counters as c (shop, name, value) values ($1, $2, $3)
	on conflict (shop, name) do update set value = c.value + excluded.value returning value`

// Raise adds n to a counter, whose row stays locked until the transaction ends, and returns the
// new value: the caller has the last n numbers up to it. With n = 0 it only takes the lock.
// Not every number is an event's: a duplicate keeps the one that it was given, and a change of
// a record, a consent or an identity takes one.
func Raise(ctx context.Context, t *sqldb.Tx, shop, name string, n int) (int64, error) {
	value, err := sqldb.One(ctx, t, RaiseSQL, shop, name, n)
	if err != nil {
		return 0, fmt.Errorf("raise counter %s: %w", name, err)
	}
	return value, nil
}

// Last returns a counter's committed value, 0 for one that was never raised.
func Last(ctx context.Context, db *sqldb.DB, shop, name string) (int64, error) {
	value, err := database.Detached(ctx, sqldb.ReadLimit, func(ctx context.Context) (int64, error) {
		return sqldb.One(ctx, db, "select coalesce((select value from counters where shop = $1 and name = $2), 0)", shop, name)
	})
	if err != nil {
		return 0, fmt.Errorf("read counter %s: %w", name, err)
	}
	return value, nil
}

// Registry remembers the numbers of shops and of types of events, which never change. Only
// committed numbers may be put here: one of a transaction that is rolled back can be given to
// another name later.
type Registry struct {
	db    *sqldb.DB
	mu    sync.RWMutex
	shops map[string]int64 // by name; those that somebody has asked for
	types map[string]int64 // by name; the types of all shops are one list
}

// New returns a registry that remembers nothing yet.
func New(db *sqldb.DB) *Registry {
	return &Registry{db: db, shops: map[string]int64{}, types: map[string]int64{}}
}

// Known returns the number of a shop, 0 for one that is not remembered.
func (n *Registry) Known(shop string) int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.shops[shop]
}

// Shop returns the number of a shop, 0 for one that has none, which is one of which nothing is
// stored. It is remembered; until then each call costs a statement.
func (n *Registry) Shop(ctx context.Context, shop string) (int64, error) {
	id, err := n.read(ctx, n.db, shop)
	if id != 0 && n.Known(shop) == 0 {
		n.mu.Lock()
		n.shops[shop] = id
		n.mu.Unlock()
	}
	return id, err
}

// read returns the number of a shop, which it reads from q unless it is remembered.
func (n *Registry) read(ctx context.Context, q sqldb.Querier, shop string) (int64, error) {
	if id := n.Known(shop); id != 0 {
		return id, nil
	}
	id, err := sqldb.One(ctx, q, "select shop_id from shops where shop = $1", shop)
	if err != nil {
		return 0, fmt.Errorf("read the number of shop %s: %w", shop, err)
	}
	return id, nil
}

// NewShop is Shop in a transaction, which gives the shop a number if it has none. It is not
// remembered: what a transaction has made can go again.
func (n *Registry) NewShop(ctx context.Context, t *sqldb.Tx, shop string) (int64, error) {
	id, err := n.read(ctx, t, shop)
	if id != 0 || err != nil {
		return id, err
	}
	if _, err := t.Exec(ctx, "insert into shops (shop) values ($1) on conflict do nothing", shop); err != nil {
		return 0, fmt.Errorf("number shop %s: %w", shop, err)
	}
	return n.read(ctx, t, shop)
}

// EnsureShop returns the number of a shop, which gets one in a transaction of its own so that it can be remembered.
func (n *Registry) EnsureShop(ctx context.Context, shop string) (int64, error) {
	if id, err := n.Shop(ctx, shop); id != 0 || err != nil {
		return id, err
	}
	err := n.db.InTx(ctx, func(ctx context.Context, t *sqldb.Tx) error {
		t.Committed = sqldb.OfNobody
		_, err := n.NewShop(ctx, t, shop)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n.Shop(ctx, shop)
}

// ReadTypes reads every type that has a number. The lock is not held meanwhile: who has the connection that this waits for may want it.
func (n *Registry) ReadTypes(ctx context.Context) error {
	type kind struct {
		number int64
		name   string
	}
	types, err := sqldb.All(
		ctx, n.db, "select number, name from event_types", nil, func(r *sql.Rows, k *kind) error { return r.Scan(&k.number, &k.name) },
	)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, k := range types {
		n.types[k.name] = k.number
	}
	return err
}

// Type returns the number of a type, 0 for one that is not remembered.
func (n *Registry) Type(name string) int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.types[name]
}

// Types returns the numbers of types, those without one left out.
func (n *Registry) Types(names []string) []int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	numbers := []int64{}
	for _, name := range names {
		if number, ok := n.types[name]; ok {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// EnsureTypes gives every type of events a number, in a transaction of its own so that the
// numbers can be remembered. As a rule all have one and it costs nothing. The number is the
// highest there is and one more, since Postgres keeps it in 16 bits and a sequence would lose
// one with every conflict.
func (n *Registry) EnsureTypes(ctx context.Context, events []store.NewEvent) error {
	missing := n.withoutNumber(events)
	for range 64 { // another replica may have taken the number
		if len(missing) == 0 {
			return nil
		}
		err := n.db.InTx(ctx, func(ctx context.Context, t *sqldb.Tx) error {
			t.Committed = sqldb.OfNobody
			_, err := t.Exec(ctx, `insert into event_types (number, name) select (select coalesce(max(number), 0) + 1 from event_types), $1
				where not exists (select 1 from event_types where name = $2) on conflict do nothing`, missing[0], missing[0])
			return err
		})
		if err == nil {
			err = n.ReadTypes(ctx)
		}
		if err != nil {
			return fmt.Errorf("number a type of events: %w", err)
		}
		missing = n.withoutNumber(events)
	}
	return fmt.Errorf("the type of events %q gets no number", missing[0])
}

// withoutNumber returns the types of events that are not remembered, once for each event of the
// type.
func (n *Registry) withoutNumber(events []store.NewEvent) []string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	var missing []string
	for i := range events {
		if _, ok := n.types[events[i].Type]; !ok {
			missing = append(missing, events[i].Type)
		}
	}
	return missing
}
