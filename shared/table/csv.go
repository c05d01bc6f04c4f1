package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxRepairs bounds how often reading is taken up again behind the line of a quote that is not closed: each costs up to maxRecord bytes of
// looking.
const maxRepairs = 100

// csvSource reads separated values as RFC 4180 has them, and what programs make of it: quotes
// inside a value that does not start with one stand for themselves, a value such as «"Moon"
// lamp» is taken as it stands, and a quote that is not closed costs only its line. Of the file
// there is one buffer, which grows up to maxRecord when a record does not fit.
type csvSource struct {
	splitter
	reader  *Reader
	r       io.Reader
	buffer  []byte
	at, end int     // the bytes that are read and not yet returned
	eof     error   // what the file ended with; nil while there is more
	line    int64   // of the file, where at is
	repairs int     // lines with a quote that is not closed, so far
	pending *Record // a first line that is no header
}

// openCSV finds the line ends, the separator and the header by the first 64 KB. A line "sep=;"
// above the header, by which Excel is told, is passed over, and counts unless the caller names
// a separator. So are titles of a report.
func (r *Reader) openCSV(text *bufio.Reader, line int64, o Options) error {
	separator, err := parseSeparator(o.Separator)
	if err != nil {
		return err
	}
	s := &csvSource{reader: r, r: text, line: line, buffer: make([]byte, 0, 256<<10)}
	r.Format, r.source = CSV, s
	for s.eof == nil && s.end < 64<<10 {
		s.fill()
	}
	head := s.buffer[:s.end]
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		s.r = carriageReturns{s.r}
		head = bytes.ReplaceAll(head, []byte{'\r'}, []byte{'\n'})
		copy(s.buffer, head)
	}
	if first, _, _ := bytes.Cut(head, []byte("\n")); len(first) < 16 {
		if told, ok := separatorLine(string(first)); ok {
			s.at = min(len(first)+1, s.end)
			s.line++
			if separator == "" {
				separator = told
			}
			head = head[s.at:]
		}
	}
	separators := candidates()
	if separator != "" {
		separators = []string{separator}
	}
	if size, rows := titles(head, errors.Is(s.eof, io.EOF), separators, o.Known); rows > 0 {
		s.line += int64(bytes.Count(head[:size], []byte{'\n'}))
		s.at, head = s.at+size, head[size:]
		r.noteTitles(rows)
	}
	if separator == "" {
		separator = findSeparator(head, errors.Is(s.eof, io.EOF), o.Known)
	}
	r.Separator, s.separator = separator, separator
	return s.header(o)
}

// carriageReturns makes line ends of carriage returns, by which programs of old Macs end lines.
// It is used only for a file that has no other line ends.
type carriageReturns struct{ r io.Reader }

// Read implements io.Reader.
func (c carriageReturns) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i := range p[:n] {
		if p[i] == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// header reads the first line that is not blank. Its values become the names of the columns,
// unless the file may have no header and none of its words is known, or it certainly has none.
func (s *csvSource) header(o Options) error {
	first, err := s.next()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty: its first line names the columns")
	}
	if err == nil && first.Problem != nil {
		err = errors.New(first.Problem.Message)
	}
	if err != nil {
		return fmt.Errorf("the header line cannot be read: %w", err)
	}
	if o.NoHeader && o.Known != nil && !containsKnown(first.Values, o.Known) {
		s.withoutHeader(first)
		return nil
	}
	if o.FindHeader {
		records := append([][]string{first.Values}, s.ahead()...)
		if headless(records) {
			s.withoutHeader(first)
			s.reader.unnamed = first.Values
			s.reader.noteUnnamed()
			return nil
		}
	}
	s.reader.Columns = nameColumns(first.Values)
	return nil
}

// ahead returns some records of the buffer, which next will return as well.
func (s *csvSource) ahead() (records [][]string) {
	look := splitter{separator: s.separator}
	for data := s.buffer[s.at:s.end]; len(data) > 0 && len(records) < sampleLines; {
		size, outcome := look.scan(data, errors.Is(s.eof, io.EOF))
		if outcome == needMore {
			break
		}
		if outcome == isRecord {
			records = append(records, look.strings(data[:size]))
		}
		data = data[size:]
	}
	return records
}

// containsKnown reports whether one of the words names a field.
func containsKnown(words []string, known func(string) bool) bool {
	for _, w := range words {
		if known(w) {
			return true
		}
	}
	return false
}

