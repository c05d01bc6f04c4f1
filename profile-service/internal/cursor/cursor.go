// Package cursor makes the opaque texts that continue a listing, a feed or a stream, and refuses every text that it did not make for the
// same use.
package cursor

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// Kind says what a cursor continues.
type Kind byte

// The kinds; a value is never used again for something else.
const (
	ItemChanges  Kind = 1
	Items        Kind = 2
	Users        Kind = 3
	Events       Kind = 4
	Interactions Kind = 5
	Imports      Kind = 6
	Robots       Kind = 7
)

// errInvalid says that a text is no cursor of the asked kind.
var errInvalid = errors.New("not a cursor of this listing: pass one that it returned, unchanged")

// Encode packs numbers and a text.
func Encode(kind Kind, text string, numbers ...int64) string {
	b := []byte{byte(kind), byte(len(numbers))}
	for _, n := range numbers {
		b = binary.AppendVarint(b, n)
	}
	b = append(b, text...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

// Decode is the inverse of Encode for a cursor of this kind with this many numbers.
func Decode(kind Kind, cursor string, numbers ...*int64) (string, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) < 6 {
		return "", errInvalid
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.ChecksumIEEE(body) != sum || body[0] != byte(kind) || int(body[1]) != len(numbers) {
		return "", errInvalid
	}
	rest := body[2:]
	for _, n := range numbers {
		v, size := binary.Varint(rest)
		if size <= 0 {
			return "", errInvalid
		}
		*n, rest = v, rest[size:]
	}
	return string(rest), nil
}
