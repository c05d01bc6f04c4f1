package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// SQLite is a file opened twice: one connection that writes and several that only read. In WAL mode readers never wait.
type SQLite struct {
	Writer *sql.DB // one connection
	Reader *sql.DB
}

// OpenSQLite opens the file of a URL of the form sqlite:///path/file.db (or a plain path) and makes it when absent. Every commit is on disk
// before it is acknowledged (synchronous=FULL). The writing connection keeps writerKiB of pages: as much as what it writes is spread over.
func OpenSQLite(ctx context.Context, rawURL string, writerKiB int) (*SQLite, error) {
	path := SQLitePath(rawURL)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	writer, err := openSQLite(ctx, path, "immediate", 1, writerKiB)
	if err != nil {
		return nil, err
	}
	reader, err := openSQLite(ctx, path, "deferred", max(4, runtime.GOMAXPROCS(0)), readerCache)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	return &SQLite{Writer: writer, Reader: reader}, nil
}

// SQLitePath returns the file that an sqlite:// URL names.
func SQLitePath(rawURL string) string { return strings.TrimPrefix(rawURL, "sqlite://") }

// readerCache is what a reading connection keeps, in KiB. It loses its pages with each commit of another; the system's cache has them.
const readerCache = 2 << 10

// openSQLite opens one of the two handles. Who finds the file locked waits up to ten seconds;
// the log is taken into the file after 16,000 pages.
func openSQLite(ctx context.Context, path, lock string, connections, cacheKiB int) (*sql.DB, error) {
	q := url.Values{"_txlock": {lock}, "_pragma": {
		"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)", "foreign_keys(ON)", "temp_store(MEMORY)",
		fmt.Sprintf("cache_size(-%d)", cacheKiB), "wal_autocheckpoint(16000)",
	}}
	db, err := openSource(ctx, "file:"+url.PathEscape(path)+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open SQLite file %s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open SQLite file %s: %w", path, err), db.Close())
	}
	return db, nil
}

// connecting is the key of WithConnector.
type connecting struct{}

// WithConnector returns a context in which SQLite files are opened through connect, given the driver's name for the source: simulations
// have every call of the driver fail in turn.
func WithConnector(ctx context.Context, connect func(source string) driver.Connector) context.Context {
	return context.WithValue(ctx, connecting{}, connect)
}

// openSource opens a source by the driver, or as the context says.
func openSource(ctx context.Context, source string) (*sql.DB, error) {
	if connect, ok := ctx.Value(connecting{}).(func(string) driver.Connector); ok {
		return sql.OpenDB(connect(source)), nil
	}
	return sql.Open("sqlite", source)
}

// Close closes both handles.
func (s *SQLite) Close() error { return errors.Join(s.Reader.Close(), s.Writer.Close()) }
