package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/aisle-rec/aisle/shared/database"
)

// Querier reads rows: the store outside of transactions, or a transaction. scan is called with
// the result set standing on a row and may not run another statement of the same Querier:
// within a transaction there is only the one connection.
type Querier interface {
	Each(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error
}

// Each calls scan with every row of a statement that is compiled once per connection. It
// implements Querier outside of transactions; each call is a view of its own. An error that
// tells of damage is noted for Sound.
func (db *DB) Each(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	if db.IsPostgres {
		rows, err := db.Read.QueryContext(ctx, text, args...)
		return db.damage.note(Visit(rows, err, scan))
	}
	statement, err := db.readers.of(ctx, text)
	if err != nil {
		return db.damage.note(err)
	}
	rows, err := statement.QueryContext(context.WithoutCancel(ctx), args...) // else two goroutines watch for the end of ctx
	return db.damage.note(Visit(rows, err, scan))
}

// Visit calls scan with each row and closes the rows, whatever comes of it. err is that of the
// query.
func Visit(rows *sql.Rows, err error, scan func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := scan(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// readers keeps statements of the reading connections compiled. There are as many as there are texts in this package; they end with their
// connections.
type readers struct {
	db     *sql.DB
	mu     sync.RWMutex
	byText map[string]*sql.Stmt
}

// of returns a compiled statement, compiling it without the lock: who loses the race to another
// closes his own.
func (r *readers) of(ctx context.Context, text string) (*sql.Stmt, error) {
	r.mu.RLock()
	statement := r.byText[text]
	r.mu.RUnlock()
	if statement != nil {
		return statement, nil
	}
	statement, err := r.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if have := r.byText[text]; have != nil {
		return have, statement.Close()
	}
	if r.byText == nil {
		r.byText = map[string]*sql.Stmt{}
	}
	r.byText[text] = statement
	return statement, nil
}

// Collect reads every row of a statement while the caller waits, at most for ReadLimit; what names it in errors. It may go on in another
// goroutine when the caller has left: scan may touch only the value that it fills.
func Collect[T any](ctx context.Context, db *DB, what, text string, args []any, scan func(*sql.Rows, *T) error) ([]T, error) {
	list, err := database.Detached(ctx, ReadLimit, func(ctx context.Context) ([]T, error) { return All(ctx, db, text, args, scan) })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return list, nil
}

// All reads every row of a statement; no row gives nil.
func All[T any](ctx context.Context, q Querier, text string, args []any, scan func(*sql.Rows, *T) error) ([]T, error) {
	var list []T
	err := q.Each(ctx, text, args, func(r *sql.Rows) error {
		var v T
		err := scan(r, &v)
		list = append(list, v)
		return err
	})
	return list, err
}

// ScanText reads a row of one text.
func ScanText(r *sql.Rows, text *string) error { return r.Scan(text) }

// ScanInt reads a row of one number.
func ScanInt(r *sql.Rows, n *int64) error { return r.Scan(n) }

// One reads a number: that of the last row, and 0 when there is no row.
func One(ctx context.Context, q Querier, text string, args ...any) (int64, error) {
	var n int64
	err := q.Each(ctx, text, args, func(r *sql.Rows) error { return r.Scan(&n) })
	return n, err
}
