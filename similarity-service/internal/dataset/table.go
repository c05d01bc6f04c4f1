package dataset

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// column is the meaning of a table's column.
type column int

const (
	userColumn column = iota
	itemColumn
	basketColumn
	ratingColumn
	weightColumn
	quantityColumn
	timeColumn
	columns // their number
)

// columnNames are the header words by which a column is known: lower case, without blanks, underscores and anything
// behind a colon, so that "InvoiceNo", "user_id:token" and "Customer ID" are all found.
func columnNames() map[string]column {
	names := map[column]string{
		userColumn:     "user userid customer customerid visitor visitorid uid client clientid member memberid",
		itemColumn:     "item itemid movie movieid product productid stockcode sku iid book bookid isbn article articleid",
		basketColumn:   "basket basketid invoice invoiceno invoiceid order orderid transaction transactionid session sessionid receipt receiptid",
		ratingColumn:   "rating score stars",
		weightColumn:   "weight value count",
		quantityColumn: "quantity qty amount",
		timeColumn:     "timestamp time date datetime invoicedate orderdate createdat occurredat ts",
	}
	out := map[string]column{}
	for c, words := range names {
		for w := range strings.FieldsSeq(words) {
			out[w] = c
		}
	}
	return out
}

// record is one line of a table; a column that the table does not have is "".
type record struct {
	source *source
	fields [columns]string
	at     [columns]int // 1-based field numbers
}

func (r *record) fail(c column, format string, args ...any) error {
	return fmt.Errorf("%s, line %d, field %d: %s", r.source.name, r.source.line, r.at[c], fmt.Sprintf(format, args...))
}

// number reads a finite number from column c.
func (r *record) number(c column, what string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(r.fields[c]), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, r.fail(c, "the %s is %q, want a finite number", what, clip(r.fields[c]))
	}
	return v, nil
}

func (r *record) id(c column, what string) (string, error) {
	id := strings.TrimSpace(r.fields[c])
	if err := r.source.id(1, what, id); err != nil {
		return "", r.fail(c, "the %s is %q, want 1 to %d printable bytes", what, clip(id), maxID)
	}
	return id, nil
}

// seconds reads a time: Unix seconds or milliseconds, RFC 3339, or a date with or without a time of day (UTC).
func (r *record) seconds() (int64, error) {
	text := strings.TrimSpace(r.fields[timeColumn])
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		if math.Abs(v) > 1e11 && math.Abs(v) < 1e14 {
			v /= 1000
		}
		if math.IsNaN(v) || math.Abs(v) >= 1e11 {
			return 0, r.fail(timeColumn, "the time is %q, want Unix seconds or milliseconds", clip(text))
		}
		return int64(math.Floor(v)), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly, "1/2/2006 15:04", "1/2/06 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Unix(), nil
		}
	}
	return 0, r.fail(timeColumn, "the time is %q, want Unix seconds, RFC 3339 or 2006-01-02 15:04:05", clip(text))
}

func clip(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}

// layout says how lines split into fields and where the columns are.
type layout struct {
	separator string
	width     int
	at        [columns]int // field index of each column, −1 when missing
}

// eachRecord reads a table. When the first line is not a header, fields are taken as fallback names them.
func eachRecord(path string, fallback []column, need []column, visit func(*record) error) error {
	var l *layout
	err := each(path, func(s *source, text string) error {
		if l == nil {
			header := false
			l, header = newLayout(text, fallback)
			for _, c := range need {
				if l.at[c] < 0 {
					return s.fail(1, "the table has no column %q; its header reads %q", [columns]string{"user", "item", "basket", "rating", "weight", "quantity", "time"}[c], clip(text))
				}
			}
			if header {
				return nil
			}
		}
		r, err := l.split(s, text)
		if err != nil {
			return err
		}
		return visit(r)
	})
	return err
}

func newLayout(text string, fallback []column) (*layout, bool) {
	l := &layout{separator: ","}
	for _, candidate := range []string{"\t", "::", ";", "|", ","} {
		if strings.Contains(text, candidate) {
			l.separator = candidate
			break
		}
	}
	for c := range l.at {
		l.at[c] = -1
	}
	fields := l.fields(text)
	l.width = len(fields)
	known, found := columnNames(), 0
	for f, name := range fields {
		name, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(name)), ":")
		name = strings.NewReplacer("_", "", " ", "", "-", "").Replace(name)
		if c, ok := known[name]; ok && l.at[c] < 0 {
			l.at[c] = f
			found++
		}
	}
	if found > 0 {
		return l, true
	}
	for f, c := range fallback {
		if f < len(fields) {
			l.at[c] = f
		}
	}
	return l, false
}

func (l *layout) fields(text string) []string {
	if len(l.separator) == 1 && l.separator != "\t" && strings.Contains(text, `"`) {
		reader := csv.NewReader(strings.NewReader(text))
		reader.Comma, reader.LazyQuotes, reader.FieldsPerRecord = rune(l.separator[0]), true, -1
		if fields, err := reader.Read(); err == nil {
			return fields
		}
	}
	return strings.Split(text, l.separator)
}

func (l *layout) split(s *source, text string) (*record, error) {
	fields := l.fields(text)
	r := &record{source: s}
	for c, f := range l.at {
		if f < 0 {
			continue
		}
		if f >= len(fields) {
			return nil, s.fail(len(text)+1, "the line has %d fields, want %d", len(fields), l.width)
		}
		r.fields[c], r.at[c] = fields[f], f+1
	}
	return r, nil
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
	return "", fmt.Errorf("the folder has %d files and none named like %s: give the path of the table itself", len(entries), strings.Join(hints, " or "))
}
