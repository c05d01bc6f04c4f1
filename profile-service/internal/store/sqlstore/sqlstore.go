// Package sqlstore keeps the profile-service's data in Postgres or in one SQLite file, through database/sql. It implements every port of
// package store; the main type is Store.
//
// Writers of one shop's events raise the shop's counter first, whose row Postgres locks until they commit, which orders seq by commit,
// tells concurrent duplicates apart and excludes deadlocks; SQLite has one writer anyway. A commit is shared by many callers (package
// ingest) and on disk before it is acknowledged.
//
// Where to begin: append.go has the one path that must be fast, an append with all that it
// moves, step by step. The files that remove events (erase.go, merge.go, remove.go, undo.go) all
// end in states that are made again when the visitor is next read or written. Below this
// package are its parts: sqldb reaches either database, number gives shops, types and streams
// their numbers, stored has the stored forms and tells repeated lines of orders, items keeps the
// catalogue, imports what is known of imports, and standby reads streams from a copy.
package sqlstore

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/imports"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/items"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/number"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/sqldb"
	"github.com/aisle-rec/aisle/profile-service/internal/store/sqlstore/standby"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	*sqldb.DB
	*items.Catalogue
	*imports.Log
	states  store.States // what events make of a visitor's state, and the fingerprint of those rules
	standby *standby.Standby
	kept    *kept // nil for Postgres
	numbers *number.Registry
}

// Open opens the database of a URL, which must be migrated. A file belongs to the store until Close: no other process can open it.
func Open(ctx context.Context, url string, states store.States) (*Store, error) {
	s := &Store{states: states}
	db, err := sqldb.Open(ctx, url, func() { s.kept.changed() })
	if err != nil {
		return nil, err
	}
	s.DB, s.Catalogue, s.Log = db, &items.Catalogue{DB: db}, &imports.Log{DB: db}
	s.standby, s.numbers = standby.New(db.Read), number.New(db)
	if !db.IsPostgres {
		s.kept = newKept()
	}
	return s, nil
}

// Close closes the database and lets others have it. A second time does nothing.
func (s *Store) Close() error {
	s.kept.close()
	return errors.Join(s.DB.Close(), s.standby.Close())
}

// Watch puts the figures of the connections, and where streams are read, on a registry. The
// connections to a standby are not among them.
func (s *Store) Watch(registry prometheus.Registerer, service string) {
	registry.MustRegister(s.standby.Streams)
	s.DB.Watch(registry, service)
}

// tx is a writing transaction of a store.
type tx struct {
	*sqldb.Tx
	s *Store
}

// with gives f a transaction that knows its store.
func (s *Store) with(f func(ctx context.Context, t *tx) error) func(context.Context, *sqldb.Tx) error {
	return func(ctx context.Context, t *sqldb.Tx) error { return f(ctx, &tx{t, s}) }
}
