package sqldb

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Dialect is what Postgres and SQLite do not have in common. Both know $1, ON CONFLICT and RETURNING.
// The helpers here and in rows.go give both one statement each for any number of rows: Postgres
// by arrays that are unnested, SQLite by lists of VALUES or as JSON.
type Dialect struct {
	IsPostgres bool
	begin      string // SQLite's takes the lock of writers at once: a transaction that only asks for it when it first writes may be refused
}

var (
	postgres = Dialect{IsPostgres: true, begin: "begin"}
	sqlite   = Dialect{begin: "begin immediate"}
)

// In is the condition that a column has one of the values of a list, which is the n-th
// argument; kind is the type of the column in Postgres. An empty list selects nothing, and the
// text does not depend on the length, so that the statement stays compiled.
func (d Dialect) In(column string, n int, kind string) string {
	if d.IsPostgres {
		return column + " = any($" + strconv.Itoa(n) + "::" + kind + "[])"
	}
	return column + " in (select value from json_each($" + strconv.Itoa(n) + "))"
}

// List is a list as the argument of in.
func List[T int64 | string](d Dialect, values []T) any {
	if d.IsPostgres {
		return values
	}
	data, _ := json.Marshal(values) // numbers and strings always marshal
	return string(data)
}

// Keyed is a statement that looks up one row of a table for each row of keys, by an index:
// Postgres would else read the whole table when it takes it for small. %K stands for the keys,
// named k, and their columns. alias names the table in the columns and in the condition, rest
// is what follows, such as further joins. Keys without a row are left out.
func (d Dialect) Keyed(columns, table, alias, condition, rest string) string {
	if d.IsPostgres {
		row := "(select * from " + table + " " + alias + " where " + condition + " limit 1) "
		return "select " + columns + " from %K cross join lateral " + row + alias + " " + rest
	}
	return "select " + columns + " from %K cross join " + table + " " + alias + " on " + condition + " " + rest
}

// Column is one of a number of rows that are written or looked up together: exactly one of the lists is not empty.
type Column struct {
	Name  string
	Ints  []int64
	Texts []string
	Blobs [][]byte
	reals []*float64
	Size  int    // of a number, in bytes, as CopyRows needs it: 2, 4, or 0 for 8
	Null  bool   // zeros are null
	Value string // how Postgres makes the value of a column of another type of it
}

// NewColumns returns columns without rows.
func NewColumns(names ...string) []Column {
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i].Name = name
	}
	return columns
}

// Add adds a row. The values are of the types below and in the order of the columns; one of
// another type would be left out.
func Add(columns []Column, values ...any) {
	for i := range columns {
		switch v := values[i].(type) {
		case int64:
			columns[i].Ints = append(columns[i].Ints, v)
		case string:
			columns[i].Texts = append(columns[i].Texts, v)
		case []byte:
			columns[i].Blobs = append(columns[i].Blobs, v)
		case *float64:
			columns[i].reals = append(columns[i].reals, v)
		}
	}
}

// Len is the number of rows.
func (c *Column) Len() int { return max(len(c.Ints), len(c.Texts), len(c.Blobs), len(c.reals)) }

// kind is the type of the column in Postgres.
func (c *Column) kind() string {
	switch {
	case c.Texts != nil:
		return "text"
	case c.Blobs != nil:
		return "bytea"
	case c.reals != nil:
		return "double precision"
	}
	return "bigint"
}

// array is the column as one argument for Postgres.
func (c *Column) array() any {
	switch {
	case c.Texts != nil:
		return c.Texts
	case c.Blobs != nil:
		return c.Blobs
	case c.reals != nil:
		return c.reals
	}
	return c.Ints
}

// at is one argument for SQLite: the value of row i.
func (c *Column) at(i int) any {
	switch {
	case c.Texts != nil:
		return c.Texts[i]
	case c.Blobs != nil:
		return c.Blobs[i]
	case c.reals != nil:
		return c.reals[i]
	case c.Null && c.Ints[i] == 0:
		return nil
	}
	return c.Ints[i]
}

// unnested is columns as rows named k, as Postgres reads them: "unnest($1::bigint[],
// $2::text[]) as k(visitor, order_id)".
func unnested(columns []Column) string {
	names, args := make([]string, len(columns)), make([]string, len(columns))
	for i := range columns {
		names[i], args[i] = columns[i].Name, "$"+strconv.Itoa(i+1)+"::"+columns[i].kind()+"[]"
	}
	return "unnest(" + strings.Join(args, ", ") + ") as k(" + strings.Join(names, ", ") + ")"
}

// placeholders is n rows of ?, as SQLite reads them.
func placeholders(rows, width int) string {
	row := "(" + strings.Repeat("?,", width-1) + "?)"
	return strings.Repeat(row+",", rows-1) + row
}

// valued is n rows of arguments as rows named k, as SQLite reads them.
func valued(columns []Column, rows int) string {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = "column" + strconv.Itoa(i+1) + " as " + columns[i].Name
	}
	return "(select " + strings.Join(names, ", ") + " from (values " + placeholders(rows, len(columns)) + ")) as k"
}

// Where is a condition that is built piece by piece; ? in a piece stands for its argument.
type Where struct {
	strings.Builder
	Args []any
}

// And adds a piece to the condition. Its arguments get the next numbers, in their order.
func (w *Where) And(piece string, args ...any) {
	if w.Len() > 0 {
		w.WriteString(" and ")
	}
	for _, arg := range args {
		w.Args = append(w.Args, arg)
		piece = strings.Replace(piece, "?", "$"+strconv.Itoa(len(w.Args)), 1)
	}
	w.WriteString(piece)
}

// In adds that a column has one of some values.
func In[T int64 | string](d Dialect, w *Where, column string, values []T, kind string) {
	w.Args = append(w.Args, List(d, values))
	w.And(d.In(column, len(w.Args), kind))
}
