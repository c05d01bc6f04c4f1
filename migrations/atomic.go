package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	migratedb "github.com/golang-migrate/migrate/v4/database"
)

// versionTable is where golang-migrate keeps the version, in both databases.
const versionTable = "schema_migrations"

// atomicDriver applies each migration together with its version in one transaction: killed at any moment, a migration has happened or not.
// golang-migrate commits three times (dirty, the migration, clean), so that whoever is killed in between leaves a database that nothing can
// start on. Both databases can take back whatever a migration does; one that could not would have no place here.
//
// It also mends what golang-migrate's driver for SQLite says of a version that cannot be read: that the database is empty, so that it would
// be migrated from the start.
type atomicDriver struct {
	migratedb.Driver
	db      *sql.DB
	version int // of the migration that comes next, or came last
}

// Version returns the version that the database is at, or why it cannot be told.
func (d *atomicDriver) Version() (version int, dirty bool, err error) {
	err = d.db.QueryRow("select version, dirty from "+versionTable+" limit 1").Scan(&version, &dirty)
	if errors.Is(err, sql.ErrNoRows) {
		return migratedb.NilVersion, false, nil
	}
	return version, dirty, err
}

// SetVersion is called before a migration with dirty true, and after it with false. Run has written the version by then.
func (d *atomicDriver) SetVersion(version int, dirty bool) error {
	if dirty || version == d.version {
		d.version = version
		return nil
	}
	return d.Driver.SetVersion(version, false)
}

// Run applies a migration with its version.
func (d *atomicDriver) Run(migration io.Reader) (err error) {
	text, err := io.ReadAll(migration)
	if err != nil {
		return err
	}
	tx, err := d.db.BeginTx(context.Background(), nil) // golang-migrate has no context here; it stops between migrations
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // what fails here ends with the connection
		}
	}()
	statements := []string{string(text), "delete from " + versionTable}
	if d.version >= 0 { // below is the state before the first migration
		statements = append(statements, fmt.Sprintf("insert into %s (version, dirty) values (%d, false)", versionTable, d.version))
	}
	for _, s := range statements {
		if _, err := tx.Exec(s); err != nil {
			return fmt.Errorf("migration to version %d: %w", d.version, err)
		}
	}
	return tx.Commit()
}
