package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// Tables is a database of a service, in Postgres or in an SQLite file: one set of statements, with the placeholders $1, $2, …, works on
// both. It is safe for concurrent use.
type Tables struct {
	Writer, Reader *sql.DB // the same on Postgres

	pool   *pgxpool.Pool // nil on SQLite
	sqlite *SQLite       // nil on Postgres
}

// OpenTables opens the database of a URL, whose tables must be there; writerKiB is as of OpenSQLite.
func OpenTables(ctx context.Context, url string, writerKiB int) (*Tables, error) {
	if IsPostgres(url) {
		pool, err := OpenPostgres(ctx, url)
		if err != nil {
			return nil, err
		}
		db := stdlib.OpenDBFromPool(pool)
		return &Tables{Writer: db, Reader: db, pool: pool}, nil
	}
	lite, err := OpenSQLite(ctx, url, writerKiB)
	if err != nil {
		return nil, err
	}
	return &Tables{Writer: lite.Writer, Reader: lite.Reader, sqlite: lite}, nil
}

// Close closes the database.
func (t *Tables) Close() error {
	if t.sqlite != nil {
		return t.sqlite.Close()
	}
	err := t.Writer.Close()
	t.pool.Close()
	return err
}

// Postgres returns the pool of a Postgres database, nil of an SQLite file.
func (t *Tables) Postgres() *pgxpool.Pool { return t.pool }

// Ping reports why the database cannot answer now.
func (t *Tables) Ping(ctx context.Context) error { return t.Reader.PingContext(ctx) }

// Rebind writes the placeholders of a statement as the database has them.
func (t *Tables) Rebind(statement string) string {
	if t.pool != nil {
		return statement
	}
	return strings.ReplaceAll(statement, "$", "?")
}

// NowMs is the expression for the database's own time in epoch milliseconds: one clock for all replicas.
func (t *Tables) NowMs() string {
	if t.pool != nil {
		return "(extract(epoch from clock_timestamp()) * 1000)::bigint"
	}
	return "cast(unixepoch('subsec') * 1000 as integer)"
}

// InTx runs f in a writing transaction, which commits when f returns nil. A commit that fails may have happened, as when the answer was
// lost on its way.
func (t *Tables) InTx(ctx context.Context, f func(tx *Tx) error) error {
	conn, err := t.Writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer conn.Close()
	begun, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	var ended error
	if err = f(&Tx{begun, t}); err == nil {
		ended = begun.Commit()
	} else {
		ended = begun.Rollback()
	}
	if ended != nil { // SQLite may have left the transaction open: whoever got the connection next would be in it
		_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // which closes it
	}
	return errors.Join(err, ended)
}

// Tx is a writing transaction.
type Tx struct {
	*sql.Tx
	tables *Tables
}

// Exec runs a statement and returns how many rows it changed.
func (t *Tx) Exec(ctx context.Context, statement string, args ...any) (int64, error) {
	result, err := t.ExecContext(ctx, t.tables.Rebind(statement), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Exec runs a statement in a transaction of its own and returns how many rows it changed.
func (t *Tables) Exec(ctx context.Context, statement string, args ...any) (int64, error) {
	result, err := t.Writer.ExecContext(ctx, t.Rebind(statement), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Select collects the rows of a query.
func Select[T any](ctx context.Context, t *Tables, scan func(*sql.Rows, *T) error, statement string, args ...any) ([]T, error) {
	rows, err := t.Reader.QueryContext(ctx, t.Rebind(statement), args...)
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

const (
	// fileInterval is how often an SQLite file is asked whether another connection has changed it: a look at one number.
	fileInterval = 500 * time.Millisecond
	// listenRetry is the pause after the connection that listens was lost.
	listenRetry = time.Second
)

// Notify tells who listens to a channel of this database, once the transaction has been committed. On SQLite the change itself is noticed.
func (t *Tx) Notify(ctx context.Context, channel, payload string) error {
	if t.tables.pool == nil {
		return nil
	}
	_, err := t.ExecContext(ctx, "select pg_notify($1, $2)", channel, payload)
	return err
}

// Listen calls f with each payload that is notified on a channel, and with "" when anything may have been notified unheard: at first, after
// the connection was lost, and on SQLite at every change of the file by another connection. It returns when ctx ends. A pooler in
// transaction mode delivers nothing, so that callers look by themselves too, seldom.
func (t *Tables) Listen(ctx context.Context, channel string, f func(payload string)) {
	if t.pool == nil {
		again(ctx, func() error { return t.watchFile(ctx, f) })
		return
	}
	ListenPostgres(ctx, t.pool.Config().ConnConfig, channel, f)
}

// ListenPostgres is Tables.Listen on a connection of its own.
func ListenPostgres(ctx context.Context, config *pgx.ConnConfig, channel string, f func(payload string)) {
	again(ctx, func() error {
		own, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return err
		}
		defer own.Close(context.WithoutCancel(ctx))
		if _, err := own.Exec(ctx, "listen "+channel); err != nil {
			return err
		}
		f("")
		for {
			n, err := own.WaitForNotification(ctx)
			if err != nil {
				return err
			}
			f(n.Payload)
		}
	})
}

// again listens until ctx ends.
func again(ctx context.Context, listen func() error) {
	for ctx.Err() == nil {
		_ = listen() // whatever it was: it is tried again, and what was missed is made up for
		select {
		case <-ctx.Done():
		case <-time.After(listenRetry):
		}
	}
}

// watchFile looks for changes of a SQLite file, which has no notifications, by the number that SQLite raises whenever another
// connection commits. One connection is kept for it, since the number is relative to the connection. f is called at once,
// and then may be called for changes that are of other tables.
func (t *Tables) watchFile(ctx context.Context, f func(payload string)) error {
	conn, err := t.Reader.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	tick := time.NewTicker(fileInterval)
	defer tick.Stop()
	for seen := int64(-1); ; {
		var version int64
		if err := conn.QueryRowContext(ctx, "pragma data_version").Scan(&version); err != nil {
			return err
		}
		if version != seen {
			seen = version
			f("")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
