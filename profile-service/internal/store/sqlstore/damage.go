package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aisle-rec/aisle/shared/database"
)

// checkLimit bounds how long Check looks at one table: a reader that goes on for ever keeps SQLite's log from being emptied.
const checkLimit = 5 * time.Minute

// damage remembers the first sign that the database is damaged. The zero value is sound.
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

func (d *damage) found(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.first == nil {
		d.first = err
	}
}

func (d *damage) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.first = nil
}

// Sound implements store.Upkeep.
func (s *Store) Sound() error {
	s.damage.mu.Lock()
	defer s.damage.mu.Unlock()
	if s.damage.first == nil {
		return nil
	}
	return fmt.Errorf("what is read is not what was written: stop the service and restore the database from a backup (%w)", s.damage.first)
}

// Check implements store.Upkeep: it has SQLite look at every page of every table and index, table by table. Postgres keeps checksums by itself, and what they
// find is noted when it is read and told for a day.
func (s *Store) Check(ctx context.Context) error {
	if s.isPostgres {
		s.damage.clear() // who restores it need not restart this service
		return nil
	}
	tables, err := collect(ctx, s, "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name", nil, scanText)
	if err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	var late, damaged []error
	for _, table := range tables {
		err := s.checkTable(ctx, table)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			late = append(late, fmt.Errorf("table %s is not looked through within %s", table, checkLimit))
		case err != nil:
			err = fmt.Errorf("table %s: %w", table, err)
			s.damage.found(err)
			damaged = append(damaged, err)
		}
	}
	if len(late)+len(damaged) == 0 {
		s.damage.clear()
	}
	return errors.Join(append(damaged, late...)...)
}

func (s *Store) checkTable(ctx context.Context, table string) error {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	var first string
	if err := s.read.QueryRowContext(ctx, `pragma quick_check("`+table+`")`).Scan(&first); err != nil {
		return cmp.Or(ctx.Err(), err) // an interrupted statement says nothing of the table
	}
	if first != "ok" {
		return errors.New(first)
	}
	return nil
}
