package event

import (
	"encoding/binary"
	"errors"
	"math"
)

// linesVersion starts the stored form of an event's lines. Version 1: per line a flags byte,
// the item id with its length as an unsigned varint, then what the flags announce: quantity
// (float32), price (float64), recommendation id (length and bytes). Numbers are little-endian.
// A line of one plain item is its id and two bytes.
const linesVersion = 1

const (
	// A quantity of 1 is not stored.
	flagQuantity = 1 << iota
	flagPrice
	flagRecommendation
)

// AppendLines appends the stored form of lines to dst; no lines, no bytes.
func AppendLines(dst []byte, lines []Line) []byte {
	if len(lines) == 0 {
		return dst
	}
	dst = append(dst, linesVersion)
	for i := range lines {
		l := &lines[i]
		var flags byte
		if l.Quantity != 1 {
			flags |= flagQuantity
		}
		if l.HasPrice {
			flags |= flagPrice
		}
		if l.RecommendationID != "" {
			flags |= flagRecommendation
		}
		dst = append(dst, flags)
		dst = appendText(dst, l.ItemID)
		if flags&flagQuantity != 0 {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(l.Quantity)))
		}
		if flags&flagPrice != 0 {
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(l.Price))
		}
		if flags&flagRecommendation != 0 {
			dst = appendText(dst, l.RecommendationID)
		}
	}
	return dst
}

// appendText adds the length and the bytes of a text.
func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

var errLines = errors.New("stored lines are damaged")

// DecodeLines appends the lines of their stored form to dst, which may be nil. The ids are
// copied out of data. It returns errLines for what it cannot read, with the lines before it.
func DecodeLines(dst []Line, data []byte) ([]Line, error) {
	if len(data) == 0 {
		return dst, nil
	}
	if data[0] != linesVersion {
		return dst, errLines
	}
	r := lineReader{rest: data[1:]}
	for len(r.rest) > 0 && !r.bad {
		flags := r.take(1)
		l := Line{ItemID: r.text(), Quantity: 1}
		if r.bad {
			break
		}
		if flags[0]&flagQuantity != 0 {
			if b := r.take(4); b != nil {
				l.Quantity = float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
			}
		}
		if flags[0]&flagPrice != 0 {
			if b := r.take(8); b != nil {
				l.Price, l.HasPrice = math.Float64frombits(binary.LittleEndian.Uint64(b)), true
			}
		}
		if flags[0]&flagRecommendation != 0 {
			l.RecommendationID = r.text()
		}
		dst = append(dst, l)
	}
	if r.bad {
		return dst, errLines
	}
	return dst, nil
}

// lineReader takes bytes off the front and remembers that it ran out.
type lineReader struct {
	rest []byte
	bad  bool
}

// take returns the next n bytes, nil when there are fewer.
func (r *lineReader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.bad, r.rest = true, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// text returns a text behind its length; the copy is the caller's.
func (r *lineReader) text() string {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return ""
	}
	r.rest = r.rest[size:]
	return string(r.take(int(n)))
}

// WithoutRecommendations returns stored lines without the ids of the recommendations that showed their items: decisions would lead from
// those to the person.
func WithoutRecommendations(data []byte) ([]byte, error) {
	lines, err := DecodeLines(nil, data)
	if err != nil {
		return nil, err
	}
	for i := range lines {
		lines[i].RecommendationID = ""
	}
	return AppendLines(nil, lines), nil
}
