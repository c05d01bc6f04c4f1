package sqldb

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// bulkRows is how many rows one statement of SQLite writes or looks up; it allows 32,766 arguments, and compiling takes longer the more
// there are.
const bulkRows = 100

// chunks calls f for the rows of columns, as many at once as a statement takes: all for
// Postgres, bulkRows for SQLite. text makes the rows a table for the FROM of a statement, and
// args are its arguments, which f may keep only for the call. Without rows f is not called.
func (t *Tx) chunks(columns []Column, f func(text func(columns []Column, rows int) string, args []any) error) error {
	n := columns[0].Len()
	if n == 0 {
		return nil
	}
	if t.IsPostgres {
		return f(func(columns []Column, _ int) string { return unnested(columns) }, arrays(columns))
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
		if err := f(func(columns []Column, _ int) string { return valued(columns, to-from) }, args); err != nil {
			return err
		}
	}
	return nil
}

// arrays are columns as arguments for Postgres.
func arrays(columns []Column) []any {
	args := make([]any, len(columns))
	for i := range columns {
		args[i] = columns[i].array()
	}
	return args
}

// LookUpAll is LookUp as a statement for Postgres.
func LookUpAll(statement string, keys []Column) (text string, args []any) {
	return strings.Replace(statement, "%K", unnested(keys), 1), arrays(keys)
}

// LookUp runs a statement of Keyed for rows of keys. scan gets rows in no order, and
// the keys may come in any. Several statements are run for SQLite.
func (t *Tx) LookUp(ctx context.Context, statement string, keys []Column, scan func(*sql.Rows) error) error {
	return t.chunks(keys, func(text func([]Column, int) string, args []any) error {
		return t.Each(ctx, strings.Replace(statement, "%K", text(keys, 0), 1), args, scan)
	})
}

// Insert writes rows into a table; suffix is ON CONFLICT or RETURNING, and visit gets what is
// returned. A nil visit lets Postgres have the statement later. Two rows with the same key make
// Postgres refuse an ON CONFLICT DO UPDATE.
func (t *Tx) Insert(ctx context.Context, table string, columns []Column, suffix string, visit func(*sql.Rows) error) error {
	names, values := make([]string, len(columns)), make([]string, len(columns))
	for i := range columns {
		names[i], values[i] = columns[i].Name, columns[i].Name
		if columns[i].Null {
			values[i] = "nullif(" + columns[i].Name + ", 0)"
		} else if columns[i].Value != "" {
			values[i] = columns[i].Value
		}
	}
	head := "insert into " + table + " (" + strings.Join(names, ", ") + ") "
	return t.chunks(columns, func(text func([]Column, int) string, args []any) error {
		source := "values " + placeholders(len(args)/len(columns), len(columns))
		if t.IsPostgres {
			source = "select " + strings.Join(values, ", ") + " from " + text(columns, 0)
		}
		return t.eachOrExec(ctx, head+source+" "+suffix, args, visit)
	})
}

// eachOrExec runs a statement whose rows, where visit is nil, nobody waits for.
func (t *Tx) eachOrExec(ctx context.Context, text string, args []any, visit func(*sql.Rows) error) error {
	if visit != nil {
		return t.Each(ctx, text, args, visit)
	}
	return t.Later(ctx, text, args...)
}

// RemoveAtOnce is how many rows one transaction of RemoveBounded deletes: some ten milliseconds, the longest that an append waits for it.
const RemoveAtOnce = 2000

// RemoveBounded deletes the rows of a table that a condition selects, in bounded transactions, between which others have the only writing
// connection of SQLite. key is the columns of the table's key. It ends with the first that finds less than RemoveAtOnce.
func (db *DB) RemoveBounded(ctx context.Context, table, key, condition string, args ...any) error {
	text := fmt.Sprintf(
		"delete from %s where (%s) in (select %s from %s where %s limit %d)", table, key, key, table, condition, RemoveAtOnce,
	)
	for removed := int64(RemoveAtOnce); removed == RemoveAtOnce; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := db.InTx(ctx, func(ctx context.Context, t *Tx) (err error) {
			t.Committed = OfNobody
			removed, err = t.Exec(ctx, text, args...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// CopyRows stores rows in a table of Postgres by the binary form of COPY. pgx's own CopyFrom asks the server for the column types each time
// and boxes every value, which for a few plain types costs as much as storing the rows. Columns are of numbers or of bytes, the last of
// bytes. A field is its length in bytes as int32 and then the bytes, big-endian; the length of null is −1. COPY has no ON CONFLICT:
// rows that are there have to be out.
func (t *Tx) CopyRows(ctx context.Context, table string, columns []Column) error {
	names := make([]string, len(columns))
	for c := range columns {
		names[c] = columns[c].Name
	}
	bodies := columns[len(columns)-1].Blobs
	b := append(make([]byte, 0, 160*len(bodies)), "PGCOPY\n\xff\r\n\x00"...)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // no flags, no extension
	for i := range bodies {
		b = binary.BigEndian.AppendUint16(b, uint16(len(columns)))
		for c := range columns[:len(columns)-1] {
			v := columns[c].Ints[i]
			switch {
			case columns[c].Null && v == 0:
				b = binary.BigEndian.AppendUint32(b, 0xffffffff)
			case columns[c].Size == 4:
				b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, 4), uint32(v))
			case columns[c].Size == 2:
				b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(b, 2), uint16(v))
			default:
				b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, 8), uint64(v))
			}
		}
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(bodies[i]))), bodies[i]...)
	}
	b = append(b, 0xff, 0xff) // the trailer: a row of −1 columns
	return t.pgx(func(conn *pgx.Conn) error {
		_, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(b),
			"copy "+table+" ("+strings.Join(names, ", ")+") from stdin binary")
		return err
	})
}
