package recommend

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"hash/fnv"
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
)

// A cursor holds what earlier pages showed, as 32-bit hashes of item ids: a version byte, a CRC-32C of the rest, the hashes. A page after it leaves
// those items out, whatever happened to the scores in between. Two items share a hash with a chance of 1 in four thousand million per pair.
//
// Changes of the format: 1, the first.
const (
	cursorVersion = 1
	cursorHeader  = 5
	hashBytes     = 4
	// maxPaged is how many items can be paged through.
	maxPaged = 760
)

// ErrCursor says that a cursor was not made by this service.
var ErrCursor = errors.New("not a cursor that this service made")

// page is what earlier pages showed.
type page struct{ items []uint32 } // sorted

func (p page) has(id string) bool {
	_, found := slices.BinarySearch(p.items, itemHash(id))
	return found
}

func itemHash(id string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(id))
	return h.Sum32()
}

// ParseCursor reports whether a cursor can be used.
func ParseCursor(cursor string) error {
	_, err := parseCursor(cursor)
	return err
}

func parseCursor(cursor string) (page, error) {
	if cursor == "" {
		return page{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) < cursorHeader || (len(b)-cursorHeader)%hashBytes != 0 || len(b) > cursorHeader+maxPaged*hashBytes {
		return page{}, ErrCursor
	}
	if b[0] != cursorVersion || binary.BigEndian.Uint32(b[1:]) != crc32.ChecksumIEEE(b[cursorHeader:]) {
		return page{}, ErrCursor
	}
	p := page{}
	for rest := b[cursorHeader:]; len(rest) > 0; rest = rest[hashBytes:] {
		p.items = append(p.items, binary.BigEndian.Uint32(rest))
	}
	if !slices.IsSorted(p.items) {
		return page{}, ErrCursor
	}
	return p, nil
}

// cursor returns the cursor behind this page; nil when there is nothing more or too much was paged through.
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
	binary.BigEndian.PutUint32(b[1:], crc32.ChecksumIEEE(b[cursorHeader:]))
	text := base64.RawURLEncoding.EncodeToString(b)
	return &text
}
