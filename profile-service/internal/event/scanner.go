package event

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a body: reading is recursive, and a body of brackets alone
// would exhaust the stack.
const maxDepth = 64

// SyntaxError says why a body cannot be read as JSON at all.
type SyntaxError struct {
	Offset int
	Detail string
}

// Error implements error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.Detail, e.Offset) }

// holdsNUL ends the sentence on a string that holds U+0000, which no store can keep.
const holdsNUL = "must not contain the character U+0000."

// scanner reads JSON (RFC 8259) from valid UTF-8 without building a tree. The first syntax
// error sticks and ends every loop. A string without escapes is a part of data, so that most
// members of an event are read without a copy.
type scanner struct {
	data []byte
	pos  int
	err  *SyntaxError
	nul  bool   // a string read or skipped since it was cleared holds U+0000
	huge bool   // a number skipped since it was cleared is beyond float64
	buf  []byte // of the last string with an escape
}

// fail notes the first error of syntax, at the present byte.
func (s *scanner) fail(detail string) {
	if s.err == nil {
		s.err = &SyntaxError{Offset: s.pos, Detail: detail}
	}
}

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// expect passes over white space and then c.
func (s *scanner) expect(c byte) bool {
	if s.peek() != c || s.err != nil {
		s.fail("expected " + strconv.QuoteRune(rune(c)))
		return false
	}
	s.pos++
	return true
}

// next moves to the next member of an object or array that ends with closing; first is true before the first member.
func (s *scanner) next(closing byte, first bool) bool {
	if s.err != nil {
		return false
	}
	c := s.peek()
	if c == closing {
		s.pos++
		return false
	}
	if first {
		return true
	}
	if c != ',' {
		s.fail("expected ',' or " + strconv.QuoteRune(rune(closing)))
		return false
	}
	s.pos++
	if s.peek() == closing {
		s.fail("unexpected ',' before " + strconv.QuoteRune(rune(closing)))
		return false
	}
	return true
}

// key reads the name of a member and the colon behind it. The result is valid until the next string is read.
func (s *scanner) key() []byte {
	k := s.str()
	s.expect(':')
	return k
}

// str reads a string. The result is valid until the next string is read.
func (s *scanner) str() []byte {
	if !s.expect('"') {
		return nil
	}
	start := s.pos
	for i := start; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return s.data[start:i]
		case c == '\\':
			return s.escaped(start, i)
		case c < 0x20:
			s.pos = i
			s.fail("control character in a string")
			return nil
		}
	}
	s.pos = len(s.data)
	s.fail("the body ends inside a string")
	return nil
}

// escaped goes on with a string that has its first backslash at i. It is decoded into buf,
// while one without backslashes is a part of the body.
func (s *scanner) escaped(start, i int) []byte {
	s.buf = append(s.buf[:0], s.data[start:i]...)
	for i < len(s.data) {
		c := s.data[i]
		switch {
		case c == '"':
			s.pos = i + 1
			return s.buf
		case c < 0x20:
			s.pos = i
			s.fail("control character in a string")
			return nil
		case c != '\\':
			s.buf = append(s.buf, c)
			i++
		default:
			n := s.escape(i)
			if n == 0 {
				s.pos = i
				s.fail("wrong escape in a string")
				return nil
			}
			i += n
		}
	}
	s.pos = len(s.data)
	s.fail("the body ends inside a string")
	return nil
}

// escape decodes the escape at i into buf and returns its length, 0 when it is none.
func (s *scanner) escape(i int) int {
	if i+1 >= len(s.data) {
		return 0
	}
	switch c := s.data[i+1]; c {
	case '"', '\\', '/':
		s.buf = append(s.buf, c)
	case 'b':
		s.buf = append(s.buf, '\b')
	case 'f':
		s.buf = append(s.buf, '\f')
	case 'n':
		s.buf = append(s.buf, '\n')
	case 'r':
		s.buf = append(s.buf, '\r')
	case 't':
		s.buf = append(s.buf, '\t')
	case 'u':
		r, ok := s.hex(i)
		if !ok {
			return 0
		}
		s.nul = s.nul || r == 0
		if utf16.IsSurrogate(r) {
			if low, ok := s.hex(i + 6); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
				s.buf = utf8.AppendRune(s.buf, utf16.DecodeRune(r, low))
				return 12
			}
			r = utf8.RuneError
		}
		s.buf = utf8.AppendRune(s.buf, r)
		return 6
	default:
		return 0
	}
	return 2
}

