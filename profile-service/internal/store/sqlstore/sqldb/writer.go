package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
)

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
