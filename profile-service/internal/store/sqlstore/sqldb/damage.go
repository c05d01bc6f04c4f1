package sqldb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
)

// checkLimit bounds how long Check looks at the file, and then at one table: a reader that goes on for ever keeps SQLite's log from
// being emptied.
const checkLimit = 5 * time.Minute

// damage remembers the first sign that the database is damaged. The zero value is sound. Only
// the first is kept: what comes after is mostly its consequence.
type damage struct {
	mu    sync.Mutex
	first error
}

// note remembers an error that tells of damage, and returns every error as it is.
func (d *damage) note(err error) error {
	if err != nil && database.FaultOf(err) == database.Damaged {
		d.found(err)
	}
	return err
}

// found remembers an error that tells of damage, unless one is remembered.
func (d *damage) found(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.first == nil {
		d.first = err
	}
}

// clear forgets, so that what a later reading meets is told anew.
func (d *damage) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.first = nil
}

// Sound implements store.Maintenance.
func (db *DB) Sound() error {
	db.damage.mu.Lock()
	defer db.damage.mu.Unlock()
	if db.damage.first == nil {
		return nil
	}
	return fmt.Errorf("what is read is not what was written: stop the service and restore the database from a backup (%w)", db.damage.first)
}

// errUnsound is what SQLite's look through a file tells of damage, which is no error of its driver.
var errUnsound = errors.New("damaged")

// Check implements store.Maintenance: it has SQLite look at the whole file, and, when that
// finds something or takes too long, at one table with its indexes after another. What was met
// stays told: a look does not see all that a write meets, and a file is restored while no
// process has it. A look at the whole file that only took too long is an error of Check and no
// damage. Postgres keeps checksums by itself, and what they find is noted when it is read and
// told until the next Check.
func (db *DB) Check(ctx context.Context) error {
	if db.IsPostgres {
		db.damage.clear() // who restores it need not restart this service
		return nil
	}
	whole := db.quickCheck(ctx, "pragma quick_check(1)")
	if whole == nil || ctx.Err() != nil {
		return whole
	}
	tables, err := Collect(ctx, db, "list tables",
		"select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name", nil, ScanText)
	if err != nil {
		return err
	}
	var problems []error
	for _, table := range tables {
		err := db.quickCheck(ctx, `pragma quick_check("`+table+`")`)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("table %s: %w", table, err))
		}
	}
	problems = append(problems, fmt.Errorf("the whole file: %w", whole))
	for _, err := range problems { // first what names a table
		if errors.Is(err, errUnsound) {
			db.damage.found(err)
		}
		_ = db.damage.note(err)
	}
	return errors.Join(problems...)
}

// quickCheck returns the first damage that a pragma finds. An error that is context.DeadlineExceeded says that it has found none in its
// time.
func (db *DB) quickCheck(ctx context.Context, pragma string) error {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	var first string
	if err := db.Read.QueryRowContext(ctx, pragma).Scan(&first); err != nil {
		if ctx.Err() != nil { // an interrupted statement says nothing of the file
			return fmt.Errorf("not looked through within %s: %w", checkLimit, ctx.Err())
		}
		return err
	}
	if first == "ok" {
		return nil
	}
	return fmt.Errorf("%w: %s", errUnsound, strings.Join(strings.Fields(first), " "))
}
