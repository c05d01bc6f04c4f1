// Package sqlite keeps the profile-service's data in one SQLite file. It implements every port of package store; the main type is Store.
//
// There is one writing connection, so that writers queue instead of meeting SQLITE_BUSY; readers never wait (WAL). A commit is shared by
// many callers (package ingest) and is on disk before it is acknowledged.
package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/aisle-rec/aisle/shared/database"
)

// Store is one open file.
type Store struct {
	db         *database.SQLite
	lock       *os.File    // held until Close
	statements *statements // of db.Reader
	written    *statements // of db.Writer
	seqs       seqs
}

func newStore(db *database.SQLite, lock *os.File) *Store {
	return &Store{
		db: db, lock: lock, seqs: seqs{last: map[string]int64{}},
		statements: &statements{db: db.Reader, byText: map[string]*sql.Stmt{}}, written: &statements{db: db.Writer, byText: map[string]*sql.Stmt{}},
	}
}

// statements keeps statements compiled; compiling takes longer than running a short one. There are as many as there are texts in this package; they
// end with their connections.
type statements struct {
	db     *sql.DB
	mu     sync.RWMutex
	byText map[string]*sql.Stmt
}

// known returns nil for a statement that is not compiled yet.
func (s *statements) known(text string) *sql.Stmt {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byText[text]
}

func (s *statements) of(ctx context.Context, text string) (*sql.Stmt, error) {
	if statement := s.known(text); statement != nil {
		return statement, nil
	}
	if err := s.add(ctx, text); err != nil {
		return nil, err
	}
	return s.known(text), nil
}

// add compiles a statement. The lock is not held meanwhile: who has the connection that this waits for may ask for another statement.
func (s *statements) add(ctx context.Context, text string) error {
	if s.known(text) != nil {
		return nil
	}
	statement, err := s.db.PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byText[text] != nil {
		return statement.Close()
	}
	s.byText[text] = statement
	return nil
}

// Close closes the file and lets others have it.
func (s *Store) Close() error { return errors.Join(s.db.Close(), s.lock.Close()) }

// Ping reports why the file cannot be read now.
func (s *Store) Ping(ctx context.Context) error { return s.db.Reader.PingContext(ctx) }

const (
	eventCounter = "events"
	itemCounter  = "items"
)

const readCounterSQL = "select coalesce((select value from counters where shop = ? and name = ?), 0)"

func (s *Store) counter(ctx context.Context, shop, name string) (int64, error) {
	var value int64
	err := s.eachRow(ctx, readCounterSQL, []any{shop, name}, func(rows *sql.Rows) error { return rows.Scan(&value) })
	if err != nil {
		return 0, fmt.Errorf("read counter %s: %w", name, err)
	}
	return value, nil
}

// list turns texts into the argument of "in (select value from json_each(?))".
func list(texts []string) string {
	data, _ := json.Marshal(texts) // strings always marshal
	return string(data)
}

const inList = " in (select value from json_each(?))"

// null returns nil for "", so that absent texts are stored as SQL nulls.
func null(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// bulkRows is how many rows one statement inserts; SQLite allows 32,766 arguments.
const bulkRows = 50

// bulkInsert runs "prefix values (row), (row) ... suffix" over n rows of width columns; fill appends the arguments of row i. visit, when not
// nil, gets each returned row.
type bulkInsert struct {
	prefix, suffix string
	width          int
}

func (b bulkInsert) run(ctx context.Context, tx *writeTx, n int, fill func(args []any, i int) []any, visit func(*sql.Rows) error) error {
	args := make([]any, 0, b.width*min(n, bulkRows))
	var statement *sql.Stmt
	rows := 0
	for i := 0; i < n; i += rows {
		if size := min(bulkRows, n-i); size != rows {
			if statement != nil {
				statement.Close()
			}
			rows = size
			row := "(" + strings.Repeat("?,", b.width-1) + "?)"
			var err error
			statement, err = tx.PrepareContext(ctx, b.prefix+" values "+strings.Repeat(row+",", rows-1)+row+" "+b.suffix)
			if err != nil {
				return err
			}
		}
		args = args[:0]
		for k := i; k < i+rows; k++ {
			args = fill(args, k)
		}
		if err := execOrVisit(ctx, statement, args, visit); err != nil {
			return errors.Join(err, statement.Close())
		}
	}
	if statement == nil {
		return nil
	}
	return statement.Close()
}

func execOrVisit(ctx context.Context, statement *sql.Stmt, args []any, visit func(*sql.Rows) error) error {
	if visit == nil {
		_, err := statement.ExecContext(ctx, args...)
		return err
	}
	return visitRows(ctx, statement, args, visit)
}

// visitRows calls visit with every row of a statement.
func visitRows(ctx context.Context, statement *sql.Stmt, args []any, visit func(*sql.Rows) error) error {
	rows, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := visit(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