// fill reads more of the file behind what is in the buffer; false when the record is too long
// for it. What was returned is overwritten: values are copied out of the buffer by then.
func (s *csvSource) fill() bool {
	if s.at > 0 {
		s.end = copy(s.buffer[:cap(s.buffer)], s.buffer[s.at:s.end])
		s.at = 0
	}
	if s.end == cap(s.buffer) {
		if s.end >= maxRecord {
			return false
		}
		grown := make([]byte, s.end, 2*s.end)
		copy(grown, s.buffer[:s.end])
		s.buffer = grown
	}
	n, err := s.r.Read(s.buffer[s.end:cap(s.buffer)])
	s.end += n
	s.buffer = s.buffer[:s.end]
	s.eof = err
	return true
}

// next tries a record with what is in the buffer and reads on only when it needs more. A line
// with a quote that is not closed is a Problem, and reading goes on behind its line end.
func (s *csvSource) next() (Record, error) {
	if first := s.pending; first != nil {
		s.pending = nil
		return *first, nil
	}
	for {
		data := s.buffer[s.at:s.end]
		if len(data) == 0 && s.eof != nil {
			return Record{}, s.eof
		}
		size, outcome := s.scan(data, errors.Is(s.eof, io.EOF))
		if outcome == needMore {
			if s.eof != nil {
				return Record{}, s.eof
			}
			if s.fill() {
				continue
			}
			if size, outcome = s.tooLong(data); outcome == needMore {
				return Record{}, errLongRecord
			}
		}
		line := s.line
		s.line += int64(bytes.Count(data[:size], []byte{'\n'}))
		s.at += size
		switch outcome {
		case isBlank:
			continue
		case isBroken:
			if s.repairs++; s.repairs > maxRepairs {
				return Record{}, fmt.Errorf(
					"more than %d lines have a quote that is not closed: check the separator and the quotes", maxRepairs,
				)
			}
			return Record{Line: line, Problem: &Problem{
				Code: "invalid_csv", Sample: clip(string(data[:size])),
				Message: "The line is not CSV: a quote is not closed, or text follows a closing quote.",
			}}, nil
		}
		return s.record(data[:size], line), nil
	}
}

// tooLong gives up on a quote that is not closed within maxRecord bytes; a line of that length ends the file.
func (s *csvSource) tooLong(data []byte) (int, outcome) {
	if end := bytes.IndexByte(data, '\n'); end >= 0 {
		return end + 1, isBroken
	}
	return 0, needMore
}

// record makes the values of a record. One byte that is not UTF-8 costs the row: the encoding
// was found by the beginning of the file, and what is wrong here must not be stored wrongly.
func (s *csvSource) record(data []byte, line int64) Record {
	rec := Record{Line: line, Values: s.strings(data)}
	s.reader.blankErrors(rec.Values)
	if s.reader.tooMany(&rec); rec.Problem != nil {
		return rec
	}
	if !utf8.Valid(data) {
		for i, v := range rec.Values {
			if !utf8.ValidString(v) && i < len(s.reader.Columns) {
				return Record{Line: line, Problem: &Problem{
					Column: s.reader.Columns[i], Code: "invalid_utf8",
					Message: "The value is not valid UTF-8. Convert the file, or pass --encoding (encoding in the API).",
				}}
			}
		}
	}
	return rec
}

// blankErrors empties the cells in which a formula of a spreadsheet failed: "#N/A" would be an item that many orders have in common. The
// first one is noted.
func (r *Reader) blankErrors(values []string) {
	for i, v := range values {
		if len(v) == 0 || v[0] != '#' {
			continue
		}
		switch v {
		case "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!":
			values[i] = ""
			if !r.formulaFailed {
				r.formulaFailed = true
				r.note("Cells in which a formula failed, the first with %s, count as empty.", v)
			}
		}
	}
}

// tooMany makes a problem of values that no column names; empty ones, which spreadsheets leave behind, are dropped.
func (r *Reader) tooMany(rec *Record) {
	columns := len(r.Columns)
	if columns == 0 || len(rec.Values) <= columns {
		return
	}
	for _, extra := range rec.Values[columns:] {
		if strings.TrimSpace(extra) != "" {
			message := fmt.Sprintf("The line has %d values, the header names %d columns. Put values that hold the "+
				"separator in double quotes.",
				len(rec.Values), columns)
			rec.Problem = &Problem{Code: "too_many_fields", Message: message, Sample: clip(extra)}
			return
		}
	}
	rec.Values = rec.Values[:columns]
}

// clip cuts a sample to 200 bytes, as UTF-8 without the line end.
func clip(text string) string {
	const limit = 200
	if len(text) > limit {
		text = text[:limit]
	}
	return strings.ToValidUTF8(strings.TrimRight(text, "\r\n"), "\uFFFD")
}
