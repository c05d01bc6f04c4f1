// Package migrations holds the tables of the databases as embedded SQL and applies them with golang-migrate: profile,
// similarity and recommender, each for Postgres and for SQLite. An applied migration is never edited; a change is a new pair of files.
// migrations.go says what state a database is in and brings it forward; atomic.go makes each
// step one transaction, exclusive.go lets one process at a time in, functions.go is what SQLite
// lacks. Files are named 0001_initial.up.sql and 0001_initial.down.sql, in a folder per
// database and dialect.
package migrations

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/golang-migrate/migrate/v4"
	migratedb "github.com/golang-migrate/migrate/v4/database"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	migratesqlite "github.com/golang-migrate/migrate/v4/database/sqlite"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/aisle-rec/aisle/shared/database"
)

//go:embed profile recommender similarity
var files embed.FS

// The databases that have migrations.
const (
	Profile     = "profile"
	Recommender = "recommender"
	Similarity  = "similarity"
)

// Names lists the databases, in the order in which they are migrated.
func Names() []string { return []string{Profile, Similarity, Recommender} }

// Up brings a database to the newest version. It does nothing when it is there already, and refuses a database that is newer than
// this program or that a broken migration left half done.
func Up(ctx context.Context, name, url string) error {
	return withMigrate(ctx, name, url, func(m *migrate.Migrate, newest uint) error {
		version, dirty, err := m.Version()
		if err := check(name, version, dirty, err, newest); err != nil && !errors.Is(err, errOlder) {
			return err
		}
		stop := context.AfterFunc(ctx, func() { m.GracefulStop <- true })
		defer stop()
		if err := m.Up(); err != nil && !errors.Is(err, migrate.ErrNoChange) {
			return fmt.Errorf("migrate database %s: %w", name, err)
		}
		return ctx.Err()
	})
}

// Check returns nil when the database has exactly the version that this program works with, and else says what to do. It waits for a
// migration that is under way.
func Check(ctx context.Context, name, url string) error {
	if database.IsPostgres(url) {
		return checkPostgres(ctx, name, url)
	}
	return withMigrate(ctx, name, url, func(m *migrate.Migrate, newest uint) error {
		version, dirty, err := m.Version()
		return check(name, version, dirty, err, newest)
	})
}

// checkPostgres holds the lock for one transaction: a lock of a session would stay behind on a connection of a pooler in transaction mode,
// and the next start wait for ever.
func checkPostgres(ctx context.Context, name, url string) error {
	newest, err := newestVersion(path.Join(name, "postgres"))
	if err != nil {
		return err
	}
	pool, err := database.OpenPostgres(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	var version int64
	var dirty bool
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", int64(advisoryLock)); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, "select version, dirty from schema_migrations").Scan(&version, &dirty)
		var failed *pgconn.PgError
		if errors.Is(err, pgx.ErrNoRows) || errors.As(err, &failed) && failed.Code == undefinedTable {
			return migrate.ErrNilVersion
		}
		return err
	})
	return check(name, uint(version), dirty, err, newest)
}

// undefinedTable is Postgres' code of a table that does not exist.
const undefinedTable = "42P01"

// errOlder marks the two states that Up mends: no tables, and tables of an older version.
var errOlder = errors.New("older schema")

// check says in words for an operator what a version means; err is that of asking for it.
func check(name string, version uint, dirty bool, err error, newest uint) error {
	switch {
	case errors.Is(err, migrate.ErrNilVersion):
		return fmt.Errorf("database %s has no tables yet: run \"migrate up\" first (%w)", name, errOlder)
	case err != nil:
		return fmt.Errorf("read the schema version of database %s: %w", name, err)
	case dirty:
		return fmt.Errorf("database %s is dirty: migration %d stopped half way; restore the backup made before it, or mend the tables "+
			"by hand and set schema_migrations.dirty to false", name, version)
	case version > newest:
		return fmt.Errorf("database %s has schema version %d, newer than this program's %d: run the newer program", name, version, newest)
	case version < newest:
		return fmt.Errorf(
			"database %s has schema version %d, this program needs %d: run \"migrate up\" first (%w)", name, version, newest, errOlder,
		)
	}
	return nil
}

// withMigrate opens the database, hands golang-migrate to f and closes both.
func withMigrate(ctx context.Context, name, url string, f func(m *migrate.Migrate, newest uint) error) error {
	dialect := "sqlite"
	if database.IsPostgres(url) {
		dialect = "postgres"
	}
	dir := path.Join(name, dialect)
	newest, err := newestVersion(dir)
	if err != nil {
		return err
	}
	source, err := iofs.New(files, dir)
	if err != nil {
		return fmt.Errorf("read the migrations of %s: %w", name, err)
	}
	unlock, err := exclude(ctx, dialect, url)
	if err != nil {
		return errors.Join(fmt.Errorf("migrate database %s: %w", name, err), source.Close())
	}
	defer unlock()
	driver, closeDB, err := openDriver(ctx, dialect, url)
	if err != nil {
		return errors.Join(err, source.Close())
	}
	defer closeDB()
	m, err := migrate.NewWithInstance("iofs", source, dialect, driver)
	if err != nil {
		return fmt.Errorf("prepare migrations of %s: %w", name, err)
	}
	err = f(m, newest)
	sourceErr, driverErr := m.Close() // closes the handle that it was given, too
	return errors.Join(err, sourceErr, driverErr)
}

// openDriver opens the database for golang-migrate. The function that it returns closes the
// handle, and may be called after the driver has closed it.
func openDriver(ctx context.Context, dialect, url string) (migratedb.Driver, func(), error) {
	if dialect == "postgres" {
		db, err := database.OpenPostgresSQL(ctx, url)
		if err != nil {
			return nil, nil, err
		}
		db.SetMaxOpenConns(2) // golang-migrate keeps one
		driver, err := migratepgx.WithInstance(db, &migratepgx.Config{MultiStatementEnabled: false})
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("prepare Postgres for migrations: %w", err), db.Close())
		}
		return &atomicDriver{Driver: driver, db: db}, func() { db.Close() }, nil
	}
	if err := addFunctions(); err != nil {
		return nil, nil, fmt.Errorf("prepare SQLite for migrations: %w", err)
	}
	s, err := database.OpenSQLite(ctx, url, 4<<10)
	if err != nil {
		return nil, nil, err
	}
	instance, err := migratesqlite.WithInstance(s.Writer, &migratesqlite.Config{})
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("prepare SQLite for migrations: %w", err), s.Close())
	}
	return &atomicDriver{Driver: instance, db: s.Writer}, func() { s.Close() }, nil
}

// Newest returns the schema version that this program works with, of the database of a URL.
func Newest(name, url string) uint {
	dialect := "sqlite"
	if database.IsPostgres(url) {
		dialect = "postgres"
	}
	v, err := newestVersion(path.Join(name, dialect))
	if err != nil {
		panic(err) // the files are embedded: every start would have found it
	}
	return v
}

// newestVersion returns the highest version number among the files of a folder.
func newestVersion(dir string) (uint, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return 0, fmt.Errorf("list migrations: %w", err)
	}
	var newest uint64
	for _, e := range entries {
		number, _, _ := strings.Cut(e.Name(), "_")
		v, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return 0, fmt.Errorf("migration file %s does not start with a number", e.Name())
		}
		newest = max(newest, v)
	}
	return uint(newest), nil
}
