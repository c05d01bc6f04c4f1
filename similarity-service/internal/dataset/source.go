package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
)

// maxLine bounds one line: a user with several million items fits.
const maxLine = 256 << 20

// maxID bounds an id, as everywhere in the system.
const maxID = 256

// source reads lines of one file and knows where it is, for errors that a person can follow.
type source struct {
	name    string
	line    int // number of the line that was read last, from 1
	scanner *bufio.Scanner
	closers []func() error
}

// open opens a file, plain or compressed; the first bytes tell which, whatever its name.
func open(path string) (*source, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s, err := newSource(filepath.Base(path), file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	s.closers = append(s.closers, file.Close)
	return s, nil
}

func newSource(name string, r io.Reader) (*source, error) {
	plain, closer, err := table.Decompress(r)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	s := &source{name: name, scanner: bufio.NewScanner(plain)}
	s.closers = append(s.closers, func() error { closer(); return nil })
	s.scanner.Buffer(make([]byte, 1<<16), maxLine)
	return s, nil
}

// next returns the next line without its end, and false after the last.
func (s *source) next() (string, bool) {
	if !s.scanner.Scan() {
		return "", false
	}
	s.line++
	return strings.TrimPrefix(strings.TrimSuffix(s.scanner.Text(), "\r"), "\ufeff"), true
}

// close ends reading and returns the first read error.
func (s *source) close() error {
	err := s.scanner.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		err = fmt.Errorf("%s, line %d: the line is longer than %d bytes", s.name, s.line+1, maxLine)
	} else if err != nil {
		err = fmt.Errorf("%s, after line %d: %w", s.name, s.line, err)
	}
	for _, c := range s.closers {
		err = errors.Join(err, c())
	}
	return err
}

// fail is an error at a column (1-based) of the current line.
func (s *source) fail(column int, format string, args ...any) error {
	return fmt.Errorf("%s, line %d, column %d: %s", s.name, s.line, column, fmt.Sprintf(format, args...))
}

// id checks one id.
func (s *source) id(column int, what, id string) error {
	if why := idProblem(id); why != "" {
		return s.fail(column, "the %s %s", what, why)
	}
	return nil
}

// idProblem says what is wrong with an id, "" when nothing is.
func idProblem(id string) string {
	switch {
	case id == "":
		return "is empty"
	case len(id) > maxID:
		return fmt.Sprintf("has %d bytes, want at most %d", len(id), maxID)
	case strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }):
		return fmt.Sprintf("%q holds unprintable characters", id)
	}
	return ""
}

// each opens path and calls line for every line that is not blank. The first error, of line or
// of reading, ends it; the file is closed in any case.
func each(path string, line func(s *source, text string) error) (err error) {
	s, err := open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for {
		text, ok := s.next()
		if !ok {
			return nil
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		if err := line(s, text); err != nil {
			return err
		}
	}
}

// find returns the file of folder that has one of the base names, possibly with .gz or .zst behind it.
func find(folder string, names ...string) (string, error) {
	for _, name := range names {
		for _, ending := range []string{"", ".zst", ".gz"} {
			path := filepath.Join(folder, name+ending)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("no file %s in %s (plain, .gz or .zst)", strings.Join(names, " or "), folder)
}

// tokens calls token for each run of characters that are not blank, with its 1-based column in bytes.
func tokens(text string, token func(column int, t string) error) error {
	for from := 0; from < len(text); {
		if text[from] == ' ' || text[from] == '\t' {
			from++
			continue
		}
		to := from
		for to < len(text) && text[to] != ' ' && text[to] != '\t' {
			to++
		}
		if err := token(from+1, text[from:to]); err != nil {
			return err
		}
		from = to
	}
	return nil
}
