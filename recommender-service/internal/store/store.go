// Package store keeps the recommender-service's own data in Postgres or SQLite: versioned
// configuration, decisions, metrics. The statements are the same for both; only the
// placeholders differ, and how many rows are written at once (insert.go). Every row belongs to
// a shop. Times are in epoch milliseconds. The main type is Store; a file has one kind of data,
// and package storetest what all of them must do on both databases.
package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/shared/database"
)

// The errors of this package, beside those of the driver. Methods that give one of them say so.
var (
	// ErrNotFound says that there is no such thing, or no longer.
	ErrNotFound = errors.New("not found")
	// ErrVersion says that another version is there than the one to be changed.
	ErrVersion = errors.New("another version is there")
	// ErrMoved says that somebody else has moved a position in between.
	ErrMoved = errors.New("the position has moved")
)

// Store is one open database. It is safe for concurrent use.
type Store struct {
	*database.Tables
	sinks sinks
}

// writerKiB of pages are what writes are spread over.
const writerKiB = 4 << 10

// Open opens the database of a URL. An SQLite file is made and brought to the newest schema; a Postgres database must have it already.
func Open(ctx context.Context, url string) (*Store, error) {
	migrate := migrations.Up
	if database.IsPostgres(url) {
		migrate = migrations.Check
	}
	if err := migrate(ctx, migrations.Recommender, url); err != nil {
		return nil, err
	}
	t, err := database.OpenTables(ctx, url, writerKiB)
	if err != nil {
		return nil, err
	}
	s := &Store{Tables: t, sinks: arraySinks()}
	if t.Postgres() != nil {
		return s, nil
	}
	if _, err = t.Writer.ExecContext(ctx, smooth); err == nil {
		s.sinks, err = preparedSinks(ctx, t.Writer)
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return s, nil
}

// smooth keeps each commit short: a smaller log is copied into the file more often and sooner, and a commit looks through a smaller cache.
const smooth = "pragma wal_autocheckpoint = 1000; pragma cache_size = -8192"

// inTx runs f in a writing transaction, which commits when f returns nil.
func (s *Store) inTx(ctx context.Context, f func(tx *tx) error) error {
	return s.InTx(ctx, func(t *database.Tx) error { return f(&tx{t, s}) })
}

// tx is a writing transaction of a Store.
type tx struct {
	*database.Tx
	s *Store
}

// query collects rows.
func query[T any](ctx context.Context, s *Store, scan func(*sql.Rows, *T) error, statement string, args ...any) ([]T, error) {
	return database.Select(ctx, s.Tables, scan, statement, args...)
}
