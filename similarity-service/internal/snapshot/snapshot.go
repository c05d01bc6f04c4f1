// Package snapshot is the file format of a model: item ids, the support of each item, its neighbour list, and whatever else a
// relation needs, in one immutable, checksummed file that can be read row by row without loading it.
//
// The same content gives the same bytes, so a checksum names a model. docs/snapshot-format.md describes the layout.
// snapshot.go writes a file, reader.go reads one, head.go reads the beginning of one that is
// still on its way.
package snapshot

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"math"

	"github.com/aisle-rec/aisle/similarity-service/internal/neighbours"
)

// version of the format. 1: first release.
const version = 1

const (
	magic       = "AISLEMDL"
	entryBytes  = 8 // uint32 item, float32 weight
	headerBytes = len(magic) + 4 + 4
	nameBytes   = 12
	tableBytes  = nameBytes + 8 + 8
)

// Section names.
const (
	sectionMeta     = "meta"
	sectionIDs      = "ids"
	sectionSupport  = "support"
	sectionRows     = "rows"
	sectionEntries  = "entries"
	sectionSessions = "sessions"
)

// Meta says what a snapshot holds. It has no time and no version in it: equal models are equal bytes.
type Meta struct {
	Relation   string         `json:"relation"`
	Algorithm  string         `json:"algorithm"`
	Parameters map[string]any `json:"parameters"`
	Items      int            `json:"items"`
	Entries    int            `json:"entries"`
	K          int            `json:"k"`
	// Recipe is the algorithm with its exact parameters, in JSON, so that the same model can be built from later data.
	Recipe json.RawMessage `json:"recipe,omitempty"`
	// Until is the Unix second of the latest interaction that taught the model; 0 in a train-only model.
	Until int64 `json:"until,omitempty"`
	// TopWeight is the mean weight of the best neighbour of an item: the scale of the weights.
	TopWeight float64 `json:"top_weight"`
	// SeedHalfLife is the number of later seeds after which a seed weighs half; 0 weighs all the same.
	SeedHalfLife float64 `json:"seed_half_life,omitempty"`
}

// Content is everything that goes into a snapshot. Lists and Sessions may be nil. The index of
// an item is its place in Items; Support, Lists and Sessions speak of items by it. Lists must
// have as many items as Items has.
type Content struct {
	Meta     Meta
	Items    []string  // id of each item index
	Support  []float32 // interactions behind each item; same length
	Lists    *neighbours.Lists
	Sessions []byte // serialised session model
}

// section is one part of the file: its name, its exact size and how to write it.
type section struct {
	name  string
	size  int64
	write func(w *bufio.Writer) error
}

// Write writes c and returns the SHA-256 of the bytes in hexadecimal. Items, Entries, K and
// TopWeight of c.Meta are set here. w is written once, from front to back, and not closed;
// after an error what was written is of no use.
func Write(w io.Writer, c *Content) (string, error) {
	if len(c.Support) != len(c.Items) || c.Lists != nil && c.Lists.N() != len(c.Items) {
		return "", fmt.Errorf("snapshot of %d items has %d supports and lists of another length", len(c.Items), len(c.Support))
	}
	c.Meta.Items = len(c.Items)
	if c.Lists != nil {
		c.Meta.Entries, c.Meta.K, c.Meta.TopWeight = c.Lists.Entries(), c.Lists.K, topWeight(c.Lists)
	}
	meta, err := json.Marshal(c.Meta)
	if err != nil {
		return "", fmt.Errorf("encode snapshot description: %w", err)
	}
	sum := sha256.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)
	if err := writeSections(buffered, sectionsOf(c, meta)); err != nil {
		return "", fmt.Errorf("write snapshot: %w", err)
	}
	return finish(w, sum)
}

// topWeight takes the first of each list, which is its best, without its sign; items without
// neighbours do not count. A model without any neighbour has 0.
func topWeight(l *neighbours.Lists) float64 {
	sum, n, lists := 0.0, 0, l.Reader()
	for i := range l.N() {
		if _, weights := lists.Of(int32(i)); len(weights) > 0 {
			sum += math.Abs(float64(weights[0]))
			n++
		}
	}
	return sum / math.Max(float64(n), 1)
}

