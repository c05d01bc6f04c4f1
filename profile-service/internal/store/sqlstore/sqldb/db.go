// Package sqldb reaches a database, in Postgres or in one SQLite file, through database/sql: connections, transactions, statements that are
// written once for both with $1 for arguments, and statements for any number of rows. It knows no tables. The main types are DB and
// Tx; what the two databases do not have in common is in dialect.go and rows.go.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aisle-rec/aisle/shared/database"
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
	lock, err := claim(database.SQLitePath(url))
	if err != nil {
		return nil, err
	}
	file, err := database.OpenSQLite(ctx, url, 64<<10)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	db := &DB{Dialect: sqlite, url: url, changed: changed, Read: file.Reader, close: []func() error{file.Close, lock.Close}}
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
