// Package table reads tables of any usual form into records of texts: CSV and TSV with any separator and encoding, NDJSON and JSON lists,
// XML feeds and Excel workbooks, plain or compressed. It tells formats apart by content and knows the header words of fields in several
// languages (Plan); package locale reads numbers and times of any locale. It decides nothing about what a record means and stores
// nothing. Memory does not grow with the size of a text file. The main type is Reader.
//
// Where to begin: reader.go opens a file and chooses one of four sources, csv.go (with separator.go and splitter.go), json.go, xml.go and
// xlsx.go. plan.go pairs the columns with the fields of fields.go, fields_items.go and fields_events.go. Records are texts: who wants the
// fields asks a Plan for the column and lets its Numbers or Times read the value.
package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The formats that a Reader tells apart.
const (
	CSV    = "csv" // with any separator
	NDJSON = "ndjson"
	XML    = "xml"
	XLSX   = "xlsx"
)

// maxRecord bounds one record in bytes: a small compressed file can hold a record of any size.
// Files of any size are read with that much memory for a record, and no more.
const maxRecord = 16 << 20

// errLongRecord ends reading: what follows a record that is not read to its end cannot be told from it.
var errLongRecord = fmt.Errorf("the record is longer than %d MiB; check for a quote or a tag that is not closed", maxRecord>>20)

// List stands between the values of one column of one record that had several: repeated elements of XML.
const List = "\x1f"

// Options say how to read a file. The zero value finds out everything by itself.
type Options struct {
	Format    string // one of the formats above; "": by content
	Separator string // of CSV; "" or "auto": by content; "tab" is a tab
	// a name of the WHATWG list such as windows-1252; "": a byte order mark, the XML declaration, else UTF-8, else windows-1252
	Encoding string
	// Known reports whether a header word names a field; it helps to tell separators, and headers from rows. May be nil.
	Known func(word string) bool
	// NoHeader allows a CSV without header: when no word of its first line is known, the columns are named 1, 2, 3 and the line is a
	// record.
	NoHeader bool
	// FindHeader tells a CSV without header where that is certain, by the values of its first line and those below. Its columns are
	// named 1, 2, 3 as well, and a note says so.
	FindHeader bool
	// Flatten gives the members of JSON objects as columns; without it only Record.Object is set.
	Flatten bool
}

// Record is one row of a table. It shares no memory with the next one, so that it may be kept.
type Record struct {
	Line    int64    // where it starts, from 1; of a workbook the row
	Values  []string // by column; short where the last ones are missing
	Raw     []bool   // by column; of flattened JSON: whether the value is JSON other than a string; nil elsewhere
	Object  []byte   // of NDJSON: the object
	Problem *Problem // set when the record cannot be read
}

// Value returns the trimmed value of a column, "" when it is missing.
func (r *Record) Value(column int) string {
	if column < 0 || column >= len(r.Values) {
		return ""
	}
	text := strings.TrimSpace(r.Values[column])
	if text != "" && (text[0] == '\'' || text[0] == '=') {
		return unquoted(text)
	}
	return text
}

// unquoted takes off what spreadsheets put around a number to keep its form, '0042 and ="0042"; another text stays.
func unquoted(text string) string {
	if number := text[1:]; text[0] == '\'' && number != "" && strings.Trim(number, "0123456789") == "" {
		return number
	}
	if inner, ok := strings.CutPrefix(text, `="`); ok && strings.Count(inner, `"`) == 1 && strings.HasSuffix(inner, `"`) {
		return strings.TrimSpace(inner[:len(inner)-1])
	}
	return text
}

// Problem says why a record cannot be read: a code such as "invalid_csv", a sentence for who
// sent the file, and a sample of what was read. Column is "" where it is the record as a whole.
type Problem struct{ Column, Code, Message, Sample string }

// source yields records and io.EOF behind the last. It may add columns. An error other than
// io.EOF ends the file: what follows cannot be told from what is damaged.
type source interface {
	next() (Record, error)
}

// Reader yields the records of one file. It is for one goroutine.
type Reader struct {
	Format    string   // what it was found to be
	Separator string   // of CSV
	Columns   []string // as the file names them; grows while XML and JSON are read
	Notes     []string // what was found out about the file, a sentence each, for who sent it

	source  source
	sample  []Record       // read by Sample and not yet returned by Next
	failed  error          // behind the sample
	unnamed []string       // the first row of a table whose header was found to be missing
	index   map[string]int // of Columns, for formats that add some
	closers []func()       // of decompression and of workbooks

	formulaFailed bool // it was noted that some cells have errors instead of values
}

