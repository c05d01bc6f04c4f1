package dataset

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
)

// column is the meaning of a table's column.
type column int

const (
	userColumn column = iota
	itemColumn
	basketColumn
	sessionColumn
	ratingColumn
	weightColumn
	quantityColumn
	timeColumn
	columns // their number
)

// field names a column as package table does.
func (c column) field() string {
	return [columns]string{"user_id", "item_id", "order_id", "session_id", "rating", "weight", "quantity", "occurred_at"}[c]
}

// sampleRows judge the forms of numbers and times of the columns before the first row is read.
const sampleRows = 1000

// record is one line of a table; a column that the table does not have is "". It is used again
// for the next line.
type record struct {
	name   string // of the file
	line   int64
	fields [columns]string
	at     [columns]int // 1-based field numbers, 0 when missing
	plan   *table.Plan
	guess  string // what columns without names were taken for; "" when they have names
}

// fail is an error that names the file, the line and the field.
func (r *record) fail(c column, format string, args ...any) error {
	why := fmt.Sprintf(format, args...)
	if r.guess != "" {
		why = strings.TrimSuffix(why, ".") + "; " + r.guess
	}
	return fmt.Errorf("%s, line %d, field %d: %s", r.name, r.line, r.at[c], why)
}

// number reads a finite number from column c.
func (r *record) number(c column, what string) (float64, error) {
	amount, why := r.plan.Columns[r.at[c]-1].Numbers.Parse(r.fields[c])
	if why != "" {
		return 0, r.fail(c, "the %s is %q. %s", what, clip(r.fields[c]), why)
	}
	return amount.Value, nil
}

// id reads an id from column c, which is to be there.
func (r *record) id(c column, what string) (string, error) {
	id := r.fields[c]
	if why := idProblem(id); why != "" {
		return "", r.fail(c, "the %s is %q, want 1 to %d printable bytes", what, clip(id), maxID)
	}
	return id, nil
}

// seconds reads a time in any form that package table knows.
func (r *record) seconds() (int64, error) {
	at, why := r.plan.Columns[r.at[timeColumn]-1].Times.Parse(r.fields[timeColumn])
	if why != "" {
		return 0, r.fail(timeColumn, "the time is %q. %s", clip(r.fields[timeColumn]), why)
	}
	return at.Unix(), nil
}

// clip cuts a text that stands in an error.
func clip(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}

