package imports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/table"
)

// sampleRows is how many rows judge the columns before the first is stored: how numbers and
// dates are written must be known for the first row, and "1.234" or "03/04/2026" says it only
// beside others.
const sampleRows = 1000

// row is one object of the import's kind, as JSON.
type row struct {
	line     int64             // of the file, from 1
	object   []byte            // nil for a row that could not be read at all
	columns  map[string]string // JSON pointer to column, for the error report
	bad      *rowError         // set when the row could not be read
	warnings []warning
}

// rowError is what is wrong with a row that could not be read: a code such as "invalid_value",
// a sentence for the sender and the value as it stands in the file.
type rowError struct{ column, code, message, sample string }

// warning is what was not all understood of a row that is stored; example is the value, detail
// the sentence about it.
type warning struct{ code, column, example, detail string }

// source yields the rows of a file in order and io.EOF at the end. Another error ends the import.
type source interface {
	next() (row, error)
}

// reading is a file that is being read as rows.
type reading struct {
	table  *table.Reader
	plan   *table.Plan // nil when rows are stored as they are
	source source      // nil where the file could not be opened
	layout layout
}

// cancelReader ends with its context, so that the reading of a long file stops between two
// blocks of it.
type cancelReader struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (c cancelReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// open finds out what a spooled file is: container, separator, encoding, layout, and what its
// columns mean. An error can be told to its sender. The caller calls close in any case. A file
// of WooCommerce is read twice, since a product may stand before its variations.
func open(ctx context.Context, spec profileapi.ImportSpec, file io.ReadSeeker, now time.Time) (*reading, error) {
	r, err := openOnce(ctx, spec, file, now)
	if err != nil || r.layout != wooLayout {
		return r, err
	}
	families, err := readFamilies(r) // of which the first rows of the second reading need to know
	if err != nil {
		return r, err
	}
	r.close()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return r, fmt.Errorf("rewind the spool file: %w", err)
	}
	learned := r.plan
	if r, err = openOnce(ctx, spec, file, now); err == nil {
		r.source.(*woo).families = families // it was chosen so
		r.plan.Share(learned)
	}
	return r, err
}

// openOnce reads the beginning of a file and chooses the source of its rows. NDJSON of events
// that the caller wants nothing changed of is passed on as it is, without a plan.
func openOnce(ctx context.Context, spec profileapi.ImportSpec, file io.Reader, now time.Time) (*reading, error) {
	kind := table.Kind(spec.Kind)
	reader, err := table.Open(cancelReader{ctx, file}, table.Options{
		Format: container(spec.Format), Separator: spec.Separator, Encoding: spec.Encoding, Known: table.Known(kind),
		Flatten: kind != table.Events || shaped(spec),
	})
	r := &reading{table: reader}
	if err != nil {
		return r, err
	}
	if reader.Format == table.NDJSON && kind == table.Events && !shaped(spec) {
		r.source = objects{reader}
		return r, nil
	}
	sample := reader.Sample(sampleRows)
	r.layout = layoutOf(spec, reader, sample)
	r.plan, err = table.NewPlan(kind, reader.Columns, table.PlanOptions{
		Mapping: spec.Mapping, Ignore: spec.Ignore, Set: canonicalSet(kind, spec.Set), MapValues: spec.MapValues, Decimal: spec.Decimal,
		DateFormat: spec.DateFormat, Timezone: spec.Timezone,
		JSON: reader.Format == table.NDJSON,
	})
	if err != nil {
		return r, err
	}
	r.plan.Learn(sample)
	return r, r.choose(spec, now)
}

// choose picks the source for the layout, and refuses a file whose rows would all be refused.
func (r *reading) choose(spec profileapi.ImportSpec, now time.Time) error {
	b := newBuilder(r, spec, now)
	switch r.layout {
	case shopifyLayout:
		r.source = newShopify(r, b)
		return r.needColumns("Handle", "Title")
	case shopifyOrdersLayout:
		r.source = newShopifyOrders(r, b)
		return r.needColumns("Name", "Lineitem quantity")
	case wooLayout:
		s := newWoo(r, b)
		if r.source = s; s.kind < 0 {
			return errors.New(
				"the file is no product export of WooCommerce: no column holds types such as simple and variable. Use the format auto",
			)
		}
	default:
		if err := r.needFields(spec); err != nil {
			return err
		}
		if spec.Kind == "events" && !r.plan.Fills("occurred_at") {
			r.table.Notes = append(r.table.Notes, "No column of times: the events count as done now. "+
				"If there is one, name it with --map COLUMN=occurred_at (mapping in the API).")
		}
		r.source = &plain{r, b}
	}
	return nil
}

// needColumns reports a column that a layout cannot do without.
func (r *reading) needColumns(names ...string) error {
	for _, name := range names {
		if !slices.ContainsFunc(r.table.Columns, func(c string) bool { return strings.EqualFold(c, name) }) {
			return fmt.Errorf("the file has no column %q as this export of Shopify has; its columns are %s. Use the format auto",
				name, strings.Join(r.table.Columns, ", "))
		}
	}
	return nil
}

