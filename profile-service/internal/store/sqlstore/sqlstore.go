// Package sqlstore keeps the profile-service's data in Postgres or in one SQLite file, through database/sql. It implements every port of
// package store; the main type is Store. What the two databases do not have in common is in dialect.go.
//
// Writers of one shop's events raise the shop's counter first, whose row Postgres locks until they commit, which orders seq by commit,
// tells concurrent duplicates apart and excludes deadlocks; SQLite has one writer anyway. A commit is shared by many callers (package
// ingest) and on disk before it is acknowledged.
//
// Where to begin: append.go has the one path that must be fast, an append with all that it
// moves, step by step; transaction.go how a transaction reaches either database; rows.go and
// dialect.go how many rows become one statement. The files that remove events (erase.go,
// merge.go, remove.go, undo.go) all end in states that are made again when the visitor is next
// read or written.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/shared/database"
)

// Store is an open database. It is safe for concurrent use. Statements are written once for
// both databases, with $1 for arguments; where they cannot be, the embedded dialect says which
// of the two it is.
type Store struct {
	dialect
	states store.States // what events make of a visitor's state, and the fingerprint of those rules
	read   *sql.DB      // for statements outside of transactions
	writer *writer
	close  []func() error // in this order; nil once the store is closed
	url    string         // for a connection of its own that listens, and for the version of the tables

	standby *standby
	readers readers // of SQLite only: pgx keeps its own
	kept    *kept   // nil for Postgres
	names   names
	damage  damage
}

const (
	// readLimit bounds a reading statement, writeLimit a transaction, both whether or not anybody waits for it.
	// A writer may have to wait for others of its shop on the counter's row, and a merge or an
	// erasure rewrites all events of a person; hence the longer limit. On SQLite it does not
	// hold: see inTx.
	readLimit  = time.Minute
	writeLimit = 5 * time.Minute
)

// Open opens the database of a URL, which must be migrated. A file belongs to the store until
// Close: no other process can open it. SQLite's writing connection keeps 64 MB of pages, since
// what it appends lies with its visitors, all over the file.
func Open(ctx context.Context, url string, states store.States) (*Store, error) {
	s := &Store{states: states, url: url, standby: newStandby(), names: names{shops: map[string]int64{}, types: map[string]int64{}}}
	if database.IsPostgres(url) {
		db, err := database.OpenPostgresSQL(ctx, url)
		if err != nil {
			return nil, err
		}
		s.dialect, s.read, s.writer, s.close = postgres, db, &writer{db: db}, []func() error{db.Close}
		return s, nil
	}
	lock, err := claim(database.SQLitePath(url))
	if err != nil {
		return nil, err
	}
	db, err := database.OpenSQLite(ctx, url, 64<<10)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s.dialect, s.read, s.close = sqlite, db.Reader, []func() error{db.Close, lock.Close}
	s.writer, err = soleWriter(ctx, db.Writer)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.readers.db, s.kept = db.Reader, newKept()
	return s, nil
}

// Close closes the database and lets others have it. A second time does nothing.
func (s *Store) Close() error {
	s.kept.close()
	var errs []error
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	for _, f := range s.close {
		errs = append(errs, f())
	}
	s.close = nil
	return errors.Join(errs...)
}

// Watch puts the figures of the connections, and where streams are read, on a registry. On
// Postgres reading and writing share one pool, which that of a standby is not part of.
func (s *Store) Watch(registry prometheus.Registerer, service string) {
	registry.MustRegister(s.standby.streams)
	pools := map[string]func() database.PoolStats{"postgres": database.SQLStats(s.read)}
	if !s.isPostgres {
		pools = map[string]func() database.PoolStats{"reader": database.SQLStats(s.read), "writer": s.writer.stats}
	}
	database.WatchPools(registry, service, pools)
}

// Ping reports why the database cannot answer now.
func (s *Store) Ping(ctx context.Context) error { return s.read.PingContext(ctx) }

// itemsChannel is where the shop is notified whose items have changed. The payload is the name
// of the shop; what has changed is asked for by position, so that a notice that is lost or
// comes twice does no harm.
const itemsChannel = "aisle_items"

// FollowItems calls f with each shop whose items were changed, by whichever process, and with "" when any may have been unheard: at first,
// and after the connection was lost. It returns when ctx ends; at once on SQLite, whose file belongs to one process.
func (s *Store) FollowItems(ctx context.Context, f func(shop string)) error {
	if !s.isPostgres {
		return nil
	}
	config, err := pgxpool.ParseConfig(s.url) // which knows the settings of pools, too
	if err != nil {
		return errors.New("the database URL cannot be read any more")
	}
	database.ListenPostgres(ctx, config.ConnConfig, itemsChannel, f)
	return ctx.Err()
}

