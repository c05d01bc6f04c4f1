package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// ErrCorrupt is wrapped by every error about the bytes of a snapshot: truncated, altered, or not a snapshot at all.
var ErrCorrupt = errors.New("not a readable model snapshot")

// Entry is one neighbour of a row: an item index and a weight.
type Entry struct {
	Item   uint32
	Weight float32
}

// Snapshot reads one model. Ids, supports and row offsets (about 30 bytes per item) are in memory; neighbour lists are read from the
// source when asked for. It is safe for concurrent use. The source must stay open as long as
// rows are read. Rows is nil in a snapshot without lists.
type Snapshot struct {
	Meta     Meta
	Checksum string

	source   io.ReaderAt
	ids      []string
	index    map[string]int32
	support  []float32
	rows     []uint64
	entries  span
	sessions span
}

// span is the place of a section in the file.
type span struct{ offset, size int64 }

// Open checks the checksum of the size bytes of source and reads the tables of the snapshot. It
// reads all of the source once, for the checksum; errors of reading are returned as they are,
// and damage as ErrCorrupt.
func Open(source io.ReaderAt, size int64) (*Snapshot, error) {
	checksum, err := verify(source, size)
	if err != nil {
		return nil, err
	}
	sections, err := readTable(source, size)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{Checksum: checksum, source: source, entries: sections[sectionEntries], sessions: sections[sectionSessions]}
	if err := s.load(sections); err != nil {
		return nil, err
	}
	return s, nil
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// verify returns the checksum that stands in the last 32 bytes, in hexadecimal, when the rest
// has it.
func verify(source io.ReaderAt, size int64) (string, error) {
	body := size - sha256.Size
	if body < int64(headerBytes) {
		return "", corrupt("it has %d bytes", size)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(source, 0, body)); err != nil {
		return "", fmt.Errorf("read snapshot: %w", err)
	}
	var want [sha256.Size]byte
	if _, err := source.ReadAt(want[:], body); err != nil && err != io.EOF {
		return "", fmt.Errorf("read snapshot checksum: %w", err)
	}
	if !bytes.Equal(sum.Sum(nil), want[:]) {
		return "", corrupt("its checksum does not match")
	}
	return hex.EncodeToString(want[:]), nil
}

// readTable reads the header and says where each section lies. Everything in it is checked against the size of the file
// before memory is taken for it or anything is read there, since a file may be damaged. What reads sections looks up those
// that it knows; further ones are let be.
func readTable(source io.ReaderAt, size int64) (map[string]span, error) {
	header, err := read(source, span{0, int64(headerBytes)})
	if err != nil {
		return nil, err
	}
	if string(header[:len(magic)]) != magic {
		return nil, corrupt("it does not start with %s", magic)
	}
	if v := binary.LittleEndian.Uint32(header[len(magic):]); v != version {
		return nil, corrupt("its format version is %d, this program reads %d", v, version)
	}
	n := int64(binary.LittleEndian.Uint32(header[len(magic)+4:]))
	if n > 64 || int64(headerBytes)+n*tableBytes > size {
		return nil, corrupt("it claims %d sections", n)
	}
	table, err := read(source, span{int64(headerBytes), n * tableBytes})
	if err != nil {
		return nil, err
	}
	sections := map[string]span{}
	for ; len(table) > 0; table = table[tableBytes:] {
		name := string(bytes.TrimRight(table[:nameBytes], "\x00"))
		s := span{int64(binary.LittleEndian.Uint64(table[nameBytes:])), int64(binary.LittleEndian.Uint64(table[nameBytes+8:]))}
		if s.offset < 0 || s.size < 0 || s.offset > size || s.size > size-s.offset {
			return nil, corrupt("section %q lies outside the file", name)
		}
		sections[name] = s
	}
	return sections, nil
}

// read allocates what the table says: a span is compared with what there is first.
func read(source io.ReaderAt, s span) ([]byte, error) {
	data := make([]byte, s.size)
	if _, err := source.ReadAt(data, s.offset); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	return data, nil
}

// load reads what is kept in memory: description, ids, supports, and where each list begins. Lists themselves are read
// when they are asked for. Memory grows with the items, not with their neighbours.
func (s *Snapshot) load(sections map[string]span) error {
	meta, err := read(s.source, sections[sectionMeta])
	if err != nil {
		return err
	}
	if err := json.Unmarshal(meta, &s.Meta); err != nil {
		return corrupt("its description is not JSON")
	}
	if err := s.loadIDs(sections[sectionIDs]); err != nil {
		return err
	}
	support, err := read(s.source, sections[sectionSupport])
	if err != nil {
		return err
	}
	if len(support) != 4*len(s.ids) {
		return corrupt("it has %d items but %d bytes of supports", len(s.ids), len(support))
	}
	s.support = make([]float32, len(s.ids))
	for i := range s.support {
		s.support[i] = math.Float32frombits(binary.LittleEndian.Uint32(support[4*i:]))
	}
	return s.loadRows(sections[sectionRows])
}

// loadIDs reads the ids, in order of number: n+1 offsets into a text that follows them. They share that one text, which
// spares the garbage collector an object for each.
func (s *Snapshot) loadIDs(at span) error {
	data, err := read(s.source, at)
	if err != nil {
		return err
	}
	n := s.Meta.Items
	if n < 0 || int64(n) > at.size/4 || 4*(n+1) > len(data) {
		return corrupt("it claims %d items", n)
	}
	text := string(data[4*(n+1):]) // one allocation that all ids share
	s.ids, s.index = make([]string, n), make(map[string]int32, n)
	for i := range n {
		from, to := binary.LittleEndian.Uint32(data[4*i:]), binary.LittleEndian.Uint32(data[4*i+4:])
		if from > to || int(to) > len(text) {
			return corrupt("item id %d lies outside its section", i)
		}
		s.ids[i] = text[from:to]
		s.index[s.ids[i]] = int32(i)
	}
	if len(s.index) != n {
		return corrupt("an item id occurs twice")
	}
	return nil
}

// loadRows checks that lists follow each other within the entries, so that Row cannot be led
// outside.
func (s *Snapshot) loadRows(at span) error {
	if at.size == 0 {
		return nil
	}
	data, err := read(s.source, at)
	if err != nil {
		return err
	}
	if len(data) != 8*(len(s.ids)+1) {
		return corrupt("it has %d items but %d bytes of rows", len(s.ids), len(data))
	}
	s.rows = make([]uint64, len(s.ids)+1)
	for i := range s.rows {
		s.rows[i] = binary.LittleEndian.Uint64(data[8*i:])
		if i > 0 && s.rows[i] < s.rows[i-1] || s.rows[i] > uint64(s.entries.size/entryBytes) {
			return corrupt("row %d lies outside its section", i)
		}
	}
	return nil
}

// Len returns the number of items.
func (s *Snapshot) Len() int { return len(s.ids) }

// Index returns the index of an item id.
func (s *Snapshot) Index(id string) (int32, bool) {
	i, ok := s.index[id]
	return i, ok
}

// ID returns the id of an item index in 0…Len()−1.
func (s *Snapshot) ID(i int32) string { return s.ids[i] }

// IDs returns all ids by index; it may not be changed.
func (s *Snapshot) IDs() []string { return s.ids }

// Support returns the interactions behind item i.
func (s *Snapshot) Support(i int32) float32 { return s.support[i] }

// RowLen returns the number of neighbours of item i.
func (s *Snapshot) RowLen(i int32) int {
	if s.rows == nil {
		return 0
	}
	return int(s.rows[i+1] - s.rows[i])
}

// Row reads the encoded neighbour list of item i; DecodeRow reads it. Rows of one file never change.
func (s *Snapshot) Row(i int32) ([]byte, error) {
	if s.RowLen(i) == 0 {
		return nil, nil
	}
	return read(s.source, span{s.entries.offset + int64(s.rows[i])*entryBytes, int64(s.RowLen(i)) * entryBytes})
}

// DecodeRow decodes an encoded list of a model with n items. It refuses a torn list and item indices that the model does not have.
func DecodeRow(data []byte, n int) ([]Entry, error) {
	if len(data)%entryBytes != 0 {
		return nil, corrupt("a list of %d bytes is torn", len(data))
	}
	entries := make([]Entry, len(data)/entryBytes)
	for p := range entries {
		e := Entry{binary.LittleEndian.Uint32(data[p*entryBytes:]), math.Float32frombits(binary.LittleEndian.Uint32(data[p*entryBytes+4:]))}
		if int(e.Item) >= n {
			return nil, corrupt("a list names item %d of %d", e.Item, n)
		}
		entries[p] = e
	}
	return entries, nil
}

// Sessions returns the serialised session model, nil when there is none.
func (s *Snapshot) Sessions() ([]byte, error) {
	if s.sessions.size == 0 {
		return nil, nil
	}
	return read(s.source, s.sessions)
}