// hex reads the escape \uXXXX at i.
func (s *scanner) hex(i int) (rune, bool) {
	if i+6 > len(s.data) || s.data[i] != '\\' || s.data[i+1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(s.data[i+2:i+6]), 16, 32)
	return rune(v), err == nil
}

// number reads a number. A value beyond float64 is ±Inf, which every caller refuses.
func (s *scanner) number() float64 {
	raw := s.numberText()
	if len(raw) == 0 {
		return 0
	}
	if len(raw) <= 15 { // short integers, the common case, are exact in a float64
		v, integer := 0, true
		for _, c := range raw {
			if c < '0' || c > '9' {
				integer = false
				break
			}
			v = v*10 + int(c-'0')
		}
		if integer {
			return float64(v)
		}
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return math.Inf(1)
	}
	return v
}

// numberText reads the text of a number by the grammar of JSON, which has no NaN, no leading
// zero and no leading plus. nil after an error.
func (s *scanner) numberText() []byte {
	start := s.pos
	if s.at('-') {
		s.pos++
	}
	switch {
	case s.at('0'):
		s.pos++
	case !s.digits():
		s.fail("expected a value")
		return nil
	}
	if s.at('.') {
		s.pos++
		if !s.digits() {
			s.fail("expected a digit")
			return nil
		}
	}
	if s.at('e') || s.at('E') {
		s.pos++
		if s.at('+') || s.at('-') {
			s.pos++
		}
		if !s.digits() {
			s.fail("expected a digit")
			return nil
		}
	}
	return s.data[start:s.pos]
}

// at reports whether the next byte is c.
func (s *scanner) at(c byte) bool { return s.pos < len(s.data) && s.data[s.pos] == c }

// digits passes over digits and reports whether there were any.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos] >= '0' && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}

// skip checks and passes over any value and returns its text, nil after an error. depth is how
// deep it stands in the body.
func (s *scanner) skip(depth int) []byte {
	c := s.peek()
	start := s.pos
	switch {
	case s.err != nil:
		return nil
	case c == '"':
		s.str()
	case c == '{' || c == '[':
		s.skipNested(c, depth+1)
	case c == 't':
		s.literal("true")
	case c == 'f':
		s.literal("false")
	case c == 'n':
		s.literal("null")
	case c == 0 && s.pos >= len(s.data):
		s.fail("the body ends too early")
	default:
		raw := s.numberText()
		s.huge = s.huge || beyondFloat(raw)
	}
	if s.err != nil {
		return nil
	}
	return s.data[start:s.pos]
}

// beyondFloat reports whether the text of a number is one that no float64 holds: whoever decodes it would fail.
func beyondFloat(text []byte) bool {
	if len(text) < 300 && bytes.IndexByte(text, 'e') < 0 && bytes.IndexByte(text, 'E') < 0 {
		return false
	}
	_, err := strconv.ParseFloat(string(text), 64)
	return errors.Is(err, strconv.ErrRange)
}

// skipNested passes over an object or an array.
func (s *scanner) skipNested(opening byte, depth int) {
	if depth > maxDepth {
		s.fail(fmt.Sprintf("nested deeper than %d levels", maxDepth))
		return
	}
	s.pos++
	closing := opening + 2 // '{' and '}', '[' and ']' are two apart in ASCII
	for first := true; s.next(closing, first); first = false {
		if opening == '{' {
			s.key()
		}
		s.skip(depth)
	}
}

// literal passes over one of the three words of JSON.
func (s *scanner) literal(text string) {
	if len(s.data)-s.pos < len(text) || string(s.data[s.pos:s.pos+len(text)]) != text {
		s.fail("expected a value")
		return
	}
	s.pos += len(text)
}

// null passes over a null and reports whether there was one.
func (s *scanner) null() bool {
	if s.peek() != 'n' || s.err != nil {
		return false
	}
	s.literal("null")
	return true
}
