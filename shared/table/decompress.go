package table

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// decompress recognises gzip and zstd by their first bytes, whatever the name says.
func decompress(file io.Reader, r *Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(file, 256<<10)
	magic, _ := buffered.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("the gzip header is damaged: %w", err)
		}
		r.closers = append(r.closers, func() { _ = z.Close() }) // nothing was written
		return z, nil
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			return nil, fmt.Errorf("the zstd header is damaged: %w", err)
		}
		r.closers = append(r.closers, z.Close)
		return z, nil
	}
	return buffered, nil
}
