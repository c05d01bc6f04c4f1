package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Tx is a writing transaction. It is of one goroutine, and over when the function that InTx was
// given returns.
type Tx struct {
	Dialect
	db   *DB
	conn *sql.Conn
	// Committed is called after the commit, before the next transaction of SQLite begins. By default it is the changed of the database.
	Committed func()
	waiting   pgx.Batch // statements for Postgres that nothing has needed the outcome of yet
}

// OfNobody is the committed of a transaction that changes nothing which somebody remembers.
func OfNobody() {}

// InTx runs f in a transaction, which commits when f returns nil; an error of f rolls back and
// is returned as it is, so that callers can tell their own errors. The caller's cancellation
// does not end a statement: it is looked at before the transaction begins. f is given a context
// without it, bounded by writeLimit on Postgres.
//
// Postgres gets BEGIN with the first statement that is waited for, and COMMIT with those that
// are still left for later: they cost no way there and back of their own.
func (db *DB) InTx(ctx context.Context, f func(ctx context.Context, t *Tx) error) (err error) {
	conn, err := db.writer.take(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	free := context.WithoutCancel(ctx)
	if db.IsPostgres { // SQLite would have two goroutines watch each statement
		var cancel context.CancelFunc
		free, cancel = context.WithTimeout(free, writeLimit)
		defer cancel()
	}
	t := &Tx{Dialect: db.Dialect, db: db, conn: conn, Committed: db.changed}
	defer func() {
		t.end(context.WithoutCancel(ctx), err)
		err = db.damage.note(errors.Join(err, db.writer.give(conn)))
	}()
	if err = t.Later(free, t.begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err = errPanic
	if err = f(free, t); err == nil {
		if err = t.Later(free, "commit"); err == nil {
			err = t.Together(free)
		}
	}
	return err
}

// errPanic is how a transaction ends whose function has panicked: whoever recovers finds the connection free.
var errPanic = errors.New("panicked")

// refusal is an error of whoever decides what is written, such as a version that is not the
// expected one; Change returns it as it is.
type refusal struct{ error }

// Refuse returns such an error.
func Refuse(err error) error { return refusal{err} }

// Change is InTx for what its caller decides on; what names it in errors of the database.
func (db *DB) Change(ctx context.Context, what string, f func(ctx context.Context, t *Tx) error) error {
	err := db.InTx(ctx, f)
	if refused, ok := errors.AsType[refusal](err); ok {
		return refused.error
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// end tells what a commit has changed, or undoes what was not committed. A rollback that fails
// on SQLite is left alone: the connection is the only one, and SQLite has often rolled back by
// itself, after a full disk for one.
func (t *Tx) end(ctx context.Context, err error) {
	if err == nil {
		t.Committed()
		return
	}
	t.db.changed() // a commit that failed may have been one
	t.waiting = pgx.Batch{}
	// A connection whose transaction cannot be ended is of no use to anybody.
	if _, undone := t.Exec(ctx, "rollback"); undone != nil && t.IsPostgres {
		_ = t.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

// prepared returns a compiled statement of SQLite; pgx compiles and keeps by itself. The texts
// are a fixed number but for those of chunks, of which there are at most bulkRows for each
// statement.
func (t *Tx) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if statement := t.db.writer.compiled[text]; statement != nil {
		return statement, nil
	}
	statement, err := t.conn.PrepareContext(ctx, text)
	if err == nil {
		t.db.writer.compiled[text] = statement
	}
	return statement, err
}

// Exec runs a statement and returns the number of rows that it has changed. On Postgres it
// first sends what was left for later, in one batch.
func (t *Tx) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	var result sql.Result
	var err error
	if t.IsPostgres {
		if err = t.Together(ctx); err == nil {
			result, err = t.conn.ExecContext(ctx, text, args...)
		}
	} else {
		var statement *sql.Stmt
		if statement, err = t.prepared(ctx, text); err == nil {
			result, err = statement.ExecContext(ctx, args...)
		}
	}
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Each calls scan with every row of a statement, after what was left for later. It implements
// Querier.
func (t *Tx) Each(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	var rows *sql.Rows
	var err error
	if t.IsPostgres {
		if err = t.Together(ctx); err == nil {
			rows, err = t.conn.QueryContext(ctx, text, args...)
		}
	} else {
		var statement *sql.Stmt
		if statement, err = t.prepared(ctx, text); err == nil {
			rows, err = statement.QueryContext(ctx, args...)
		}
	}
	return Visit(rows, err, scan)
}

// Row is one of a result. Both pgx.Rows and sql.Rows are one.
type Row interface{ Scan(into ...any) error }

// Query is a statement and what reads its rows.
type Query struct {
	Text string
	Args []any
	Scan func(Row) error
}

// Later runs a statement whose outcome nothing waits for: Postgres gets it with the next one that is waited for, at the latest with the
// commit, since going there and back takes longer than a short statement. An error of such a
// statement is that of the one it is sent with. Arguments must stay as they are until then.
func (t *Tx) Later(ctx context.Context, text string, args ...any) error {
	if !t.IsPostgres {
		_, err := t.Exec(ctx, text, args...)
		return err
	}
	t.waiting.Queue(text, args...)
	return nil
}

// Together runs queries one after another, none of which needs the rows of one before: Postgres gets all of them at once, after what was
// left for later. SQLite runs them one by one: there is no way there and back to save. An error
// ends the batch; those behind it have not run.
func (t *Tx) Together(ctx context.Context, queries ...Query) error {
	if !t.IsPostgres {
		for _, q := range queries {
			if err := t.Each(ctx, q.Text, q.Args, func(r *sql.Rows) error { return q.Scan(r) }); err != nil {
				return err
			}
		}
		return nil
	}
	batch := t.waiting
	t.waiting = pgx.Batch{}
	for _, q := range queries {
		batch.Queue(q.Text, q.Args...).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				if err := q.Scan(rows); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	}
	if batch.Len() == 0 {
		return nil
	}
	return t.pgx(func(conn *pgx.Conn) error { return conn.SendBatch(ctx, &batch).Close() })
}

// pgx runs f on the connection beneath database/sql, in the transaction.
func (t *Tx) pgx(f func(conn *pgx.Conn) error) error {
	return t.conn.Raw(func(c any) error { return f(c.(*stdlib.Conn).Conn()) })
}
