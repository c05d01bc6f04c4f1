package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/aisle-rec/aisle/shared/database"
)

// querier reads rows: the store outside of transactions, or a transaction. scan is called with
// the result set standing on a row and may not run another statement of the same querier:
// within a transaction there is only the one connection.
type querier interface {
	each(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error
}

// writer hands out connections for transactions: for Postgres those of a pool, for SQLite the only one that writes, with its statements
// compiled: compiling takes longer than running a short one.
type writer struct {
	db       *sql.DB
	sole     chan *sql.Conn       // holds the connection while nobody writes; nil for Postgres
	compiled map[string]*sql.Stmt // by text; of who has the connection

	waits, waitedNs atomic.Int64 // of transactions for the only connection
}

// soleWriter takes a connection out of a pool for good. The store waits for it on a channel of
// its own, so that the wait can be counted and statements stay compiled on it.
func soleWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the writing connection: %w", err)
	}
	w := &writer{db: db, sole: make(chan *sql.Conn, 1), compiled: map[string]*sql.Stmt{}}
	w.sole <- conn
	return w, nil
}

// take returns a connection that is the caller's until give. For SQLite it waits for the
// transaction before; only a wait is counted, so that the figure of waits is that of conflicts.
// It returns the error of ctx when that ends first, and sql.ErrConnDone after close.
func (w *writer) take(ctx context.Context) (*sql.Conn, error) {
	if w.sole == nil {
		return w.db.Conn(ctx)
	}
	select {
	case conn, ok := <-w.sole:
		return open(conn, ok)
	default:
	}
	began := time.Now()
	defer func() {
		w.waits.Add(1)
		w.waitedNs.Add(int64(time.Since(began)))
	}()
	select {
	case conn, ok := <-w.sole:
		return open(conn, ok)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// open is what came of the writer: none once it is closed.
func open(conn *sql.Conn, ok bool) (*sql.Conn, error) {
	if !ok {
		return nil, sql.ErrConnDone
	}
	return conn, nil
}

// stats are the figures of the only connection.
func (w *writer) stats() database.PoolStats {
	idle := len(w.sole)
	return database.PoolStats{InUse: 1 - idle, Idle: idle, Most: 1, Waits: w.waits.Load(), Waited: time.Duration(w.waitedNs.Load())}
}

// give takes the connection back. The pool of Postgres drops one that tx.end has marked as bad.
func (w *writer) give(conn *sql.Conn) error {
	if w.sole == nil {
		return conn.Close()
	}
	w.sole <- conn
	return nil
}

// close waits for the transaction under way. Who waits for the connection after it gets
// sql.ErrConnDone. A second time does nothing.
func (w *writer) close() error {
	if w.sole == nil {
		return nil
	}
	conn, ok := <-w.sole
	if !ok {
		return nil
	}
	close(w.sole)
	errs := make([]error, 0, len(w.compiled))
	for _, statement := range w.compiled {
		errs = append(errs, statement.Close())
	}
	return errors.Join(append(errs, conn.Close())...)
}

// tx is a writing transaction. It is of one goroutine, and over when the function that inTx was
// given returns.
type tx struct {
	s    *Store
	conn *sql.Conn
	// committed is called after the commit, before the next transaction of SQLite begins. By default anything may have changed about
	// visitors.
	committed func()
	waiting   pgx.Batch // statements for Postgres that nothing has needed the outcome of yet
}

// ofNobody is tx.committed of what concerns no visitor.
func ofNobody() {}

// inTx runs f in a transaction, which commits when f returns nil; an error of f rolls back and
// is returned as it is, so that callers can tell their own errors. The caller's cancellation
// does not end a statement: it is looked at before the transaction begins. f is given a context
// without it, bounded by writeLimit on Postgres.
//
// Postgres gets BEGIN with the first statement that is waited for, and COMMIT with those that
// are still left for later: they cost no way there and back of their own.
func (s *Store) inTx(ctx context.Context, f func(ctx context.Context, t *tx) error) (err error) {
	conn, err := s.writer.take(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	free := context.WithoutCancel(ctx)
	if s.isPostgres { // SQLite would have two goroutines watch each statement
		var cancel context.CancelFunc
		free, cancel = context.WithTimeout(free, writeLimit)
		defer cancel()
	}
	t := &tx{s: s, conn: conn, committed: s.kept.changed}
	defer func() {
		t.end(context.WithoutCancel(ctx), err)
		err = s.damage.note(errors.Join(err, s.writer.give(conn)))
	}()
	if err = t.later(free, s.begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err = errPanic
	if err = f(free, t); err == nil {
		if err = t.later(free, "commit"); err == nil {
			err = t.together(free)
		}
	}
	return err
}

// errPanic is how a transaction ends whose function has panicked: whoever recovers finds the connection free.
var errPanic = errors.New("panicked")

// refusal is an error of whoever decides what is written, such as a version that is not the
// expected one; change returns it as it is.
type refusal struct{ error }

// change is inTx for what its caller decides on; what names it in errors of the database.
func (s *Store) change(ctx context.Context, what string, f func(ctx context.Context, t *tx) error) error {
	err := s.inTx(ctx, f)
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
func (t *tx) end(ctx context.Context, err error) {
	if err == nil {
		t.committed()
		return
	}
	t.s.kept.changed() // a commit that failed may have been one
	t.waiting = pgx.Batch{}
	// A connection whose transaction cannot be ended is of no use to anybody.
	if _, undone := t.exec(ctx, "rollback"); undone != nil && t.s.isPostgres {
		_ = t.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

// prepared returns a compiled statement of SQLite; pgx compiles and keeps by itself. The texts
// are a fixed number but for those of chunks, of which there are at most bulkRows for each
// statement.
func (t *tx) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if statement := t.s.writer.compiled[text]; statement != nil {
		return statement, nil
	}
	statement, err := t.conn.PrepareContext(ctx, text)
	if err == nil {
		t.s.writer.compiled[text] = statement
	}
	return statement, err
}

// exec runs a statement and returns the number of rows that it has changed. On Postgres it
// first sends what was left for later, in one batch.
func (t *tx) exec(ctx context.Context, text string, args ...any) (int64, error) {
	var result sql.Result
	var err error
	if t.s.isPostgres {
		if err = t.together(ctx); err == nil {
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

// each calls scan with every row of a statement, after what was left for later. It implements
// querier.
func (t *tx) each(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	var rows *sql.Rows
	var err error
	if t.s.isPostgres {
		if err = t.together(ctx); err == nil {
			rows, err = t.conn.QueryContext(ctx, text, args...)
		}
	} else {
		var statement *sql.Stmt
		if statement, err = t.prepared(ctx, text); err == nil {
			rows, err = statement.QueryContext(ctx, args...)
		}
	}
	return visit(rows, err, scan)
}

// row is one of a result. Both pgx.Rows and sql.Rows are one.
type row interface{ Scan(into ...any) error }

// query is a statement and what reads its rows.
type query struct {
	text string
	args []any
	scan func(row) error
}

// later runs a statement whose outcome nothing waits for: Postgres gets it with the next one that is waited for, at the latest with the
// commit, since going there and back takes longer than a short statement. An error of such a
// statement is that of the one it is sent with. Arguments must stay as they are until then.
func (t *tx) later(ctx context.Context, text string, args ...any) error {
	if !t.s.isPostgres {
		_, err := t.exec(ctx, text, args...)
		return err
	}
	t.waiting.Queue(text, args...)
	return nil
}

// together runs queries one after another, none of which needs the rows of one before: Postgres gets all of them at once, after what was
// left for later. SQLite runs them one by one: there is no way there and back to save. An error
// ends the batch; those behind it have not run.
func (t *tx) together(ctx context.Context, queries ...query) error {
	if !t.s.isPostgres {
		for _, q := range queries {
			if err := t.each(ctx, q.text, q.args, func(r *sql.Rows) error { return q.scan(r) }); err != nil {
				return err
			}
		}
		return nil
	}
	batch := t.waiting
	t.waiting = pgx.Batch{}
	for _, q := range queries {
		batch.Queue(q.text, q.args...).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				if err := q.scan(rows); err != nil {
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
func (t *tx) pgx(f func(conn *pgx.Conn) error) error {
	return t.conn.Raw(func(c any) error { return f(c.(*stdlib.Conn).Conn()) })
}

// each calls scan with every row of a statement that is compiled once per connection. It
// implements querier outside of transactions; each call is a view of its own. An error that
// tells of damage is noted for Sound.
func (s *Store) each(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	if s.isPostgres {
		rows, err := s.read.QueryContext(ctx, text, args...)
		return s.damage.note(visit(rows, err, scan))
	}
	statement, err := s.readers.of(ctx, text)
	if err != nil {
		return s.damage.note(err)
	}
	rows, err := statement.QueryContext(context.WithoutCancel(ctx), args...) // else two goroutines watch for the end of ctx
	return s.damage.note(visit(rows, err, scan))
}

// visit calls scan with each row and closes the rows, whatever comes of it. err is that of the
// query.
func visit(rows *sql.Rows, err error, scan func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := scan(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// readers keeps statements of the reading connections compiled. There are as many as there are texts in this package; they end with their
// connections.
type readers struct {
	db     *sql.DB
	mu     sync.RWMutex
	byText map[string]*sql.Stmt
}

// of returns a compiled statement, compiling it without the lock: who loses the race to another
// closes his own.
func (r *readers) of(ctx context.Context, text string) (*sql.Stmt, error) {
	r.mu.RLock()
	statement := r.byText[text]
	r.mu.RUnlock()
	if statement != nil {
		return statement, nil
	}
	statement, err := r.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if have := r.byText[text]; have != nil {
		return have, statement.Close()
	}
	if r.byText == nil {
		r.byText = map[string]*sql.Stmt{}
	}
	r.byText[text] = statement
	return statement, nil
}

// collect reads every row of a statement while the caller waits, at most for readLimit. It may
// go on in another goroutine when the caller has left: scan may touch only the value that it
// fills.
func collect[T any](ctx context.Context, s *Store, text string, args []any, scan func(*sql.Rows, *T) error) ([]T, error) {
	return database.Detached(ctx, readLimit, func(ctx context.Context) ([]T, error) { return all(ctx, s, text, args, scan) })
}

// all reads every row of a statement; no row gives nil.
func all[T any](ctx context.Context, q querier, text string, args []any, scan func(*sql.Rows, *T) error) ([]T, error) {
	var list []T
	err := q.each(ctx, text, args, func(r *sql.Rows) error {
		var v T
		err := scan(r, &v)
		list = append(list, v)
		return err
	})
	return list, err
}

// scanText reads a row of one text.
func scanText(r *sql.Rows, text *string) error { return r.Scan(text) }

// scanInt reads a row of one number.
func scanInt(r *sql.Rows, n *int64) error { return r.Scan(n) }

// one reads a number: that of the last row, and 0 when there is no row.
func one(ctx context.Context, q querier, text string, args ...any) (int64, error) {
	var n int64
	err := q.each(ctx, text, args, func(r *sql.Rows) error { return r.Scan(&n) })
	return n, err
}

const (
	// The numbered streams of a shop, rows of table counters: seq of events and versions of
	// visitors, positions of the catalogue's feed, numbers of imports.
	eventCounter  = "events"
	itemCounter   = "items"
	importCounter = "imports"
)

const raiseCounter = `insert into counters as c (shop, name, value) values ($1, $2, $3)
	on conflict (shop, name) do update set value = c.value + excluded.value returning value`

// raise adds n to a counter, whose row stays locked until the transaction ends, and returns the
// new value: the caller has the last n numbers up to it. With n = 0 it only takes the lock.
// Not every number is an event's: a duplicate keeps the one that it was given, and a change of
// a record, a consent or an identity takes one.
func (t *tx) raise(ctx context.Context, shop, name string, n int) (int64, error) {
	value, err := one(ctx, t, raiseCounter, shop, name, n)
	if err != nil {
		return 0, fmt.Errorf("raise counter %s: %w", name, err)
	}
	return value, nil
}

// counter returns a counter's committed value, 0 for one that was never raised.
func (s *Store) counter(ctx context.Context, shop, name string) (int64, error) {
	value, err := database.Detached(ctx, readLimit, func(ctx context.Context) (int64, error) {
		return one(ctx, s, "select coalesce((select value from counters where shop = $1 and name = $2), 0)", shop, name)
	})
	if err != nil {
		return 0, fmt.Errorf("read counter %s: %w", name, err)
	}
	return value, nil
}

// null returns nil for 0, so that absent numbers are stored as SQL nulls.
func null(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// claim locks a file beside path, of the same name with ".lock", and makes the folder when it
// is missing; closing the file, or the end of the process, gives the lock back. The file stays:
// to remove it would let two processes lock two files of one name. The database itself must not
// be opened for this: closing it would take SQLite's own locks away.
func claim(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("claim SQLite file %s: %w", path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err = fmt.Errorf("SQLite file %s is in use by another profile-service (%w): "+
			"stop it, or keep the tables in Postgres, which several can share", path, err)
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
