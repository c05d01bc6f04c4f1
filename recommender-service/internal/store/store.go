// Package store keeps the recommender-service's own data in Postgres or SQLite: versioned configuration, decisions, metrics. The statements are the
// same for both; only the placeholders differ. Every row belongs to a shop. The main type is Store.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/aisle-rec/aisle/migrations"
	"github.com/aisle-rec/aisle/shared/database"
)

// The errors of this package, beside those of the driver.
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
	writer, reader *sql.DB
	rebind         func(string) string
	close          func() error
	sinks          sinks
}

// Open opens the database of a URL. An SQLite file is made and brought to the newest schema; a Postgres database must have it already.
func Open(ctx context.Context, url string) (*Store, error) {
	if database.IsPostgres(url) {
		if err := migrations.Check(ctx, migrations.Recommender, url); err != nil {
			return nil, err
		}
		pool, err := database.OpenPostgres(ctx, url)
		if err != nil {
			return nil, err
		}
		return onPostgres(pool), nil
	}
	if err := migrations.Up(ctx, migrations.Recommender, url); err != nil {
		return nil, err
	}
	db, err := database.OpenSQLite(ctx, url, 4<<10)
	if err != nil {
		return nil, err
	}
	return onSQLite(ctx, db)
}

func onPostgres(pool *pgxpool.Pool) *Store {
	db := stdlib.OpenDBFromPool(pool)
	return &Store{writer: db, reader: db, sinks: arraySinks(), rebind: func(q string) string { return q }, close: func() error {
		err := db.Close()
		pool.Close()
		return err
	}}
}

// smooth keeps each commit short: a smaller log is copied into the file more often and sooner, and a commit looks through a smaller cache.
const smooth = "pragma wal_autocheckpoint = 1000; pragma cache_size = -8192"

func onSQLite(ctx context.Context, db *database.SQLite) (*Store, error) {
	s := &Store{writer: db.Writer, reader: db.Reader, rebind: func(q string) string { return strings.ReplaceAll(q, "$", "?") }, close: db.Close}
	_, err := s.writer.ExecContext(ctx, smooth)
	if err == nil {
		s.sinks, err = preparedSinks(ctx, s.writer)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes the database.
func (s *Store) Close() error { return s.close() }

// Ping reports why the database cannot answer now.
func (s *Store) Ping(ctx context.Context) error { return s.reader.PingContext(ctx) }

// inTx runs f in a writing transaction, which commits when f returns nil.
func (s *Store) inTx(ctx context.Context, f func(tx *tx) error) error {
	t, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(&tx{t, s}); err != nil {
		return errors.Join(err, t.Rollback())
	}
	return t.Commit()
}

// tx is a writing transaction.
type tx struct {
	*sql.Tx
	s *Store
}

func (t *tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := t.ExecContext(ctx, t.s.rebind(query), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query collects rows.
func query[T any](ctx context.Context, s *Store, scan func(*sql.Rows, *T) error, statement string, args ...any) ([]T, error) {
	rows, err := s.reader.QueryContext(ctx, s.rebind(statement), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}
