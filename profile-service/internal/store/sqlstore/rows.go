package sqlstore

import (
	"context"
	"database/sql"
	"strings"
)

// bulkRows is how many rows one statement of SQLite writes or looks up; it allows 32,766 arguments, and compiling takes longer the more
// there are.
const bulkRows = 100

// chunks calls f for the rows of columns, as many at once as a statement takes: all for
// Postgres, bulkRows for SQLite. text makes the rows a table for the FROM of a statement, and
// args are its arguments, which f may keep only for the call. Without rows f is not called.
func (t *tx) chunks(columns []column, f func(text func(columns []column, rows int) string, args []any) error) error {
	n := columns[0].len()
	if n == 0 {
		return nil
	}
	if t.s.isPostgres {
		return f(func(columns []column, _ int) string { return unnested(columns) }, arrays(columns))
	}
	args := make([]any, 0, len(columns)*min(n, bulkRows))
	for from := 0; from < n; from += bulkRows {
		to := min(n, from+bulkRows)
		args = args[:0]
		for i := from; i < to; i++ {
			for c := range columns {
				args = append(args, columns[c].at(i))
			}
		}
		if err := f(func(columns []column, _ int) string { return valued(columns, to-from) }, args); err != nil {
			return err
		}
	}
	return nil
}

// arrays are columns as arguments for Postgres.
func arrays(columns []column) []any {
	args := make([]any, len(columns))
	for i := range columns {
		args[i] = columns[i].array()
	}
	return args
}

// lookUpAll is lookUp as a statement for Postgres.
func lookUpAll(statement string, keys []column) (text string, args []any) {
	return strings.Replace(statement, "%K", unnested(keys), 1), arrays(keys)
}

// lookUp runs a statement of dialect.keyed for rows of keys. scan gets rows in no order, and
// the keys may come in any. Several statements are run for SQLite.
func (t *tx) lookUp(ctx context.Context, statement string, keys []column, scan func(*sql.Rows) error) error {
	return t.chunks(keys, func(text func([]column, int) string, args []any) error {
		return t.each(ctx, strings.Replace(statement, "%K", text(keys, 0), 1), args, scan)
	})
}

// insert writes rows into a table; suffix is ON CONFLICT or RETURNING, and visit gets what is
// returned. A nil visit lets Postgres have the statement later. Two rows with the same key make
// Postgres refuse an ON CONFLICT DO UPDATE.
func (t *tx) insert(ctx context.Context, table string, columns []column, suffix string, visit func(*sql.Rows) error) error {
	names, values := make([]string, len(columns)), make([]string, len(columns))
	for i := range columns {
		names[i], values[i] = columns[i].name, columns[i].name
		if columns[i].null {
			values[i] = "nullif(" + columns[i].name + ", 0)"
		} else if columns[i].value != "" {
			values[i] = columns[i].value
		}
	}
	head := "insert into " + table + " (" + strings.Join(names, ", ") + ") "
	return t.chunks(columns, func(text func([]column, int) string, args []any) error {
		source := "values " + placeholders(len(args)/len(columns), len(columns))
		if t.s.isPostgres {
			source = "select " + strings.Join(values, ", ") + " from " + text(columns, 0)
		}
		return t.eachOrExec(ctx, head+source+" "+suffix, args, visit)
	})
}

// eachOrExec runs a statement whose rows, where visit is nil, nobody waits for.
func (t *tx) eachOrExec(ctx context.Context, text string, args []any, visit func(*sql.Rows) error) error {
	if visit != nil {
		return t.each(ctx, text, args, visit)
	}
	return t.later(ctx, text, args...)
}