// names remembers the numbers of shops and of types of events, which never change. Only
// committed numbers may be put here: one of a transaction that is rolled back can be given to
// another name later.
type names struct {
	mu    sync.RWMutex
	shops map[string]int64 // by name; those that somebody has asked for
	types map[string]int64 // by name; the types of all shops are one list
}

// shop returns the number of a shop, 0 for one that is not remembered.
func (n *names) shop(shop string) int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.shops[shop]
}

// shopID returns the number of a shop, 0 for one that has none, which is one of which nothing
// is stored. A number that was read outside of a transaction is remembered; until then each
// call costs a statement.
func (s *Store) shopID(ctx context.Context, q querier, shop string) (int64, error) {
	id := s.names.shop(shop)
	if id != 0 {
		return id, nil
	}
	err := q.each(ctx, "select shop_id from shops where shop = $1", []any{shop}, func(r *sql.Rows) error { return r.Scan(&id) })
	if err != nil {
		return 0, fmt.Errorf("read the number of shop %s: %w", shop, err)
	}
	if id != 0 && q == querier(s) { // what a transaction has made can go again
		s.names.mu.Lock()
		s.names.shops[shop] = id
		s.names.mu.Unlock()
	}
	return id, nil
}

// newShopID is shopID in a transaction, which gives the shop a number if it has none.
func (t *tx) newShopID(ctx context.Context, shop string) (int64, error) {
	id, err := t.s.shopID(ctx, t, shop)
	if id != 0 || err != nil {
		return id, err
	}
	if _, err := t.exec(ctx, "insert into shops (shop) values ($1) on conflict do nothing", shop); err != nil {
		return 0, fmt.Errorf("number shop %s: %w", shop, err)
	}
	return t.s.shopID(ctx, t, shop)
}

// ensureShop returns the number of a shop, which gets one in a transaction of its own so that it can be remembered.
func (s *Store) ensureShop(ctx context.Context, shop string) (int64, error) {
	if id, err := s.shopID(ctx, s, shop); id != 0 || err != nil {
		return id, err
	}
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		t.committed = ofNobody
		_, err := t.newShopID(ctx, shop)
		return err
	})
	if err != nil {
		return 0, err
	}
	return s.shopID(ctx, s, shop)
}

// readTypes reads every type that has a number. The lock is not held meanwhile: who has the connection that this waits for may want it.
func (s *Store) readTypes(ctx context.Context) error {
	type kind struct {
		number int64
		name   string
	}
	types, err := all(
		ctx, s, "select number, name from event_types", nil, func(r *sql.Rows, k *kind) error { return r.Scan(&k.number, &k.name) },
	)
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	for _, k := range types {
		s.names.types[k.name] = k.number
	}
	return err
}

// typeNumbers returns the numbers of types, those without one left out.
func (s *Store) typeNumbers(names []string) []int64 {
	s.names.mu.RLock()
	defer s.names.mu.RUnlock()
	numbers := []int64{}
	for _, name := range names {
		if n, ok := s.names.types[name]; ok {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// ensureTypes gives every type of events a number, in a transaction of its own so that the
// numbers can be remembered. As a rule all have one and it costs nothing. The number is the
// highest there is and one more, since Postgres keeps it in 16 bits and a sequence would lose
// one with every conflict.
func (s *Store) ensureTypes(ctx context.Context, events []store.NewEvent) error {
	missing := s.withoutNumber(events)
	for range 64 { // another replica may have taken the number
		if len(missing) == 0 {
			return nil
		}
		err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
			t.committed = ofNobody
			_, err := t.exec(ctx, `insert into event_types (number, name) select (select coalesce(max(number), 0) + 1 from event_types), $1
				where not exists (select 1 from event_types where name = $2) on conflict do nothing`, missing[0], missing[0])
			return err
		})
		if err == nil {
			err = s.readTypes(ctx)
		}
		if err != nil {
			return fmt.Errorf("number a type of events: %w", err)
		}
		missing = s.withoutNumber(events)
	}
	return fmt.Errorf("the type of events %q gets no number", missing[0])
}

// withoutNumber returns the types of events that are not remembered, once for each event of the
// type.
func (s *Store) withoutNumber(events []store.NewEvent) []string {
	s.names.mu.RLock()
	defer s.names.mu.RUnlock()
	var missing []string
	for i := range events {
		if _, ok := s.names.types[events[i].Type]; !ok {
			missing = append(missing, events[i].Type)
		}
	}
	return missing
}
