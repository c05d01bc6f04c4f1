package recommend

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"hash/fnv"
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// A cursor holds what earlier pages showed, as 32-bit hashes of item ids: a version byte, a CRC-32 (IEEE) of the rest, a hash of the list
// that it goes on with, the hashes. A page after it leaves those items out, whatever happened to the scores in between. Two items share a
// hash with a chance of 1 in four thousand million per pair.
//
// Changes of the format: 1, the first; 2, the hash of the list.
const (
	cursorVersion = 2
	checksumAt    = 1
	listAt        = checksumAt + hashBytes
	cursorHeader  = listAt + hashBytes
	hashBytes     = 4
	// maxPaged is how many items can be paged through.
	maxPaged = 760
)

// errCursor says that a cursor was not made by this service, errOtherList that it goes on with another list than the request's.
var (
	errCursor    = errors.New("is not a next_cursor of an answer, or was cut or changed")
	errOtherList = errors.New("continues another list: send it with the scenario, visitor, items and category of the request before")
)

// page is what earlier pages showed.
type page struct{ items []uint32 } // sorted

// has reports whether an earlier page showed an item, or one with the same hash.
func (p page) has(id string) bool {
	_, found := slices.BinarySearch(p.items, itemHash(id))
	return found
}

// itemHash is FNV-1a of the id, in 32 bits: four bytes of a cursor for each item.
func itemHash(id string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(id))
	return h.Sum32()
}

// CheckCursor reports why the cursor of a request cannot be used.
func CheckCursor(req *api.Request) error {
	_, err := parseCursor(req)
	return err
}

// listHash stands for the list that a request asks for, however its pages are cut: limit,
// fields and filter may differ from page to page.
func listHash(req *api.Request) uint32 {
	h := fnv.New32a()
	for _, part := range append([]string{req.Scenario, req.UserID, req.SessionID, req.Category}, req.ContextItems...) {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return h.Sum32()
}

// parseCursor reads the cursor of a request, an empty page for none. It is input: its length is bounded before anything
// is read, and the checksum keeps one that was cut or edited from leaving out random items.
func parseCursor(req *api.Request) (page, error) {
	cursor := req.Cursor
	if cursor == "" {
		return page{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) < cursorHeader || (len(b)-cursorHeader)%hashBytes != 0 || len(b) > cursorHeader+maxPaged*hashBytes {
		return page{}, errCursor
	}
	if b[0] != cursorVersion || binary.BigEndian.Uint32(b[checksumAt:]) != crc32.ChecksumIEEE(b[listAt:]) {
		return page{}, errCursor
	}
	if binary.BigEndian.Uint32(b[listAt:]) != listHash(req) {
		return page{}, errOtherList
	}
	p := page{}
	for rest := b[cursorHeader:]; len(rest) > 0; rest = rest[hashBytes:] {
		p.items = append(p.items, binary.BigEndian.Uint32(rest))
	}
	if !slices.IsSorted(p.items) {
		return page{}, errCursor
	}
	return p, nil
}

// cursor returns the cursor behind this page; nil when there is nothing more or too much was
// paged through. 760 items make one of about four thousand characters, which is what a
// parameter may have.
func (r *run) cursor() *string {
	if !r.more || len(r.before.items)+len(r.picks) > maxPaged {
		return nil
	}
	items := slices.Clone(r.before.items)
	r.read(func(v *catalogue.View) {
		for n := range r.picks {
			items = append(items, itemHash(v.ID(r.picks[n].index)))
		}
	})
	slices.Sort(items)
	b := make([]byte, cursorHeader, cursorHeader+hashBytes*len(items))
	for _, h := range items {
		b = binary.BigEndian.AppendUint32(b, h)
	}
	b[0] = cursorVersion
	binary.BigEndian.PutUint32(b[listAt:], listHash(r.req))
	binary.BigEndian.PutUint32(b[checksumAt:], crc32.ChecksumIEEE(b[listAt:]))
	text := base64.RawURLEncoding.EncodeToString(b)
	return &text
}
