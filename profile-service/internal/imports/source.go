package imports

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// maxLine bounds one line of a file.
const maxLine = 2 << 20

// row is one record of a file: an object of the import's kind, as JSON.
type row struct {
	line    int64
	object  []byte
	columns map[string]string // JSON pointer to column, for the error report
	bad     *rowError         // set when the record could not be read; object is nil then
}

// rowError is what is wrong with a record that could not be read.
type rowError struct{ column, code, message, sample string }

// source yields the records of a file in order and io.EOF at the end. Another error ends the import.
type source interface {
	next() (row, error)
}

var utf8BOM = []byte{0xEF, 0xBB, 0xBF}

// decompress recognises gzip and zstd by their first bytes, whatever the request says. The caller closes the reader.
func decompress(r io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(r, 256<<10)
	magic, _ := buffered.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("the gzip header is damaged: %w", err)
		}
		return z, nil
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			return nil, fmt.Errorf("the zstd header is damaged: %w", err)
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(buffered), nil
}

// skipBOM drops a byte order mark.
func skipBOM(r *bufio.Reader) {
	if start, _ := r.Peek(len(utf8BOM)); bytes.Equal(start, utf8BOM) {
		_, _ = r.Discard(len(utf8BOM)) // they were peeked
	}
}

// ndjson reads one object per line. A line of an error report stands for the record in it.
type ndjson struct {
	r    *bufio.Reader
	line int64
}

func (s *ndjson) next() (row, error) {
	for {
		s.line++
		data, err := readLine(s.r)
		if errors.Is(err, errLongLine) {
			return row{line: s.line, bad: &rowError{code: "too_long", message: fmt.Sprintf("The line is longer than %d bytes.", maxLine)}}, nil
		}
		if err != nil && (len(data) == 0 || !errors.Is(err, io.EOF)) {
			return row{}, err
		}
		data = bytes.TrimSpace(data)
		if len(data) == 0 {
			continue
		}
		return s.row(data), nil
	}
}

func (s *ndjson) row(data []byte) row {
	r := row{line: s.line}
	switch {
	case !utf8.Valid(data):
		r.bad = &rowError{code: "invalid_utf8", message: "The line is not valid UTF-8. Convert the file to UTF-8."}
		return r
	case !json.Valid(data) || data[0] != '{':
		r.bad = &rowError{code: "invalid_json", message: "The line is not a JSON object.", sample: string(data)}
		return r
	}
	r.object = bytes.Clone(data)
	if bytes.Contains(data, []byte(`"record"`)) {
		var report struct {
			Code   string          `json:"code"`
			Record json.RawMessage `json:"record"`
		}
		if err := json.Unmarshal(data, &report); err == nil && report.Code != "" && len(report.Record) > 0 {
			r.object = report.Record
		}
	}
	return r
}

var errLongLine = errors.New("line too long")

// readLine reads to the end of a line; a longer one than maxLine is passed over whole.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) <= maxLine {
			line = append(line, part...)
		} else {
			line = line[:0:0]
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = r.ReadSlice('\n')
			}
			if err == nil || errors.Is(err, io.EOF) {
				return nil, errLongLine
			}
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// table reads CSV or TSV with a header line and hands each record to convert.
type table struct {
	csv     *csv.Reader
	columns []string
	convert func(record record) []row
	pending []row
}

// record is one line of a table by column.
type record struct {
	line   int64
	values map[string]string
}

// get returns the trimmed value of a column, "" when there is no such column.
func (r record) get(column string) string { return strings.TrimSpace(r.values[column]) }

// newTable reads the header; column names are compared without case and outer space.
func newTable(r io.Reader, separator rune, convert func(columns []string) (func(record) []row, error)) (*table, error) {
	t := &table{csv: csv.NewReader(r)}
	t.csv.Comma = separator
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = true
	t.csv.LazyQuotes = separator == '\t'
	header, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty: its first line names the columns")
	}
	if err != nil {
		return nil, fmt.Errorf("the header line cannot be read: %w", err)
	}
	for _, name := range header {
		t.columns = append(t.columns, columnName(name))
	}
	t.convert, err = convert(t.columns)
	return t, err
}

func columnName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

func (t *table) next() (row, error) {
	for len(t.pending) == 0 {
		fields, err := t.csv.Read()
		if errors.Is(err, io.EOF) {
			t.pending = t.convert(record{}) // what a converter has held back
			if len(t.pending) == 0 {
				return row{}, io.EOF
			}
			t.convert = func(record) []row { return nil }
			break
		}
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			return row{line: int64(parse.StartLine), bad: &rowError{code: "invalid_csv", message: "The line is not CSV: " + parse.Err.Error() + "."}}, nil
		}
		if err != nil {
			return row{}, err
		}
		t.read(fields)
	}
	r := t.pending[0]
	t.pending = t.pending[1:]
	return r, nil
}

// read converts one record.
func (t *table) read(fields []string) {
	line, _ := t.csv.FieldPos(0)
	if len(fields) > len(t.columns) {
		t.pending = append(t.pending, row{line: int64(line), bad: &rowError{code: "too_many_fields", sample: fields[len(t.columns)],
			message: fmt.Sprintf("The line has %d fields, the header names %d.", len(fields), len(t.columns))}})
		return
	}
	values := make(map[string]string, len(fields))
	for i, value := range fields {
		if !utf8.ValidString(value) {
			t.pending = append(t.pending, row{line: int64(line), bad: &rowError{column: t.columns[i], code: "invalid_utf8", message: "The value is not valid UTF-8. Convert the file to UTF-8."}})
			return
		}
		values[t.columns[i]] = value
	}
	t.pending = append(t.pending, t.convert(record{line: int64(line), values: values})...)
}

// needColumns reports a column that a format cannot do without.
func needColumns(columns []string, needed ...string) error {
	for _, name := range needed {
		if !slices.Contains(columns, name) {
			return fmt.Errorf("the file has no column %q; its columns are %s", name, strings.Join(columns, ", "))
		}
	}
	return nil
}
