package profileapi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// The interactions stream, version 1 (docs/interactions-format.md): a header, then frames. A frame is a kind, the length of its payload
// (uint32), the payload and its CRC-32C (uint32). Numbers are little endian; counts and lengths inside payloads are unsigned varints.
//
// Changes of the format: 1, the first.
const (
	interactionsMagic   = "AISLEINT"
	interactionsVersion = 1

	frameBlock = 'B'
	frameEnd   = 'E'

	frameHeaderBytes = 5
	maxFrameBytes    = 64 << 20
	tables           = 5
	bytesPerRow      = 4*tables + 4 + 4 + 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// InteractionWriter writes the interactions stream. It is not safe for concurrent use.
type InteractionWriter struct {
	w       io.Writer
	started bool
	blocks  uint64
	rows    uint64
	tables  [tables]stringTable
	columns [tables][]int32
	weight  []float32
	amount  []float32
	at      []int64
	frame   []byte
}

// stringTable numbers texts in the order in which they first appear in a block.
type stringTable struct {
	index map[string]int32
	texts []string
}

func (t *stringTable) number(text string) int32 {
	if text == "" {
		return -1
	}
	n, ok := t.index[text]
	if !ok {
		n = int32(len(t.texts))
		t.index[text] = n
		t.texts = append(t.texts, text)
	}
	return n
}

// NewInteractionWriter returns a writer on w, which should be buffered or compressed.
func NewInteractionWriter(w io.Writer) *InteractionWriter {
	iw := &InteractionWriter{w: w}
	for i := range iw.tables {
		iw.tables[i].index = map[string]int32{}
	}
	return iw
}

// Add puts an interaction into the current block.
func (w *InteractionWriter) Add(i *Interaction) {
	for c, text := range [tables]string{i.UserID, i.SessionID, i.ItemID, i.OrderID, i.Type} {
		w.columns[c] = append(w.columns[c], w.tables[c].number(text))
	}
	w.weight = append(w.weight, i.Weight)
	w.amount = append(w.amount, i.Quantity)
	w.at = append(w.at, i.OccurredAt.UnixMilli())
}

// Len returns the number of interactions in the current block.
func (w *InteractionWriter) Len() int { return len(w.at) }

// Flush writes the current block with the cursor that resumes behind it. An empty block is not written.
func (w *InteractionWriter) Flush(cursor string) error {
	if len(w.at) == 0 {
		return w.start()
	}
	w.blocks++
	w.rows += uint64(len(w.at))
	p := w.begin(frameBlock)
	p = binary.AppendUvarint(p, uint64(len(w.at)))
	p = binary.AppendUvarint(p, uint64(len(cursor)))
	p = append(p, cursor...)
	for t := range w.tables {
		p = w.tables[t].append(p)
	}
	for c := range w.columns {
		for _, v := range w.columns[c] {
			p = binary.LittleEndian.AppendUint32(p, uint32(v))
		}
		w.columns[c] = w.columns[c][:0]
	}
	for _, column := range [2][]float32{w.weight, w.amount} {
		for _, v := range column {
			p = binary.LittleEndian.AppendUint32(p, math.Float32bits(v))
		}
	}
	for _, v := range w.at {
		p = binary.LittleEndian.AppendUint64(p, uint64(v))
	}
	w.weight, w.amount, w.at = w.weight[:0], w.amount[:0], w.at[:0]
	return w.end(p)
}

// append writes the table and empties it.
func (t *stringTable) append(p []byte) []byte {
	p = binary.AppendUvarint(p, uint64(len(t.texts)))
	size := 0
	for _, text := range t.texts {
		p = binary.AppendUvarint(p, uint64(len(text)))
		size += len(text)
	}
	for _, text := range t.texts {
		p = append(p, text...)
	}
	clear(t.index)
	clear(t.texts)
	t.texts = t.texts[:0]
	return p
}

// Close writes the end of the stream: without it a reader knows that the stream was cut. It does not close the underlying writer.
func (w *InteractionWriter) Close() error {
	if w.Len() > 0 {
		return errors.New("close interactions stream: the last block was not flushed")
	}
	if err := w.start(); err != nil {
		return err
	}
	p := w.begin(frameEnd)
	p = binary.AppendUvarint(p, w.blocks)
	return w.end(binary.AppendUvarint(p, w.rows))
}

// start writes the header once.
func (w *InteractionWriter) start() error {
	if w.started {
		return nil
	}
	w.started = true
	_, err := w.w.Write(append([]byte(interactionsMagic), interactionsVersion))
	return err
}

func (w *InteractionWriter) begin(kind byte) []byte {
	return append(w.frame[:0], kind, 0, 0, 0, 0)
}

func (w *InteractionWriter) end(p []byte) error {
	if err := w.start(); err != nil {
		return err
	}
	payload := p[frameHeaderBytes:]
	if len(payload) > maxFrameBytes {
		return fmt.Errorf("interactions block has %d bytes, more than %d", len(payload), maxFrameBytes)
	}
	binary.LittleEndian.PutUint32(p[1:], uint32(len(payload)))
	w.frame = binary.LittleEndian.AppendUint32(p, crc32.Checksum(payload, castagnoli))
	_, err := w.w.Write(w.frame)
	return err
}