// Open finds out what a file is and reads its header: for CSV the first 64 KB, for a workbook
// all of it. Of JSON and XML the columns become known record by record. An error can be told to
// the sender of the file. The caller calls Close when there is none.
func Open(file io.Reader, o Options) (*Reader, error) {
	r := &Reader{}
	if err := r.open(file, o); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// open tells formats by their first bytes, never by the name of the file. What is no text comes first: a workbook is a ZIP
// file, and what a person takes for a table but is none is refused by its own name. Text is decoded and looked at behind
// its blank lines; CSV is what is left, and says in its errors why it is not that either.
func (r *Reader) open(file io.Reader, o Options) error {
	plain, closer, err := Decompress(file)
	if err != nil {
		return err
	}
	r.closers = append(r.closers, closer)
	buffered := bufio.NewReaderSize(plain, 64<<10)
	magic, _ := buffered.Peek(8)
	switch {
	case bytes.HasPrefix(magic, []byte("PK\x03\x04")):
		return r.openXLSX(buffered, o)
	case bytes.HasPrefix(magic, []byte{0xd0, 0xcf, 0x11, 0xe0}):
		return errors.New("the file is a workbook of an old Excel: save it as .xlsx or CSV")
	case bytes.HasPrefix(magic, []byte("%PDF")):
		return errors.New("the file is a PDF: a table is needed, such as CSV, xlsx, NDJSON or XML")
	case o.Format == XLSX:
		return errors.New("the file is no Excel workbook: leave the format out to have it found by itself")
	}
	decoded, err := decode(buffered, o.Encoding, r)
	if err != nil {
		return err
	}
	text := bufio.NewReaderSize(decoded, 256<<10)
	line, err := skipBlanks(text)
	if err != nil {
		return err
	}
	first, _ := text.Peek(1)
	if len(first) == 0 {
		return errors.New("the file is empty")
	}
	format := o.Format
	if format == "" {
		format = map[byte]string{'<': XML, '{': NDJSON, '[': NDJSON}[first[0]]
	}
	switch format {
	case XML:
		return r.openXML(text)
	case NDJSON:
		return r.openJSON(text, line, o.Flatten)
	}
	return r.openCSV(text, line, o)
}

// skipBlanks passes over spaces, line ends and byte order marks, in any order, and returns the number of the line that follows.
func skipBlanks(r *bufio.Reader) (int64, error) {
	for line := int64(1); ; {
		c, _, err := r.ReadRune()
		if err == io.EOF {
			return line, nil
		}
		if err != nil {
			return line, fmt.Errorf("read the start of the file: %w", err)
		}
		switch c {
		case '\n':
			line++
		case ' ', '\r', '\ufeff', '\u200b', '\u00a0':
		default:
			return line, r.UnreadRune()
		}
	}
}

// Next returns the next record, and io.EOF behind the last. A record with a Problem costs only itself; an error ends the file.
func (r *Reader) Next() (Record, error) {
	if len(r.sample) > 0 {
		first := r.sample[0]
		r.sample = r.sample[1:]
		return first, nil
	}
	if r.failed != nil {
		return Record{}, r.failed
	}
	return r.following()
}

// following reads a record that was not read before, and says of a file that ends too early what to do.
func (r *Reader) following() (Record, error) {
	rec, err := r.source.next()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("it ends in the middle (%w), as a file that was not sent or saved to its end: send it whole", err)
	}
	return rec, err
}

// sampleBytes bounds the records that Sample keeps.
const sampleBytes = 8 << 20

// Sample returns up to n of the first records, which Next will return as well: columns are
// judged by them. It returns fewer at the end of the file, where sampleBytes are exceeded or
// where reading fails, which Next then says in its turn. The slice is good until the next call
// of Next.
func (r *Reader) Sample(n int) []Record {
	size := 0
	for len(r.sample) < n && size < sampleBytes && r.failed == nil {
		one, err := r.following()
		if err != nil {
			r.failed = err
			break
		}
		for _, v := range one.Values {
			size += len(v)
		}
		size += len(one.Object)
		r.sample = append(r.sample, one)
	}
	return r.sample
}

// Close frees what the Reader holds, but not the file.
func (r *Reader) Close() {
	for _, c := range r.closers {
		c()
	}
	r.closers = nil
}

// note adds a sentence to Notes.
func (r *Reader) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// nameColumns makes header names usable: trimmed, never empty, never twice the same.
func nameColumns(header []string) []string {
	seen := map[string]int{}
	names := make([]string, len(header))
	for i, name := range header {
		name = strings.Trim(name, " \t\r\n\ufeff\u00a0\u200b")
		if name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s (%d)", name, seen[name])
		}
		names[i] = name
	}
	return names
}