// finish puts the checksum at the end: it covers every byte before it and not itself.
func finish(w io.Writer, sum hash.Hash) (string, error) {
	digest := sum.Sum(nil)
	if _, err := w.Write(digest); err != nil {
		return "", fmt.Errorf("write snapshot checksum: %w", err)
	}
	return hex.EncodeToString(digest), nil
}

// writeSections writes the header, the table of sections and the sections one behind the other.
// The table stands first, so that each size must be known before anything is written.
func writeSections(w *bufio.Writer, sections []section) error {
	w.WriteString(magic)
	put32(w, version)
	put32(w, uint32(len(sections)))
	offset := int64(headerBytes + len(sections)*tableBytes)
	for _, s := range sections {
		var name [nameBytes]byte
		copy(name[:], s.name)
		w.Write(name[:])
		put64(w, uint64(offset))
		put64(w, uint64(s.size))
		offset += s.size
	}
	for _, s := range sections {
		if err := s.write(w); err != nil {
			return err
		}
	}
	return w.Flush() // a bufio.Writer keeps its first error
}

// sectionsOf lists the sections in the order of the file. Entries come behind all that a reader
// keeps in memory, so that a head can be read without them.
func sectionsOf(c *Content, meta []byte) []section {
	idBytes := 0
	for _, id := range c.Items {
		idBytes += len(id)
	}
	sections := []section{
		bytesSection(sectionMeta, meta),
		{sectionIDs, int64(4*(len(c.Items)+1) + idBytes), func(w *bufio.Writer) error { return writeIDs(w, c.Items) }},
		{sectionSupport, int64(4 * len(c.Support)), func(w *bufio.Writer) error { return writeFloats(w, c.Support) }},
	}
	if c.Lists != nil {
		sections = append(sections,
			section{sectionRows, int64(8 * (len(c.Items) + 1)), func(w *bufio.Writer) error { return writeRows(w, c.Lists) }},
			section{
				sectionEntries, int64(entryBytes) * int64(c.Meta.Entries), func(w *bufio.Writer) error { return writeEntries(w, c.Lists) },
			})
	}
	if c.Sessions != nil {
		sections = append(sections, bytesSection(sectionSessions, c.Sessions))
	}
	return sections
}

func bytesSection(name string, data []byte) section {
	return section{name, int64(len(data)), func(w *bufio.Writer) error { _, err := w.Write(data); return err }}
}

func writeIDs(w *bufio.Writer, ids []string) error {
	at := uint64(0)
	for _, id := range ids {
		put32(w, uint32(at))
		at += uint64(len(id))
	}
	if at > math.MaxUint32 {
		return fmt.Errorf("item ids take %d bytes, more than the format's 4 GiB", at)
	}
	put32(w, uint32(at))
	for _, id := range ids {
		w.WriteString(id)
	}
	return nil
}

func writeFloats(w *bufio.Writer, values []float32) error {
	for _, v := range values {
		put32(w, math.Float32bits(v))
	}
	return nil
}

// writeRows writes where the list of each item begins, counted in entries, and the end of the
// last.
func writeRows(w *bufio.Writer, l *neighbours.Lists) error {
	at := uint64(0)
	for i := range l.N() {
		put64(w, at)
		at += uint64(l.Len[i])
	}
	put64(w, at)
	return nil
}

func writeEntries(w *bufio.Writer, l *neighbours.Lists) error {
	lists := l.Reader()
	for i := range l.N() {
		items, weights := lists.Of(int32(i))
		for p := range items {
			put32(w, uint32(items[p]))
			put32(w, math.Float32bits(weights[p]))
		}
	}
	return nil
}

// put32 and put64 leave the error to the Flush at the end.
func put32(w *bufio.Writer, v uint32) {
	w.Write(binary.LittleEndian.AppendUint32(w.AvailableBuffer(), v))
}
func put64(w *bufio.Writer, v uint64) {
	w.Write(binary.LittleEndian.AppendUint64(w.AvailableBuffer(), v))
}