// needFields reports the fields that no column fills and that no row of the kind can do
// without. The message says which option mends it.
func (r *reading) needFields(spec profileapi.ImportSpec) error {
	missing := func(field string) bool { return !r.plan.Fills(field) && spec.Set[field] == "" }
	columns := "; the columns are " + strings.Join(r.table.Columns, ", ")
	for _, field := range slices.Sorted(maps.Keys(spec.Set)) {
		if name, ok := columnIn(spec.Set[field]); ok && spec.Kind == "events" && !slices.Contains(r.table.Columns, name) {
			return fmt.Errorf("set takes %s from the column %q, which is not in the file%s", field, name, columns)
		}
	}
	switch {
	case spec.Kind == "items" && missing("item_id"):
		return errors.New("the file has no column for item_id: pass --map COLUMN=item_id (mapping in the API)" + columns)
	case spec.Kind == "users" && missing("user_id"):
		return errors.New("the file has no column for user_id: pass --map COLUMN=user_id (mapping in the API)" + columns)
	case spec.Kind != "events":
	case missing("type"):
		return errors.New("the file has no column for type: say what its rows are with --set type=purchase, or view_item, …, " +
			"or name the column with --map COLUMN=type (set and mapping in the API)" + columns)
	case missing("user_id") && missing("session_id"):
		return errors.New("the file has no column for user_id or session_id: pass --map COLUMN=user_id (mapping in the API)" + columns)
	}
	return nil
}

// shaped reports whether the caller wants rows changed, by any of the options that say what
// columns mean.
func shaped(spec profileapi.ImportSpec) bool {
	return len(spec.Mapping)+len(spec.MapValues)+len(spec.Set)+len(spec.Ignore) > 0 || spec.Timezone != "" || spec.DateFormat != "" ||
		spec.Decimal != ""
}

// container is the format of the file that a format of imports needs, "" when its content tells.
func container(format string) string {
	switch format {
	case "ndjson":
		return table.NDJSON
	case "xml", "google_merchant_xml":
		return table.XML
	case "xlsx":
		return table.XLSX
	case "", "auto":
		return ""
	}
	return table.CSV
}

// canonicalSet names the constants by the fields that their names stand for; unknown names
// stay.
func canonicalSet(kind table.Kind, set map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range set {
		if f, ok := table.FieldOf(kind, name); ok {
			name = f.Name
		}
		out[name] = value
	}
	return out
}

func (r *reading) close() {
	if r != nil && r.table != nil {
		r.table.Close()
	}
}

// columns says what became of each column so far: it is shown with a dry run, and more is known
// after each row. Nil for rows that are stored as they are.
func (r *reading) columns() []profileapi.ImportColumn {
	if r.plan == nil {
		return nil
	}
	out := make([]profileapi.ImportColumn, 0, len(r.plan.Columns))
	for i := range r.plan.Columns {
		c := &r.plan.Columns[i]
		column := profileapi.ImportColumn{Column: c.Name, Field: c.Field, How: c.How, Detail: c.Detail()}
		switch {
		case c.How == table.Ignored:
			column.Field = ""
		case c.Into != "":
			column.Field = c.Into
		}
		out = append(out, column)
	}
	if d, ok := r.source.(interface {
		describe([]profileapi.ImportColumn)
	}); ok {
		d.describe(out)
	}
	return out
}

// record returns the next record and pairs its columns with fields when the file named new ones.
func (r *reading) record() (table.Record, error) {
	rec, err := r.table.Next()
	if err == nil && len(r.table.Columns) > len(r.plan.Columns) {
		r.plan.Add(r.table.Columns)
	}
	return rec, err
}

// objects yields the objects of NDJSON as they are.
type objects struct{ table *table.Reader }

func (s objects) next() (row, error) {
	rec, err := s.table.Next()
	if err != nil {
		return row{}, err
	}
	return row{line: rec.Line, object: rec.Object, bad: problemOf(&rec)}, nil
}

// problemOf is the problem of a record that could not be read, nil for one that could.
func problemOf(rec *table.Record) *rowError {
	if rec.Problem == nil {
		return nil
	}
	return &rowError{column: rec.Problem.Column, code: rec.Problem.Code, message: rec.Problem.Message, sample: rec.Problem.Sample}
}

// plain makes a row of each record.
type plain struct {
	r *reading
	b *builder
}

func (s *plain) next() (row, error) {
	rec, err := s.r.record()
	if err != nil {
		return row{}, err
	}
	if rec.Problem != nil {
		return row{line: rec.Line, bad: problemOf(&rec)}, nil
	}
	return s.b.row(&rec), nil
}

func (s *plain) describe(columns []profileapi.ImportColumn) { s.b.describe(columns) }

// layout is a way in which a program lays out what it exports, beyond what its header words say.
type layout int

const (
	plainLayout layout = iota
	shopifyLayout
	shopifyOrdersLayout
	wooLayout
)

// layoutOf tells the layout by the option, else by columns that only one program writes. A
// format that names another container or program is plain.
func layoutOf(spec profileapi.ImportSpec, r *table.Reader, sample []table.Record) layout {
	switch spec.Format {
	case "shopify_csv":
		if spec.Kind == "events" {
			return shopifyOrdersLayout
		}
		return shopifyLayout
	case "shopify_orders_csv":
		return shopifyOrdersLayout
	case "woocommerce_csv":
		return wooLayout
	case "auto", "", "csv", "xlsx":
	default:
		return plainLayout
	}
	has := func(words ...string) bool {
		for _, w := range words {
			if !slices.ContainsFunc(r.Columns, func(c string) bool { return strings.EqualFold(c, w) }) {
				return false
			}
		}
		return true
	}
	switch {
	case spec.Kind == "items" && has("Handle", "Title") && (has("Variant Price") || has("Option1 Value")):
		return shopifyLayout
	case spec.Kind == "events" && has("Name", "Lineitem quantity", "Lineitem name"):
		return shopifyOrdersLayout
	case spec.Kind == "items" && wooKind(sample, len(r.Columns)) >= 0 && wooColumns(r.Columns):
		return wooLayout
	}
	return plainLayout
}
