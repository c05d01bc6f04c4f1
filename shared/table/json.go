package table

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxLine bounds one line of NDJSON.
const maxLine = 2 << 20

// openJSON reads an object per line, or the objects of one list, which may be a member of an object over several lines.
// The first column of flattened records is the first member of the first object.
func (r *Reader) openJSON(text *bufio.Reader, line int64, flatten bool) error {
	r.Format = NDJSON
	first, _ := text.Peek(1)
	if first[0] == '[' || spread(text) {
		bounded := &boundedReader{r: text, left: maxRecord}
		d := json.NewDecoder(bounded)
		member, err := findList(d)
		if err != nil {
			return err
		}
		r.note("The file is one JSON list%s.", member)
		r.source = &jsonList{reader: r, decoder: d, bounded: bounded, flatten: flatten}
		return nil
	}
	r.source = &jsonLines{reader: r, r: text, line: line - 1, flatten: flatten}
	return nil
}

// spread reports whether the first object goes on behind its line, so that it is one document
// and not an object per line: its first line ends within it.
func spread(text *bufio.Reader) bool {
	head, _ := text.Peek(64 << 10)
	line, _, ended := bytes.Cut(head, []byte{'\n'})
	line = bytes.TrimSpace(line)
	return ended && len(line) > 0 && bytes.IndexByte([]byte("{,["), line[len(line)-1]) >= 0
}

// findList reads up to the members of the list: the file itself, or the first member of its
// object that is a list. member names it, for the note. Members before it are passed over
// without being kept.
func findList(d *json.Decoder) (member string, err error) {
	start, err := d.Token()
	if err != nil || start == json.Delim('[') {
		return "", err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return "", fmt.Errorf("the file is not JSON: %w", noEOF(err))
		}
		value, err := d.Token()
		if err != nil {
			return "", fmt.Errorf("the file is not JSON: %w", noEOF(err))
		}
		if value == json.Delim('[') {
			return fmt.Sprintf(", %q", name), nil
		}
		for depth := 1; value == json.Delim('{') && depth > 0; {
			inner, err := d.Token()
			if err != nil {
				return "", fmt.Errorf("the file is not JSON: %w", noEOF(err))
			}
			switch inner {
			case json.Delim('{'), json.Delim('['):
				depth++
			case json.Delim('}'), json.Delim(']'):
				depth--
			}
		}
	}
	return "", errors.New("the file is one JSON object without a list in it: send a list, or an object per line")
}

// jsonLines reads an object per line. A line of an error report of Aisle stands for the record in it.
// So the report of an import, mended, can be sent as a file.
type jsonLines struct {
	reader  *Reader
	r       *bufio.Reader
	line    int64
	flatten bool
}

// next passes over blank lines, and gives up after as many as a record may have bytes: a small
// compressed file can hold any number of them.
func (s *jsonLines) next() (Record, error) {
	for blanks := 0; ; blanks++ {
		if blanks > maxRecord {
			return Record{}, errLongRecord
		}
		s.line++
		data, err := readLine(s.r)
		if errors.Is(err, errLongLine) {
			return Record{
				Line: s.line, Problem: &Problem{Code: "too_long", Message: fmt.Sprintf("The line is longer than %d bytes.", maxLine)},
			}, nil
		}
		if err != nil && (len(data) == 0 || !errors.Is(err, io.EOF)) {
			return Record{}, err
		}
		if data = bytes.TrimSpace(data); len(data) > 0 {
			return s.reader.object(bytes.Clone(data), s.line, s.flatten), nil
		}
	}
}

// object judges one JSON object and keeps data. One that is not valid is a Problem of the
// record alone.
func (r *Reader) object(data []byte, line int64, flatten bool) Record {
	rec := Record{Line: line}
	switch {
	case !utf8.Valid(data):
		rec.Problem = &Problem{
			Code: "invalid_utf8", Message: "The line is not valid UTF-8. Convert the file, or pass --encoding (encoding in the API).",
		}
		return rec
	case data[0] != '{' || !json.Valid(data):
		rec.Problem = &Problem{Code: "invalid_json", Message: "The line is not a JSON object.", Sample: clip(string(data))}
		return rec
	}
	rec.Object = data
	if bytes.Contains(data, []byte(`"record"`)) {
		var report struct {
			Code   string          `json:"code"`
			Record json.RawMessage `json:"record"`
		}
		if err := json.Unmarshal(data, &report); err == nil && report.Code != "" && len(report.Record) > 0 {
			rec.Object = report.Record
		}
	}
	if flatten {
		r.flatten(&rec)
	}
	return rec
}

// flatten sets the values of a record from the members of its object; null is absent. Strings
// are their text, and other values their JSON, which Raw says. Members of members are not taken
// apart. Of a name that comes twice the last counts.
func (r *Reader) flatten(rec *Record) {
	d := json.NewDecoder(bytes.NewReader(rec.Object))
	_, _ = d.Token() // the brace: the object is valid
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return
		}
		if string(raw) == "null" {
			continue
		}
		column := r.column(name.(string)) // keys of objects are strings
		for len(rec.Values) <= column {
			rec.Values, rec.Raw = append(rec.Values, ""), append(rec.Raw, false)
		}
		rec.Values[column], rec.Raw[column] = string(raw), true
		if raw[0] == '"' {
			rec.Raw[column] = false
			_ = json.Unmarshal(raw, &rec.Values[column]) // it is a string
		}
	}
}

// column returns the index of a column, adding it when it is new.
func (r *Reader) column(name string) int {
	if r.index == nil {
		r.index = map[string]int{}
	}
	at, ok := r.index[name]
	if !ok {
		at = len(r.Columns)
		r.index[name] = at
		r.Columns = append(r.Columns, name)
	}
	return at
}

// jsonList reads the objects of one list. Line counts members, since lines mean nothing there.
type jsonList struct {
	reader  *Reader
	decoder *json.Decoder
	bounded *boundedReader
	count   int64
	flatten bool
}

// next ends the file at the first error: a list has no line ends at which reading could begin
// again.
func (s *jsonList) next() (Record, error) {
	s.bounded.renew()
	if !s.decoder.More() {
		if _, err := s.decoder.Token(); err != nil {
			return Record{}, fmt.Errorf("the JSON list has no end: %w", noEOF(err))
		}
		return Record{}, io.EOF
	}
	var raw json.RawMessage
	if err := s.decoder.Decode(&raw); err != nil {
		return Record{}, fmt.Errorf("the file is not JSON behind member %d of its list: %w", s.count, noEOF(err))
	}
	s.count++
	return s.reader.object(raw, s.count, s.flatten), nil
}

// noEOF says that a file which ends within a value was cut off, which io.EOF would not.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

var errLongLine = errors.New("line too long")

// readLine reads to the end of a line; a longer one than maxLine is passed over whole, which
// errLongLine says. The bytes are good until the next call.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	long := bytes.Clone(line)
	for {
		part, err := r.ReadSlice('\n')
		if len(long)+len(part) > maxLine {
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = r.ReadSlice('\n')
			}
			if err == nil || errors.Is(err, io.EOF) {
				return nil, errLongLine
			}
			return nil, err
		}
		if long = append(long, part...); !errors.Is(err, bufio.ErrBufferFull) {
			return long, err
		}
	}
}

// boundedReader ends after maxRecord bytes of one record.
type boundedReader struct {
	r    io.Reader
	left int
}

// renew grants the bytes of one more record.
func (b *boundedReader) renew() { b.left = maxRecord }

// Read implements io.Reader.
func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLongRecord
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
