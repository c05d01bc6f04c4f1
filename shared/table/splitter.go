package table

import (
	"bytes"
	"strings"
)

// outcome is what a splitter found at the start of some bytes.
type outcome int

const (
	needMore outcome = iota // the bytes end within a record
	isRecord
	isBlank  // a line without text
	isBroken // a line whose quotes do not match; its size is that of the line
)

// splitter takes one record of separated values apart. It copies nothing: cells point into the
// bytes that scan was given.
type splitter struct {
	separator string
	cells     []cell // of the last record
}

// cell is where a value stands in the bytes of its record.
type cell struct {
	from, to int
	doubled  bool // holds doubled quotes
}

// scan finds the record at the start of data and returns its size, the line end included. whole says that nothing follows data. Cost
// O(record).
func (s *splitter) scan(data []byte, whole bool) (int, outcome) {
	s.cells = s.cells[:0]
	end := bytes.IndexByte(data, '\n')
	if end < 0 {
		if !whole {
			return 0, needMore
		}
		end = len(data)
	}
	line := data[:end]
	size := min(end+1, len(data))
	if bytes.IndexByte(line, '"') < 0 {
		line = bytes.TrimSuffix(line, []byte{'\r'})
		s.plain(line, 0)
		if len(bytes.TrimSpace(line)) == 0 && len(s.cells) < 2 {
			return size, isBlank
		}
		return size, isRecord
	}
	for at := 0; ; {
		next, last, outcome := s.value(data, at, whole)
		switch {
		case outcome == isBroken:
			return size, isBroken
		case outcome == needMore:
			return 0, needMore
		case last:
			return next, isRecord
		}
		at = next
	}
}

// plain splits a line without quotes, from its offset from on. Most lines are of that kind, and
// a separator of one byte is found faster.
func (s *splitter) plain(line []byte, from int) {
	if len(s.separator) == 1 {
		for {
			at := bytes.IndexByte(line[from:], s.separator[0])
			if at < 0 {
				break
			}
			s.cells = append(s.cells, cell{from: from, to: from + at})
			from += at + 1
		}
	} else {
		for {
			at := bytes.Index(line[from:], []byte(s.separator))
			if at < 0 {
				break
			}
			s.cells = append(s.cells, cell{from: from, to: from + at})
			from += at + len(s.separator)
		}
	}
	s.cells = append(s.cells, cell{from: from, to: len(line)})
}

// value reads one value at data[at:]. next is where the following value, or after the last one
// the following record, starts. A value in quotes may hold separators, line ends and doubled
// quotes. Where text follows the closing quote, the quotes are part of the text, unless a
// separator or a line end stands between them: then it cannot be told where the value ends.
func (s *splitter) value(data []byte, at int, whole bool) (next int, last bool, _ outcome) {
	start := at
	for start < len(data) && data[start] == ' ' {
		start++
	}
	if start >= len(data) || data[start] != '"' {
		return s.bare(data, at, whole)
	}
	c := cell{from: start + 1}
	for scan := start + 1; ; {
		quote := bytes.IndexByte(data[scan:], '"')
		if quote < 0 {
			if whole {
				return 0, false, isBroken
			}
			return 0, false, needMore
		}
		c.to = scan + quote
		scan = c.to + 1
		if scan < len(data) && data[scan] == '"' {
			c.doubled = true
			scan++
			continue
		}
		if scan == len(data) && !whole {
			return 0, false, needMore
		}
		for scan < len(data) && (data[scan] == ' ' || data[scan] == '\r') {
			scan++
		}
		switch {
		case scan == len(data) && !whole:
			return 0, false, needMore
		case scan == len(data), data[scan] == '\n':
			s.cells = append(s.cells, c)
			return min(scan+1, len(data)), true, isRecord
		case bytes.HasPrefix(data[scan:], []byte(s.separator)):
			s.cells = append(s.cells, c)
			return scan + len(s.separator), false, isRecord
		case bytes.Contains(data[c.from:c.to], []byte(s.separator)), bytes.IndexByte(data[c.from:c.to], '\n') >= 0:
			return 0, false, isBroken
		}
		return s.bare(data, at, whole) // "Moon" lamp: the quotes belong to the text
	}
}

// bare reads a value without quotes around it. It ends at the next separator or line end,
// whatever quotes it holds.
func (s *splitter) bare(data []byte, at int, whole bool) (next int, last bool, _ outcome) {
	end := bytes.IndexByte(data[at:], '\n')
	if end < 0 {
		if !whole {
			return 0, false, needMore
		}
		end = len(data) - at
	}
	if cut := bytes.Index(data[at:at+end], []byte(s.separator)); cut >= 0 {
		s.cells = append(s.cells, cell{from: at, to: at + cut})
		return at + cut + len(s.separator), false, isRecord
	}
	s.cells = append(s.cells, cell{from: at, to: at + len(bytes.TrimSuffix(data[at:at+end], []byte{'\r'}))})
	return min(at+end+1, len(data)), true, isRecord
}

// strings returns the values of the record that scan found in data; they share one allocation.
func (s *splitter) strings(data []byte) []string {
	text := string(data)
	values := make([]string, len(s.cells))
	for i, c := range s.cells {
		values[i] = text[c.from:c.to]
		if c.doubled {
			values[i] = strings.ReplaceAll(values[i], `""`, `"`)
		}
	}
	return values
}
