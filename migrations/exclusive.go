package migrations

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/aisle-rec/aisle/shared/database"
	"github.com/aisle-rec/aisle/shared/filelock"
)

// advisoryLock is the number of the lock that whoever makes or changes tables holds. Postgres keeps locks per database and ends them with
// their connection.
const advisoryLock = 0x6169736c65 // "aisle"

// exclude waits until no other process migrates the database and returns what lets the next one in. golang-migrate has locks of its own,
// but takes them after it has made its table and looked at the version, and for SQLite only within a process.
// It waits without limit, until ctx ends.
func exclude(ctx context.Context, dialect, url string) (unlock func(), err error) {
	if dialect == "postgres" {
		_, unlock, err := openLocked(ctx, url)
		return unlock, err
	}
	path := lockPath(url)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	release, err := filelock.Wait(ctx, path)
	if err != nil {
		return nil, err
	}
	return func() { _ = release() }, nil // the handle is gone in any case, and the lock with it
}

// lockPath is the file beside an SQLite file whose lock a migration holds.
func lockPath(url string) string { return database.SQLitePath(url) + ".migrate.lock" }

// lockPostgres takes the lock on a connection of the pool, which has it until unlock.
func lockPostgres(ctx context.Context, pool *pgxpool.Pool) (_ *pgxpool.Conn, unlock func(), err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("wait for other migrations: %w", err)
	}
	if _, err := conn.Exec(ctx, "select pg_advisory_lock($1)", int64(advisoryLock)); err != nil {
		conn.Release()
		return nil, nil, fmt.Errorf("wait for other migrations: %w", err)
	}
	return conn, func() {
		_ = conn.Conn().Close(context.WithoutCancel(ctx)) // which gives the lock back, whatever has become of the connection
		conn.Release()
	}, nil
}

// openLocked connects to a Postgres server and takes the lock there, until the function that it returns is called.
func openLocked(ctx context.Context, url string) (*pgxpool.Conn, func(), error) {
	pool, err := database.OpenPostgres(ctx, url)
	if err != nil {
		return nil, nil, err
	}
	conn, unlock, err := lockPostgres(ctx, pool)
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return conn, func() { unlock(); pool.Close() }, nil
}

// CreateSchemas makes schemas in a Postgres database where they are missing.
func CreateSchemas(ctx context.Context, url string, names ...string) error {
	conn, unlock, err := openLocked(ctx, url)
	if err != nil {
		return err
	}
	defer unlock()
	for _, name := range names {
		if _, err := conn.Exec(ctx, "create schema if not exists "+pgx.Identifier{name}.Sanitize()); err != nil {
			return fmt.Errorf("create schema %s in Postgres: %w; let the user of --database-url create schemas", name, err)
		}
	}
	return nil
}
