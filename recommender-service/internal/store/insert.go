package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// table is one that many rows are written to. otherwise follows "on conflict" and says what
// becomes of a row that is there already.
type table struct {
	name      string
	columns   []column
	otherwise string
}

// column is a column that rows are written to; kind is its type in Postgres: text, bigint or double precision, for string, int64 and
// float64.
type column struct{ name, kind string }

// texts, integers and reals are columns of one kind.
func texts(names ...string) []column    { return columns("text", names) }
func integers(names ...string) []column { return columns("bigint", names) }
func reals(names ...string) []column    { return columns("double precision", names) }

func columns(kind string, names []string) []column {
	list := make([]column, len(names))
	for n, name := range names {
		list[n] = column{name, kind}
	}
	return list
}

// sinks take rows, a table each.
type sinks struct{ decisions, hours, items, visitors, clicks, counted, lines *sink }

func newSinks(of func(table) *sink) sinks {
	return sinks{
		decisions: of(table{
			"decisions", slices.Concat(texts("shop", "id"), integers("at_ms"), texts("person", "body")), "(shop, id) do nothing",
		}),
		hours: of(table{"metric_hours", slices.Concat(
			texts("shop"), integers("hour_ms"), texts("scenario", "experiment", "arm", "metric"), reals("value"),
		),
			"(shop, hour_ms, scenario, experiment, arm, metric) do update set value = metric_hours.value + excluded.value"}),
		items: of(table{"metric_items", slices.Concat(
			texts("shop"), integers("day_ms"), texts("scenario", "item_id"), integers("impressions"),
		),
			"(shop, day_ms, scenario, item_id) do update set impressions = metric_items.impressions + excluded.impressions"}),
		visitors: of(table{"experiment_visitors",
			slices.Concat(
				texts("shop", "experiment", "arm", "visitor"), integers("first_ms", "impressions", "clicks", "orders"), reals("revenue"),
			),
			`(shop, experiment, arm, visitor) do update set impressions = experiment_visitors.impressions + excluded.impressions,
			clicks = experiment_visitors.clicks + excluded.clicks, orders = experiment_visitors.orders + excluded.orders,
			revenue = experiment_visitors.revenue + excluded.revenue`}),
		clicks: of(table{"clicks", slices.Concat(texts("shop", "visitor", "item_id", "recommendation_id"), integers("at_ms")),
			`(shop, visitor, item_id) do update set recommendation_id = excluded.recommendation_id, at_ms = excluded.at_ms
			where clicks.at_ms <= excluded.at_ms`}),
		counted: of(table{
			"counted", slices.Concat(texts("shop", "scope", "visitor", "kind", "item_id"), integers("at_ms")),
			"(shop, scope, visitor, kind, item_id) do nothing",
		}),
		lines: of(table{"attributed_lines",
			slices.Concat(
				texts("shop", "order_id", "item_id", "visitor", "recommendation_id", "currency"), reals("quantity", "revenue"),
				integers("at_ms"),
			),
			`(shop, order_id, item_id, visitor) do update set quantity = attributed_lines.quantity + excluded.quantity,
			revenue = attributed_lines.revenue + excluded.revenue`}),
	}
}

// sink writes rows to a table with a statement whose text never changes, so that it is parsed once.
type sink struct {
	table
	one  *sql.Stmt // SQLite: inserts one row, since a statement costs little there
	many string    // Postgres: inserts rows given as one array a column, all in one way to the server; "" for one
}

// preparedSinks are those of SQLite.
func preparedSinks(ctx context.Context, writer *sql.DB) (s sinks, err error) {
	s = newSinks(func(t table) *sink {
		k := &sink{table: t}
		if err == nil {
			k.one, err = writer.PrepareContext(
				ctx, k.into()+"values (?"+strings.Repeat(", ?", len(k.columns)-1)+") on conflict "+k.otherwise,
			)
		}
		return k
	})
	if err != nil {
		return s, fmt.Errorf("prepare to write: %w", err)
	}
	return s, nil
}

// arraySinks are those of Postgres. The rows are inserted in their order: two writers that differ in it would wait for each other.
func arraySinks() sinks {
	return newSinks(func(t table) *sink {
		k, arguments := &sink{table: t}, make([]string, len(t.columns))
		for n, c := range t.columns {
			arguments[n] = "$" + strconv.Itoa(n+1) + "::" + c.kind + "[]"
		}
		k.many = k.into() + "select * from unnest(" + strings.Join(arguments, ", ") + ") on conflict " + k.otherwise
		return k
	})
}

// into is the beginning of the statement, up to the values.
func (k *sink) into() string {
	names := make([]string, len(k.columns))
	for n, c := range k.columns {
		names[n] = c.name
	}
	return "insert into " + k.name + " (" + strings.Join(names, ", ") + ") "
}

// rowsAtOnce bounds what one statement inserts in Postgres: beyond it the way to the server no longer counts, but memory does.
const rowsAtOnce = 1000

// insert adds rows, each with a value for every column, in their order. No two may have the same key.
func (t *tx) insert(ctx context.Context, to *sink, rows [][]any) error {
	if to.many != "" {
		for chunk := range slices.Chunk(rows, rowsAtOnce) {
			if _, err := t.ExecContext(ctx, to.many, arrays(to.columns, chunk)...); err != nil {
				return err
			}
		}
		return nil
	}
	if len(rows) == 0 {
		return nil
	}
	statement := t.StmtContext(ctx, to.one)
	unwatched := context.WithoutCancel(ctx) // to watch a context during a statement costs as much as the row
	for _, row := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := statement.ExecContext(unwatched, row...); err != nil {
			return err
		}
	}
	return nil
}

// arrays turns rows into one array a column.
func arrays(columns []column, rows [][]any) []any {
	out := make([]any, len(columns))
	for c := range columns {
		switch columns[c].kind {
		case "text":
			out[c] = array[string](rows, c)
		case "bigint":
			out[c] = array[int64](rows, c)
		default:
			out[c] = array[float64](rows, c)
		}
	}
	return out
}

// array is column c of the rows. A value of another type than the column's is a mistake of the
// caller and panics.
func array[T any](rows [][]any, c int) []T {
	list := make([]T, len(rows))
	for n, row := range rows {
		list[n] = row[c].(T)
	}
	return list
}
