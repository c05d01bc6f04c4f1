// Package cursor says where a list goes on: what earlier pages showed, in a text that a request gives back. The main type is Page.
//
// A cursor holds what earlier pages showed, as 32-bit hashes of item ids: a version byte, a CRC-32 (IEEE) of the rest, a hash of the list
// that it goes on with, the hashes. A page after it leaves those items out, whatever happened to the scores in between. Two items share a
// hash with a chance of 1 in four thousand million per pair.
//
// Changes of the format: 1, the first; 2, the hash of the list.
package cursor

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"hash/fnv"
	"slices"

	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

const (
	version    = 2
	checksumAt = 1
	listAt     = checksumAt + hashBytes
	header     = listAt + hashBytes
	hashBytes  = 4
	// maxPaged is how many items can be paged through.
	maxPaged = 760
)

// errDamaged says that a cursor was not made by this service, errOtherList that it goes on with another list than the request's.
var (
	errDamaged   = errors.New("is not a next_cursor of an answer, or was cut or changed")
	errOtherList = errors.New("continues another list: send it with the scenario, visitor, items and category of the request before")
)

// Page is what earlier pages showed. The zero value is that of the first page.
type Page struct{ items []uint32 } // sorted

// Empty reports whether there was no page before.
func (p Page) Empty() bool { return len(p.items) == 0 }

// Has reports whether an earlier page showed an item, or one with the same hash.
func (p Page) Has(id string) bool {
	_, found := slices.BinarySearch(p.items, itemHash(id))
	return found
}

// itemHash is FNV-1a of the id, in 32 bits: four bytes of a cursor for each item.
func itemHash(id string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(id))
	return h.Sum32()
}

// listHash stands for the list that a request asks for, however its pages are cut: limit, fields and filter may differ from page to page.
func listHash(req *api.Request) uint32 {
	h := fnv.New32a()
	for _, part := range append([]string{req.Scenario, req.UserID, req.SessionID, req.Category}, req.ContextItems...) {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return h.Sum32()
}

// Parse reads the cursor of a request, an empty page for none. The error says why it cannot be used. A cursor is input: its length is
// bounded before anything is read, and the checksum keeps one that was cut or edited from leaving out random items.
func Parse(req *api.Request) (Page, error) {
	cursor := req.Cursor
	if cursor == "" {
		return Page{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) < header || (len(b)-header)%hashBytes != 0 || len(b) > header+maxPaged*hashBytes {
		return Page{}, errDamaged
	}
	if b[0] != version || binary.BigEndian.Uint32(b[checksumAt:]) != crc32.ChecksumIEEE(b[listAt:]) {
		return Page{}, errDamaged
	}
	if binary.BigEndian.Uint32(b[listAt:]) != listHash(req) {
		return Page{}, errOtherList
	}
	p := Page{}
	for rest := b[header:]; len(rest) > 0; rest = rest[hashBytes:] {
		p.items = append(p.items, binary.BigEndian.Uint32(rest))
	}
	if !slices.IsSorted(p.items) {
		return Page{}, errDamaged
	}
	return p, nil
}

// Next returns the cursor behind a page of so many items; nil when too much was paged through. 760 items make one of about four thousand
// characters, which is what a parameter may have.
func (p Page) Next(req *api.Request, shown int, id func(n int) string) *string {
	if len(p.items)+shown > maxPaged {
		return nil
	}
	items := slices.Clone(p.items)
	for n := range shown {
		items = append(items, itemHash(id(n)))
	}
	slices.Sort(items)
	b := make([]byte, header, header+hashBytes*len(items))
	for _, h := range items {
		b = binary.BigEndian.AppendUint32(b, h)
	}
	b[0] = version
	binary.BigEndian.PutUint32(b[listAt:], listHash(req))
	binary.BigEndian.PutUint32(b[checksumAt:], crc32.ChecksumIEEE(b[listAt:]))
	text := base64.RawURLEncoding.EncodeToString(b)
	return &text
}
