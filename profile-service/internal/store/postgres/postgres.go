// Package postgres keeps the profile-service's data in Postgres through pgx. It implements every port of package store; the main type is Store.
//
// Writers of one shop's events take the row lock of its counter first and hold it to commit, which orders seq by commit, tells concurrent
// duplicates apart and excludes deadlocks. A commit is shared by many callers (package ingest), so that the lock does not bound throughput.
package postgres

import (
	"context"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Store is a pool of connections to one profile database.
type Store struct {
	pool *pgxpool.Pool

	mu     sync.Mutex
	months map[string]bool  // partitions that are known to exist, "200601"
	shops  map[string]int64 // numbers of shops
}

// New returns a store on a migrated database. It closes the pool with Close.
func New(pool *pgxpool.Pool) *Store {
	return &Store{pool: pool, months: map[string]bool{}, shops: map[string]int64{}}
}

// Close closes the pool.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// Ping reports why the database cannot answer now.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

const (
	eventCounter = "events"
	itemCounter  = "items"
)

const raiseCounterSQL = `insert into counters as c (shop, name, value) values ($1, $2, $3)
	on conflict (shop, name) do update set value = c.value + excluded.value returning value`

// raise adds n to a counter, whose row stays locked until the transaction ends, and returns the new value.
func raise(ctx context.Context, tx pgx.Tx, shop, name string, n int) (int64, error) {
	var value int64
	if err := tx.QueryRow(ctx, raiseCounterSQL, shop, name, n).Scan(&value); err != nil {
		return 0, fmt.Errorf("raise counter %s: %w", name, err)
	}
	return value, nil
}

// counter returns a counter's committed value.
func (s *Store) counter(ctx context.Context, shop, name string) (int64, error) {
	var value int64
	err := s.pool.QueryRow(ctx, "select coalesce((select value from counters where shop = $1 and name = $2), 0)", shop, name).Scan(&value)
	if err != nil {
		return 0, fmt.Errorf("read counter %s: %w", name, err)
	}
	return value, nil
}

// inTx runs f in a transaction, which commits when f returns nil.
func (s *Store) inTx(ctx context.Context, f func(tx pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, f)
}

// null returns nil for "", so that absent texts are stored as SQL nulls.
func null(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// text is the inverse of null.
func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// ofShop is the condition of a statement on a table that holds shop_id; $1 is the shop.
const ofShop = "shop_id = (select shop_id from shops where shop = $1)"

// shopID returns the number of a shop, which it gives when there is none.
func (s *Store) shopID(ctx context.Context, shop string) (int64, error) {
	s.mu.Lock()
	id, known := s.shops[shop]
	s.mu.Unlock()
	if known {
		return id, nil
	}
	_, err := s.pool.Exec(ctx, "insert into shops (shop) values ($1) on conflict do nothing", shop)
	if err == nil {
		err = s.pool.QueryRow(ctx, "select shop_id from shops where shop = $1", shop).Scan(&id)
	}
	if err != nil {
		return 0, fmt.Errorf("number shop %s: %w", shop, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shops[shop] = id
	return id, nil
}
