package table

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// decode returns the text as UTF-8: by the option, a byte order mark, the XML declaration, else
// by its bytes. It looks at the first 1,024 bytes and leaves them unread. What was found is
// noted, since a wrong guess shows only in letters with accents.
func decode(b *bufio.Reader, name string, r *Reader) (io.Reader, error) {
	if name != "" {
		e, err := htmlindex.Get(name)
		if err != nil {
			return nil, fmt.Errorf("the encoding %.40q is not known: use a name such as utf-8, windows-1252, iso-8859-2 or utf-16le", name)
		}
		return decoder(b, e), nil
	}
	head, _ := b.Peek(1024)
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		r.note("Encoding: UTF-16, by its byte order mark.")
		return decoder(b, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)), nil
	case zeros(head, 1):
		r.note("Encoding: UTF-16 without a byte order mark, by its bytes.")
		return decoder(b, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)), nil
	case zeros(head, 0):
		r.note("Encoding: UTF-16 without a byte order mark, by its bytes.")
		return decoder(b, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)), nil
	}
	if declared := declaredEncoding(head); declared != "" && !strings.EqualFold(declared, "utf-8") {
		e, err := htmlindex.Get(declared)
		if err != nil {
			return nil, fmt.Errorf(
				"the file declares the encoding %.40q, which is not known: pass --encoding (encoding in the API)", declared,
			)
		}
		r.note("Encoding: %s, as the file declares.", declared)
		return decoder(b, e), nil
	}
	return &guess{b: b, r: r}, nil
}

// decoder reads b as text in the encoding e.
func decoder(b *bufio.Reader, e encoding.Encoding) io.Reader {
	return transform.NewReader(b, e.NewDecoder())
}

// zeros reports whether every second byte of a start, from the index from on, is zero, as in
// UTF-16 of Latin text, and the others are not.
func zeros(head []byte, from int) bool {
	if len(head) < 8 {
		return false
	}
	for i := from; i < 8; i += 2 {
		if head[i] != 0 || head[i^1] == 0 {
			return false
		}
	}
	return true
}

// declaredEncoding reads the encoding of an XML declaration, "" when there is none.
func declaredEncoding(head []byte) string {
	head = bytes.TrimLeft(head, " \r\n\t\ufeff")
	if !bytes.HasPrefix(head, []byte("<?xml")) {
		return ""
	}
	declaration, _, _ := bytes.Cut(head, []byte("?>"))
	_, rest, found := bytes.Cut(declaration, []byte("encoding"))
	rest = bytes.TrimLeft(rest, " =\t\r\n")
	if !found || len(rest) < 2 {
		return ""
	}
	value, _, _ := bytes.Cut(rest[1:], rest[:1])
	return string(value)
}

// guess passes UTF-8 on. When the first characters beyond ASCII are not UTF-8, all of the file is taken for windows-1252, of which Latin-1
// is a part; what comes before them reads the same in both. Damage in a file that is UTF-8 elsewhere is left for the reader of its record.
type guess struct {
	b       *bufio.Reader
	r       *Reader
	decided bool   // the first characters beyond ASCII have been seen
	latin   bool   // they are not UTF-8
	rest    []byte // of a character that did not fit
}

// Read implements io.Reader. ASCII is passed on as it comes until the first other byte, so that
// a file without any costs hardly more than a copy.
func (g *guess) Read(p []byte) (int, error) {
	if len(g.rest) > 0 {
		n := copy(p, g.rest)
		g.rest = g.rest[n:]
		return n, nil
	}
	if g.decided && !g.latin {
		return g.b.Read(p)
	}
	if _, err := g.b.Peek(1); err != nil {
		return 0, err
	}
	head, _ := g.b.Peek(g.b.Buffered())
	if g.latin {
		return g.convert(p, head)
	}
	switch at := beyondASCII(head); {
	case at < 0:
		return g.b.Read(p[:min(len(head), len(p))])
	case at > 0:
		return g.b.Read(p[:min(at, len(p))])
	}
	g.decide()
	return g.Read(p)
}

// beyondASCII returns the index of the first byte that is not ASCII, −1 when all are.
func beyondASCII(text []byte) int {
	for i, c := range text {
		if c >= utf8.RuneSelf {
			return i
		}
	}
	return -1
}

// convert writes windows-1252 as UTF-8; what does not fit is kept for the next call. It reads
// head, which is the buffered text, up to what p holds.
func (g *guess) convert(p, head []byte) (int, error) {
	n, used := 0, 0
	for ; used < len(head) && n < len(p); used++ {
		var one [utf8.UTFMax]byte
		size := utf8.EncodeRune(one[:], charmap.Windows1252.DecodeByte(head[used]))
		copied := copy(p[n:], one[:size])
		n += copied
		g.rest = append([]byte(nil), one[copied:size]...)
	}
	_, err := g.b.Discard(used)
	return n, err
}

// decide counts the characters of the next 32 KB that are UTF-8 and those that are not; the
// greater number decides. A character that the window cuts off counts as neither.
func (g *guess) decide() {
	window, _ := g.b.Peek(32 << 10)
	good, bad := 0, 0
	for len(window) > 0 {
		c, size := utf8.DecodeRune(window)
		switch {
		case c == utf8.RuneError && size == 1 && utf8.FullRune(window):
			bad++
		case size > 1:
			good++
		}
		window = window[size:]
	}
	g.decided, g.latin = true, bad > good
	if g.latin {
		g.r.note(
			"Encoding: windows-1252 (Latin-1), as the text is not UTF-8. If letters look wrong, pass --encoding (encoding in the API).",
		)
	}
}