// eachRecord reads a table. When the first line is no header, its columns are taken as fallback names them. Of every list of need the
// table must have one column. What was found out about the file becomes notes of d.
func eachRecord(path string, o Options, d *Data, fallback []column, need [][]column, visit func(*record) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	name := filepath.Base(path)
	known := table.Known(table.Interactions)
	reader, err := table.Open(file, table.Options{
		Separator: o.Table.Separator, Encoding: o.Table.Encoding, NoHeader: true, Flatten: true,
		Known: func(word string) bool { _, mapped := o.Table.Mapping[word]; return mapped || known(word) },
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer reader.Close()
	sample := reader.Sample(sampleRows)
	plan, guess, err := planOf(reader, sample, o, fallback)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, either := range need {
		if !slices.ContainsFunc(either, func(c column) bool { return plan.Column(c.field()) >= 0 }) {
			c := either[0].field()
			return fmt.Errorf(
				"%s: the table has no column %q: name it with --map COLUMN=%s; its columns are %s", name,
				strings.TrimSuffix(c, "_id"), c, strings.Join(reader.Columns, ", "),
			)
		}
	}
	d.Notes = append(d.Notes, reader.Notes...)
	if guess != "" {
		d.Notes = append(d.Notes, guess)
	} else if times := plan.TimesByValue(sample); len(times) == 1 {
		d.Notes = append(d.Notes, fmt.Sprintf("every value of the column %s is a time: taken as %s", times[0], timeColumn.field()))
	}
	plan.Learn(sample)
	if unused := unusedColumns(plan); unused != "" {
		d.Notes = append(d.Notes, "columns that are not used: "+unused)
	}
	r := &record{name: name, plan: plan, guess: guess}
	for c := range r.at {
		r.at[c] = plan.Column(column(c).field()) + 1
	}
	for {
		rec, err := reader.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s, after line %d: %w", name, r.line, err)
		case rec.Problem != nil:
			return fmt.Errorf("%s, line %d: %s", name, rec.Line, rec.Problem.Message)
		}
		r.line = rec.Line
		for c, at := range r.at {
			r.fields[c] = rec.Value(at - 1)
		}
		if err := visit(r); err != nil {
			return err
		}
	}
}

// unusedColumns lists the columns that no field takes, for the people who thought that one would.
func unusedColumns(plan *table.Plan) string {
	var names []string
	for _, c := range plan.Columns {
		if c.How == table.Ignored && strings.TrimSpace(c.Name) != "" {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, ", ")
}

// planOf pairs the columns with their meanings; columns without a header are named by their numbers and guessed, which the second result
// tells: the only one whose every value is a time, and the others by their places.
func planOf(reader *table.Reader, sample []table.Record, o Options, fallback []column) (*table.Plan, string, error) {
	options := table.PlanOptions{
		Mapping: o.Table.Mapping, Decimal: o.Table.Decimal, DateFormat: o.Table.DateFormat, Timezone: o.Table.Timezone,
		JSON: reader.Format == table.NDJSON,
	}
	plan, err := table.NewPlan(table.Interactions, reader.Columns, options)
	if err != nil || len(reader.Columns) == 0 || reader.Columns[0] != "1" {
		return plan, "", err
	}
	mapping, guess := guessed(len(reader.Columns), o.Table.Mapping, fallback, plan.TimesByValue(sample))
	maps.Copy(mapping, o.Table.Mapping)
	options.Mapping = mapping
	plan, err = table.NewPlan(table.Interactions, reader.Columns, options)
	return plan, guess, err
}

// guessed gives n columns without names the fields of fallback by their places, and says so: many files have another order. Columns and
// fields that the caller named are left alone; a weight is in the place of a rating. times are the columns whose every value is a time.
func guessed(n int, given map[string]string, fallback []column, times []string) (map[string]string, string) {
	mapping := map[string]string{}
	var places []string
	named := slices.Collect(maps.Values(given))
	rest, dated := fallback, ""
	if len(times) == 1 {
		dated = times[0]
		rest = slices.DeleteFunc(slices.Clone(fallback), func(c column) bool { return c == timeColumn })
	}
	for at := range n {
		place, c := strconv.Itoa(at+1), timeColumn
		switch {
		case place == dated:
		case len(rest) == 0:
			continue
		default:
			c, rest = rest[0], rest[1:]
		}
		_, mapped := given[place]
		if mapped || slices.Contains(named, c.field()) || c == ratingColumn && slices.Contains(named, weightColumn.field()) {
			continue
		}
		mapping[place] = c.field()
		places = append(places, place+" "+c.field())
	}
	if len(places) == 0 {
		return mapping, ""
	}
	return mapping, fmt.Sprintf(
		"the first line is no header, so columns are taken by their places (%s): --map COLUMN=FIELD changes that, such as --map 3=%s",
		strings.Join(places, ", "), itemColumn.field(),
	)
}

// findTable returns path itself, or the table in the folder path: the first in name order whose base name contains
// one of the hints, or the only file.
func findTable(path string, hints ...string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return path, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", err
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") })
	for _, hint := range hints {
		for _, e := range entries {
			if strings.Contains(strings.ToLower(e.Name()), hint) {
				return filepath.Join(path, e.Name()), nil
			}
		}
	}
	if len(entries) == 1 {
		return filepath.Join(path, entries[0].Name()), nil
	}
	return "", fmt.Errorf(
		"the folder has %d files and none named like %s: give the path of the table itself", len(entries), strings.Join(hints, " or "),
	)
}
