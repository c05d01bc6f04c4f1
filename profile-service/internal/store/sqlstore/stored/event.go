// Package stored has the forms in which events and orders are stored, and tells which lines of a purchase its order has already. It
// computes and reads no database. The main types are Event and Order; docs/profile-service.md describes the forms.
package stored

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/aisle-rec/aisle/profile-service/internal/store"
)

// bodyVersion starts the stored form of what no query needs of an event. Version 1: flags, received − occurred in milliseconds (varint),
// then what the flags announce: event id and order id (each with its length as uvarint), value (float64, big-endian), lines (length and
// bytes), number of the import (uvarint); the remainder is the JSON of the other fields. Migration 3 writes it too; docs/profile-service.md
// describes it.
const bodyVersion = 1

const (
	// The flags are stored: a new one goes to the end, and the byte has room for one more.
	hasID = 1 << iota
	hasOrder
	hasValue
	hasLines
	hasImport
	undated // occurred_at was not given
	fromPage
)

// Event is an event with what only the store needs to know. Its Subject is the canonical one.
type Event struct {
	store.Event
	// Visitor is the canonical number, 0 for nobody; Session the number of the session of a
	// known user, 0 for none; IDHash tells repeats of one visitor apart and is Seq of an event
	// that came without an id.
	Visitor, Session, IDHash int64
	ImportNo                 int64 // 0: of no import
}

// AppendBody adds the stored form of an event to b. Whether the caller gave an id is told by
// IDHash, since EventID may have been filled in.
func AppendBody(b []byte, e *Event) []byte {
	var flags byte
	for _, f := range [...]struct {
		bit byte
		on  bool
	}{
		{hasID, e.IDHash != e.Seq}, {hasOrder, e.OrderID != ""}, {hasValue, e.Value != nil}, {hasLines, len(e.Lines) > 0},
		{hasImport, e.ImportNo != 0}, {undated, e.Undated}, {fromPage, e.FromPage},
	} {
		if f.on {
			flags |= f.bit
		}
	}
	b = binary.AppendVarint(append(b, bodyVersion, flags), e.ReceivedMs-e.OccurredMs)
	if flags&hasID != 0 {
		b = append(binary.AppendUvarint(b, uint64(len(e.EventID))), e.EventID...)
	}
	if flags&hasOrder != 0 {
		b = append(binary.AppendUvarint(b, uint64(len(e.OrderID))), e.OrderID...)
	}
	if flags&hasValue != 0 {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(*e.Value))
	}
	if flags&hasLines != 0 {
		b = append(binary.AppendUvarint(b, uint64(len(e.Lines))), e.Lines...)
	}
	if flags&hasImport != 0 {
		b = binary.AppendUvarint(b, uint64(e.ImportNo))
	}
	return append(b, e.Rest...)
}

var errBody = errors.New("the stored form of an event is damaged")

// DecodeBody fills in what a body holds; OccurredMs and Seq are read before. Lines and Rest
// share memory with b, and every field that a body can hold is set, so that one event can be
// read into again and again. It returns an error for what it cannot read.
func DecodeBody(b []byte, e *Event) error {
	if len(b) < 3 || b[0] != bodyVersion {
		return errBody
	}
	flags := b[1]
	r := bodyReader{rest: b[2:]}
	e.ReceivedMs = e.OccurredMs + r.varint()
	e.EventID, e.OrderID, e.Value, e.Lines, e.Rest, e.ImportNo, e.Undated = "", "", nil, nil, nil, 0, flags&undated != 0
	e.FromPage = flags&fromPage != 0
	if flags&hasID != 0 {
		e.EventID = string(r.counted())
	} else {
		e.EventID = store.MadeID(e.Seq)
	}
	if flags&hasOrder != 0 {
		e.OrderID = string(r.counted())
	}
	if flags&hasValue != 0 {
		if v := r.take(8); v != nil {
			value := math.Float64frombits(binary.BigEndian.Uint64(v))
			e.Value = &value
		}
	}
	if flags&hasLines != 0 {
		e.Lines = r.counted()
	}
	if flags&hasImport != 0 {
		e.ImportNo = int64(r.uvarint())
	}
	if r.bad {
		return errBody
	}
	if len(r.rest) > 0 {
		e.Rest = r.rest
	}
	return nil
}

// Clone returns an event that stays valid when the next row is read.
func (e *Event) Clone() Event {
	kept := *e
	kept.Lines, kept.Rest = append([]byte(nil), e.Lines...), append([]byte(nil), e.Rest...)
	return kept
}

// bodyReader takes bytes off the front and remembers that it ran out: the caller looks once, at
// the end.
type bodyReader struct {
	rest []byte
	bad  bool
}

// take returns the next n bytes, without room to grow into those behind; nil when there are
// fewer.
func (r *bodyReader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// counted returns bytes that follow their number.
func (r *bodyReader) counted() []byte { return r.take(r.uvarint()) }

func (r *bodyReader) uvarint() uint64 {
	v, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[size:]
	return v
}

func (r *bodyReader) varint() int64 {
	v, size := binary.Varint(r.rest)
	if size <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[size:]
	return v
}
