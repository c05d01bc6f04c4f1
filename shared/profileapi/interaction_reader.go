package profileapi

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// errInteractionsDamaged says that a stream does not have the form of interactions, or that a checksum does not match.
var errInteractionsDamaged = errors.New("the interactions stream is damaged")

// InteractionReader reads the interactions stream block by block, in constant memory. It is not safe for concurrent use.
type InteractionReader struct {
	RobotsAsOf int64 // time of the shop's latest verdict on a robot, in epoch milliseconds; 0 for none

	r      *bufio.Reader
	close  func() error
	block  InteractionBlock
	frame  []byte
	blocks uint64
	rows   uint64
	begun  bool
	done   bool
}

// NewInteractionReader returns a reader of an uncompressed stream. close, when not nil, is called by Close.
func NewInteractionReader(r io.Reader, close func() error) *InteractionReader {
	return &InteractionReader{r: bufio.NewReaderSize(r, 256<<10), close: close}
}

// Close releases the connection; it may be called before the end.
func (r *InteractionReader) Close() error {
	if r.close == nil {
		return nil
	}
	return r.close()
}

// Next returns the next block, which is valid until the following call: its slices, but not its strings, are used again. It returns io.EOF
// only behind the end that the server wrote; a stream that was cut gives io.ErrUnexpectedEOF, and can be resumed with the cursor of the
// last block.
func (r *InteractionReader) Next() (*InteractionBlock, error) {
	if r.done {
		return nil, io.EOF
	}
	if err := r.header(); err != nil {
		return nil, err
	}
	kind, payload, err := r.readFrame()
	if err != nil {
		return nil, err
	}
	switch kind {
	case frameBlock:
		if err := r.decode(payload); err != nil {
			return nil, err
		}
		r.blocks++
		r.rows += uint64(r.block.Len())
		return &r.block, nil
	case frameEnd:
		p := payloadReader{rest: payload}
		if blocks, rows := p.uvarint(), p.uvarint(); p.bad || blocks != r.blocks || rows != r.rows {
			return nil, fmt.Errorf(
				"%w: its end counts %d blocks and %d interactions, %d and %d came", errInteractionsDamaged, blocks, rows, r.blocks, r.rows,
			)
		}
		r.done = true
		return nil, io.EOF
	}
	return nil, fmt.Errorf("%w: unknown frame %q", errInteractionsDamaged, kind)
}

func (r *InteractionReader) header() error {
	if r.begun {
		return nil
	}
	var h [len(interactionsMagic) + 1]byte
	if err := r.full(h[:]); err != nil {
		return err
	}
	if string(h[:len(interactionsMagic)]) != interactionsMagic {
		return fmt.Errorf("%w: it does not start with %s", errInteractionsDamaged, interactionsMagic)
	}
	if v := h[len(interactionsMagic)]; v != interactionsVersion {
		return fmt.Errorf("%w: it has version %d, this program reads %d", errInteractionsDamaged, v, interactionsVersion)
	}
	r.begun = true
	return nil
}

// full reads len(p) bytes; the end of the data is never the end of the stream.
func (r *InteractionReader) full(p []byte) error {
	if _, err := io.ReadFull(r.r, p); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("read interactions: %w", err)
	}
	return nil
}

func (r *InteractionReader) readFrame() (byte, []byte, error) {
	var h [frameHeaderBytes]byte
	if err := r.full(h[:]); err != nil {
		return 0, nil, err
	}
	size := int(binary.LittleEndian.Uint32(h[1:]))
	if size > maxFrameBytes {
		return 0, nil, fmt.Errorf("%w: a frame of %d bytes", errInteractionsDamaged, size)
	}
	if cap(r.frame) < size+4 {
		r.frame = make([]byte, size+4)
	}
	frame := r.frame[:size+4]
	if err := r.full(frame); err != nil {
		return 0, nil, err
	}
	payload := frame[:size]
	if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(frame[size:]) {
		return 0, nil, fmt.Errorf("%w: wrong checksum in block %d", errInteractionsDamaged, r.blocks+1)
	}
	return h[0], payload, nil
}

// decode fills the block from a payload. Cost O(len(payload)); it allocates one text per string table.
func (r *InteractionReader) decode(payload []byte) error {
	p := payloadReader{rest: payload}
	b := &r.block
	n := p.count(bytesPerRow)
	b.Cursor = string(p.take(p.count(1)))
	strings := [tables]*[]string{&b.Users, &b.Sessions, &b.Items, &b.Orders, &b.Types}
	for _, table := range strings {
		*table = p.table((*table)[:0])
	}
	if p.bad || len(p.rest) != n*bytesPerRow {
		return fmt.Errorf("%w: block %d has the wrong length", errInteractionsDamaged, r.blocks+1)
	}
	for c, column := range [tables]*[]int32{&b.User, &b.Session, &b.Item, &b.Order, &b.Type} {
		var ok bool
		if *column, ok = indexes((*column)[:0], p.take(4*n), len(*strings[c])); !ok {
			return fmt.Errorf("%w: block %d points outside a string table", errInteractionsDamaged, r.blocks+1)
		}
	}
	b.Weight = floats(b.Weight[:0], p.take(4*n))
	b.Quantity = floats(b.Quantity[:0], p.take(4*n))
	b.OccurredAt = b.OccurredAt[:0]
	for at := p.take(8 * n); len(at) > 0; at = at[8:] {
		b.OccurredAt = append(b.OccurredAt, int64(binary.LittleEndian.Uint64(at)))
	}
	return nil
}

func indexes(dst []int32, data []byte, size int) ([]int32, bool) {
	ok := true
	for ; len(data) >= 4; data = data[4:] {
		v := int32(binary.LittleEndian.Uint32(data))
		ok = ok && v >= -1 && int(v) < size
		dst = append(dst, v)
	}
	return dst, ok
}

func floats(dst []float32, data []byte) []float32 {
	for ; len(data) >= 4; data = data[4:] {
		dst = append(dst, math.Float32frombits(binary.LittleEndian.Uint32(data)))
	}
	return dst
}

// payloadReader takes values off the front of a payload and remembers that one was missing.
type payloadReader struct {
	rest []byte
	bad  bool
}

func (p *payloadReader) uvarint() uint64 {
	v, size := binary.Uvarint(p.rest)
	if size <= 0 {
		p.bad, p.rest = true, nil
		return 0
	}
	p.rest = p.rest[size:]
	return v
}

// count reads a count of things of at least size bytes each, which bounds it.
func (p *payloadReader) count(size int) int {
	v := p.uvarint()
	if v > uint64(len(p.rest)/size) {
		p.bad, p.rest = true, nil
		return 0
	}
	return int(v)
}

func (p *payloadReader) take(n int) []byte {
	if n < 0 || n > len(p.rest) {
		p.bad, p.rest = true, nil
		return nil
	}
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

// table reads a string table; its strings share one text.
func (p *payloadReader) table(dst []string) []string {
	n := p.count(1)
	lengths := p.rest
	total := 0
	for range n {
		total += p.count(1)
	}
	text := string(p.take(total))
	if p.bad {
		return dst
	}
	for at := 0; n > 0; n-- {
		length, size := binary.Uvarint(lengths)
		lengths = lengths[size:]
		dst = append(dst, text[at:at+int(length)])
		at += int(length)
	}
	return dst
}
