package rows

import (
	"context"
	"fmt"
	"io"
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

// source yields the rows of a file in order and io.EOF at the end. Another error ends the file.
type source interface {
	next() (Row, error)
}

// Reader reads a file as rows. It is of one goroutine.
type Reader struct {
	table  *table.Reader
	plan   *table.Plan // nil when rows are stored as they are
	source source      // nil where the file could not be opened
	layout layout
	times  twoTimes
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

// Open finds out what a file is: container, separator, encoding, layout, and what its columns
// mean. An error can be told to its sender. The Reader is never nil: with an error it says what
// was found out until then, and the caller calls Close in any case. The reading ends with ctx. A
// file of WooCommerce is read twice, since a product may stand before its variations, and one of Magento, since it may stand behind.
// Sales are judged by now.
func Open(ctx context.Context, spec profileapi.ImportSpec, file io.ReadSeeker, now time.Time) (*Reader, error) {
	r, err := openOnce(ctx, spec, file, now)
	if err != nil {
		return r, err
	}
	var again func(*Reader) // tells the second reading what the first one found, which its first rows need to know
	switch variations := r.variations(); {
	case r.layout == wooLayout:
		families, err := readFamilies(r)
		if err != nil {
			return r, err
		}
		again = func(r *Reader) { r.source.(*woo).families = families } // it was chosen so
	case variations >= 0:
		products, err := r.readMagento(variations)
		if err != nil {
			return r, err
		}
		again = func(r *Reader) { r.source.(*plain).magento = products } // the same
	default:
		return r, nil
	}
	r.Close()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return r, fmt.Errorf("rewind the file: %w", err)
	}
	learned := r.plan
	if r, err = openOnce(ctx, spec, file, now); err == nil {
		again(r)
		r.plan.Share(learned)
	}
	return r, err
}

// openOnce reads the beginning of a file and chooses the source of its rows. NDJSON of events
// that the caller wants nothing changed of is passed on as it is, without a plan.
func openOnce(ctx context.Context, spec profileapi.ImportSpec, file io.Reader, now time.Time) (*Reader, error) {
	kind := table.Kind(spec.Kind)
	reader, err := table.Open(cancelReader{ctx, file}, table.Options{
		Format: container(spec.Format), Separator: spec.Separator, Encoding: spec.Encoding, Known: table.Known(kind),
		Flatten: kind != table.Events || shaped(spec), FindHeader: true,
	})
	r := &Reader{table: reader}
	if err != nil {
		return r, err
	}
	if reader.Format == table.NDJSON && kind == table.Events && !shaped(spec) {
		r.source = &objects{table: reader}
		return r, nil
	}
	sample := reader.Sample(sampleRows)
	r.layout = layoutOf(spec, reader, sample)
	spec = r.layout.settle(spec)
	r.plan, err = table.NewPlan(kind, reader.Columns, table.PlanOptions{
		Mapping: spec.Mapping, Ignore: spec.Ignore, Set: canonicalSet(kind, spec.Set), MapValues: spec.MapValues, Decimal: spec.Decimal,
		DateFormat: spec.DateFormat, Timezone: spec.Timezone,
		JSON: reader.Format == table.NDJSON,
	})
	if err != nil {
		return r, err
	}
	if times := r.plan.TimesByValue(sample); len(times) == 1 {
		r.table.Notes = append(r.table.Notes, fmt.Sprintf("The column %s is taken for the time of the events, since its values are times. "+
			"If it is none of them, pass --ignore '%s' (ignore in the API).", times[0], times[0]))
	} else if len(times) > 1 {
		return r, fmt.Errorf("several columns have times, and none is known to be that of the events: pass --map '%s=occurred_at' "+
			"(mapping in the API), or --ignore each of them; they are %s", times[0], strings.Join(times, ", "))
	}
	r.times = timesApart(r.plan)
	for i := range sample { // before the columns learn how days are written
		r.times.join(&sample[i])
	}
	r.plan.Learn(sample)
	return r, r.choose(spec, now)
}

// shaped reports whether the caller wants rows changed, by any of the options that say what
// columns mean.
func shaped(spec profileapi.ImportSpec) bool {
	return len(spec.Mapping)+len(spec.MapValues)+len(spec.Set)+len(spec.Ignore) > 0 || spec.Timezone != "" || spec.DateFormat != "" ||
		spec.Decimal != ""
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

// Next returns the next row, and io.EOF behind the last. Another error ends the file.
func (r *Reader) Next() (Row, error) { return r.source.next() }

// Close ends the reading. The file stays open.
func (r *Reader) Close() {
	if r.table != nil {
		r.table.Close()
	}
}

// Notes says what the sender of the file should know of it as a whole, such as that its separator is no comma.
func (r *Reader) Notes() []string {
	if r.table == nil {
		return nil
	}
	notes := slices.Clip(r.table.Notes)
	if separator := r.table.Separator; r.table.Format == table.CSV && separator != "" && separator != "," {
		notes = append(notes, "Separator: "+strings.ReplaceAll(separator, "\t", "tab")+".")
	}
	if people := r.people(); len(people) > 0 {
		notes = append(notes, "Columns that say who people are do not become properties of events: "+strings.Join(people, ", ")+
			". To keep one, name it with --map COLUMN=properties.NAME (mapping in the API).")
	}
	return notes
}

// people names the columns that are left out for what they say of people.
func (r *Reader) people() []string {
	var names []string
	if r.plan != nil {
		for i := range r.plan.Columns {
			if r.plan.Columns[i].Person {
				names = append(names, r.plan.Columns[i].Name)
			}
		}
	}
	return names
}

// Columns says what became of each column so far: it is shown with a dry run, and more is known
// after each row. Nil for rows that are stored as they are.
func (r *Reader) Columns() []profileapi.ImportColumn {
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
func (r *Reader) record() (table.Record, error) {
	rec, err := r.table.Next()
	if err == nil && len(r.table.Columns) > len(r.plan.Columns) {
		r.plan.Add(r.table.Columns)
	}
	r.times.join(&rec)
	return rec, err
}

// objects yields the objects of NDJSON as they are.
type objects struct {
	table *table.Reader
	visit []Row // what is left of a visit that was taken apart
}

func (s *objects) next() (Row, error) {
	for len(s.visit) == 0 {
		rec, err := s.table.Next()
		if err != nil {
			return Row{}, err
		}
		actions, ok := visitOf(&rec)
		if !ok {
			return Row{Line: rec.Line, Object: rec.Object, Bad: rec.Problem}, nil
		}
		s.visit = actions
	}
	one := s.visit[0]
	s.visit = s.visit[1:]
	return one, nil
}

// plain makes a row of each record.
type plain struct {
	r        *Reader
	b        *builder
	part     int              // the column of what another row has; −1: none
	order    table.Record     // the row before
	magento  *magentoProducts // nil for another file
	variants *variantRows     // nil: each row is an item of its own
}

func (s *plain) next() (Row, error) {
	rec, err := s.r.record()
	for err == nil && rec.Problem == nil && s.part >= 0 && rec.Value(s.part) != "" {
		rec, err = s.r.record()
	}
	if err != nil {
		return Row{}, err
	}
	if rec.Problem != nil {
		return Row{Line: rec.Line, Bad: rec.Problem}, nil
	}
	if bad := s.b.noItem(&rec); bad != nil {
		return Row{Line: rec.Line, Bad: bad}, nil
	}
	if s.b.orderColumn >= 0 && s.b.kind == table.Events {
		s.b.fillDown(&rec, &s.order)
		s.order = rec
	}
	if s.variants != nil {
		return s.variants.row(s.b, &rec), nil
	}
	if s.magento != nil {
		return s.magento.row(s.b, &rec), nil
	}
	return s.b.row(&rec), nil
}

func (s *plain) describe(columns []profileapi.ImportColumn) { s.b.describe(columns) }
