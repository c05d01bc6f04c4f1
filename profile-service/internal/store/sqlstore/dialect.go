package sqlstore

import (
	"encoding/json"
	"strconv"
	"strings"
)

// dialect is what Postgres and SQLite do not have in common. Both know $1, ON CONFLICT and RETURNING.
// The helpers here and in rows.go give both one statement each for any number of rows: Postgres
// by arrays that are unnested, SQLite by lists of VALUES or as JSON.
type dialect struct {
	isPostgres bool
	begin      string // SQLite's takes the lock of writers at once: a transaction that only asks for it when it first writes may be refused
}

var (
	postgres = dialect{isPostgres: true, begin: "begin"}
	sqlite   = dialect{begin: "begin immediate"}
)

// in is the condition that a column has one of the values of a list, which is the n-th
// argument; kind is the type of the column in Postgres. An empty list selects nothing, and the
// text does not depend on the length, so that the statement stays compiled.
func (d dialect) in(column string, n int, kind string) string {
	if d.isPostgres {
		return column + " = any($" + strconv.Itoa(n) + "::" + kind + "[])"
	}
	return column + " in (select value from json_each($" + strconv.Itoa(n) + "))"
}

// list is a list as the argument of in.
func list[T int64 | string](d dialect, values []T) any {
	if d.isPostgres {
		return values
	}
	data, _ := json.Marshal(values) // numbers and strings always marshal
	return string(data)
}

// keyed is a statement that looks up one row of a table for each row of keys, by an index:
// Postgres would else read the whole table when it takes it for small. %K stands for the keys,
// named k, and their columns. alias names the table in the columns and in the condition, rest
// is what follows, such as further joins. Keys without a row are left out.
func (d dialect) keyed(columns, table, alias, condition, rest string) string {
	if d.isPostgres {
		row := "(select * from " + table + " " + alias + " where " + condition + " limit 1) "
		return "select " + columns + " from %K cross join lateral " + row + alias + " " + rest
	}
	return "select " + columns + " from %K cross join " + table + " " + alias + " on " + condition + " " + rest
}

// column is one of a number of rows that are written or looked up together: exactly one of the lists is set.
type column struct {
	name  string
	ints  []int64
	texts []string // exactly one of the four is not empty
	blobs [][]byte
	reals []*float64
	null  bool   // zeros are null
	value string // how Postgres makes the value of a column of another type of it
}

// newColumns returns columns without rows.
func newColumns(names ...string) []column {
	columns := make([]column, len(names))
	for i, name := range names {
		columns[i].name = name
	}
	return columns
}

// add adds a row. The values are of the types below and in the order of the columns; one of
// another type would be left out.
func add(columns []column, values ...any) {
	for i := range columns {
		switch v := values[i].(type) {
		case int64:
			columns[i].ints = append(columns[i].ints, v)
		case string:
			columns[i].texts = append(columns[i].texts, v)
		case []byte:
			columns[i].blobs = append(columns[i].blobs, v)
		case *float64:
			columns[i].reals = append(columns[i].reals, v)
		}
	}
}

// len is the number of rows.
func (c *column) len() int { return max(len(c.ints), len(c.texts), len(c.blobs), len(c.reals)) }

// kind is the type of the column in Postgres.
func (c *column) kind() string {
	switch {
	case c.texts != nil:
		return "text"
	case c.blobs != nil:
		return "bytea"
	case c.reals != nil:
		return "double precision"
	}
	return "bigint"
}

// array is the column as one argument for Postgres.
func (c *column) array() any {
	switch {
	case c.texts != nil:
		return c.texts
	case c.blobs != nil:
		return c.blobs
	case c.reals != nil:
		return c.reals
	}
	return c.ints
}

// at is one argument for SQLite: the value of row i.
func (c *column) at(i int) any {
	switch {
	case c.texts != nil:
		return c.texts[i]
	case c.blobs != nil:
		return c.blobs[i]
	case c.reals != nil:
		return c.reals[i]
	case c.null && c.ints[i] == 0:
		return nil
	}
	return c.ints[i]
}

// unnested is columns as rows named k, as Postgres reads them: "unnest($1::bigint[],
// $2::text[]) as k(visitor, order_id)".
func unnested(columns []column) string {
	names, args := make([]string, len(columns)), make([]string, len(columns))
	for i := range columns {
		names[i], args[i] = columns[i].name, "$"+strconv.Itoa(i+1)+"::"+columns[i].kind()+"[]"
	}
	return "unnest(" + strings.Join(args, ", ") + ") as k(" + strings.Join(names, ", ") + ")"
}

// placeholders is n rows of ?, as SQLite reads them.
func placeholders(rows, width int) string {
	row := "(" + strings.Repeat("?,", width-1) + "?)"
	return strings.Repeat(row+",", rows-1) + row
}

// valued is n rows of arguments as rows named k, as SQLite reads them.
func valued(columns []column, rows int) string {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = "column" + strconv.Itoa(i+1) + " as " + columns[i].name
	}
	return "(select " + strings.Join(names, ", ") + " from (values " + placeholders(rows, len(columns)) + ")) as k"
}
