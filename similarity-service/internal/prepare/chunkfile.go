package prepare

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
)

// place is where a chunk lies in the file, in bytes from its beginning, and the CRC-32 of what
// lies there.
type place struct {
	at  int64
	n   int32 // rows
	sum uint32
}

// chunkFile is a temporary file of chunks, 13 bytes a row. Where the system allows it the file has no name any more, so that a crash leaves
// nothing behind.
type chunkFile struct {
	file *os.File // nil when there is no room for one
	size int64
	warn func(error)
	buf  []byte
}

// newChunkFile makes a file in the folder of the system for such. One that cannot be made takes nothing.
func newChunkFile(warn func(error)) *chunkFile {
	f := &chunkFile{warn: warn}
	var err error
	if f.file, err = os.CreateTemp("", "aisle-interactions-*"); err != nil {
		f.giveUp(err)
		return f
	}
	_ = os.Remove(f.file.Name()) // Windows keeps an open file: close takes it away
	return f
}

// giveUp has the file take nothing more; what it holds can be read.
func (f *chunkFile) giveUp(err error) {
	if f.warn != nil {
		f.warn(fmt.Errorf("interactions stay in memory: %w", err))
		f.warn = nil
	}
}

// append adds a chunk; false says that there is no room for it.
func (f *chunkFile) append(c *chunk) (place, bool) {
	if f.warn == nil {
		return place{}, false
	}
	at := place{at: f.size}
	if err := f.rewrite(&at, c); err != nil {
		f.giveUp(err)
		return at, false
	}
	f.size += int64(len(f.buf))
	return at, true
}

// rewrite puts a chunk, no longer than the one before, in the place of another.
func (f *chunkFile) rewrite(at *place, c *chunk) error {
	b := f.buf[:0]
	for _, column := range [][chunkRows]uint32{c.subject, c.item, c.at} {
		for _, v := range column[:c.n] {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
	}
	for _, v := range c.weight[:c.n] {
		b = append(b, byte(v))
	}
	f.buf, at.n, at.sum = b, int32(c.n), crc32.ChecksumIEEE(b)
	if _, err := f.file.WriteAt(b, at.at); err != nil {
		return fmt.Errorf("write interactions to a temporary file: %w", err)
	}
	return nil
}

// read reads a chunk back; one that is not what was written is an error, not a wrong model.
func (f *chunkFile) read(at place, c *chunk) error {
	n := int(at.n)
	f.buf = append(f.buf[:0], make([]byte, n*rowBytes)...)
	if _, err := f.file.ReadAt(f.buf, at.at); err != nil {
		return fmt.Errorf("read interactions back from a temporary file: %w", err)
	}
	if crc32.ChecksumIEEE(f.buf) != at.sum {
		return errors.New("read interactions back from a temporary file: it was changed meanwhile")
	}
	c.n = n
	for column, to := range []*[chunkRows]uint32{&c.subject, &c.item, &c.at} {
		for p := range n {
			to[p] = binary.LittleEndian.Uint32(f.buf[4*(column*n+p):])
		}
	}
	for p, v := range f.buf[12*n:] {
		c.weight[p] = int8(v)
	}
	return nil
}

// close gives the file up.
func (f *chunkFile) close() error {
	if f == nil || f.file == nil {
		return nil
	}
	err := f.file.Close()
	if removed := os.Remove(f.file.Name()); removed != nil && !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	f.file = nil
	return err
}
