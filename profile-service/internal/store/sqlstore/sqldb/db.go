// Package sqldb reaches a database, in Postgres or in one SQLite file, through database/sql: connections, transactions, statements that are
// written once for both with $1 for arguments, and statements for any number of rows. It knows no tables. The main types are DB and
// Tx; what the two databases do not have in common is in dialect.go and rows.go.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/filelock"
)

// DB is an open database. It is safe for concurrent use. Where statements cannot be the same for
// both databases, the embedded dialect says which of the two it is.
type DB struct {
	Dialect
	Read   *sql.DB // for statements outside of transactions
	writer *writer
	close  []func() error // in this order; nil once the database is closed
	url    string         // for a connection of its own that listens, and for the version of the tables

	changed func()  // what a transaction calls after its commit; see Tx
	readers readers // of SQLite only: pgx keeps its own
	damage  damage
}

const (
	// ReadLimit bounds a reading statement, writeLimit a transaction, both whether or not anybody waits for it.
	// A writer may have to wait for others of its shop on the counter's row, and a merge or an
	// erasure rewrites all events of a person; hence the longer limit. On SQLite it does not
	// hold: see InTx.
	ReadLimit  = time.Minute
	writeLimit = 5 * time.Minute
)

// Open opens the database of a URL. A file belongs to it until Close: no other process can open it. SQLite's writing connection keeps
// 64 MB of pages, since what is appended lies with its owners, all over the file. changed is called after each commit, and after
// one that has failed and may have been one, while nobody else writes to a file.
func Open(ctx context.Context, url string, changed func()) (*DB, error) {
	if database.IsPostgres(url) {
		db, err := database.OpenPostgresSQL(ctx, url)
		if err != nil {
			return nil, err
		}
		return &DB{Dialect: postgres, url: url, changed: changed, Read: db, writer: &writer{db: db}, close: []func() error{db.Close}}, nil
	}
	release, err := claim(database.SQLitePath(url))
	if err != nil {
		return nil, err
	}
	file, err := database.OpenSQLite(ctx, url, 64<<10)
	if err != nil {
		return nil, errors.Join(err, release())
	}
	db := &DB{Dialect: sqlite, url: url, changed: changed, Read: file.Reader, close: []func() error{file.Close, release}}
	db.readers.db = file.Reader
	db.writer, err = soleWriter(ctx, file.Writer)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Close closes the database and lets others have it. A second time does nothing.
func (db *DB) Close() error {
	var errs []error
	if db.writer != nil {
		errs = append(errs, db.writer.close())
	}
	for _, f := range db.close {
		errs = append(errs, f())
	}
	db.close = nil
	return errors.Join(errs...)
}

// Watch puts the figures of the connections on a registry. On Postgres reading and writing share one pool.
func (db *DB) Watch(registry prometheus.Registerer, service string) {
	pools := map[string]func() database.PoolStats{"postgres": database.SQLStats(db.Read)}
	if !db.IsPostgres {
		pools = map[string]func() database.PoolStats{"reader": database.SQLStats(db.Read), "writer": db.writer.stats}
	}
	database.WatchPools(registry, service, pools)
}

// Ping reports why the database cannot answer now.
func (db *DB) Ping(ctx context.Context) error { return db.Read.PingContext(ctx) }

// Schema reads the version of the tables; needs is the version that the program works with.
func (db *DB) Schema(ctx context.Context, name string, needs uint) database.Schema {
	return database.ReadSchema(ctx, db.Read, name, db.url, needs)
}

// Listen calls f with the payload of each notice on a channel of Postgres, and with "" when any may have been unheard: at first, and after
// the connection was lost. It returns when ctx ends; at once on SQLite, whose file belongs to one process.
func (db *DB) Listen(ctx context.Context, channel string, f func(payload string)) error {
	if !db.IsPostgres {
		return nil
	}
	config, err := pgxpool.ParseConfig(db.url) // which knows the settings of pools, too
	if err != nil {
		return errors.New("the database URL cannot be read any more")
	}
	database.ListenPostgres(ctx, config.ConnConfig, channel, f)
	return ctx.Err()
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

// give takes the connection back. The pool of Postgres drops one that Tx.end has marked as bad.
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

// claim locks a file beside path, of the same name with ".lock", and makes the folder when it
// is missing; release, or the end of the process, gives the lock back. The database itself must
// not be opened for this: closing it would take SQLite's own locks away.
func claim(path string) (release func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	release, err = filelock.Try(path + ".lock")
	if errors.Is(err, filelock.ErrHeld) {
		return nil, fmt.Errorf("SQLite file %s is in use by another profile-service (%w): "+
			"stop it, or keep the tables in Postgres, which several can share", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("claim SQLite file %s: %w", path, err)
	}
	return release, nil
}
